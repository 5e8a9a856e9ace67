#!/usr/bin/env opslua
-- Certificates that servers show, a check for each: trusted, and how long still.
--
--   opslua run tls.lua --set addr=example.org,mail.example.org:993
--
--   addr        HOST or HOST:PORT
--   warn, crit  days left, a range
--   trusted     CRITICAL where the certificate is not trusted
--   timeout     of all of it
--   ca          file of certificates to trust; those of the system unless set

local p = param{
  addr = {required = true, type = "list"},
  warn = "30:",
  crit = "7:",
  trusted = true,
  timeout = "10s",
  ca = "",
}

if #p.addr == 0 then
  check("tls", function(c) c:unknown("--set addr= names no server") end)
end

for _, addr in ipairs(p.addr) do
  check(addr, {timeout = "1m"}, function(c)
    local t, err = try(net.tls, addr, {timeout = p.timeout, ca = p.ca ~= "" and p.ca or nil})
    if err then
      if not (err:is("net") or err:is("timeout")) then error(err) end
      c:crit("%s", (err.message:gsub("^net.tls: ", "")))
      return
    end
    c:value("certificate", t.days_left, {unit = "days", warn = p.warn, crit = p.crit, note = t.chain[1] and t.chain[1].subject})
    if p.trusted and not t.verified then c:crit("not trusted: %s", t.error) end
  end)
end
