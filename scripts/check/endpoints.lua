#!/usr/bin/env opslua
-- Many ports and pages at once: each has to answer, a page with a status of 2xx.
--
--   opslua run endpoints.lua --set targets=https://example.org/,db.example.org:5432
--
--   targets     URLs and HOST:PORT
--   warn, crit  seconds until the answer, a range
--   days        WARNING where a certificate ends sooner, a range in days
--   retries     how often one that does not answer is tried again
--   max         how many are asked at the same time
--   timeout     of each try
--   ca          file of certificates to trust; those of the system unless set

local p = param{
  targets = {required = true, type = "list"},
  warn = "1",
  crit = "5",
  days = "14:",
  retries = {1, min = 0},
  max = {20, min = 1, max = 1000},
  timeout = "5s",
  ca = "",
}

check("endpoints", {timeout = "2m"}, function(c)
  if #p.targets == 0 then c:unknown("--set targets= names nothing to ask") end
  local rows = net.probe(p.targets, {
    max = p.max, timeout = p.timeout, retries = p.retries, ca = p.ca ~= "" and p.ca or nil,
  })
  for _, r in ipairs(rows) do
    if not r.ok then
      c:crit("%s: %s", r.target, r.err)
    else
      c:value(r.target, r.seconds, {
        unit = "s", warn = p.warn, crit = p.crit, min = 0, note = r.tries > 1 and r.tries .. " tries" or nil,
      })
      if r.tls then c:value(r.target .. " certificate", r.tls, {unit = "days", warn = p.days}) end
    end
  end
end)
