#!/usr/bin/env opslua
-- Services that have to run, a check for each.
--
--   opslua run service.lua --set names=nginx,ssh --set enabled=true
--
--   names    of the services, as systemctl or service call them
--   enabled  WARNING where one does not start with the host

local p = param{
  names = {required = true, type = "list"},
  enabled = false,
}

if #p.names == 0 then
  check("service", function(c) c:unknown("--set names= names no service") end)
end

for _, name in ipairs(p.names) do
  check(name, {timeout = "20s"}, function(c)
    local s = sys.service(name)
    if not s.active then
      c:crit("%s is not running%s", name, s.sub and " (" .. s.sub .. ")" or "")
    else
      c:ok("running%s", s.pid and " as process " .. s.pid or "")
    end
    if p.enabled and s.enabled == false then c:warn("%s does not start with the host", name) end
  end)
end
