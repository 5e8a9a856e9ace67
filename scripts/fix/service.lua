#!/usr/bin/env opslua
-- A service that has to run: it is restarted where it does not, and what it said
-- last is kept as evidence.
--
--   opslua run service.lua --set name=nginx --dry-run
--   opslua run service.lua --set name=nginx --set url=http://127.0.0.1/

local p = param{
  name = {required = true},
  url = "", -- a page that has to answer, too
  limit = "3/1h", -- restarts
  within = "30s", -- until it has to be well again
}

check(p.name, {timeout = "30s"}, function(c)
  local s = sys.service(p.name)
  if not s.active then
    c:crit("%s is not running", p.name)
    return
  end
  c:ok("running%s", s.pid and " as " .. s.pid or "")
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) end
end)

fix(p.name, {on = p.name, limit = p.limit, lock = p.name, verify = {check = p.name, within = p.within}}, function(f)
  local s = sys.service(p.name)
  f:evidence("log", table.concat(s:logs(30), "\n"))
  f:step("restart", function() s:restart() end)
end)
