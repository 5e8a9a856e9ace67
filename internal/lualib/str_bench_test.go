package lualib

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// strBenches are loops over lines as operations scripts see them. line and
// lines are globals.
func strBenches() map[string]string {
	return map[string]string{
		"find/literal":    `for i = 1, 200 do local a, b = string.find(line, "status=") end`,
		"find/captures":   `for i = 1, 200 do local a, b, c = string.find(line, "status=(%d+)") end`,
		"find/absent":     `for i = 1, 200 do local a = string.find(line, "level=(%u+)!") end`,
		"match/keyvalue":  `for i = 1, 200 do local k, v = string.match("timeout = 30s", "^(%w+)%s*=%s*(%w+)$") end`,
		"match/log":       `for i = 1, 200 do local a, b, c = string.match(line, "^(%S+) %[(.-)%] (%w+)") end`,
		"match/trim":      `for i = 1, 200 do local s = string.match("   some text here   ", "^%s*(.-)%s*$") end`,
		"gmatch/keyvalue": `for i = 1, 50 do for k, v in string.gmatch(line, "(%w+)=(%w+)") do end end`,
		"gmatch/words":    `for w in string.gmatch(lines, "%S+") do end`,
		"gmatch/lines":    `for l in string.gmatch(lines, "[^\n]+") do end`,
		"gsub/text":       `for i = 1, 50 do local s = string.gsub(line, "%d+", "<%0>") end`,
		"gsub/function":   `for i = 1, 50 do local s = string.gsub(line, "%w+", function(w) return w end) end`,
		"gsub/table":      `local t = {status = "STATUS"} for i = 1, 50 do local s = string.gsub(line, "%w+", t) end`,
		"gsub/large":      `local s = string.gsub(lines, "\n", "\r\n")`,
	}
}

func benchGlobals(L *lua.LState) {
	const line = `10.0.0.17 [2024-05-01T12:00:00Z] GET /api/v1/items?id=42 status=200 bytes=5120 time=13ms host=web1`
	L.G.Global.RawSetString("line", lua.LString(line))
	L.G.Global.RawSetString("lines", lua.LString(strings.Repeat(line+"\n", 200)))
}

// BenchmarkStrings runs each loop with this library and with gopher-lua's own:
// compare the lines ours and stock.
func BenchmarkStrings(b *testing.B) {
	for name, chunk := range strBenches() {
		for _, lib := range []string{"ours", "stock"} {
			b.Run(name+"/"+lib, func(b *testing.B) {
				L := strState(b, 0)
				if lib == "stock" {
					L = lua.NewState(Options())
					defer L.Close()
					lua.OpenBase(L)
					lua.OpenString(L)
				}
				benchGlobals(L)
				fn, err := L.LoadString(chunk)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					L.Push(fn)
					L.Call(0, 0)
				}
			})
		}
	}
}

// BenchmarkFormat is string.format alone: gopher-lua's does not do the same.
func BenchmarkFormat(b *testing.B) {
	L := strState(b, 0)
	fn, err := L.LoadString(`for i = 1, 200 do local s = string.format("%5d %-10s %8.3f %x", i, "name", 1.5, 255) end`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		L.Push(fn)
		L.Call(0, 0)
	}
}

// BenchmarkBuffer adds up 20,000 pieces, the loop that costs the square of its
// length with "..".
func BenchmarkBuffer(b *testing.B) {
	L := strState(b, 0)
	for _, n := range []int{2000, 20000} {
		fn, err := L.LoadString(fmt.Sprintf(`local b = string.buffer() for i = 1, %d do b:add("x", i) end return #b:tostring()`, n))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				L.Push(fn)
				L.Call(0, 0)
			}
		})
	}
}
