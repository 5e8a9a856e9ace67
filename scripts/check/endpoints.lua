#!/usr/bin/env opslua
-- Many ports and pages at once: each has to answer.
--
--   opslua run endpoints.lua --set targets=https://example.org/,db.example.org:5432

local p = param{
  targets = {"127.0.0.1:22"}, -- URL or HOST:PORT
  timeout = "5s",
  retries = 1,
  max = 20, -- at the same time
  warn = "1", -- seconds, a range
  days = "14:", -- WARNING where a certificate ends sooner, a range in days
}

check("endpoints", {timeout = "2m"}, function(c)
  for _, r in ipairs(net.probe(p.targets, {max = p.max, timeout = p.timeout, retries = p.retries})) do
    if not r.ok then
      c:crit("%s: %s", r.target, r.err)
    else
      c:value(r.target, r.seconds, {unit = "s", warn = p.warn, min = 0, note = r.tries > 1 and r.tries .. " tries" or nil})
      if r.tls then c:value(r.target .. " certificate", r.tls, {warn = p.days, note = "days left"}) end
    end
  end
end)
