package luatable

import (
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func num(n int) lua.LNumber { return lua.LNumber(n) }

func newState(t testing.TB) *lua.LState {
	t.Helper()
	L := lua.NewState()
	t.Cleanup(L.Close)
	return L
}

// TestLayout holds the places of gopher-lua's private fields.
func TestLayout(t *testing.T) {
	typ := reflect.TypeOf(lua.LTable{})
	for i, name := range map[int]string{
		fieldArray: "array", fieldDict: "dict", fieldStrdict: "strdict", fieldKeys: "keys", fieldK2i: "k2i",
	} {
		if typ.Field(i).Name != name {
			t.Errorf("field %d of LTable is %s, not %s", i, typ.Field(i).Name, name)
		}
	}
}

// TestModel sets, removes, reads and walks a table at random next to a map,
// with every fourth write and read through gopher-lua itself, as compiled code
// does it.
func TestModel(t *testing.T) {
	for seed := range 40 {
		L := newState(t)
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		tb, model := L.NewTable(), map[lua.LValue]lua.LValue{}
		if seed%3 == 0 {
			SetMetatable(L, tb, L.NewTable())
		}
		base := []int{0, 200, 250, 4090, 60_000, 4_194_300}[seed%6]
		key := func() lua.LValue {
			switch r.IntN(8) {
			case 0:
				return lua.LString([]string{"a", "b", "c", "d"}[r.IntN(4)])
			case 1:
				return []lua.LValue{lua.LTrue, lua.LNumber(0), lua.LNumber(-3), lua.LNumber(0.5), lua.LNumber(1 << 60), lua.LNumber(math.Inf(1))}[r.IntN(6)]
			case 2:
				return num(base + r.IntN(100))
			}
			return num(1 + r.IntN(400))
		}
		for step := range 3000 {
			k, v := key(), lua.LValue(num(step))
			if r.IntN(3) == 0 {
				v = lua.LNil
			}
			_, isString := k.(lua.LString)
			if direct := r.IntN(4) == 0; direct && (isString || Get(tb, k) != lua.LNil) {
				L.SetTable(tb, k, v)
			} else {
				SetField(L, tb, k, v)
			}
			if v == lua.LNil {
				delete(model, k)
			} else {
				model[k] = v
			}
			k = key()
			want, ok := model[k]
			if !ok {
				want = lua.LNil
			}
			if got := Get(tb, k); got != want {
				t.Fatalf("seed %d step %d: Get(%v) = %v, want %v", seed, step, k, got, want)
			}
			if got := L.GetTable(tb, k); got != want {
				t.Fatalf("seed %d step %d: t[%v] = %v, want %v", seed, step, k, got, want)
			}
			if step%50 == 0 {
				checkBorder(t, L, tb, model)
				checkWalk(t, tb, model)
			}
		}
	}
}

func checkBorder(t *testing.T, L *lua.LState, tb *lua.LTable, model map[lua.LValue]lua.LValue) {
	t.Helper()
	for _, n := range []int{Len(tb), L.ObjLen(tb)} {
		_, last := model[num(n)]
		_, next := model[num(n+1)]
		if n > 0 && !last || next {
			t.Fatalf("%d is no border", n)
		}
	}
}

func checkWalk(t *testing.T, tb *lua.LTable, model map[lua.LValue]lua.LValue) {
	t.Helper()
	seen := map[lua.LValue]lua.LValue{}
	ForEach(tb, func(k, v lua.LValue) bool {
		if _, twice := seen[k]; twice {
			t.Fatalf("%v comes twice", k)
		}
		seen[k] = v
		return true
	})
	if !reflect.DeepEqual(seen, model) {
		for k := range model {
			if seen[k] == nil {
				t.Errorf("%v is missed", k)
			}
		}
		t.Fatalf("walked %d fields, want %d", len(seen), len(model))
	}
}

// TestRemoveWhileWalking removes and changes fields during a traversal.
func TestRemoveWhileWalking(t *testing.T) {
	L := newState(t)
	tb := L.NewTable()
	keys := []lua.LValue{}
	for i := 1; i <= 300; i++ {
		keys = append(keys, num(i), num(i*10_000), lua.LString(strings.Repeat("k", i)), lua.LNumber(float64(i)+0.5))
	}
	for _, k := range keys {
		Set(L, tb, k, lua.LTrue)
	}
	n := 0
	ForEach(tb, func(k, _ lua.LValue) bool {
		n++
		Set(L, tb, k, lua.LNil)
		Len(tb)
		return true
	})
	if n != len(keys) {
		t.Errorf("walked %d of %d", n, len(keys))
	}
	if k, _, ok := Next(tb, lua.LNil); !ok || k != lua.LNil {
		t.Errorf("%v is left", k)
	}
}

func TestNextOfUnknownKeys(t *testing.T) {
	L := newState(t)
	tb := L.NewTable()
	Set(L, tb, lua.LString("a"), lua.LTrue)
	for _, k := range []lua.LValue{lua.LString("b"), lua.LNumber(0.5), lua.LNumber(-1), lua.LTrue, lua.LNumber(math.NaN())} {
		if _, _, ok := Next(tb, k); ok {
			t.Errorf("next of %v is known", k)
		}
	}
	Set(L, tb, lua.LString("a"), lua.LNil)
	if _, _, ok := Next(tb, lua.LString("a")); !ok {
		t.Error("next of a removed key is not known")
	}
}

func TestOrder(t *testing.T) {
	L := newState(t)
	tb := L.NewTable()
	keys := []lua.LValue{num(1), num(2), lua.LString("z"), lua.LString("a"), num(900_000), num(70_000)}
	for _, i := range []int{4, 2, 0, 5, 3, 1} {
		Set(L, tb, keys[i], num(i))
	}
	want := []lua.LValue{num(1), num(2), lua.LString("z"), lua.LString("a"), num(900_000), num(70_000)}
	got := []lua.LValue{}
	ForEach(tb, func(k, _ lua.LValue) bool { got = append(got, k); return true })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBadKeys(t *testing.T) {
	L := newState(t)
	for key, want := range map[lua.LValue]string{lua.LNil: "table index is nil", lua.LNumber(math.NaN()): "table index is NaN"} {
		err := L.GPCall(func(L *lua.LState) int { Set(L, L.NewTable(), key, lua.LTrue); return 0 }, lua.LNil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", key, err, want)
		}
	}
	if got := Get(L.NewTable(), lua.LNumber(math.NaN())); got != lua.LNil {
		t.Errorf("got %v at NaN", got)
	}
}

// TestMetatables holds that far keys and the script's metatable get along,
// whichever comes first.
func TestMetatables(t *testing.T) {
	for _, farFirst := range []bool{true, false} {
		L := newState(t)
		tb, mt := L.NewTable(), L.NewTable()
		if err := L.DoString(`log = {}`); err != nil {
			t.Fatal(err)
		}
		mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LString("index " + L.Get(2).String()))
			return 1
		}))
		mt.RawSetString("__call", L.NewFunction(func(L *lua.LState) int { L.Push(lua.LString("called")); return 1 }))
		if farFirst {
			Set(L, tb, num(1_000_000), lua.LTrue)
		}
		SetMetatable(L, tb, mt)
		if !farFirst {
			Set(L, tb, num(1_000_000), lua.LTrue)
		}
		if Metatable(tb) != mt {
			t.Error("Metatable is not the script's own")
		}
		L.SetGlobal("t", tb)
		script := `
			assert(t[1000000] == true)
			assert(t[2000000] == "index 2000000")
			assert(t.x == "index x")
			assert(t() == "called")
			t.y = 5
			assert(t.y == 5)`
		if err := L.DoString(script); err != nil {
			t.Error(err)
		}
		mt.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
			Set(L, L.CheckTable(1), L.Get(2), lua.LString("set"))
			return 0
		}))
		if err := L.DoString(`t.z = 1 t[7] = 1 assert(t.z == "set" and t[7] == "set") t.y = 6 assert(t.y == 6)`); err != nil {
			t.Error(err)
		}
		SetField(L, tb, num(3_000_000), lua.LTrue)
		if got := Get(tb, num(3_000_000)); got != lua.LString("set") {
			t.Errorf("SetField passed __newindex by: %v", got)
		}
		SetMetatable(L, tb, lua.LNil)
		if Metatable(tb) != lua.LNil || L.GetTable(tb, num(5)) != lua.LNil || L.GetTable(tb, num(1_000_000)) != lua.LTrue {
			t.Error("without a metatable the far keys are not alone")
		}
	}
}

// TestFillBackwards fills a list from its end and from the middle.
func TestFillBackwards(t *testing.T) {
	L := newState(t)
	tb := L.NewTable()
	const n = 20_000
	for i := n; i >= 1; i-- {
		Set(L, tb, num(i), num(i))
	}
	if Len(tb) != n || tb.Metatable != lua.LNil {
		t.Errorf("length %d, metatable %v", Len(tb), tb.Metatable)
	}
	last := 0
	ForEach(tb, func(k, _ lua.LValue) bool {
		if k != num(last+1) {
			t.Fatalf("%v follows %d", k, last)
		}
		last++
		return true
	})
}

// heap is how much more memory is in use after f, for as long as keep lives.
func heap(f func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	keep := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestMemory holds what pids as keys, queues and caches cost.
func TestMemory(t *testing.T) {
	L := newState(t)
	tests := []struct {
		name string
		most int64
		f    func() any
	}{
		{"2,000 random pids", 400 << 10, func() any {
			r, tb := rand.New(rand.NewPCG(1, 2)), L.NewTable()
			for range 2000 {
				Set(L, tb, num(1+r.IntN(4_194_304)), lua.LTrue)
			}
			return tb
		}},
		{"a queue", 100 << 10, func() any {
			tb := L.NewTable()
			for i := 1; i <= 300_000; i++ {
				Set(L, tb, num(i), num(i))
				if i > 10 {
					Set(L, tb, num(i-10), lua.LNil)
				}
			}
			return tb
		}},
		{"a cache", 100 << 10, func() any {
			tb := L.NewTable()
			for i := range 100_000 {
				Set(L, tb, lua.LString("key"+lua.LNumber(i).String()), lua.LTrue)
				Set(L, tb, lua.LString("key"+lua.LNumber(i-10).String()), lua.LNil)
			}
			return tb
		}},
	}
	for _, test := range tests {
		if got := heap(test.f); got > test.most {
			t.Errorf("%s takes %d bytes, more than %d", test.name, got, test.most)
		}
	}
}

// TestStack holds that a stack is not scanned from its old end at each step.
// Quadratic it would take minutes.
func TestStack(t *testing.T) {
	L := newState(t)
	tb := L.NewTable()
	const n = 400_000
	for i := 1; i <= n; i++ {
		Append(L, tb, num(i))
	}
	for i := n; i >= 1; i-- {
		if got := Len(tb); got != i {
			t.Fatalf("length %d, want %d", got, i)
		}
		Set(L, tb, num(i), lua.LNil)
	}
	for i := 1; i <= n; i++ {
		if i%2 == 0 {
			Set(L, tb, num(Len(tb)), lua.LNil)
		} else {
			Append(L, tb, lua.LTrue)
		}
	}
	if Len(tb) != 0 {
		t.Errorf("length %d", Len(tb))
	}
}
