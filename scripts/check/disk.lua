#!/usr/bin/env opslua
-- Disk usage of the mounted file systems, counted as df does. One that does not
-- answer in time is UNKNOWN and holds up no other.
--
--   warn, crit  percent used, a range
--   mounts      only these mount points, of whatever type
--   skip        types of file systems that are left out; / counts, whatever it is
--   each        how long a file system has to answer

local p = param{
  warn = "80",
  crit = "90",
  mounts = {},
  skip = {"tmpfs", "devtmpfs", "overlay", "squashfs", "iso9660"},
  each = "2s",
}

-- The root of a container is an overlay: the one that matters.
local function disks()
  if #p.mounts > 0 then return sys.disks{only = p.mounts, each = p.each} end
  local rows = sys.disks{skip = p.skip, each = p.each}
  for _, d in ipairs(rows) do
    if d.mount == "/" then return rows end
  end
  table.insert(rows, 1, sys.disks{only = {"/"}, each = p.each}[1])
  return rows
end

check("disk", {timeout = "30s"}, function(c)
  for _, d in ipairs(disks()) do
    if d.err then
      c:unknown("%s: %s", d.mount, d.err)
    else
      c:value(d.mount, d.used_pct, {
        unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = fmt.bytes(d.free) .. " free",
      })
    end
  end
end)
