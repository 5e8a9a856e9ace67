#!/usr/bin/env opslua
-- Certificates in files: how long each is still good. Of a file with several in
-- it, the first counts. Reads PEM with openssl, as who runs it may.
--
--   opslua run certs.lua --set 'files=/etc/nginx/ssl/*.crt,/srv/app/tls.pem'
--
--   files       paths and patterns: * ? [a-z], and ** for folders
--   warn, crit  days left, a range

local p = param{
  files = {"/etc/letsencrypt/live/*/cert.pem", "/etc/ssl/private/*.crt", "/etc/nginx/ssl/*.crt", "/etc/apache2/ssl/*.crt"},
  warn = "30:",
  crit = "7:",
}

check("certificates", {timeout = "1m"}, function(c)
  local files, commands, refused = {}, {}, false
  for _, pattern in ipairs(p.files) do
    local found, err = try(fs.glob, pattern)
    if err then
      c:unknown("%s: %s", pattern, err:is("access") and "permission denied; run as root" or err.message)
      refused = true
    end
    for _, path in ipairs(found or {}) do
      files[#files + 1] = path
      commands[#commands + 1] = {"openssl", "x509", "-noout", "-enddate", "-in", path}
    end
  end
  if #files == 0 then
    if not refused then c:unknown("no file fits %s", #p.files > 0 and table.concat(p.files, ", ") or "--set files=") end
    return
  end
  if not proc.which("openssl") then
    c:unknown("openssl is not installed")
    return
  end
  for i, r in ipairs(proc.parallel(commands, {probe = true, timeout = "10s", limit = 4})) do
    local ends = r.ok and r.stdout:match("notAfter=(%a+ +%d+ %d+:%d+:%d+ %d+) GMT")
    if ends then
      local days = (time.parse(ends:gsub(" +", " "), "%b %d %H:%M:%S %Y") - time.now()) / 86400
      c:value(files[i], math.floor(days), {unit = "days", warn = p.warn, crit = p.crit, note = "until " .. ends .. " UTC"})
    else
      local said = r.stderr and text.lines(r.stderr)[1]
      c:unknown("%s: %s", files[i], said or r.message or "openssl gives no date")
    end
  end
end)
