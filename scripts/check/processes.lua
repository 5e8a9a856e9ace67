#!/usr/bin/env opslua
-- Processes of a name: how many there are, and what they take.
--
--   opslua run processes.lua --set name=nginx --set user=www-data --set count=1:64 --set rss=2GiB

local p = param{
  name = "", -- the name, or
  match = "", -- an RE2 pattern over the command line
  user = "",
  count = "1:", -- how many, a range
  rss = "", -- CRITICAL above this memory of all together
}

check("processes", {timeout = "10s"}, function(c)
  if (p.name == "") == (p.match == "") then
    c:unknown("either name or match says which processes: --set name=nginx")
    return
  end
  local rows = proc.list{
    name = p.name ~= "" and p.name or nil, match = p.match ~= "" and p.match or nil,
    user = p.user ~= "" and p.user or nil, fields = {"pid", "name", "state", "rss", "cpu_time"},
  }
  local alive, rss = 0, 0
  for _, q in ipairs(rows) do
    if q.state ~= "zombie" then
      alive, rss = alive + 1, rss + (q.rss or 0)
    end
  end
  if rows.partial and alive == 0 then
    c:unknown("the kernel hides processes of other users; run as root")
    return
  end
  c:value("count", alive, {crit = p.count, min = 0})
  c:value("rss", rss, {unit = "B", crit = p.rss ~= "" and fmt.parse_bytes(p.rss) or nil, min = 0, note = fmt.bytes(rss)})
end)
