#!/usr/bin/env opslua
-- Inodes in use on the mounted file systems. Those that have no fixed number of
-- inodes, such as btrfs, are left out.
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

check("inodes", {timeout = "30s"}, function(c)
  local without = {}
  for _, d in ipairs(disks()) do
    if d.err then
      c:unknown("%s: %s", d.mount, d.err)
    elseif d.inodes_pct then
      c:value(d.mount, d.inodes_pct, {
        unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = fmt.count(d.inodes - d.inodes_used) .. " free",
      })
    else
      without[#without + 1] = d.mount
    end
  end
  if #without > 0 then c:ok("%s: no fixed number of inodes", table.concat(without, ", ")) end
end)
