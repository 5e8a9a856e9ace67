-- several at once, in a row, in the background
local function raises(kind, text, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "it did not raise " .. kind)
  assert(type(err) == "userdata", tostring(err))
  assert(err.kind == kind, kind .. " expected, got " .. tostring(err.kind) .. ": " .. tostring(err))
  if text then assert(tostring(err):find(text, 1, true), tostring(err) .. " lacks " .. text) end
  return err
end

-- parallel
local list = {}
for i = 1, 20 do list[i] = {"sh", "-c", "sleep 0.0$((20 - $1)); echo $1", "sh", i} end
local results = proc.parallel(list, {limit = 8, probe = true})
assert(#results == 20)
for i, r in ipairs(results) do assert(r.ok and r.stdout == i .. "\n", i) end
local began = time.now()
proc.parallel({{"sleep", 0.3}, {"sleep", 0.3}, {"sleep", 0.3}}, {limit = 3})
assert(time.now() - began < 0.8, "side by side")
local mixed = proc.parallel({{"true"}, {"no-such-program"}, {"sh", "-c", "exit 3"}, {"sleep", 9, timeout = 0.1, grace = 0}})
assert(mixed[1].ok and mixed[2].kind == "not_found" and mixed[2].where:find("^several.lua:") and mixed[3].code == 3 and mixed[4].kind == "timeout")
assert(#proc.parallel{} == 0)
raises("usage", "function", proc.parallel, {{"true", stdout = print}})
raises("usage", "limit", proc.parallel, {{"true"}}, {limit = 0})
raises("usage", "item 2", proc.parallel, {{"true"}, "false"})
raises("usage", "item 1", proc.parallel, {{}})
raises("usage", "tiemout", proc.parallel, {{"true", tiemout = 1}})
raises("usage", nil, proc.parallel, {a = {"true"}})
local retried = proc.parallel({{"false"}, {"true"}}, {retries = 2, backoff = 0})
assert(retried[1].attempts == 3 and retried[2].attempts == 1 and not retried[1].ok)

-- pipe
local r = proc.pipe{{"printf", "b\\na\\n"}, {"sort"}, {"head", "-n", 1}}
assert(r.ok and r.code == 0 and r.stdout == "a\n" and #r.stages == 3 and r.stages[2].ok, r.stdout)
assert(r.cmd:find("|", 1, true))
local r = proc.pipe{{"yes"}, {"head", "-n", 1}}
assert(r.ok and r.stdout == "y\n", "SIGPIPE is no failure")
local r = proc.pipe{{"sh", "-c", "echo x; echo bad >&2; exit 3"}, {"cat"}}
assert(r.ok == false and r.code == 3 and r.stdout == "x\n" and r.stderr == "bad\n" and r.stages[1].code == 3 and r.stages[2].ok)
assert(proc.pipe({{"cat"}, {"cat"}}, {input = "hello"}).stdout == "hello")
local e = raises("not_found", "no-such-program", proc.pipe, {{"yes"}, {"no-such-program"}})
assert(#e.stages == 2)
local e = raises("timeout", nil, proc.pipe, {{"sleep", 60}, {"cat"}}, {timeout = 0.2, grace = 0})
local got = {}
assert(proc.pipe({{"printf", "a\\nb\\n"}, {"cat"}}, {stdout = function(l) got[#got + 1] = l; assert(proc.run{"true"}.ok) end}).ok)
assert(#got == 2 and got[2] == "b")
local mine = {}
local ok, err = pcall(proc.pipe, {{"yes"}, {"cat"}}, {stdout = function() error(mine) end})
assert(not ok and rawequal(err, mine))
raises("usage", "standard input", proc.pipe, {{"true"}, {"cat", input = "x"}})
raises("usage", "standard output", proc.pipe, {{"true", stdout = "discard"}, {"cat"}})
raises("usage", "want commands", proc.pipe, {})
local r = proc.pipe({{"sh", "-c", "exit 3"}, {"cat"}}, {retries = 1, backoff = 0})
assert(r.code == 3 and r.attempts == 2)

-- spawn
local h = proc.spawn{"sh", "-c", "while read l; do echo got $l; done; echo end"}
assert(h.pid > 1 and h:poll() == nil and h.nothing == nil)
h:write("one\n")
h:write("two\n")
h:close()
local n = {}
for l in h:lines() do n[#n + 1] = l end
assert(#n == 3 and n[1] == "got one" and n[3] == "end", #n)
local r = h:wait()
assert(r.ok and r.stdout == "" and rawequal(r, h:poll()))
assert(proc.spawn{"printf", "abc"}:wait().stdout == "abc", "bytes as they are")
assert(proc.spawn{"cat", input = "x"}:wait().stdout == "x")
local h = proc.spawn{"sh", "-c", "echo a; echo why >&2; exit 3"}
raises("exit", "exit 3", function() for l in h:lines() do assert(l == "a") end end)
assert(h:wait().code == 3 and h:wait().stderr == "why\n")
raises("not_found", nil, proc.spawn, {"no-such-program"})
raises("usage", "lines", proc.spawn, {"true", stdout = print})
raises("usage", "retries", proc.spawn, {"true", retries = 1})
-- more than is kept ahead, without reading
local r = proc.spawn{"sh", "-c", "head -c 20000000 /dev/zero"}:wait()
assert(r.ok and #r.stdout == 20000000)
local r = proc.spawn{"sh", "-c", "head -c 20000000 /dev/zero", max_output = 100000}:wait()
assert(not r.ok and r.err.kind == "output_limit" and #r.stdout == 100000, tostring(r.err))
local r = proc.spawn{"sh", "-c", "head -c 20000000 /dev/zero", max_output = 100000, on_overflow = "truncate"}:wait()
assert(r.ok and r.truncated.stdout == 19900000, r.truncated.stdout)
local h = proc.spawn{"sh", "-c", "yes | head -n 3000000"}
local count = 0
for l in h:lines() do count = count + 1 end
assert(count == 3000000, count)
-- a deadline while the script does not read
local h = proc.spawn{"yes", timeout = 0.3, grace = 0}
time.sleep(0.8)
local r = h:wait(5)
assert(r and r.ok == false and r.err.kind == "timeout", "timeout while busy")
-- wait, stop, signal
local h = proc.spawn{"sleep", 60}
assert(h:wait(0.05) == nil and h:poll() == nil)
local r = h:stop{grace = "2s"}
assert(r.signal == "TERM" and not r.ok)
raises("gone", nil, h.signal, h, "HUP")
local h = proc.spawn{"sh", "-c", "trap 'echo hup; exit 0' HUP; echo ready; while :; do sleep 0.02; done"}
for l in h:lines() do if l == "ready" then h:signal("HUP") else assert(l == "hup") end end
assert(h:wait().ok)
local h = proc.spawn{"yes"}
h:stop{grace = 0}
assert(h:poll().signal == "KILL")
raises("io", nil, function() local h = proc.spawn{"true"}; h:wait(); local h2 = proc.spawn{"sh", "-c", "exec 0<&-; sleep 5"}; for i = 1, 100 do h2:write(("x"):rep(100000)) end end)
raises("usage", "pipe", function() local h = proc.spawn{"true", stdin = "null"}; h:write("x") end)
-- detached
local h = proc.spawn{"sleep", 30, detach = true}
raises("usage", "detached", h.wait, h)
assert(proc.get(h.pid).name == "sleep")
h:signal("KILL")
assert(#proc.wait(h.pid, 5) == 1)
-- which, quote
assert(proc.which("sh"):find("/sh$") and proc.which("no-such-program") == nil and proc.which("/etc/passwd") == nil)
assert(proc.quote{"a b", "c", 1} == "'a b' c 1")
print("done")
