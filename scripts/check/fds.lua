#!/usr/bin/env opslua
-- File descriptors: of the whole host, and of the process that is nearest to
-- its own limit.

local p = param{
  warn = "80", -- percent of the limit, a range
  crit = "95",
}

check("fds of the host", {timeout = "10s"}, function(c)
  local used, _, most = unpack(text.fields(fs.read("/proc/sys/fs/file-nr")))
  c:value("used", tonumber(used) / tonumber(most) * 100, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = used .. " open files",
  })
end)

check("fds of processes", {timeout = "30s"}, function(c)
  local worst, worst_pct, unseen = nil, 0, 0
  for _, q in ipairs(proc.list{fields = {"pid", "name", "fds", "limits"}}) do
    local limit = q.limits and q.limits.nofile and q.limits.nofile.soft
    if not q.fds or not limit then
      unseen = unseen + 1
    elseif limit > 0 and q.fds / limit * 100 >= worst_pct then
      worst, worst_pct = q, q.fds / limit * 100
    end
  end
  if worst then
    c:value("nearest to its limit", worst_pct, {
      unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100,
      note = string.format("%s (%d) has %d open", worst.name, worst.pid, worst.fds),
    })
  else
    c:unknown("no process shows its descriptors; run as root")
  end
  c:metric("not seen", unseen, {min = 0})
end)
