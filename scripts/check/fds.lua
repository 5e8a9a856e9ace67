#!/usr/bin/env opslua
-- File descriptors: of the whole host, and of the process that is nearest to
-- its own limit. Before Linux 6.2, without root only own processes show theirs:
-- the second check is UNKNOWN then (--only "fds of the host" leaves it out).
--
--   warn, crit  percent of the limit, a range

local p = param{
  warn = "80",
  crit = "95",
}

check("fds of the host", {timeout = "10s"}, function(c)
  local used, _, most = unpack(text.fields(fs.read("/proc/sys/fs/file-nr")))
  c:value("used", tonumber(used) / tonumber(most) * 100, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = used .. " open files",
  })
end)

check("fds of processes", {timeout = "30s"}, function(c)
  local rows = proc.list{fields = {"pid", "name", "fds", "limits"}}
  local worst, worst_pct, hidden = nil, -1, 0
  for _, q in ipairs(rows) do
    local limit = q.limits and q.limits.nofile and q.limits.nofile.soft
    if q.denied and #q.denied > 0 then
      hidden = hidden + 1
    elseif q.fds and limit and limit > 0 and q.fds / limit * 100 > worst_pct then
      worst, worst_pct = q, q.fds / limit * 100
    end
  end
  if worst then
    c:value("nearest to its limit", worst_pct, {
      unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100,
      note = string.format("%s (%d) has %d of %d open", worst.name, worst.pid, worst.fds, worst.limits.nofile.soft),
    })
  end
  if hidden > 0 or rows.partial then
    c:unknown("%s of %d processes do not show their descriptors; run as root",
      rows.partial and "some" or tostring(hidden), #rows)
  end
end)
