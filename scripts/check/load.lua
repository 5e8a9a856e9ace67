#!/usr/bin/env opslua
-- Load average over five minutes, for each processor.
--
--   warn, crit  runnable processes for each processor, a range

local p = param{
  warn = "1.5",
  crit = "3",
}

check("load", {timeout = "10s"}, function(c)
  local load, cpus = sys.load(), sys.facts().cpus
  c:value("load5 per processor", load.five / cpus, {
    warn = p.warn, crit = p.crit, min = 0,
    note = string.format("%.2f on %d", load.five, cpus),
  })
  c:metric("load1", load.one, {min = 0})
  c:metric("load5", load.five, {min = 0})
  c:metric("load15", load.fifteen, {min = 0})
end)
