#!/usr/bin/env opslua
-- Certificates that servers show: trusted, and how long still.

local p = param{
  addr = {"127.0.0.1:443"}, -- HOST:PORT
  warn = "30:", -- days left, a range
  crit = "7:",
  trusted = true, -- CRITICAL where the certificate is not trusted
  timeout = "10s",
}

for _, addr in ipairs(p.addr) do
  check(addr, {timeout = "30s"}, function(c)
    local t, err = try(net.tls, addr, {timeout = p.timeout})
    if err then
      c:crit("%s", err.message)
      return
    end
    c:value("days", t.days_left, {warn = p.warn, crit = p.crit, note = t.chain[1] and t.chain[1].subject})
    if p.trusted and not t.verified then c:crit("not trusted: %s", t.error) end
  end)
end
