#!/usr/bin/env opslua
-- One web page: its status, its text and how long it takes.

local p = param{
  url = {required = true},
  status = 200,
  contains = "", -- a text that has to be in the page
  warn = "1", -- seconds, a range
  crit = "5",
  timeout = "10s",
}

check("http", {timeout = "30s"}, function(c)
  c:http(p.url, {
    status = p.status, contains = p.contains ~= "" and p.contains or nil,
    warn = p.warn, crit = p.crit, timeout = p.timeout,
  })
end)
