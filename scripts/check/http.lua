#!/usr/bin/env opslua
-- One web page: its status, its text and how long it takes. CRITICAL where it
-- does not answer; UNKNOWN where its name does not resolve.
--
--   opslua run http.lua --set url=https://example.org/health --set contains=ok
--
--   url         http:// or https://
--   status      the one that is wanted, after redirects
--   contains    a text that has to be in the page
--   warn, crit  seconds until the whole answer, a range
--   timeout     of the whole answer
--   ca          file of certificates to trust; those of the system unless set

local p = param{
  url = {required = true},
  status = {200, min = 100, max = 599},
  contains = "",
  warn = "1",
  crit = "5",
  timeout = "10s",
  ca = "",
}

check("http", {timeout = "1m"}, function(c)
  c:http(p.url, {
    status = p.status, contains = p.contains ~= "" and p.contains or nil,
    warn = p.warn, crit = p.crit, timeout = p.timeout, ca = p.ca ~= "" and p.ca or nil,
  })
end)
