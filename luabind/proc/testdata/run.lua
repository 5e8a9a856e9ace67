-- running commands
local function raises(kind, text, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "it did not raise " .. kind)
  assert(type(err) == "userdata", tostring(err))
  assert(err.kind == kind, kind .. " expected, got " .. tostring(err.kind) .. ": " .. tostring(err))
  if text then assert(tostring(err):find(text, 1, true), tostring(err) .. " lacks " .. text) end
  return err
end

local r = proc.run{"echo", "a", 1, 1.5}
assert(r.ok == true and r.code == 0 and r.signal == nil, "ok")
assert(r.stdout == "a 1 1.5\n" and r.stderr == "", r.stdout)
assert(r.output == nil and type(r.truncated) == "table" and next(r.truncated) == nil)
assert(r.pipe_held == false and r.pid > 1 and #r.argv == 4 and r.argv[1] == "echo")
assert(r.cmd == "echo a 1 1.5" and r.path:sub(1, 1) == "/" and r.cwd:sub(1, 1) == "/")
assert(math.floor(r.started) == r.started and r.started > 1e9 and r.seconds >= 0 and r.attempts == 1)
assert(r.usage.user >= 0 and r.usage.system >= 0 and r.usage.max_rss > 0)
assert(type(r) == "table" and getmetatable(r) == false)

-- a failure that is looked at
local f = proc.run{"sh", "-c", "echo out; echo oops >&2; exit 3"}
assert(f.ok == false and f.code == 3 and f.stderr == "oops\n")
local s = proc.run{"sh", "-c", "kill -9 $$"}
assert(s.signal == "KILL" and s.code == nil and not s.ok)
local seen = {}
for k, v in pairs(proc.run{"false"}) do seen[k] = v end
assert(seen.code == 1 and seen.ok == false and seen.stdout == "")
assert(json.decode(json.encode(proc.run{"false"})).code == 1)
assert(proc.run{"sh", "-c", "exit 7", ok = "any"}.ok == true)
assert(proc.run{"sh", "-c", "exit 7", ok = {0, 7}}.ok == true)
assert(proc.run({"sh", "-c", "exit 7"}, {ok = 7}).code == 7)
local changed = proc.run{"false"}
changed.note = "mine"
assert(changed.note == "mine" and changed.code == 1 and changed.note == "mine")

-- check, read, try
assert(proc.check{"true"}.ok)
local e = raises("exit", "exit 3 after", proc.check, {"sh", "-c", "echo out; echo first >&2; echo last >&2; exit 3", cwd = "/tmp"})
assert(e.code == 3 and e.stdout == "out\n" and e.stderr == "first\nlast\n" and e.ok == false and e.pid > 1)
assert(tostring(e):find("in /tmp: first; last$"), tostring(e))
assert(not tostring(e):find("\n"))
assert(e.where:find("^run.lua:%d+$"), e.where)
assert(e.forced == false and #e.survivors == 0 and e.cwd == "/tmp" and e.argv[1] == "sh" and e:is("exit"))
local lines = {}
for l in e:lines() do lines[#lines + 1] = l end
assert(#lines == 1 and lines[1] == "out")
assert(raises("exit", nil, proc.check, {"sh", "-c", "echo '{\"a\": 1}'; exit 1"}):json().a == 1)
raises("signal", "signal TERM", proc.check, {"sh", "-c", "kill $$", ok = "any"})
assert(proc.read{"printf", "a\\n\\n"} == "a\n")
raises("usage", "probe", proc.read, {"true", probe = false})
local r, err = proc.try{"sh", "-c", "exit 4"}
assert(r == nil and err.kind == "exit" and err.code == 4 and err.where)
assert(proc.try{"true"}.ok)
local r, err = proc.try{"no-such-program"}
assert(r == nil and err.kind == "not_found" and tostring(err):find("no-such-program", 1, true))

-- no exit status
raises("not_found", "no-such-program: not found", proc.run, {"no-such-program"})
raises("not_executable", nil, proc.run, {"/etc/passwd"})
raises("bad_cwd", "/no/such", proc.run, {"true", cwd = "/no/such"})
raises("usage", "NUL", proc.run, {"echo", "a\0b"})
local t = raises("timeout", "timeout of 200ms", proc.run, {"sh", "-c", "echo begun; sleep 60 & wait", timeout = 0.2, grace = 0})
assert(t.timeout == 0.2 and t.stdout == "begun\n" and t.ok == false, tostring(t.timeout))
assert(#t.evidence >= 2 and t.evidence[1].pid and t.evidence[1].state and t.evidence[1].rss, #t.evidence)
local t = raises("idle_timeout", "no output for 200ms", proc.run, {"sleep", 60, idle_timeout = "200ms", grace = 0})
assert(t.timeout == 0.2)
local t = raises("timeout", nil, proc.run, {"sh", "-c", "trap '' TERM; echo x; while :; do sleep 0.05; done", timeout = "300ms", grace = "100ms"})
assert(t.forced == true)
local o = raises("output_limit", "1", proc.run, {"sh", "-c", "yes | head -c 100000", max_output = 1000})
assert(#o.stdout >= 1000)
local r = proc.run{"sh", "-c", "yes | head -c 100000", max_output = 1000, on_overflow = "truncate"}
assert(r.ok and r.truncated.stdout == 100000 - #r.stdout and r.truncated.stderr == nil)

-- streams
assert(proc.read{"cat", input = "text\0with NUL"} == "text\0with NUL")
assert(proc.read{"cat"} == "")
local file = DIR .. "/f"
assert(proc.run{"echo", "one", stdout = {file = file}}.stdout == nil)
proc.check{"echo", "two", stdout = {file = file, append = true}}
assert(proc.read{"cat", input = {file = file}} == "one\ntwo")
raises("not_found", "/no/such", proc.run, {"cat", input = {file = "/no/such"}})
local m = proc.run{"sh", "-c", "echo a; echo b >&2; echo c", stderr = "stdout"}
assert(m.output == "a\nb\nc\n" and m.stdout == m.output and m.stderr == "")
assert(proc.run{"echo", "x", stdout = "discard"}.stdout == nil)
local got = {}
local r = proc.run{"printf", "a\\nb\\nc", stdout = function(line) got[#got + 1] = line; assert(proc.read{"echo", "in"} == "in") end}
assert(#got == 3 and got[3] == "c" and r.ok)
local mine = {}
local ok, err = pcall(proc.run, {"sh", "-c", "echo x; sleep 60", stdout = function() error(mine) end})
assert(not ok and rawequal(err, mine), "the very same value")

-- environment
assert(proc.read{"sh", "-c", "echo $A-$HOME-${SECRET_TOKEN-none}", env = {A = 1, SECRET_TOKEN = false}} == "1-/-none")
assert(proc.read{"/usr/bin/env", clear_env = true, env = {B = "x"}} == "B=x")
raises("usage", "env", proc.run, {"true", env = {["A=B"] = "x"}})
raises("not_found", nil, proc.run, {"env", env = {PATH = "/nowhere"}})

-- how
assert(proc.read{"pwd", cwd = "/usr"} == "/usr")
assert(proc.read{"sh", "-c", "umask", umask = "027"} == "0027")
raises("usage", "octal", proc.run, {"true", umask = 22})
raises("usage", "octal", proc.run, {"true", umask = "089"})
assert(proc.read{"nice", nice = 7} == "7")
assert(proc.read{"sh", "-c", "ulimit -n", limits = {files = 64}} == "64")
raises("usage", "memroy", proc.run, {"true", limits = {memroy = 1}})
assert(proc.run({"sh", "-c", "echo x >&2; exit 2"}, {label = "step one", ok = 2}).ok)
assert(tostring(select(2, pcall(proc.check, {"false", label = "step one"}))):find("^step one: false: exit 1"))

-- identities
if proc.read{"id", "-u"} == "0" then
  assert(proc.read{"id", "-un", user = "nobody"} == "nobody")
  assert(proc.read{"id", "-u", user = 65534} == "65534")
  assert(proc.read{"sh", "-c", "id -u; id -g; id -G", user = 1234, group = 1235, groups = {1236}} == "1234\n1235\n1235 1236")
  raises("usage", "group", proc.run, {"true", user = 4000000})
end
raises("usage", "no-such-user", proc.run, {"true", user = "no-such-user"})
raises("usage", "no-such-group", proc.run, {"true", group = "no-such-group"})

-- retries
local tries = DIR .. "/tries"
local r = proc.sh('echo x >> "$1"; test $(wc -l < "$1") -ge 3', {tries}, {retries = 5, backoff = "10ms"})
assert(r.ok and r.attempts == 3)
local r = proc.run{"sh", "-c", "exit 5", retries = 3, backoff = 0, retry_on = {6, "timeout"}}
assert(r.code == 5 and r.attempts == 1)
local asked = 0
local r = proc.run{"sh", "-c", "exit 5", retries = 3, backoff = 0, retry_on = function(err) asked = asked + 1; return err.code == 5 and asked < 2 end}
assert(r.code == 5 and r.attempts == 2 and asked == 2)
assert(tostring(select(2, proc.try{"false", retries = 1, backoff = 0})):find("attempt 2"))

-- sh
assert(proc.sh('echo "$1|$2"', {"a b", "$(x)"}).stdout == "a b|$(x)\n")
assert(proc.sh("exit 3").code == 3)
assert(proc.sh("cat", nil, {input = "x"}).stdout == "x")
assert(proc.sh("cat", {}, {input = "x"}).stdout == "x")

-- usage
raises("usage", 'proc.run{"ls", "-l"}', proc.run, "ls -l")
raises("usage", nil, proc.run, {})
raises("usage", nil, proc.run)
raises("usage", "holes", proc.run, {"ls", nil, "x"})
raises("usage", 'did you mean "timeout"', proc.run, {"ls", timout = 1})
raises("usage", "timeout", proc.run, {"ls", timeout = 0})
raises("usage", "signal", proc.run, {"ls", signal = "NOPE"})
raises("usage", "ok", proc.run, {"ls", ok = {}})
raises("usage", "input", proc.run, {"ls", input = "x", stdin = "inherit"})
raises("usage", "name", proc.run, {"ls", name = "x"})

-- text methods
local r = proc.run{"printf", "a\\n\\nb"}
local n = {}
for l in r:lines() do n[#n + 1] = l end
assert(#n == 3 and n[1] == "a" and n[2] == "" and n[3] == "b")
local rows = proc.run{"printf", "PID Use%% REST\\n1 50%% a b c\\n2 60%% d\\n"}:table{}
assert(#rows == 2 and rows[1].pid == "1" and rows[1].use_ == "50%" and rows[1].rest == "a b c" and rows[2].rest == "d")
local rows = proc.run{"printf", "1 x y\\n"}:table{header = false, columns = {"n", "text"}}
assert(rows[1].n == "1" and rows[1].text == "x y")
raises("parse", nil, function() proc.run{"echo", "{"}:json() end)
raises("usage", "captured", function() proc.run{"echo", "{", stdout = "discard"}:lines() end)

-- with
local p = proc.with{cwd = "/usr", env = {A = "1", B = "2"}, timeout = "20s"}
assert(p.read{"sh", "-c", "pwd; echo $A$B$C", env = {B = "3", C = "4"}} == "/usr\n134")
assert(p.run{"pwd", cwd = "/"}.stdout == "/\n")
assert(p.check{"true"}.ok and p.try{"true"}.ok and p.sh("pwd").stdout == "/usr\n")
assert(p.with{cwd = "/tmp"}.read{"pwd"} == "/tmp")
assert(p.parallel{{"pwd"}, {"pwd", cwd = "/"}}[1].stdout == "/usr\n")
assert(p.pipe{{"pwd"}, {"cat"}}.stdout == "/usr\n")
assert(p.spawn{"pwd"}:wait().stdout == "/usr\n")
raises("usage", "cdw", proc.with, {cdw = "/"})
print("done")
