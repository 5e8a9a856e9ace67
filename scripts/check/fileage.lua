#!/usr/bin/env opslua
-- Files that have to be fresh, such as a backup: the newest that fits the
-- pattern counts. CRITICAL where there is none.
--
--   opslua run fileage.lua --set 'file=/var/backups/*.gz' --set warn=26h --set min_size=10MiB
--
--   file        a path, or a pattern: * ? [a-z] {a,b} and ** for folders
--   warn, crit  the age, a range
--   min_size    smaller is CRITICAL

local p = param{
  file = {required = true},
  warn = "26h",
  crit = "50h",
  min_size = "1",
}

check("file age", {timeout = "30s"}, function(c)
  local paths, refused = try(fs.glob, p.file)
  if refused then
    c:unknown("%s: %s", p.file, refused:is("access") and "permission denied; run as root" or refused.message)
    return
  end
  local newest
  for _, path in ipairs(paths) do
    local found, err = try(fs.stat, path)
    if found and found.type == "file" and (not newest or found.mtime > newest.mtime) then
      newest = {path = path, mtime = found.mtime, size = found.size}
    elseif err and not err:is("not_found") then
      error(err)
    end
  end
  if not newest then
    c:crit("there is no file %s", p.file)
    return
  end
  local age = math.max(0, time.now() - newest.mtime)
  c:value("age", age, {unit = "s", warn = p.warn, crit = p.crit, min = 0, note = newest.path})
  c:value("size", newest.size, {unit = "B", crit = p.min_size .. ":", min = 0})
end)
