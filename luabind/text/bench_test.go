package text_test

import (
	"fmt"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/text"
)

// Benchmark500000 adds up the third field of 500,000 lines, in each way that
// a script can; Python's sum(int(line.split()[2]) for line in open(f)) is what
// it is measured against.
func Benchmark500000(b *testing.B) {
	var sb strings.Builder
	for i := range 500_000 {
		fmt.Fprintf(&sb, "user%d  proc%d %d /usr/bin/thing --flag\n", i%50, i%977, i*7919%1000003)
	}
	s := sb.String()
	for _, way := range []struct{ name, script string }{
		{"each", `for v in text.each(s, {3}) do n = n + v end`},
		{"each_tonumber", `for _, v in text.each(s, {1, 3}) do n = n + tonumber(v) end`},
		{"each_numbers", `for v in text.each(s, {3}, {numbers = true}) do n = n + v end`},
		{"column", `for _, v in ipairs(text.column(s, 3)) do n = n + v end`},
		{"column_numbers", `for _, v in ipairs(text.column(s, 3, {numbers = true})) do n = n + v end`},
		{"column_alone", `n = #text.column(s, 3)`},
		{"table", `n = #text.table(s, {header = false, columns = {"user", "name", "size", "cmd"}})`},
		{"lines", `n = #text.lines(s)`},
	} {
		b.Run(way.name, func(b *testing.B) {
			host, err := luabind.New(luabind.WithModules(text.Module()))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				err := host.RunText(b.Context(), "b.lua", "local s, n = ..., 0 "+way.script+" assert(n > 0)", s)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
