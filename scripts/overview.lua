#!/usr/bin/env opslua
-- What runs here, and what it costs.
--
--   opslua overview.lua [HOW_MANY]      (10)

local many = tonumber(arg[1] or 10)
if not many or many < 1 or many % 1 ~= 0 then error("usage: overview.lua [HOW_MANY]", 0) end

local procs = proc.list{fields = {"pid", "ppid", "user", "name", "state", "rss", "cpu", "age"}, sample = "500ms"}

-- The first of them in the order that a field gives, ready to be printed.
local function top(field)
  table.sort(procs, function(a, b) return (a[field] or 0) > (b[field] or 0) end)
  local rows = {}
  for i = 1, math.min(many, #procs) do
    local p = procs[i]
    rows[i] = {
      pid = p.pid, user = p.user, name = p.name,
      memory = fmt.bytes(p.rss or 0), cpu = fmt.percent(p.cpu or 0), age = fmt.duration(p.age or 0),
    }
  end
  out.table(rows, {columns = {"pid", "user", "memory", "cpu", "age", "name"}})
end

print(#procs .. " processes. The largest:")
top("rss")
local heaviest = procs[1]
print("\nThe busiest, over half a second (100% is one processor):")
top("cpu")

if heaviest then
  print("\nThe largest and what it has started:")
  local found, tree = pcall(proc.tree, heaviest)
  print(found and tree or "it has ended meanwhile")
end

print("\nZombies, and who should reap them:")
local zombies = proc.list{state = "zombie", fields = {"pid", "ppid", "name", "age"}, sort = "-age"}
local parents, by_parent = {}, {}
for _, z in ipairs(zombies) do
  local group = by_parent[z.ppid]
  if not group then
    group = {ppid = z.ppid, oldest = z, count = 0}
    by_parent[z.ppid], parents[#parents + 1] = group, group
  end
  group.count = group.count + 1
end
for _, g in ipairs(parents) do
  local parent = proc.get(g.ppid)
  print("  " .. g.ppid .. " " .. (parent and parent.name or "(gone)") .. " has left " .. g.count ..
    ", the oldest " .. g.oldest.pid .. " " .. g.oldest.name .. ", started " .. fmt.duration(g.oldest.age or 0) .. " ago")
end
if #zombies == 0 then print("  none") end
if procs.partial then print("\nThe kernel hides processes of others: run this as root to see all.") end
