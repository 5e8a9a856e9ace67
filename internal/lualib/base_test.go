package lualib

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
)

// A world is a state with the library, as a host makes it.
type world struct {
	t     testing.TB
	L     *lua.LState
	out   *bytes.Buffer
	rt    luacode.Runtime
	close func()
}

// errExit is what the tests' host lets nobody catch.
var errExit = errors.New("exit")

func testConfig(w *world) Config {
	resource := func(L *lua.LState, msg string) { L.RaiseError("resource: %s", msg) }
	w.rt = luacode.Runtime{MaxString: 1 << 20, Resource: resource}
	return Config{
		Stdout: w.out, MaxString: 1 << 20, Resource: resource,
		Fatal: func(err error) bool {
			api, ok := err.(*lua.ApiError)
			if !ok {
				return false
			}
			ud, ok := api.Object.(*lua.LUserData)
			return ok && ud.Value == errExit
		},
		Now:   time.Now,
		Clock: func() float64 { return 1.5 },
		Seed:  42,
		Compile: func(L *lua.LState, name, source string) (*lua.LFunction, error) {
			chunk, err := luacode.Compile(name, source, luacode.Limits{})
			if err != nil {
				return nil, err
			}
			return chunk.Function(L, &w.rt), nil
		},
	}
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, out: new(bytes.Buffer)}
	c := testConfig(w)
	if change != nil {
		change(&c)
	}
	w.L = lua.NewState(Options())
	w.close = Open(w.L, c)
	t.Cleanup(func() {
		w.close()
		w.L.Close()
	})
	return w
}

// run runs a chunk as a host does.
func (w *world) run(name, source string) *lua.ApiError {
	w.t.Helper()
	chunk, err := luacode.Compile(name, source, luacode.Limits{})
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	w.L.Push(chunk.Function(w.L, &w.rt))
	return PCall(w.L, 0, 0)
}

// lua runs a chunk that must succeed.
func (w *world) lua(source string) {
	w.t.Helper()
	if err := w.run("test", source); err != nil {
		w.t.Fatalf("%s\n%s", ToString(w.L, err.Object), err.StackTrace)
	}
}

func TestUpvaluesSurviveErrors(t *testing.T) {
	newWorld(t, nil).lua(`
local n = 0
local function inc() n = n + 1 end
inc()
pcall(error, "x") inc() assert(n == 2, n)
pcall(function() local x = nil; return x.y end) inc() assert(n == 3, n)
pcall(function() pcall(type); error({}) end) inc() assert(n == 4, n)
xpcall(function() local x = nil; return x.y end, function(e) return e end) inc() assert(n == 5, n)
try(string.rep) inc() assert(n == 6, n)
local g, h
pcall(function() local v, w = 42, 1; g = function() v = v + 1 return v end; h = function() return v + w end; error("x") end)
local function clobber(...) local a, b, c, d, e = 1, 2, 3, 4, 5 return g() end
assert(clobber(9, 9, 9) == 43) assert(h() == 44) assert(g() == 44)
local co = coroutine.wrap(function() local k = 0; local function up() k = k + 1 end
  for i = 1, 3 do pcall(function() up() error(i) end) coroutine.yield(k) end end)
assert(co() == 1 and co() == 2 and co() == 3)`)
}

func TestErrors(t *testing.T) {
	newWorld(t, nil).lua(`
local ok, e = pcall(error, {code = 7}) assert(not ok and e.code == 7)
ok, e = pcall(function() error("msg") end) assert(e == "test:3: msg", e)
ok, e = pcall(function() error("msg", 0) end) assert(e == "msg")
local function f() error("msg", 2) end
ok, e = pcall(function() f() end) assert(e == "test:6: msg", e)
ok, e = pcall(function() local t = {} assert(false, t) end) assert(type(e) == "table")
ok, e = pcall(assert, false) assert(e == "assertion failed!", e)
assert(select("#", assert(1, 2, nil)) == 3)
ok, e = pcall(error) assert(not ok and e == nil)
local r, err = try(function() return 1, 2 end) assert(r == 1 and err == 2)
r, err = try(error, "x") assert(r == nil and err == "x", err)
ok, e = xpcall(function() error("a", 0) end, function(m) return m .. "b" end) assert(not ok and e == "ab")
ok, e = xpcall(error, function() error("again") end) assert(not ok and e == "error in error handling")
ok, e = pcall(nil) assert(not ok and e:find("attempt to call"), e)`)
}

func TestFatalPassesEverywhere(t *testing.T) {
	for _, body := range []string{
		`pcall(exit)`, `xpcall(exit, print)`, `xpcall(error, exit)`, `try(exit)`,
		`pcall(function() pcall(function() exit() end) end)`,
		`coroutine.resume(coroutine.create(exit))`, `coroutine.wrap(exit)()`,
		`pcall(coroutine.wrap(function() pcall(exit) end))`,
		`table.sort({3, 2, 1}, exit)`, `pcall(table.sort, {3, 2, 1}, exit)`,
		`pcall(tostring, setmetatable({}, {__tostring = exit}))`,
		`pcall(string.gsub, "x", "x", exit)`, `load(exit)`,
	} {
		w := newWorld(t, nil)
		w.L.SetGlobal("exit", w.L.NewFunction(func(L *lua.LState) int {
			ud := L.NewUserData()
			ud.Value = errExit
			L.Error(ud, 0)
			return 0
		}))
		err := w.run("test", body+` print("went on")`)
		if err == nil || w.out.Len() > 0 {
			t.Errorf("%s: error %v, output %q", body, err, w.out)
		} else if !Passes(w.L, err) {
			t.Errorf("%s: ended with %v", body, err.Object)
		}
	}
}

func TestGoPanicIsAnInternalError(t *testing.T) {
	w := newWorld(t, nil)
	w.L.SetGlobal("bug", w.L.NewFunction(func(*lua.LState) int { var p *world; p.t = nil; return 0 }))
	w.lua(`local ok, e = pcall(bug) assert(not ok and e:find("internal error"), e)
ok, e = coroutine.resume(coroutine.create(bug)) assert(not ok and e:find("internal error"), e)`)
	err := w.run("test", `bug()`)
	if err == nil || err.Type != lua.ApiErrorPanic || !strings.Contains(err.StackTrace, "TestGoPanicIsAnInternalError") {
		t.Fatalf("got %+v", err)
	}
}

func TestDeadlineIsNotCaught(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	w.L.SetContext(ctx)
	err := w.run("test", `while true do pcall(function() coroutine.wrap(function() while true do end end)() end) end`)
	if err == nil || !Passes(w.L, err) || ctx.Err() == nil {
		t.Fatalf("got %v", err)
	}
}

func TestCoroutines(t *testing.T) {
	newWorld(t, nil).lua(`
local function collect(f, ...) local r, co = {}, coroutine.wrap(f) local v = co(...) while v do r[#r+1] = v v = co() end return table.concat(r, ",") end
assert(collect(function(n) for i = 1, n do coroutine.yield(i) end end, 3) == "1,2,3")
assert(collect(function() pcall(function() coroutine.yield(1) error("x") end) coroutine.yield(2) end) == "1,2")
assert(collect(function() for v in function() return coroutine.yield(7) end do end end) == "7")
assert(collect(function() table.sort({2, 1}, function(a, b) coroutine.yield("s") return a < b end) end) == "s")
assert(collect(function() local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end}) local _ = t.q end) == "q")
assert(collect(function() ("ab"):gsub(".", function(c) coroutine.yield(c) end) end) == "a,b")
assert(collect(function() tostring(setmetatable({}, {__tostring = function() coroutine.yield("t") return "" end})) end) == "t")
local co co = coroutine.create(function(a, b)
  assert(a == 1 and b == 2 and coroutine.running() == co and coroutine.status(co) == "running")
  local c = coroutine.yield(3) assert(c == 4) return 5, 6 end)
assert(type(co) == "thread" and coroutine.status(co) == "suspended")
local ok, v = coroutine.resume(co, 1, 2) assert(ok and v == 3, v)
local ok, x, y = coroutine.resume(co, 4) assert(ok and x == 5 and y == 6 and coroutine.status(co) == "dead")
ok, v = coroutine.resume(co) assert(not ok and v == "cannot resume dead coroutine")
ok, v = coroutine.resume(coroutine.create(function() return coroutine.resume(coroutine.running()) end))
assert(ok and v == false)
ok, v = pcall(coroutine.yield, 1) assert(not ok and v:find("outside a coroutine"), v)
local t = {} ok, v = coroutine.resume(coroutine.create(function() error(t) end)) assert(v == t)
ok, v = pcall(coroutine.wrap(function() error("once") end)) assert(v == "test:21: once", v)
local w = coroutine.wrap(function() end) w()
ok, v = pcall(function() w() end) assert(v == "test:23: cannot resume dead coroutine", v)
local outer = coroutine.create(function() local me = coroutine.running()
  coroutine.wrap(function() assert(coroutine.status(me) == "normal")
    local ok, e = coroutine.resume(me) assert(not ok and e == "cannot resume non-suspended coroutine", e) end)() end)
assert(coroutine.resume(outer))
assert(coroutine.running() == nil)`)
}

// TestPcallAtTheEndOfTheStack looks at every depth around the end of the call
// stack, where gopher-lua's PCall by itself loses frames.
func TestPcallAtTheEndOfTheStack(t *testing.T) {
	newWorld(t, nil).lua(`
local function f(k) if k == 0 then local ok, v = pcall(type, 1) return ok and 0 or error(v, 0) end return 1 + f(k - 1) end
local whole, over = 0, 0
for n = 9970, 10005 do
  local ok, v = pcall(f, n)
  if ok then assert(v == n, v) whole = whole + 1
  else assert(v:find("stack overflow"), v) over = over + 1 end
end
assert(whole > 0 and over > 0)`)
}

func TestSandbox(t *testing.T) {
	w := newWorld(t, nil)
	locked := w.L.NewTable()
	mt := w.L.NewTable()
	mt.RawSetString(Locked, lua.LTrue)
	locked.Metatable = mt
	w.L.SetGlobal("locked", locked)
	w.lua(`
for _, name in ipairs{"dofile", "loadfile", "require", "module", "newproxy", "io", "debug", "package"} do assert(rawget(_G, name) == nil, name) end
for _, name in ipairs{"execute", "exit", "remove", "rename", "setlocale", "tmpname"} do assert(os[name] == nil, name) end
assert(string.dump == nil)
assert(getmetatable("") == "locked" and not pcall(setmetatable, "", {}))
local keep = string string = nil for k in pairs(keep) do keep[k] = nil end
assert(("x"):upper() == "X" and ("abc"):sub(2) == "bc")
assert(getfenv(print) == _G and getfenv(0) == _G and getfenv(pairs) == _G)
assert(not pcall(setfenv, print, {}) and not pcall(setfenv, 0, {}))
assert(getfenv(setfenv(function() end, locked)) == locked)
for _, f in ipairs{function() rawset(locked, 1, 2) end, function() table.insert(locked, 1) end, function() table.sort(locked) end,
  function() setmetatable(locked, nil) end, function() table.remove(locked) end} do
  local ok, e = pcall(f) assert(not ok and e:find("read%-only"), e) end
assert(next(_G) ~= nil and rawget(_G, "print") == print)
setmetatable(_G, {__index = function(_, k) error("undefined " .. k, 2) end, __metatable = false})
assert(getmetatable(_G) == false and not pcall(setmetatable, _G, nil))
local ok, e = pcall(function() return nothing end) assert(not ok and e:find("undefined nothing"), e)
assert(rawget(_G, "nothing") == nil)`)
}

func TestForeignFunctions(t *testing.T) {
	var module *lua.LFunction
	w := newWorld(t, func(c *Config) { c.Foreign = func(fn *lua.LFunction) bool { return fn == module } })
	chunk, err := luacode.Compile("module", "local f = ... return f()", luacode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	module = chunk.Function(w.L, &w.rt)
	secret := w.L.NewTable()
	module.Env = secret
	w.L.SetGlobal("module", module)
	w.lua(`assert(getfenv(module) == _G) assert(not pcall(setfenv, module, {}))
module(function() for level = 0, 9 do local ok, env = pcall(getfenv, level) assert(not ok or env == _G) pcall(setfenv, level, getfenv()) end end)`)
	if module.Env != secret {
		t.Error("setfenv reached a module's function")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestPrint(t *testing.T) {
	w := newWorld(t, nil)
	w.lua(`print() print(1, nil, true, "a\0b", 0.1, 1/0, -1/0) print(setmetatable({}, {__tostring = function() return "T" end}))`)
	if got, want := w.out.String(), "\n1\tnil\ttrue\ta\x00b\t0.1\tinf\t-inf\nT\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	full := newWorld(t, func(c *Config) { c.Stdout = fullDisk{} })
	full.lua(`local ok, e = pcall(print, "x") assert(not ok and e:find("print: no space left on device", 1, true), e)`)
}

func TestToString(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.ToString = func(v any) (string, bool) { err, ok := v.(error); return "<" + errText(err) + ">", ok }
	})
	ud := w.L.NewUserData()
	ud.Value = errExit
	w.L.SetGlobal("ud", ud)
	w.lua(`assert(tostring(ud) == "<exit>")
assert(tostring({}):find("^table: 0x") and tostring(print):find("^function: builtin: 0x") and tostring(tostring) ~= tostring(print))
local ok, e = pcall(tostring, setmetatable({}, {__tostring = function() return {} end})) assert(not ok and e:find("must return a string"), e)
assert(tostring(setmetatable({}, {__tostring = function() return 5 end})) == "5")`)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFarKeys(t *testing.T) {
	newWorld(t, nil).lua(`
local t = {} t[4194304] = "pid" rawset(t, 60000000, 2) t[1] = 1
assert(rawget(t, 4194304) == "pid" and table.maxn(t) == 60000000)
local n = 0 for k, v in pairs(t) do n = n + 1 assert(t[k] == v) end assert(n == 3)
assert(getmetatable(t) == nil and next({}) == nil)
setmetatable(t, {__index = function() return "def" end}) assert(t[4194304] == "pid" and t.x == "def")`)
}

func TestRandomIsTheSeedsOwn(t *testing.T) {
	draw := func(seed uint64) string {
		w := newWorld(t, func(c *Config) { c.Seed = seed })
		w.lua(`for i = 1, 20 do print(math.random(1, 1000), math.random()) end math.randomseed(7) print(math.random())`)
		return w.out.String()
	}
	first, again, other := draw(1), draw(1), draw(2)
	if first != again {
		t.Error("one seed gives two sequences")
	}
	if first == other {
		t.Error("two seeds give one sequence")
	}
}

func TestErrorLevelsThroughTailCalls(t *testing.T) {
	newWorld(t, nil).lua(`
local function check(f) local ok, e = pcall(f) return e end
local function bad() error("m", 2) end
local function tail() return bad() end
assert(check(function() tail() end) == "m", check(function() tail() end))
assert(check(function()
  bad() end) == "test:7: m")`)
}

func TestPairs(t *testing.T) {
	newWorld(t, nil).lua(`
local o = setmetatable({}, {__pairs = function(t) return function(_, k) k = (k or 0) + 1 if k <= 2 then return k, k * 10 end end, t, nil end})
local s = {} for k, v in pairs(o) do s[#s + 1] = k .. "=" .. v end assert(table.concat(s, " ") == "1=10 2=20")
local n = 0 for i, v in ipairs{1, 2, nil, 4} do n = n + 1 end assert(n == 2)
local t = {1, 2, 3, a = 1, b = 2} for k in pairs(t) do t[k] = nil end assert(next(t) == nil)
local keep = next next = nil for _ in pairs{1} do n = n + 1 end assert(n == 3) next = keep`)
}

func TestLoad(t *testing.T) {
	newWorld(t, nil).lua(`
local parts, i = {"return ", "1 ", "+ 2"}, 0
assert(load(function() i = i + 1 return parts[i] end)() == 3)
local f, e = loadstring("x =", "@file.lua") assert(f == nil and e:find("^file.lua:1:"), e)
f, e = loadstring("error('x')", "=name") local ok, m = pcall(f) assert(m == "name:1: x", m)
f, e = load(function() error("reader", 0) end) assert(f == nil and e == "reader", e)
f, e = loadstring("\27LuaQ") assert(f == nil and type(e) == "string")
assert(loadstring("x = 5 return x")() == 5 and x == 5)`)
}

func TestGetenvAndClock(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Getenv = func(L *lua.LState, name string) (string, bool) {
			if name == "SECRET" {
				L.RaiseError("denied")
			}
			return "v", name == "HOME"
		}
	})
	w.lua(`assert(os.getenv("HOME") == "v" and os.getenv("NONE") == nil and os.clock() == 1.5)
local ok, e = pcall(os.getenv, "SECRET") assert(not ok and e:find("denied"), e)`)
}
