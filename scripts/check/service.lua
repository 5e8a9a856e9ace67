#!/usr/bin/env opslua
-- Services that have to run.

local p = param{
  names = {required = true}, -- of services, by comma
  enabled = false, -- also WARNING where one does not start with the host
}

for _, name in ipairs(text.split(p.names, ",")) do
  name = text.trim(name)
  check(name, {timeout = "20s"}, function(c)
    local s = sys.service(name)
    if not s.active then
      c:crit("%s is not running%s", name, s.sub and " (" .. s.sub .. ")" or "")
    else
      c:ok("running%s", s.pid and " as " .. s.pid or "")
    end
    if p.enabled and s.enabled == false then c:warn("it does not start with the host") end
  end)
end
