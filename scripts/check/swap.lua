#!/usr/bin/env opslua
-- Swap in use. A host without swap is OK.
--
--   warn, crit  percent used, a range

local p = param{
  warn = "50",
  crit = "80",
}

check("swap", {timeout = "10s"}, function(c)
  local m = sys.memory()
  if m.swap_total == 0 then
    c:ok("there is no swap")
    return
  end
  c:value("used", m.swap_used / m.swap_total * 100, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100,
    note = fmt.bytes(m.swap_used) .. " of " .. fmt.bytes(m.swap_total),
  })
end)
