#!/usr/bin/env opslua
-- What /etc/fstab says is mounted, and what should be writable is. What is
-- noauto there is not looked at; what is nofail and missing is WARNING.
--
--   fstab  the file
--   skip   types that are not looked at

local p = param{
  fstab = "/etc/fstab",
  skip = {"swap", "proc", "sysfs"},
}

local function set(list)
  local s = {}
  for _, v in ipairs(list) do s[v] = true end
  return s
end

-- Blanks in a path are written as \040 in both files.
local function plain(path)
  path = path:gsub("\\(%d%d%d)", function(n) return string.char(tonumber(n, 8)) end)
  return #path > 1 and (path:gsub("/+$", "")) or path
end

check("mounts", {timeout = "20s"}, function(c)
  local skip, mounted = set(p.skip), {}
  for _, line in ipairs(text.lines(fs.read("/proc/self/mounts"))) do
    local f = text.fields(line)
    mounted[plain(f[2])] = set(text.split(f[4], ","))
  end
  local good = {}
  for _, line in ipairs(text.lines(fs.read(p.fstab))) do
    local f = text.fields(line)
    local options = set(text.split(f[4] or "", ","))
    if f[2] and f[1]:sub(1, 1) ~= "#" and f[2] ~= "none" and not skip[f[3]] and not options.noauto then
      local path = plain(f[2])
      local is = mounted[path]
      if not is then
        c[options.nofail and "warn" or "crit"](c, "%s is not mounted", path)
      elseif is.ro and not options.ro then
        c:crit("%s has become read-only", path)
      else
        good[#good + 1] = path
      end
    end
  end
  c:ok("%s", #good > 0 and table.concat(good, ", ") .. " as in " .. p.fstab or "nothing in " .. p.fstab .. " has to be mounted")
end)
