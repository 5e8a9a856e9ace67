#!/usr/bin/env opslua
-- New lines of a log that match a pattern. Where it has read to is remembered
-- from one run to the next; a log that was rotated is read from its beginning.
--
-- The first run reads nothing but notes the end of the log.

local p = param{
  file = {required = true},
  pattern = {"(?i)error|panic|fatal"}, -- RE2
  warn = "0", -- how many new lines match, a range
  crit = "10",
  max = "16MiB", -- read at most so much in one run, the newest
}

check("log", {timeout = "1m"}, function(c)
  local now = fs.stat(p.file)
  local key = "bookmark " .. p.file
  local mark = state.get(key)
  local from = mark and mark.inode == now.inode and mark.offset <= now.size and mark.offset or 0
  if not mark then from = now.size end
  local most = fmt.parse_bytes(p.max)
  local skipped = math.max(0, now.size - from - most)
  local new = now.size > from and fs.read(p.file, {offset = from + skipped, max = now.size - from - skipped}) or ""
  -- A line that is still being written counts when it is whole.
  local whole = new:match("^.*\n") or ""
  local found, last = 0, nil
  for _, line in ipairs(text.lines(whole)) do
    if re.match(line, p.pattern) then found, last = found + 1, line end
  end
  state.set(key, {inode = now.inode, offset = from + skipped + #whole})
  c:value("matches", found, {warn = p.warn, crit = p.crit, min = 0, note = last and last:sub(1, 200)})
  if skipped > 0 then c:warn("%s were not read: more than --set max", fmt.bytes(skipped)) end
end)
