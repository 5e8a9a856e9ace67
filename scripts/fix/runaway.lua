#!/usr/bin/env opslua
-- A process that has gone wild: it is ended where it takes too much memory or
-- processor, or runs for too long. It has to be named, with its user, and no
-- more than max_processes are ended.
--
--   opslua run runaway.lua --set name=worker --set user=www-data --set rss=2GiB --dry-run

local p = param{
  name = {required = true}, -- exactly
  user = {required = true},
  rss = "", -- more memory than this: 2GiB
  cpu = 0, -- more percent of one processor than this, over sample
  age = "", -- runs longer than this: 6h
  sample = "2s",
  max_processes = {1, min = 1, max = 100},
  grace = "10s", -- between TERM and KILL
  limit = "3/1h",
}

local function wild()
  local rss = p.rss ~= "" and fmt.parse_bytes(p.rss) or nil
  local age = p.age ~= "" and fmt.parse_duration(p.age) or nil
  local fields = {"pid", "name", "user", "rss", "age", "cmd", "started_ticks"}
  if p.cpu > 0 then fields[#fields + 1] = "cpu" end
  local list = {}
  for _, q in ipairs(proc.list{name = p.name, user = p.user, fields = fields, sample = p.cpu > 0 and p.sample or nil}) do
    local why
    if rss and q.rss > rss then
      why = fmt.bytes(q.rss) .. " of memory"
    elseif p.cpu > 0 and (q.cpu or 0) > p.cpu then
      why = fmt.percent(q.cpu) .. " of a processor"
    elseif age and q.age > age then
      why = "it runs for " .. fmt.duration(q.age)
    end
    if why then
      q.why = why
      list[#list + 1] = q
    end
  end
  return list
end

check("runaway", {timeout = "30s"}, function(c)
  if p.rss == "" and p.cpu == 0 and p.age == "" then
    c:unknown("no bound is set: rss, cpu or age")
    return
  end
  local list = wild()
  for _, q in ipairs(list) do c:crit("%s (%d): %s", q.name, q.pid, q.why) end
  if #list == 0 then c:ok("no %s of %s is over its bounds", p.name, p.user) end
end)

fix("runaway", {on = "runaway", limit = p.limit, lock = "runaway " .. p.name, verify = {check = "runaway", within = "10s"}}, function(f)
  local list = wild()
  if #list > p.max_processes then
    error(#list .. " processes are over their bounds, and no more than " .. p.max_processes .. " are ended: look at it yourself")
  end
  for _, q in ipairs(list) do
    f:evidence(q.name .. " " .. q.pid, q.cmd .. "\n" .. tostring(proc.tree(q.pid)))
    f:step("end " .. q.name .. " (" .. q.pid .. "): " .. q.why, function()
      proc.stop(q, {tree = true, grace = p.grace, expect = {name = p.name}})
    end)
  end
end)
