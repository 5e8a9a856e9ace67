#!/usr/bin/env opslua
-- How far the clock is off, by the time service's own client: chronyc, ntpq or
-- timedatectl, whichever is there.

local p = param{
  warn = "0.1", -- seconds either way, a range
  crit = "1",
}

local function either_way(range)
  return range:find("[:@~]") and range or "-" .. range .. ":" .. range
end

local function offset()
  if proc.which("chronyc") then
    local line = proc.read{"chronyc", "-c", "tracking", timeout = "10s"}
    local f = csv.decode(line, {header = false})[1]
    if f[14] == "Not synchronised" then return nil, "chrony is not synchronised" end
    return tonumber(f[5]), "chrony"
  elseif proc.which("ntpq") then
    local line = proc.read{"ntpq", "-c", "rv 0 offset", timeout = "10s"}
    local ms = line:match("offset=([-+%d.]+)")
    return ms and tonumber(ms) / 1000, ms and "ntp" or "ntpq says nothing about the offset: " .. line
  elseif proc.which("timedatectl") then
    local kv = text.kv(proc.read{"timedatectl", "show-timesync", "--all", timeout = "10s"})
    local message = kv.NTPMessage or ""
    local us = message:match("Offset=([-+%d.]+)us") or (message:match("Offset=([-+%d.]+)ms") or "x") .. "e3"
    return tonumber(us) and tonumber(us) / 1e6, tonumber(us) and "timesyncd" or "timesyncd has not asked a server yet"
  end
  return nil, "no client of a time service is installed: chronyc, ntpq or timedatectl"
end

check("ntp", {timeout = "30s"}, function(c)
  local seconds, source = offset()
  if not seconds then
    c:unknown("%s", source)
    return
  end
  c:value("offset", seconds, {unit = "s", warn = either_way(p.warn), crit = either_way(p.crit), note = source})
end)
