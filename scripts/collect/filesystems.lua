#!/usr/bin/env opslua
-- Size and use of the mounted file systems, as metrics and as a table.
--
--   opslua run filesystems.lua --format prom --out /var/lib/node_exporter/filesystems.prom
--
--   skip  types of file systems that are left out; / counts, whatever it is
--   each  how long a file system has to answer

local p = param{
  skip = {"tmpfs", "devtmpfs", "overlay", "squashfs", "iso9660"},
  each = "2s",
}

-- The root of a container is an overlay: the one that matters.
local function disks()
  local rows = sys.disks{skip = p.skip, each = p.each}
  for _, d in ipairs(rows) do
    if d.mount == "/" then return rows end
  end
  table.insert(rows, 1, sys.disks{only = {"/"}, each = p.each}[1])
  return rows
end

local function hundredth(x) return x and math.floor(x * 100 + 0.5) / 100 end

collect("file systems", {timeout = "30s"}, function(m)
  local rows = {}
  for i, d in ipairs(disks()) do
    local labels = {mount = d.mount, device = d.device, type = d.type}
    m:gauge("filesystem_up", d.err and 0 or 1, labels, "Whether the file system answered in time.")
    if not d.err then
      m:gauge("filesystem_size_bytes", d.size, labels, "Size.")
      m:gauge("filesystem_used_bytes", d.used, labels, "In use.")
      m:gauge("filesystem_free_bytes", d.free, labels, "Free for programs without privileges.")
      m:gauge("filesystem_read_only", d.read_only and 1 or 0, labels, "Whether it is mounted read-only.")
      if d.inodes_pct then
        m:gauge("filesystem_inodes_used_ratio", d.inodes_pct / 100, labels, "Inodes in use.")
      end
    end
    rows[i] = {
      mount = d.mount, type = d.type, size = d.size, used = d.used, free = d.free,
      used_pct = hundredth(d.used_pct), inodes_pct = hundredth(d.inodes_pct), err = d.err,
    }
  end
  m:rows("filesystems", rows, {
    key = "mount", columns = {"mount", "type", "size", "used", "free", "used_pct", "inodes_pct", "err"},
  })
end)
