#!/usr/bin/env opslua
-- Disk usage of the mounted file systems, counted as df does.
--
-- A mount that does not answer within `each` is UNKNOWN and holds up no other.

local p = param{
  warn = "80", -- percent used, a range
  crit = "90",
  mounts = {}, -- only these; all, unless given
  skip = {"tmpfs", "devtmpfs", "overlay", "squashfs"}, -- types of file systems
  each = "2s",
}

local function wanted(mount)
  for _, m in ipairs(p.mounts) do
    if m == mount then return true end
  end
  return #p.mounts == 0
end

check("disk", {timeout = "30s"}, function(c)
  local seen = {}
  for _, d in ipairs(sys.disks{skip = p.skip, each = p.each}) do
    if wanted(d.mount) then
      seen[d.mount] = true
      if d.err then
        c:unknown("%s: %s", d.mount, d.err)
      else
        c:value(d.mount, d.used_pct, {
          unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100, note = fmt.bytes(d.free) .. " free",
        })
      end
    end
  end
  for _, m in ipairs(p.mounts) do
    if not seen[m] then c:unknown("%s: nothing of a type that counts is mounted there", m) end
  end
  if not next(seen) and #p.mounts == 0 then
    c:unknown("every file system here is of a type that is left out (--set skip= leaves none out)")
  end
end)
