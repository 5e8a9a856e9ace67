#!/usr/bin/env opslua
-- Ports on which something has to listen and, with only=true, nothing else may.
--
--   opslua run ports.lua --set expect=22,443:nginx,udp/53 --set only=true
--
--   expect  PORT, PORT:NAME or udp/PORT; NAME is that of the process
--   only    CRITICAL where anything else listens, but for loopback

local p = param{
  expect = {required = true, type = "list"},
  only = false,
}

-- Takes "443", "443:nginx", "udp/53" apart.
local function parse(item)
  local proto, port, name = item:match("^(%a+)/(%d+):?(.*)$")
  if not proto then
    proto, port, name = "tcp", item:match("^(%d+):?(.*)$")
  end
  if not port or proto ~= "tcp" and proto ~= "udp" or tonumber(port) < 1 or tonumber(port) > 65535 then return nil end
  return proto .. "/" .. tonumber(port), name
end

local function expected(c, key, name, list)
  local hidden, other
  for _, l in ipairs(list or {}) do
    if name == "" or l.name == name then
      c:ok("%s: %s", key, l.name or "something")
      return
    end
    hidden, other = hidden or not l.name, other or l.name
  end
  if hidden then
    c:unknown("%s: the system hides who listens; run as root", key)
  elseif other then
    c:crit("%s: %s listens, not %s", key, other, name)
  else
    c:crit("%s: nothing listens", key)
  end
end

check("ports", {timeout = "20s"}, function(c)
  local rows, open, wanted = net.listeners(), {}, {}
  for _, l in ipairs(rows) do
    l.key = l.proto .. "/" .. l.port
    open[l.key] = open[l.key] or {}
    table.insert(open[l.key], l)
  end
  if #p.expect == 0 and not p.only then c:unknown("--set expect= names no port") end
  for _, item in ipairs(p.expect) do
    local key, name = parse(item)
    if key then
      wanted[key] = true
      expected(c, key, name, open[key])
    else
      c:unknown("%s is no port: want 443, 443:nginx or udp/53", item)
    end
  end
  for _, l in ipairs(p.only and rows or {}) do
    if not wanted[l.key] and not l.addr:find("^127%.") and l.addr ~= "::1" then
      c:crit("%s: %s listens on %s and is not expected", l.key, l.name or "something", l.addr)
    end
  end
end)
