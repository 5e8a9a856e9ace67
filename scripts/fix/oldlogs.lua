#!/usr/bin/env opslua
-- A disk that fills up: old logs are removed, the oldest first, until it is below
-- warn again. Look at it first with --dry-run: what is removed does not come back.
--
-- Only files that fit the patterns, are on that disk, older than min_age and at
-- least min_size large are touched, never more than max_files in one run, and none
-- that a process has open, as far as this user may see that (root may).
--
--   opslua run oldlogs.lua --set mount=/var/log --set 'files=/var/log/**/*.gz' --dry-run

local p = param{
  mount = "/var/log", -- the mount, or any folder on it
  warn = {80, min = 0, max = 100}, -- percent used
  crit = {90, min = 0, max = 100},
  files = {"/var/log/**/*.gz", "/var/log/**/*.[0-9]", "/var/log/**/*.old"}, -- patterns
  min_age = "7d",
  min_size = "1MiB",
  max_files = {100, min = 1, max = 10000},
  limit = "2/1d",
}

local function parsed(name, parse)
  local value, err = try(parse, p[name])
  if not value then error(name .. ": " .. tostring(err), 0) end
  return value
end

-- The file system that the folder is on, by its number; where that says nothing,
-- as on some that are made of parts, the mount that is the longest beginning.
local function disk()
  local device, best = fs.stat(p.mount).device, nil -- raises where there is no such folder
  for _, d in ipairs(sys.disks{each = "5s"}) do
    local s = not d.err and try(fs.stat, d.mount)
    if s and s.device == device then return d end
    local prefix = d.mount == "/" and "/" or d.mount .. "/"
    if (p.mount .. "/"):sub(1, #prefix) == prefix and (not best or #d.mount > #best.mount) then best = d end
  end
  if not best then error("nothing that counts is mounted at " .. p.mount, 0) end
  if best.err then error(best.mount .. ": " .. best.err, 0) end
  return best
end

check("disk " .. p.mount, {timeout = "20s"}, function(c)
  parsed("min_age", fmt.parse_duration)
  parsed("min_size", fmt.parse_bytes)
  local d = disk()
  c:value(d.mount, d.used_pct, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = fmt.bytes(d.free) .. " free",
  })
end)

-- How many bytes have to go. What only root may use counts for nobody.
local function surplus(d) return d.used - p.warn / 100 * (d.used + d.free) end

-- What names a file, whatever its path.
local function id(s) return s.device .. ":" .. s.inode end

local function candidates()
  local min_age, min_size = parsed("min_age", fmt.parse_duration), parsed("min_size", fmt.parse_bytes)
  local device, now, seen, list = fs.stat(p.mount).device, time.now(), {}, {}
  -- Folders tell on which file system they are; a file of an overlay may not.
  local here = {}
  local function on_disk(path)
    local folder = path:match("^.*/") or "."
    if here[folder] == nil then here[folder] = fs.stat(folder).device == device end
    return here[folder]
  end
  for _, pattern in ipairs(p.files) do
    for _, path in ipairs(fs.glob(pattern, {partial = true})) do
      local s = not seen[path] and try(fs.stat, path, {follow = false})
      seen[path] = true
      if s and s.type == "file" and now - s.mtime >= min_age and s.size >= min_size and on_disk(path) then
        list[#list + 1] = {path = path, size = s.size, mtime = s.mtime, id = id(s)}
      end
    end
  end
  table.sort(list, function(a, b)
    if a.mtime ~= b.mtime then return a.mtime < b.mtime end
    return a.path < b.path
  end)
  return list
end

local function open_files()
  local open = {}
  for _, path in ipairs(fs.glob("/proc/[0-9]*/fd/*", {partial = true})) do
    local s = try(fs.stat, path) -- most are no files, or have gone meanwhile
    if s and s.type == "file" then open[id(s)] = true end
  end
  return open
end

fix("old logs of " .. p.mount, {
  on = "disk " .. p.mount, limit = p.limit, lock = "old logs", verify = {check = "disk " .. p.mount, within = "5s"},
}, function(f)
  local d = disk()
  local left = surplus(d)
  if left <= 0 then return end
  local list, open = candidates(), open_files()
  local lines, kept, failed = {}, {}, {}
  local function remove(file)
    -- One that cannot be removed, such as one that is immutable, keeps none of the others.
    local _, err = try(f.step, f, "remove " .. file.path, function() fs.remove(file.path) end)
    if err then
      failed[#failed + 1] = tostring(err)
      if #failed > 3 then error(err) end
      return
    end
    lines[#lines + 1] = string.format("%s %s, %s old", fmt.bytes(file.size), file.path, fmt.duration(time.now() - file.mtime))
    left = left - file.size
    if left > 0 then return end
    -- A file may be sparse or have other names, so what counts is what came free.
    local measured = f:wait("measure again", {within = "5s"}, disk)
    local known, more = pcall(surplus, measured)
    if known then left = more end -- a dry run does not know it
  end
  for _, file in ipairs(list) do
    if left <= 0 or #lines >= p.max_files then break end
    local now = try(fs.stat, file.path, {follow = false})
    if open[file.id] then
      kept[#kept + 1] = file.path
    elseif now and id(now) == file.id and now.mtime == file.mtime then
      remove(file)
    end
  end
  if #lines > 0 then f:evidence("files", table.concat(lines, "\n")) end
  if #kept > 0 then f:evidence("open, and so left alone", table.concat(kept, "\n")) end
  if left > 0 then
    local why = failed[1] or "no other file is old and large enough, and closed"
    if #lines >= p.max_files then why = "max_files is " .. p.max_files end
    error(fmt.bytes(left) .. " more have to go from " .. d.mount .. ": " .. why .. "; look at what else fills it", 0)
  end
end)
