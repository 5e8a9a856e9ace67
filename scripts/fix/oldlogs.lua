#!/usr/bin/env opslua
-- A disk that fills up: old logs are removed, the oldest first, until it is
-- below the threshold again. Look at it first with --dry-run: what is removed
-- does not come back.
--
-- Only files that fit the patterns, are older than min_age and at least min_size
-- large are touched, never more than max_files in one run, and none that a
-- process has open.

local p = param{
  mount = "/var/log", -- the mount, or any folder on it
  warn = "80", -- percent used, a range
  crit = "90",
  files = {"/var/log/**/*.gz", "/var/log/**/*.[0-9]", "/var/log/**/*.old"}, -- patterns
  min_age = "7d",
  min_size = "1MiB",
  max_files = {100, min = 1, max = 10000},
  limit = "2/1d",
}

-- The file system that a path is on: the mount that is the longest beginning.
local function disk()
  local best
  for _, d in ipairs(sys.disks{each = "5s"}) do
    local prefix = d.mount == "/" and "/" or d.mount .. "/"
    if (p.mount .. "/"):sub(1, #prefix) == prefix and (not best or #d.mount > #best.mount) then best = d end
  end
  if not best then error("nothing that counts is mounted at " .. p.mount) end
  if best.err then error(best.mount .. ": " .. best.err) end
  return best
end

check("disk", {timeout = "20s"}, function(c)
  local d = disk()
  c:value(d.mount, d.used_pct, {unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = fmt.bytes(d.free) .. " free"})
end)

local function candidates()
  local min_age, min_size = fmt.parse_duration(p.min_age), fmt.parse_bytes(p.min_size)
  local now, seen, list = time.now(), {}, {}
  for _, pattern in ipairs(p.files) do
    for _, path in ipairs(fs.glob(pattern)) do
      local s = not seen[path] and try(fs.stat, path, {follow = false})
      seen[path] = true
      if s and s.type == "file" and now - s.mtime >= min_age and s.size >= min_size then
        list[#list + 1] = {path = path, size = s.size, mtime = s.mtime}
      end
    end
  end
  table.sort(list, function(a, b) return a.mtime < b.mtime end)
  return list
end

local function is_open(path)
  -- fuser says with its exit code whether any process has the file.
  return proc.which("fuser") and proc.run{"fuser", "-s", path, probe = true, ok = {0, 1}, timeout = "10s"}.code == 0
end

fix("old logs", {on = "disk", limit = p.limit, lock = "old logs", verify = {check = "disk", within = "5s"}}, function(f)
  local list, removed = candidates(), 0
  if #list == 0 then error("there is no file old and large enough to remove: look at what else fills the disk") end
  local d = disk()
  -- Down to the lower end of the thresholds, not further.
  local goal = tonumber(p.warn) or 80
  local surplus = (d.used_pct - goal) / 100 * d.size
  local lines = {}
  for _, file in ipairs(list) do
    if surplus <= 0 or removed >= p.max_files then break end
    if not is_open(file.path) then
      f:step("remove " .. file.path, function() fs.remove(file.path) end)
      removed, surplus = removed + 1, surplus - file.size
      lines[removed] = string.format("%s %s, %s old", fmt.bytes(file.size), file.path, fmt.duration(time.now() - file.mtime))
    end
  end
  f:evidence("removed", table.concat(lines, "\n"))
end)
