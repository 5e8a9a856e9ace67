#!/usr/bin/env opslua
-- The processes that take most: memory, and processor time over a sample.
--
--   opslua run top.lua --format prom --out /var/lib/node_exporter/top.prom

local p = param{
  limit = {10, min = 1, max = 1000},
  sample = "500ms",
}

collect("top memory", {timeout = "30s"}, function(m)
  local rows = proc.list{sort = "-rss", limit = p.limit, fields = {"pid", "name", "user", "rss"}}
  for _, q in ipairs(rows) do
    m:gauge("proc_memory_bytes", q.rss, {name = q.name, pid = q.pid}, "Resident memory.")
  end
  m:rows("top_memory", rows, {key = "pid", columns = {"pid", "user", "rss", "name"}})
end)

collect("top cpu", {timeout = "30s"}, function(m)
  local rows = proc.list{sort = "-cpu", limit = p.limit, fields = {"pid", "name", "user", "cpu"}, sample = p.sample}
  for _, q in ipairs(rows) do
    if q.cpu then
      m:gauge("proc_cpu_ratio", q.cpu / 100, {name = q.name, pid = q.pid}, "Processors in use over the sample.")
    end
  end
  m:rows("top_cpu", rows, {key = "pid", columns = {"pid", "user", "cpu", "name"}})
end)
