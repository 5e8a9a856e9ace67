#!/usr/bin/env opslua
-- The processes that take most: memory, and processor time over a sample.
--
--   opslua run top.lua --format prom --out /var/lib/node_exporter/top.prom
--
--   limit   how many of each
--   sample  over which processor time is measured

local p = param{
  limit = {10, min = 1, max = 1000},
  sample = "500ms",
}

local function hidden(rows)
  if rows.partial then log.warn("the kernel hides processes of other users; run as root to see all") end
end

collect("top memory", {timeout = "30s"}, function(m)
  local rows = proc.list{sort = "-rss", limit = p.limit, fields = {"pid", "name", "user", "rss"}}
  hidden(rows)
  for _, q in ipairs(rows) do
    m:gauge("proc_memory_bytes", q.rss, {name = q.name, pid = q.pid}, "Resident memory.")
  end
  m:rows("top_memory", rows, {key = "pid", columns = {"pid", "user", "rss", "name"}})
end)

collect("top cpu", {timeout = "30s"}, function(m)
  local rows = proc.list{sort = "-cpu", limit = p.limit, fields = {"pid", "name", "user", "cpu"}, sample = p.sample}
  local list = {}
  for _, q in ipairs(rows) do
    if q.cpu then -- nil for one that began within the sample
      m:gauge("proc_cpu_ratio", q.cpu / 100, {name = q.name, pid = q.pid}, "Processors in use over the sample.")
      list[#list + 1] = {pid = q.pid, user = q.user, cpu = math.floor(q.cpu * 10 + 0.5) / 10, name = q.name}
    end
  end
  m:rows("top_cpu", list, {key = "pid", columns = {"pid", "user", "cpu", "name"}})
end)
