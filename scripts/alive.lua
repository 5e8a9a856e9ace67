#!/usr/bin/env opslua
-- Is a service alive, and since when?
--
--   opslua alive.lua NAME                    by process
--   opslua alive.lua - COMMAND [ARG]...      by command: its exit status decides
--   opslua alive.lua NAME COMMAND [ARG]...   by both: each has to say yes
--
-- Exit codes: 0 alive, 2 not alive, 1 it could not be found out.
-- What begins with "-" in the command stands after "--".

local name, command = arg[1], {unpack(arg, 2)}
if not name or name == "" or name == "-" and #command == 0 then
  error("usage: alive.lua NAME|- [COMMAND [ARG]...]", 0)
end

-- Each gives nil where the service is alive, and otherwise what is missing.

local function by_process()
  local _, err = try(proc.check, {name = name})
  if err then
    if err:is("assert") then return err.message end
    error(err) -- part of the process table is hidden: that is no answer
  end
  local rows = proc.list{name = name, sort = "started_ticks", fields = {"pid", "age", "state", "started_ticks"}}
  for _, p in ipairs(rows) do
    if p.state ~= "zombie" then
      print(name .. ": pid " .. p.pid .. ", up for " .. fmt.duration(p.age))
      return nil
    end
  end
  return name .. ": it ended while we looked"
end

local function by_command()
  command.probe, command.timeout = true, "10s"
  local r = proc.run(command)
  if not r.ok then
    return r.cmd .. ": " .. (r.signal and "signal " .. r.signal or "exit " .. r.code)
  end
  print(r.cmd .. ": ok after " .. fmt.duration(r.seconds))
end

local missing = name ~= "-" and by_process() or nil
missing = missing or #command > 0 and by_command() or nil
if missing then
  print("not alive: " .. missing)
  exit(2)
end
