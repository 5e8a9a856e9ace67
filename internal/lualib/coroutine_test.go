package lualib

import (
	"context"
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"go.uber.org/goleak"
)

func TestCloseEndsCoroutines(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWorld(t, nil)
	w.lua(`
reached, kept = 0, {}
local function body()
  pcall(function() xpcall(function() try(coroutine.yield) reached = reached + 1 end, function() reached = reached + 1 end)
    reached = reached + 1 end)
  reached = reached + 1
  for v in function() return coroutine.yield() end do end
end
for i = 1, 50 do kept[i] = coroutine.create(body) coroutine.resume(kept[i]) end
for i = 51, 60 do kept[i] = coroutine.wrap(function() table.sort({2, 1}, coroutine.yield) reached = reached + 1 end) kept[i]() end
coroutine.wrap(function() kept.inner = coroutine.wrap(function() coroutine.yield(1) reached = reached + 1 end) kept.inner() coroutine.yield() end)()
kept.new = coroutine.create(body)`)
	w.close()
	w.lua(`assert(reached == 0, reached)
for i = 1, 50 do assert(coroutine.status(kept[i]) == "dead") end
local ok, e = coroutine.resume(kept[1]) assert(not ok and e == "cannot resume dead coroutine", e)
ok, e = pcall(coroutine.resume, kept.new) assert(not ok and e:find("cannot resume dead"), e)`)
	if n := len(stateOf(w.L).live); n != 0 {
		t.Errorf("%d coroutines live on", n)
	}
}

// TestCloseBeatsCatchers: a Go function that wrongly catches everything does
// not keep a coroutine alive.
func TestCloseBeatsCatchers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWorld(t, nil)
	w.L.SetGlobal("swallow", w.L.NewFunction(func(L *lua.LState) int {
		if err := L.PCall(L.GetTop()-1, 0, nil); err != nil {
			return 0
		}
		return 0
	}))
	w.lua(`
after = 0
coroutine.wrap(function() while true do swallow(coroutine.yield) after = after + 1 end end)()`)
	w.close()
	w.lua(`assert(after == 0)`)
}

func TestCoroutineLimit(t *testing.T) {
	w := newWorld(t, nil)
	w.lua(`
local kept = {}
for i = 1, 10000 do kept[i] = coroutine.wrap(function() coroutine.yield() end) kept[i]() end
local ok, e = pcall(coroutine.wrap(function() end)) assert(not ok and e:find("resource: too many unfinished coroutines"), e)
kept[1]()
assert(pcall(coroutine.wrap(function() end)))`)
}

// TestUnstartedCoroutinesAreCollected: what never ran holds nothing.
func TestUnstartedCoroutinesAreCollected(t *testing.T) {
	w := newWorld(t, nil)
	before := runtime.NumGoroutine()
	w.lua(`for i = 1, 20000 do coroutine.create(print) end`)
	if n := runtime.NumGoroutine(); n > before+5 {
		t.Errorf("%d goroutines for coroutines that never ran", n-before)
	}
}

func TestCoroutineContext(t *testing.T) {
	w := newWorld(t, nil)
	first, cancel := context.WithCancel(context.Background())
	w.L.SetContext(first)
	w.lua(`co = coroutine.wrap(function() while true do coroutine.yield(1) end end) co()`)
	cancel()
	second, cancel := context.WithCancel(context.Background())
	w.L.SetContext(second)
	w.lua(`assert(co() == 1)`)
	cancel()
	if err := w.run("test", `co()`); err == nil || !Passes(w.L, err) {
		t.Fatalf("got %v", err)
	}
}

// TestRunningInGo: a Go function called in a coroutine sees it as running, and
// may yield by Lua's own function.
func TestRunningInGo(t *testing.T) {
	w := newWorld(t, nil)
	w.L.SetGlobal("back", w.L.NewFunction(func(L *lua.LState) int {
		L.Push(L.Get(1))
		Call(L, 0, 1)
		return 1
	}))
	w.lua(`
local co co = coroutine.create(function()
  assert(back(coroutine.running) == co)
  return back(function() return coroutine.yield("out") end) end)
local ok, v = coroutine.resume(co) assert(ok and v == "out", v)
ok, v = coroutine.resume(co, "in") assert(ok and v == "in")
assert(back(coroutine.running) == nil)
-- depth is counted along who resumes, not along who created
local function nest(n, f) if n == 0 then return f() end local ok, v = pcall(nest, n - 1, f) assert(ok, v) return v end
local gen = coroutine.wrap(function() nest(90, function() while true do coroutine.yield(1) end end) end)
assert(gen() == 1) assert(nest(90, gen) == 1) assert(gen() == 1)
local ok, e = pcall(nest, 150, gen) assert(not ok and tostring(e):find("stack overflow"), e)
assert(gen() == 1)`)
}

func TestTracebackNamesTheCoroutine(t *testing.T) {
	w := newWorld(t, nil)
	err := w.run("test", "local function inner()\n error('x')\nend\ncoroutine.wrap(function() inner() end)()")
	if err == nil || ToString(w.L, err.Object) != "test:2: x" || !strings.Contains(err.StackTrace, "test:2: in inner") {
		t.Fatalf("got %v\n%s", err.Object, err.StackTrace)
	}
}

func BenchmarkCoroutineSwitch(b *testing.B) {
	w := newWorld(b, nil)
	w.lua(`f = coroutine.wrap(function() while true do coroutine.yield() end end)
function many(n) for i = 1, n do f() end end`)
	b.ResetTimer()
	w.L.Push(w.L.GetGlobal("many"))
	w.L.Push(lua.LNumber(b.N))
	if err := PCall(w.L, 1, 0); err != nil {
		b.Fatal(err.Object)
	}
}

func BenchmarkCoroutineLife(b *testing.B) {
	w := newWorld(b, nil)
	w.lua(`function many(n) for i = 1, n do coroutine.wrap(function() end)() end end`)
	b.ReportAllocs()
	b.ResetTimer()
	w.L.Push(w.L.GetGlobal("many"))
	w.L.Push(lua.LNumber(b.N))
	if err := PCall(w.L, 1, 0); err != nil {
		b.Fatal(err.Object)
	}
}
