#!/usr/bin/env opslua
-- A process that has gone wild: it is ended where it takes too much memory or
-- processor, or runs for too long. It has to be named, with its user, and where
-- more than max_processes would be ended none is.
--
--   opslua run runaway.lua --set name=worker --set user=www-data --set rss=2GiB --dry-run

local p = param{
  name = {required = true}, -- exactly
  user = {required = true},
  rss = "", -- more memory than this: 2GiB
  cpu = {0, min = 0}, -- more percent of one processor than this, over sample
  age = "", -- runs longer than this: 6h
  sample = "2s",
  soft = {1, min = 1, max = 100}, -- only what is over its bounds in so many runs in a row
  tree = false, -- what it has started ends with it, and counts for max_processes
  max_processes = {1, min = 1, max = 100},
  grace = "10s", -- between TERM and KILL
  limit = "3/1h",
}

local who = p.name .. " of " .. p.user

local function parsed(name, parse)
  if p[name] == "" then return nil end
  local value, err = try(parse, p[name])
  if not value then error(name .. ": " .. tostring(err), 0) end
  return value
end

-- All that are meant, and those of them that are over a bound.
local function look()
  local rss, age = parsed("rss", fmt.parse_bytes), parsed("age", fmt.parse_duration)
  local fields = {"pid", "name", "user", "rss", "age", "cmd", "state", "started_ticks"}
  if p.cpu > 0 then fields[#fields + 1] = "cpu" end
  local all = proc.list{name = p.name, user = p.user, fields = fields, sample = p.cpu > 0 and p.sample or nil}
  local wild = {}
  for _, q in ipairs(all) do
    if rss and q.rss and q.rss > rss then
      q.why = fmt.bytes(q.rss) .. " of memory"
    elseif p.cpu > 0 and (q.cpu or 0) > p.cpu then
      q.why = fmt.percent(q.cpu) .. " of a processor"
    elseif age and q.age > age then
      q.why = "it runs for " .. fmt.duration(q.age)
    end
    if q.why and q.state ~= "zombie" then wild[#wild + 1] = q end
  end
  return wild, all
end

check(who, {timeout = "30s", soft = p.soft > 1 and p.soft or nil}, function(c)
  if p.name == "" or p.user == "" then
    c:unknown("name and user must not be empty")
    return
  end
  if p.rss == "" and p.cpu == 0 and p.age == "" then
    c:unknown("no bound is set: rss, cpu or age")
    return
  end
  parsed("grace", fmt.parse_duration)
  local wild, all = look()
  for _, q in ipairs(wild) do c:crit("%s (%d): %s", q.name, q.pid, q.why) end
  if all.partial then c:unknown("the kernel hides processes of others: run this as root to see all") end
  if #all == 0 then
    c:ok("no %s runs", who)
  elseif #wild == 0 then
    c:ok("%d %s, within bounds", #all, who)
  end
end)

fix("end " .. who, {on = who, limit = p.limit, lock = "runaway " .. p.name, verify = {check = who, within = "10s"}}, function(f)
  local wild = look()
  if #wild == 0 then return end
  if #wild > p.max_processes then
    error(#wild .. " processes are over their bounds, and max_processes is " .. p.max_processes .. ": none is ended", 0)
  end
  for _, q in ipairs(wild) do
    local tree = try(proc.tree, q.pid)
    f:evidence(q.name .. " " .. q.pid, q.why .. ": " .. q.cmd .. (tree and "\n" .. tostring(tree) or ""))
  end
  f:step("end " .. #wild .. " " .. who, function()
    local expect = {max = p.max_processes}
    if not p.tree then expect.name = p.name end
    local ends = proc.stop(wild, {tree = p.tree, grace = p.grace, expect = expect})
    -- What only a KILL ended; a dry run does not know it.
    local known, forced = pcall(function() return #ends.forced end)
    if known and forced > 0 then f:evidence("killed", forced .. " did not go within " .. p.grace .. " of TERM") end
  end)
end)
