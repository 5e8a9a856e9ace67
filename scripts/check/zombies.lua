#!/usr/bin/env opslua
-- Processes that have ended and that their parent has not noticed, with the
-- parent, which is what needs attention.
--
--   warn, crit  how many, a range
--   show        how many parents are named

local p = param{
  warn = "5",
  crit = "50",
  show = {5, min = 0},
}

check("zombies", {timeout = "10s"}, function(c)
  local zombies = proc.list{state = "zombie", fields = {"pid", "ppid", "name"}}
  local parents, count = {}, {}
  for _, z in ipairs(zombies) do
    if not count[z.ppid] then parents[#parents + 1] = z.ppid end
    count[z.ppid] = (count[z.ppid] or 0) + 1
  end
  table.sort(parents, function(a, b) return count[a] > count[b] or count[a] == count[b] and a < b end)
  local names = {}
  for i = 1, math.min(p.show, #parents) do
    local parent = proc.get(parents[i])
    names[i] = string.format("%d of %s (%d)", count[parents[i]], parent and parent.name or "what has ended", parents[i])
  end
  c:value("zombies", #zombies, {warn = p.warn, crit = p.crit, min = 0, note = #names > 0 and table.concat(names, ", ") or nil})
  if zombies.partial then c:unknown("the kernel hides processes of other users; run as root") end
end)
