package luabind_test

import (
	"testing"

	"opslua/luabind"
)

// BenchmarkEmptyRun is what a run costs before it does anything.
func BenchmarkEmptyRun(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(demo()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := host.RunText(b.Context(), "t.lua", ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall is what a call of a module function costs.
func BenchmarkCall(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(demo()))
	if err != nil {
		b.Fatal(err)
	}
	s, err := host.NewSession(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Eval(b.Context(), `for _ = 1, 1000 do demo.opts{"a", timeout = 1} end`); err != nil {
			b.Fatal(err)
		}
	}
}
