#!/usr/bin/env opslua
-- Files that have to be fresh, such as a backup: the newest that fits the
-- pattern counts.

local p = param{
  file = {required = true}, -- a path, or a pattern: /var/backups/*.gz
  warn = "26h", -- older is WARNING
  crit = "50h",
  min_size = "1", -- smaller is CRITICAL: bytes, or 10MiB
}

check("file age", {timeout = "30s"}, function(c)
  local newest
  for _, path in ipairs(fs.glob(p.file)) do
    local found, err = try(fs.stat, path)
    if found and found.type == "file" and (not newest or found.mtime > newest.mtime) then
      newest = found
      newest.path = path
    elseif err and not err:is("not_found") then
      error(err)
    end
  end
  if not newest then
    c:crit("there is no file %s", p.file)
    return
  end
  local age = math.max(0, time.now() - newest.mtime)
  c:value("age", age, {
    unit = "s", warn = tostring(fmt.parse_duration(p.warn)), crit = tostring(fmt.parse_duration(p.crit)), min = 0,
    note = newest.path .. ", " .. fmt.duration(age),
  })
  c:value("size", newest.size, {unit = "B", crit = fmt.parse_bytes(p.min_size) .. ":", min = 0, note = fmt.bytes(newest.size)})
end)
