#!/usr/bin/env opslua
-- Inodes in use on the mounted file systems. Those that have no fixed number of
-- inodes, such as btrfs, are left out.

local p = param{
  warn = "80", -- percent used, a range
  crit = "90",
  skip = {"tmpfs", "devtmpfs", "overlay", "squashfs"}, -- types of file systems
  each = "2s",
}

check("inodes", {timeout = "30s"}, function(c)
  local seen = false
  for _, d in ipairs(sys.disks{skip = p.skip, each = p.each}) do
    if d.err then
      seen = true
      c:unknown("%s: %s", d.mount, d.err)
    elseif d.inodes_pct then
      seen = true
      c:value(d.mount, d.inodes_pct, {unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100})
    end
  end
  if not seen then c:unknown("no file system here counts inodes, of the types that are not left out") end
end)
