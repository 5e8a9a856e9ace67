#!/usr/bin/env opslua
-- How long the host is up: a restart that nobody announced is seen.
--
--   warn  WARNING where it is less
--   max   WARNING where it is more: updates of the kernel wait for a restart

local p = param{
  warn = "10m",
  max = "",
}

check("uptime", {timeout = "10s"}, function(c)
  c:value("up", sys.uptime(), {unit = "s", warn = p.warn .. ":" .. p.max, min = 0})
end)
