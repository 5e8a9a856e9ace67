#!/usr/bin/env opslua
-- Updates that wait to be installed, by the lists that the host has: they are
-- not fetched again. Knows apt-get and dnf.
--
--   warn      how many may wait, a range; WARNING outside
--   security  how many of them may be about security, a range; CRITICAL outside
--   stale     WARNING where the lists of apt are older

local p = param{
  warn = "0",
  security = "0",
  stale = "7d",
}

local lists = "/var/lib/apt/lists"

-- When the lists were fetched: a fetch that finds nothing new touches partial.
local function age_of_lists()
  local newest
  for _, path in ipairs{lists, lists .. "/partial", "/var/lib/apt/periodic/update-success-stamp"} do
    local s = try(fs.stat, path)
    if s and (not newest or s.mtime > newest) then newest = s.mtime end
  end
  return newest and math.max(0, time.now() - newest)
end

local function apt(c)
  if #fs.glob(lists .. "/*{Packages,InRelease}*") == 0 then
    c:unknown("there are no lists of packages; apt-get update fetches them")
    return nil
  end
  local out = proc.read{
    "apt-get", "-s", "-q", "-o", "Debug::NoLocking=true", "--with-new-pkgs", "upgrade",
    timeout = "2m", env = {LC_ALL = "C"},
  }
  local all, security = 0, 0
  for _, line in ipairs(text.lines(out)) do
    if line:find("^Inst ") then
      all = all + 1
      -- "Inst NAME [OLD] (NEW Debian-Security:12/stable-security [amd64])"
      if line:find("%(.*[Ss]ecurity.*%)") then security = security + 1 end
    end
  end
  local age = age_of_lists()
  if age then c:value("age of the lists", age, {unit = "s", warn = p.stale, min = 0}) end
  return all, security
end

-- Ends with 100 where there are any.
local function dnf(...)
  local r = proc.check{"dnf", "-q", "-C", "check-update", ..., ok = {0, 100}, probe = true, timeout = "1m"}
  local n = 0
  for _, line in ipairs(text.lines(r.stdout)) do
    if line:find("^Obsoleting") then break end
    if #text.fields(line) == 3 then n = n + 1 end
  end
  return n
end

local function waiting(c)
  if proc.which("apt-get") then return apt(c) end
  if proc.which("dnf") then return dnf(), dnf("--security") end
  c:unknown("neither apt-get nor dnf is there")
end

check("updates", {timeout = "3m"}, function(c)
  local all, security = try(waiting, c)
  if all then
    c:value("updates", all, {warn = p.warn, min = 0})
    c:value("security", security, {crit = p.security, min = 0})
  elseif security then
    c:unknown("%s", security.message) -- they failed: that says nothing about updates
  end
end)
