#!/usr/bin/env opslua
-- Memory that programs use: all but what the kernel could give back at once.

local p = param{
  warn = "85", -- percent used, a range
  crit = "95",
}

check("memory", {timeout = "10s"}, function(c)
  local m = sys.memory()
  c:value("used", (m.total - m.available) / m.total * 100, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100,
    note = fmt.bytes(m.available) .. " of " .. fmt.bytes(m.total) .. " available",
  })
  c:metric("available", m.available, {unit = "B", min = 0, max = m.total})
end)
