#!/usr/bin/env opslua
-- Ports on which something has to listen, and, with only=true, nothing else may.
--
--   opslua run ports.lua --set expect=22,443:nginx,udp/53 --set only=true

local p = param{
  expect = {"22"}, -- PORT, PORT:NAME or udp/PORT
  only = false, -- CRITICAL where anything else listens beyond loopback
}

local function key(proto, port) return (proto:find("^udp") and "udp" or "tcp") .. "/" .. port end

check("ports", {timeout = "20s"}, function(c)
  local rows, open = net.listeners(), {}
  for _, l in ipairs(rows) do
    local k = key(l.proto, l.port)
    open[k] = open[k] or {}
    table.insert(open[k], l)
  end
  local expected = {}
  for _, item in ipairs(p.expect) do
    local proto, port, name = item:match("^(%a+)/(%d+):?(.*)$")
    if not proto then
      proto, port, name = "tcp", item:match("^(%d+):?(.*)$")
    end
    if not port then
      c:unknown("%s is no port: want 443, 443:nginx or udp/53", item)
    else
      local k, there = key(proto, port), false
      expected[k] = true
      for _, l in ipairs(open[k] or {}) do there = there or name == "" or l.name == name end
      if there then
        c:ok("%s", k)
      elseif open[k] then
        c:crit("%s: %s listens, not %s", k, open[k][1].name or "something", name)
      else
        c:crit("%s: nothing listens", k)
      end
    end
  end
  if p.only then
    for k, list in pairs(open) do
      local l = list[1]
      if not expected[k] and not l.addr:find("^127%.") and l.addr ~= "::1" then
        c:crit("%s: %s listens on %s and is not expected", k, l.name or "something", l.addr)
      end
    end
  end
end)
