#!/usr/bin/env opslua
-- New lines of a log that match a pattern. How far it was read is remembered,
-- for each file and pattern. After a rotation the rest of the old file is read
-- too, if it still lies beside the log, uncompressed. A line counts when it is
-- whole. The first run reads nothing: it notes where the log ends.
--
--   opslua run logpattern.lua --set file=/var/log/syslog --set 'pattern=(?i)oom-killer'
--
--   file        the log
--   pattern     an RE2 pattern
--   warn, crit  how many new lines match, a range
--   max         WARNING where more than that is new; the newest is read then

local p = param{
  file = {required = true},
  pattern = "(?i)error|panic|fatal",
  warn = "0",
  crit = "10",
  max = "16MiB",
}

local key = "bookmark " .. p.file .. " " .. p.pattern

-- By its first bytes a log is known again, whatever its name.
local function begins(path, head) return try(fs.read, path, {length = #head}) == head end

-- The file that the log was when the bookmark was set.
local function rotated(mark)
  local best
  for _, path in ipairs(fs.glob(p.file:gsub("[%[%]*?{}\\]", "\\%0") .. "?*", {partial = true})) do
    local s = try(fs.stat, path)
    if s and s.type == "file" and s.size >= mark.offset and (s.inode == mark.inode or mark.head ~= "")
        and begins(path, mark.head) and (not best or s.mtime > best.mtime) then
      best = {path = path, size = s.size, mtime = s.mtime}
    end
  end
  return best
end

check("log", {timeout = "1m"}, function(c)
  local most, found, last, skipped = fmt.parse_bytes(p.max), 0, nil, 0
  re.match("", p.pattern) -- a bad pattern is told at once, not with the first new line

  -- Counts in a file from an offset to its size; gives where it has come to.
  local function scan(path, from, size, closed)
    local skip = math.max(0, size - from - most)
    skipped, from = skipped + skip, from + skip
    local new = fs.read(path, {offset = from, length = size - from})
    local whole = closed and new or new:match("^.*\n") or ""
    for _, line in ipairs(text.lines(whole)) do
      if re.match(line, p.pattern) then found, last = found + 1, line end
    end
    return from + #whole
  end

  local now, mark = fs.stat(p.file), state.get(key)
  local offset
  if not mark then
    local from = math.max(0, now.size - 65536)
    offset = now.size - #fs.read(p.file, {offset = from, length = now.size - from}):match("[^\n]*$")
  elseif now.inode == mark.inode and now.size >= mark.offset and begins(p.file, mark.head) then
    offset = scan(p.file, mark.offset, now.size)
  else
    local old = rotated(mark)
    if old then scan(old.path, mark.offset, old.size, true) end
    offset = scan(p.file, 0, now.size)
  end

  c:value("matches", found, {
    warn = p.warn, crit = p.crit, min = 0, note = last and last:sub(1, 200) or not mark and "first run: read from here on" or nil,
  })
  if skipped > 0 then c:warn("%s of new lines were not read: more than max, %s", fmt.bytes(skipped), p.max) end
  state.set(key, {inode = now.inode, offset = offset, head = fs.read(p.file, {length = math.min(256, offset)})})
end)
