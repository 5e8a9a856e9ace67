package luacode

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// programs are run by both compilers, so that the price of being right shows.
func programs() map[string]string {
	return map[string]string{
		"set-unknown-key": `local t = {} local k = 0 for i = 1, 100000 do k = k + 1 if k > 100 then k = 1 end t[k] = i end`,
		"set-loop":        `local t = {} for i = 1, 100000 do t[i] = i end`,
		"set-string-key":  `local t = {} for i = 1, 100000 do t.x = i end`,
		"append":          `local t = {} for i = 1, 100000 do t[#t + 1] = i end`,
		"concat-two":      `local a, s = "abc" for i = 1, 100000 do s = a .. "def" end`,
		"concat-five":     `local a, s = "abc" for i = 1, 100000 do s = a .. "def" .. i .. a .. "x" end`,
		"swap":            `local a, b = 1, 2 for i = 1, 100000 do a, b = b, a end`,
		"loop":            `local n = 0 for i = 1, 100000 do n = n + i % 7 end`,
		"fib20":           `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end fib(20)`,
	}
}

func BenchmarkRun(b *testing.B) {
	for name, source := range programs() {
		b.Run(name+"/ours", func(b *testing.B) {
			c, err := Compile("bench", source, Limits{})
			if err != nil {
				b.Fatal(err)
			}
			var out bytes.Buffer
			L := newState(b, &out)
			repeat(b, L, c.Function(L, testRuntime()))
		})
		b.Run(name+"/gopher-lua", func(b *testing.B) {
			var out bytes.Buffer
			L := newState(b, &out)
			f, err := L.LoadString(source)
			if err != nil {
				b.Fatal(err)
			}
			repeat(b, L, f)
		})
	}
}

func repeat(b *testing.B, L *lua.LState, f *lua.LFunction) {
	b.Helper()
	b.ResetTimer()
	for range b.N {
		L.Push(f)
		if err := L.PCall(0, 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	rows := "return {" + strings.Repeat("{pid = 1, name = 'nginx', user = 'www-data', rss = 12345},\n", 12_000) + "}"
	var distinct strings.Builder
	distinct.WriteString("return {")
	for i := range 12_000 {
		fmt.Fprintf(&distinct, "{pid = %d, name = 'name%d', user = 'www-data', rss = %d},\n", i, i, i*4096)
	}
	distinct.WriteString("}")
	code := strings.Repeat("local function f(a, b)\n  local t = {}\n  for i = 1, #a do t[#t + 1] = a[i] .. b end\n  return t\nend\nlocal x = f({1, 2}, 'z')\n", 30)
	for name, source := range map[string]string{"12000-rows": rows, "12000-distinct-rows": distinct.String(), "4KB-of-code": code} {
		b.Run(name+"/ours", func(b *testing.B) {
			for range b.N {
				if _, err := Compile("bench", source, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/gopher-lua", func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			for range b.N {
				if _, err := L.LoadString(source); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
