#!/usr/bin/env opslua
-- How long the host is up: a restart that nobody announced is seen.

local p = param{
  warn = "10m", -- less than this is WARNING
  max = "", -- more than this is WARNING too: updates of the kernel wait for a restart
}

check("uptime", {timeout = "10s"}, function(c)
  local up = sys.uptime()
  local most = p.max ~= "" and fmt.parse_duration(p.max) or ""
  c:value("uptime", up, {unit = "s", warn = fmt.parse_duration(p.warn) .. ":" .. most, min = 0, note = fmt.duration(up)})
end)
