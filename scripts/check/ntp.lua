#!/usr/bin/env opslua
-- How far the clock is off, by the time service's own client: chronyc, ntpq or
-- timedatectl, the first that knows. UNKNOWN where none does.
--
--   warn, crit  seconds either way, or a range

local p = param{
  warn = "0.1",
  crit = "1",
}

local function either_way(range)
  return range:find("[:@~]") and range or "-" .. range .. ":" .. range
end

-- Each gives the seconds, or nil and why not.

local function chrony()
  local line = proc.read{"chronyc", "-c", "tracking", timeout = "5s"}
  local f = text.split(line, ",")
  if f[14] == "Not synchronised" then return nil, "not synchronised" end
  return tonumber(f[5]), "no offset in " .. line
end

local function ntpd()
  local line = proc.read{"ntpq", "-c", "rv 0 leap,offset", timeout = "5s"}
  if line:find("leap=11") then return nil, "not synchronised" end
  local ms = tonumber(line:match("offset=([-+%d.]+)"))
  return ms and ms / 1000, "no offset in " .. line
end

local function timesyncd()
  local kv = text.kv(proc.read{"timedatectl", "timesync-status", timeout = "5s", env = {LC_ALL = "C"}}, {sep = ":"})
  if not kv.Offset then return nil, "no server has answered yet" end
  local sign, amount = kv.Offset:match("^([-+]?)(.*)$")
  local seconds = fmt.parse_duration((amount:gsub("min", "m"):gsub(" ", "")))
  return sign == "-" and -seconds or seconds
end

check("ntp", {timeout = "30s"}, function(c)
  local reasons = {}
  for _, client in ipairs{{"chronyc", chrony}, {"ntpq", ntpd}, {"timedatectl", timesyncd}} do
    local name, ask = unpack(client)
    if proc.which(name) then
      local seconds, why = try(ask)
      if seconds then
        c:value("offset", seconds, {unit = "s", warn = either_way(p.warn), crit = either_way(p.crit), note = "by " .. name})
        return
      end
      reasons[#reasons + 1] = type(why) == "string" and name .. ": " .. why or why.message
    end
  end
  if #reasons == 0 then reasons[1] = "no client of a time service is installed: chronyc, ntpq or timedatectl" end
  c:unknown("%s", table.concat(reasons, "; "))
end)
