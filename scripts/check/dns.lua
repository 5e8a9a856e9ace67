#!/usr/bin/env opslua
-- A name that has to resolve, and to what.

local p = param{
  name = {required = true},
  type = {"A", one_of = {"A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "PTR"}},
  expect = {}, -- answers that have to be among those given
  server = "", -- HOST:PORT, the system's unless given
  warn = "0.5", -- seconds, a range
  timeout = "5s",
}

check("dns", {timeout = "20s"}, function(c)
  local began = time.now()
  local answers, err = try(net.dns, p.name, p.type, {server = p.server ~= "" and p.server or nil, timeout = p.timeout})
  if err then
    if not (err:is("not_found") or err:is("net") or err:is("timeout")) then error(err) end
    c:crit("%s", err.message)
    return
  end
  c:value("seconds", time.now() - began, {unit = "s", warn = p.warn, min = 0, note = table.concat(answers, ", ")})
  for _, want in ipairs(p.expect) do
    local there = false
    for _, a in ipairs(answers) do there = there or a == want end
    if not there then c:crit("%s has no %s %s: %s", p.name, p.type, want, table.concat(answers, ", ")) end
  end
end)
