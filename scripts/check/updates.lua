#!/usr/bin/env opslua
-- Updates that wait to be installed, by the lists that the host has: they are
-- not fetched again.

local p = param{
  warn = "0", -- how many, a range
  security = "0", -- CRITICAL: how many of them are about security, a range
  stale = "7d", -- WARNING where the lists are older
}

local function apt(c)
  local out = proc.read{"apt-get", "-s", "-o", "Debug::NoLocking=true", "upgrade", timeout = "1m", env = {LC_ALL = "C"}}
  local all, security = 0, 0
  for _, line in ipairs(text.lines(out)) do
    if line:find("^Inst ") then
      all = all + 1
      if line:find("[Ss]ecurity") then security = security + 1 end
    end
  end
  local lists = try(fs.stat, "/var/lib/apt/lists")
  if lists then
    local age = time.now() - lists.mtime
    c:value("lists", age, {unit = "s", warn = tostring(fmt.parse_duration(p.stale)), min = 0, note = fmt.duration(age) .. " old"})
  end
  return all, security
end

local function dnf()
  local r = proc.run{"dnf", "-q", "-C", "check-update", ok = {0, 100}, probe = true, timeout = "1m"}
  local s = proc.run{"dnf", "-q", "-C", "check-update", "--security", ok = {0, 100}, probe = true, timeout = "1m"}
  if not (r.ok and s.ok) then error(r.ok and s.stderr or r.stderr) end
  return #text.table(r.stdout, {header = false}), #text.table(s.stdout, {header = false})
end

check("updates", {timeout = "3m"}, function(c)
  local all, security
  if proc.which("apt-get") then
    all, security = apt(c)
  elseif proc.which("dnf") then
    all, security = dnf()
  else
    c:unknown("neither apt-get nor dnf is there")
    return
  end
  c:value("updates", all, {warn = p.warn, min = 0})
  c:value("security", security, {crit = p.security, min = 0})
end)
