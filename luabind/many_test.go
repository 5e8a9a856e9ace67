package luabind_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"opslua/luabind"
)

// endings are scripts that end in every way there is.
func endings() []string {
	return []string{
		``, `exit(3)`, `error("x")`, `error({})`, `demo.fail("net")`, `demo.panic()`, `while true do end`, `x = = 1`,
		`co = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) co()`,
		`for i = 1, 20 do coroutine.wrap(function() coroutine.yield() end)() end error("x")`,
		`coroutine.wrap(function() exit(3) end)()`,
		`local f = coroutine.wrap(function() local g = coroutine.wrap(function() coroutine.yield() end) g() coroutine.yield() end) f() exit(1)`,
		`local t = setmetatable({}, {__index = function() error("x") end}) return t.x`,
	}
}

// TestManyRunsLeaveNothing: goroutines, descriptors and memory are as before.
func TestManyRunsLeaveNothing(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(demo()), luabind.WithLimits(luabind.Limits{Timeout: 5 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	round := func(n int) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range n {
					for _, script := range endings() {
						_ = host.RunText(context.Background(), "t.lua", script)
					}
				}
			})
		}
		wg.Wait()
	}
	measure := func() (goroutines, files int, heap uint64) {
		entries, _ := os.ReadDir("/proc/self/fd")
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), len(entries), m.HeapAlloc
	}
	round(5)
	g0, f0, h0 := measure()
	round(25)
	g1, f1, h1 := measure()
	for range 100 { // what has ended may still be on its way out
		if g1 <= g0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
		g1, f1, h1 = measure()
	}
	if g1 > g0 || f1 > f0 || h1 > h0+4<<20 {
		t.Errorf("goroutines %d, then %d; descriptors %d, then %d; heap %d, then %d", g0, g1, f0, f1, h0, h1)
	}
}

// Meter is a value that many runs use.
type Meter struct {
	mu sync.Mutex
	n  int
}

// Add counts.
func (m *Meter) Add(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n += n
	return m.n
}

func TestRunsSideBySide(t *testing.T) {
	meter := &Meter{}
	host, err := luabind.New(luabind.WithModules(demo()), luabind.WithValue("meter", meter), luabind.WithStdio(nil, &bytes.Buffer{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 5 {
				err := host.RunText(context.Background(), "t.lua", `meter:Add(1) print(demo.opts{"a"}) local f = load("return " .. #arg) error({f(), s = ("x"):rep(100)})`, "a", "b")
				if err == nil || err.Error() != `t.lua:1: error value: {2, s = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"…}` {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
	if meter.n != 160 {
		t.Errorf("counted %d", meter.n)
	}
}

// TestValuesMisused: whatever a script does with a value of the embedder is an
// error of the script.
func TestValuesMisused(t *testing.T) {
	for _, script := range []string{
		`meter.Add()`, `meter:Add("x")`, `meter:Add({})`, `meter.Add(1, 2)`, `meter.Add(nil, 2)`, `meter.Add(print, 2)`, `meter.n = 1`, `meter.nope()`,
		`meter()`, `return #meter`, `return -meter`, `return meter .. "x"`, `return meter < meter`, `m["a"]["b"] = 1`, `m.a = {}`, `m[{}] = 1`,
		`list[0] = 1`, `list[99] = "x"`, `list[1] = {}`, `f()`, `f({})`, `f(f)`, `getmetatable(meter).__index(1, "Add")`, `getmetatable(meter).x = 1`,
		`boom()`, `any({any})`, `local t = {} t.t = t any(t) error("x")`,
	} {
		_, err := run(t, script, luabind.WithValue("meter", &Meter{}), luabind.WithValue("m", map[string]int{"a": 1}),
			luabind.WithValue("list", []string{"a"}), luabind.WithValue("f", func(int) int { return 1 }),
			luabind.WithValue("boom", func() { panic("boom") }), luabind.WithValue("any", func(any) {}))
		var se *luabind.ScriptError
		if err != nil && !errors.As(err, &se) {
			t.Errorf("%s: got %T %v", script, err, err)
		}
		t.Log(script, err)
	}
}
