#!/usr/bin/env opslua
-- A service that has to run: it is restarted where it does not run, or where its
-- page does not answer. What it said last is kept as evidence. One that ends again
-- right after the restart is not called well.
--
--   opslua run service.lua --set name=nginx --dry-run
--   opslua run service.lua --set name=nginx --set url=http://127.0.0.1/ --set validate=nginx,-t

local p = param{
  name = {required = true},
  url = "", -- a page that has to answer, too
  validate = {}, -- a command that has to succeed before a restart; known for nginx, apache2, haproxy
  limit = "3/1h", -- restarts
  settle = "2s", -- after a restart, before it is looked at again
  within = "30s", -- then, until it has to be well
}

-- With a configuration that is wrong a restart only makes it worse.
local known = {
  nginx = {"nginx", "-t"},
  apache2 = {"apache2ctl", "configtest"},
  haproxy = {"haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"},
}

local function validate()
  local command = {unpack(#p.validate > 0 and p.validate or known[p.name] or {})}
  if #command == 0 or #p.validate == 0 and not proc.which(command[1]) then return end
  command.probe, command.timeout = true, "30s"
  proc.check(command)
end

check(p.name, {timeout = "30s"}, function(c)
  local s = sys.service(p.name)
  if not s.active then
    c:crit("%s is not running", p.name)
    return
  end
  c:ok("running%s", s.pid and " as " .. s.pid or "")
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) end
end)

-- What the service wrote last. That a log cannot be read keeps nothing from being put right.
local function log_of(s)
  local lines, err = try(s.logs, s, 30)
  return lines or {"the log cannot be read: " .. tostring(err)}
end

fix(p.name, {on = p.name, limit = p.limit, lock = p.name, verify = {check = p.name, within = p.within}}, function(f)
  local s = sys.service(p.name)
  local before = log_of(s)
  f:evidence("log", table.concat(before, "\n"))
  validate()
  f:step("restart " .. p.name, function()
    local _, err = try(s.restart, s)
    if not err then return end
    local after = log_of(s)
    f:evidence("log after the restart", table.concat(after, "\n"))
    local new = #after > 0 and table.concat(after, "\n") ~= table.concat(before, "\n")
    error(tostring(err) .. (new and "; its log: " .. after[#after] or ""), 0)
  end)
  local pause, since = fmt.parse_duration(p.settle), time.now()
  f:wait("let it settle", {within = pause + 5, every = "100ms"}, function() return time.now() - since >= pause end)
end)
