#!/usr/bin/env opslua
-- Processes of a name: how many there are, and what they take.
--
--   opslua run processes.lua --set name=nginx --set user=www-data --set count=1:64 --set rss=2GiB
--
--   name   the name, or
--   match  an RE2 pattern over the command line; opslua and what has called it do not count
--   user   only those of this user
--   count  CRITICAL where there are not so many, a range
--   rss    CRITICAL where all together take more memory, a range

local p = param{
  name = "",
  match = "",
  user = "",
  count = "1:",
  rss = "",
}

-- This process and its ancestors, whose command lines have the pattern too.
local function ourselves()
  local me = tonumber(fs.read("/proc/self/stat"):match("^%d+"))
  local pids = {[me] = true}
  for _, q in ipairs(proc.ancestors(me)) do pids[q.pid] = true end
  return pids
end

check("processes", {timeout = "10s"}, function(c)
  if (p.name == "") == (p.match == "") then
    c:unknown("either name or match says which processes: --set name=nginx")
    return
  end
  local rows = proc.list{
    name = p.name ~= "" and p.name or nil, match = p.match ~= "" and p.match or nil,
    user = p.user ~= "" and p.user or nil, fields = {"pid", "name", "state", "rss"},
  }
  local skip, count, rss = p.match ~= "" and ourselves() or {}, 0, 0
  for _, q in ipairs(rows) do
    if q.state ~= "zombie" and not skip[q.pid] then
      count, rss = count + 1, rss + (q.rss or 0)
    end
  end
  local of = (p.name ~= "" and p.name or p.match) .. (p.user ~= "" and " of " .. p.user or "")
  c:value("count", count, {crit = p.count, min = 0, note = of})
  c:value("rss", rss, {unit = "B", crit = p.rss ~= "" and p.rss or nil, min = 0})
  if rows.partial then c:unknown("the kernel hides processes of other users; run as root") end
end)
