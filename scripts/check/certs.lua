#!/usr/bin/env opslua
-- Certificates in folders: how long each is still good. Reads PEM with openssl.

local p = param{
  files = {"/etc/ssl/private/*.crt", "/etc/letsencrypt/live/*/cert.pem"}, -- patterns
  warn = "30:", -- days left, a range
  crit = "7:",
}

check("certificates", {timeout = "1m"}, function(c)
  local files, commands = {}, {}
  for _, pattern in ipairs(p.files) do
    for _, path in ipairs(fs.glob(pattern)) do
      files[#files + 1] = path
      commands[#commands + 1] = {"openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", path}
    end
  end
  if #files == 0 then
    c:unknown("no file fits %s", table.concat(p.files, ", "))
    return
  end
  for i, r in ipairs(proc.parallel(commands, {probe = true, timeout = "10s", limit = 8})) do
    local ends = r.ok and r.stdout:match("notAfter=(.-)Z?\n")
    if not ends then
      c:unknown("%s: no certificate: %s", files[i], r.message or text.trim(r.stderr))
    else
      local days = (time.parse(ends, "%Y-%m-%d %H:%M:%S") - time.now()) / 86400
      c:value(files[i], days, {warn = p.warn, crit = p.crit, note = "until " .. ends})
    end
  end
end)
