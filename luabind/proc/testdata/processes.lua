-- looking at processes, checking, signalling
local function raises(kind, text, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "it did not raise " .. kind)
  assert(type(err) == "userdata", tostring(err))
  assert(err.kind == kind, kind .. " expected, got " .. tostring(err.kind) .. ": " .. tostring(err))
  if text then assert(tostring(err):find(text, 1, true), tostring(err) .. " lacks " .. text) end
  return err
end

local h = proc.spawn{"sh", "-c", "sleep 51 & sleep 51 & exec sleep 52"}
while #proc.list{under = h.pid} < 2 or proc.get(h.pid).name ~= "sleep" do time.sleep(0.02) end

-- list
local rows = proc.list()
assert(#rows > 3 and rows.partial == false)
for i = 2, #rows do assert(rows[i - 1].pid < rows[i].pid) end
local me = proc.get(h.pid)
for _ = 1, 100 do -- the kernel names a program a moment after it lets it run
  if me.cmd == "sleep 52" then break end
  time.sleep("10ms")
  me = proc.get(h.pid)
end
for _, f in ipairs{"pid", "ppid", "name", "state", "user", "uid", "cmdline", "cmd", "rss", "vsize", "threads", "cpu_time", "started", "age", "started_ticks"} do
  assert(me[f] ~= nil, f)
end
assert(me.name == "sleep" and #me.cmdline == 2 and me.cmdline[2] == "52" and me.cmd == "sleep 52")
assert(getmetatable(me) == false)
local n = 0
for k, v in pairs(me) do n = n + 1 end
assert(n == 15, n)
local few = proc.list{pid = h.pid, fields = {"pid", "name"}}
assert(#few == 1)
for k in pairs(few[1]) do assert(k == "pid" or k == "name", k) end
assert(#proc.list{pid = {}} == 0 and #proc.list{pid = {h.pid, 999999999}} == 1)
assert(#proc.list{ppid = h.pid} == 2 and #proc.list{under = h.pid} == 2)
assert(#proc.list{name = "sleep", under = h.pid} == 2 and #proc.list{name = "slee", under = h.pid} == 0)
assert(#proc.list{match = "^sleep 5[12]$", ppid = h.pid} == 2)
assert(#proc.list{under = h.pid, where = function(p) return p.cmdline[2] == "51" end} == 2)
assert(#proc.list{under = h.pid, state = "zombie"} == 0)
assert(#proc.list{user = proc.read{"id", "-un"}, pid = h.pid} == 1)
local mine = proc.list{pid = {h.pid}, fields = {"exe", "cwd", "environ", "fds", "nice", "ids", "limits", "namespaces", "io", "ports", "cgroup"}}[1]
assert(mine.pid == nil and mine.exe:find("sleep") or mine.exe:find("busybox") or mine.exe:find("coreutils"), mine.exe)
assert(mine.cwd and mine.environ.PATH and mine.fds >= 3 and mine.nice == 0 and mine.ids.uid and mine.limits.nofile.soft ~= 0 and mine.namespaces.pid and #mine.ports == 0)
local sorted = proc.list{sort = "-rss", limit = 5}
assert(#sorted == 5)
for i = 2, 5 do assert(sorted[i - 1].rss >= sorted[i].rss) end
local names = proc.list{sort = {"name", "-pid"}, fields = {"name", "pid"}}
for i = 2, #names do
  local a, b = names[i - 1], names[i]
  assert(a.name < b.name or a.name == b.name and a.pid > b.pid)
end
local hidden = proc.list{sort = "-age", limit = 1, fields = {"pid"}}
assert(hidden[1].age == nil)
assert(proc.list{pid = h.pid, sample = "50ms"}[1].cpu >= 0)
raises("usage", 'did you mean "rss"', proc.list, {fields = {"rsss"}})
raises("usage", 'did you mean "name"', proc.list, {nam = "x"})
raises("usage", "sample", proc.list, {fields = {"cpu"}})
raises("usage", "no order", proc.list, {sort = "cmdline"})
raises("usage", "state", proc.list, {state = "asleep"})
raises("parse", "match", proc.list, {match = "("})
local by_pid = {}
for _, p in ipairs(rows) do by_pid[p.pid] = p end
by_pid[4194304] = rows[1]
assert(by_pid[4194304].pid == rows[1].pid)
me.note = 1
assert(me.note == 1 and json.decode(json.encode(me)).name == "sleep")

-- get, ancestors
local p, err = proc.get(999999999)
assert(p == nil and err.kind == "gone")
local up = proc.ancestors(h.pid)
assert(up[1].pid == me.ppid and up[#up].pid == 1 or #up >= 1)
assert(#proc.ancestors(me) == #up)
raises("gone", nil, proc.ancestors, 999999999)
raises("usage", nil, proc.get, "x")
raises("usage", nil, proc.get, 1.5)

-- tree
local t = proc.tree(h.pid)
assert(t.pid == h.pid and #t.children == 2 and t.totals.count == 3 and t.totals.rss >= t.rss and t.totals.cpu_time >= 0)
assert(t.cmd == nil and t.started_ticks)
assert(tostring(t) == "sleep───2*[sleep]", tostring(t))
local depths = {}
for node, depth in t:walk() do depths[#depths + 1] = depth; assert(node.pid) end
assert(#depths == 3 and depths[1] == 0 and depths[2] == 1 and depths[3] == 1)
assert(t:find{pid = t.children[2].pid}.pid == t.children[2].pid)
assert(t:find{name = "sleep"}.pid == h.pid and t:find{name = "x"} == nil)
assert(t:find{where = function(p) return p.ppid == h.pid end}.ppid == h.pid)
assert(t.children[1]:find{name = "sleep"}.pid == t.children[1].pid)
raises("usage", "cmd", t.find, t, {match = "x"})
assert(proc.tree(h.pid, {fields = {"name", "cmd"}}):find{match = "^sleep 51$"})
local whole = proc.tree()
assert(whole.pid == 0 and whole.name == nil and whole:find{pid = h.pid}.totals.count == 3 and whole.totals.count > 3)
assert(#tostring(whole) > 10 and proc.tree{name = "sleep", ppid = me.ppid, pid = h.pid}.pid == h.pid)
assert(proc.tree{under = h.pid}.pid == 0 and #proc.tree{under = h.pid}.children == 2)
raises("gone", nil, proc.tree, 999999999)
raises("gone", nil, proc.tree, {name = "no such name"})

-- check
assert(#proc.check{under = h.pid, count = 2} == 2)
assert(#proc.check{under = h.pid, count = "1:", rss = "1GiB"} == 2)
assert(#proc.check{under = h.pid, name = "sleep", cpu = 100, sample = "20ms"} == 2)
local e = raises("assert", "wanted 3", proc.check, {under = h.pid, name = "sleep", count = 3})
assert(e.found == 2 and e.wanted == "3" and #e.rows == 2, tostring(e))
raises("assert", "none", proc.check, {name = "no such name"})
raises("assert", "rss", proc.check, {under = h.pid, rss = "1KiB"})
raises("assert", nil, proc.check, {under = h.pid, count = "@1:3"})
raises("usage", "count", proc.check, {name = "x", count = "5:1"})
raises("usage", nil, proc.check, {})
raises("usage", nil, proc.check, {timeout = 5})
local z = proc.spawn{"sh", "-c", "true & exec sleep 53"}
while #proc.list{under = z.pid, state = "zombie"} < 1 do time.sleep(0.02) end
raises("assert", "none", proc.check, {under = z.pid})
assert(#proc.check{under = z.pid, state = "zombie"} == 1)
-- what has ended is gone, reaped or not
local gone, alive = proc.wait(proc.list{under = z.pid}, 1)
assert(#gone == 1 and #alive == 0)
z:stop{grace = 0}

-- wait
local gone, alive = proc.wait({me, h.pid}, 0.05)
assert(#gone == 0 and #alive == 2 and rawequal(alive[1], me) and alive[2].name == "sleep")
local gone, alive = proc.wait(999999999)
assert(#gone == 1 and gone[1].pid == 999999999 and #alive == 0)

-- signal
for _, pid in ipairs{0, -1, -5, 1.5, 1, 1e300} do raises("denied", nil, proc.signal, pid, "TERM") end
raises("denied", nil, proc.signal, me.ppid, "TERM")
raises("denied", nil, proc.stop, 1)
raises("denied", nil, proc.stop, {me, 0})
raises("denied", "process group", proc.signal, 0, "TERM", {force = true})
raises("gone", nil, proc.signal, 999999999, "HUP")
raises("usage", "sig", proc.signal, h.pid, "NOPE")
raises("usage", nil, proc.signal, {name = "sleep"}, "HUP")
local child = proc.list{ppid = h.pid, fields = {"pid"}}[1]
proc.signal(child, "STOP")
while proc.get(child).state ~= "stopped" do time.sleep(0.01) end
proc.signal(child.pid, 18)
proc.signal(child, "KILL")
assert(#proc.wait(child, 5) == 1)
raises("gone", nil, proc.signal, child, "KILL")
-- a row of an earlier life of the number is not this process
raises("gone", nil, proc.signal, {pid = h.pid, started_ticks = 1}, "KILL")
assert(proc.get(h.pid))

-- stop
raises("denied", "expected at most 1", proc.stop, h.pid, {tree = true, expect = {name = "sleep", max = 1}})
raises("denied", '"sleep", expected "nginx"', proc.stop, h.pid, {tree = true, expect = {name = "nginx"}})
assert(#proc.list{pid = h.pid} == 1)
local r = proc.stop(me, {tree = true, grace = "2s", expect = {name = "sleep", max = 2}})
assert(#r.gone == 2 and #r.alive == 0 and #r.forced == 0 and rawequal(r.gone[1], me), #r.gone)
assert(h:wait().signal == "TERM")
local r = proc.stop({me})
assert(#r.gone == 1)
local s = proc.spawn{"sh", "-c", "trap '' TERM; echo x; while :; do sleep 0.05; done"}
for l in s:lines() do break end
local r = proc.stop(s.pid, {grace = "100ms"})
assert(#r.gone == 1 and #r.forced == 1 and r.forced[1].name == "sh")
assert(s:wait().signal == "KILL")
print("done")
