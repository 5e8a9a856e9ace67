#!/usr/bin/env opslua
-- What /etc/fstab says is mounted, and what should be writable is.

local p = param{
  fstab = "/etc/fstab",
  skip = {"swap", "proc", "sysfs"}, -- types that are not looked at
}

local function set(list)
  local s = {}
  for _, v in ipairs(list) do s[v] = true end
  return s
end

check("mounts", {timeout = "20s"}, function(c)
  local skip, mounted = set(p.skip), {}
  for _, line in ipairs(text.lines(fs.read("/proc/self/mounts"))) do
    local f = text.fields(line)
    mounted[f[2]] = set(text.split(f[4], ","))
  end
  for _, line in ipairs(text.lines(fs.read(p.fstab))) do
    local f = text.fields(line)
    local options = f[4] and set(text.split(f[4], ",")) or {}
    if f[1] and not f[1]:find("^#") and f[2] ~= "none" and not skip[f[3]] and not options.noauto then
      local is = mounted[f[2]]
      if not is then
        c:crit("%s is not mounted", f[2])
      elseif is.ro and not options.ro then
        c:crit("%s has become read-only", f[2])
      else
        c:ok("%s", f[2])
      end
    end
  end
end)
