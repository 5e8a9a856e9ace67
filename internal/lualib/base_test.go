package lualib

import (
	"bytes"
	"context"
	"errors"
	"strings"
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
