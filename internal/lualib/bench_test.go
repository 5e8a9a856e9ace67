package lualib

import (
	"bytes"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func BenchmarkFreshState(b *testing.B) {
	w := &world{t: b, out: new(bytes.Buffer)}
	c := testConfig(w)
	b.ReportAllocs()
	for b.Loop() {
		L := lua.NewState(Options())
		end := Open(L, c)
		end()
		L.Close()
	}
}

func BenchmarkBareState(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		lua.NewState(Options()).Close()
	}
}

func BenchmarkLua(b *testing.B) {
	for _, bench := range []struct{ name, source string }{
		{"pcall", `pcall(type, 1)`}, {"pcall_error", `pcall(error, "x")`},
		{"sort1000", `local t = {} for k = 1, 1000 do t[k] = (k * 7919) % 1000 end table.sort(t)`},
		{"concat1000", `local t = {} for k = 1, 1000 do t[k] = k end local _ = table.concat(t, ",")`},
		{"insert", `local t = {} for k = 1, 1000 do table.insert(t, k) end`},
		{"pairs1000", `for k, v in pairs(list) do end`},
		{"date", `os.date("%Y-%m-%d %H:%M:%S", 0)`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			w := newWorld(b, nil)
			w.lua(`list = {} for k = 1, 1000 do list[k] = k end
function many(n) for i = 1, n do ` + bench.source + ` end end`)
			b.ReportAllocs()
			b.ResetTimer()
			w.L.Push(w.L.GetGlobal("many"))
			w.L.Push(lua.LNumber(b.N))
			if err := PCall(w.L, 1, 0); err != nil {
				b.Fatal(err.Object)
			}
		})
	}
}
