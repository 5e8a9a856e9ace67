#!/usr/bin/env opslua
-- A name that has to resolve, to what, and how fast. CRITICAL where it does not.
--
--   opslua run dns.lua --set name=example.org --set expect=192.0.2.1 --set server=192.0.2.53
--
--   name        what is asked for; an address for PTR
--   type        of the record
--   expect      answers that have to be among those given
--   server      HOST or HOST:PORT of a name server; those of this host unless set
--   warn, crit  seconds until the answer, a range
--   timeout     of all attempts

local p = param{
  name = {required = true},
  type = {"A", one_of = {"A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "PTR"}},
  expect = {},
  server = "",
  warn = "500ms",
  crit = "3s",
  timeout = "5s",
}

-- Names are the same in capitals, and with a last dot.
local function plain(answer)
  if p.type == "TXT" then return answer end
  return (answer:lower():gsub("%.$", ""))
end

check("dns", {timeout = "20s"}, function(c)
  local began = time.now()
  local answers, err = try(net.dns, p.name, p.type, {server = p.server ~= "" and p.server or nil, timeout = p.timeout})
  if err then
    if not (err:is("not_found") or err:is("net") or err:is("timeout")) then error(err) end
    c:crit("%s", (err.message:gsub("^net.dns: ", "")))
    return
  end
  local list, given = table.concat(answers, ", "), {}
  c:value(p.name .. " " .. p.type, time.now() - began, {unit = "s", warn = p.warn, crit = p.crit, min = 0, note = list})
  for _, a in ipairs(answers) do given[plain(a)] = true end
  for _, want in ipairs(p.expect) do
    if not given[plain(want)] then c:crit("%s has no %s %s: %s", p.name, p.type, want, list) end
  end
end)
