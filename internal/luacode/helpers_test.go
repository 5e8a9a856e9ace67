package luacode

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// newState is a state with gopher-lua's own library, and what the compiled
// code needs of ours in its place. Text printed goes to out.
func newState(t testing.TB, out *bytes.Buffer) *lua.LState {
	t.Helper()
	L := lua.NewState(lua.Options{RegistrySize: 1024, RegistryMaxSize: 1 << 18, RegistryGrowStep: 4096, CallStackSize: 4096})
	t.Cleanup(L.Close)
	set := func(name string, f lua.LGFunction) { L.SetGlobal(name, L.NewFunction(f)) }
	set("tostring", func(L *lua.LState) int { L.Push(lua.LString(show(L, L.CheckAny(1)))); return 1 })
	set("print", func(L *lua.LState) int {
		parts := []string{}
		for i := 1; i <= L.GetTop(); i++ {
			parts = append(parts, show(L, L.Get(i)))
		}
		fmt.Fprintln(out, strings.Join(parts, "\t"))
		return 0
	})
	set("tonumber", func(L *lua.LState) int {
		if s, ok := L.Get(1).(lua.LString); ok && L.GetTop() == 1 {
			if v, ok := ParseNumber(string(s)); ok {
				L.Push(lua.LNumber(v))
				return 1
			}
			L.Push(lua.LNil)
			return 1
		}
		L.Push(L.Get(1))
		return 1
	})
	set("rawget", func(L *lua.LState) int { L.Push(luatable.Get(L.CheckTable(1), L.Get(2))); return 1 })
	set("rawset", func(L *lua.LState) int {
		luatable.Set(L, L.CheckTable(1), L.Get(2), L.Get(3))
		L.SetTop(1)
		return 1
	})
	set("getmetatable", func(L *lua.LState) int {
		if t, ok := L.Get(1).(*lua.LTable); ok {
			mt := luatable.Metatable(t)
			if m, ok := mt.(*lua.LTable); ok && m.RawGetString("__metatable") != lua.LNil {
				mt = m.RawGetString("__metatable")
			}
			L.Push(mt)
			return 1
		}
		L.Push(L.GetMetatable(L.Get(1)))
		return 1
	})
	set("setmetatable", func(L *lua.LState) int {
		luatable.SetMetatable(L, L.CheckTable(1), L.Get(2))
		L.SetTop(1)
		return 1
	})
	next := func(L *lua.LState) int {
		k, v, ok := luatable.Next(L.CheckTable(1), L.Get(2))
		if !ok {
			L.RaiseError("invalid key to 'next'")
		}
		L.Push(k)
		if k == lua.LNil {
			return 1
		}
		L.Push(v)
		return 2
	}
	set("next", next)
	set("pairs", func(L *lua.LState) int {
		L.Push(L.NewFunction(next))
		L.Push(L.CheckTable(1))
		L.Push(lua.LNil)
		return 3
	})
	set("ipairs", func(L *lua.LState) int {
		L.Push(L.NewFunction(func(L *lua.LState) int {
			i := L.CheckInt(2) + 1
			v := luatable.Get(L.CheckTable(1), lua.LNumber(i))
			if v == lua.LNil {
				return 0
			}
			L.Push(lua.LNumber(i))
			L.Push(v)
			return 2
		}))
		L.Push(L.CheckTable(1))
		L.Push(lua.LNumber(0))
		return 3
	})
	set("select", func(L *lua.LState) int {
		if L.Get(1) == lua.LString("#") {
			L.Push(lua.LNumber(L.GetTop() - 1))
			return 1
		}
		n := L.CheckInt(1)
		if n < 0 {
			n += L.GetTop()
		}
		return max(0, L.GetTop()-n)
	})
	load := func(L *lua.LState) int {
		var src strings.Builder
		if f, ok := L.Get(1).(*lua.LFunction); ok {
			for {
				s, ok := call(L, f).(lua.LString)
				if !ok || s == "" {
					break
				}
				src.WriteString(string(s))
			}
		} else {
			src.WriteString(L.CheckString(1))
		}
		c, err := Compile(L.OptString(2, `[string "x"]`), src.String(), Limits{})
		if err != nil {
			L.Push(lua.LNil)
			L.Push(lua.LString(err.Error()))
			return 2
		}
		L.Push(c.Function(L, testRuntime()))
		return 1
	}
	set("load", load)
	set("loadstring", load)
	mt := L.GetMetatable(lua.LString("")).(*lua.LTable)
	for name, f := range StringArith() {
		mt.RawSetString(name, L.NewFunction(f))
	}
	return L
}

func testRuntime() *Runtime {
	return &Runtime{MaxString: 64 << 20, Resource: func(L *lua.LState, msg string) { L.RaiseError("resource: %s", msg) }}
}

func show(L *lua.LState, v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok {
		return FormatNumber(float64(n))
	}
	return L.ToStringMeta(v).String()
}

// run compiles and runs a source and gives what it printed.
func run(t testing.TB, source string) (string, error) {
	t.Helper()
	c, err := Compile("test", source, Limits{})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	L := newState(t, &out)
	L.Push(c.Function(L, testRuntime()))
	err = L.PCall(0, 0, nil)
	return out.String(), err
}
