#!/usr/bin/env opslua
-- Size and use of the mounted file systems.

local p = param{
  skip = {"tmpfs", "devtmpfs", "overlay", "squashfs"}, -- types
  each = "2s",
}

collect("file systems", {timeout = "30s"}, function(m)
  local rows = sys.disks{skip = p.skip, each = p.each}
  for _, d in ipairs(rows) do
    local labels = {mount = d.mount, device = d.device, type = d.type}
    m:gauge("filesystem_up", d.err and 0 or 1, labels, "Whether the file system answered in time.")
    if not d.err then
      m:gauge("filesystem_size_bytes", d.size, labels, "Size.")
      m:gauge("filesystem_used_bytes", d.used, labels, "In use.")
      m:gauge("filesystem_free_bytes", d.free, labels, "Free for programs without privileges.")
      if d.inodes_pct then
        m:gauge("filesystem_inodes_used_ratio", d.inodes_pct / 100, labels, "Inodes in use.")
      end
    end
  end
  m:rows("filesystems", rows, {key = "mount", columns = {"mount", "type", "size", "used", "free", "used_pct", "inodes_pct", "err"}})
end)
