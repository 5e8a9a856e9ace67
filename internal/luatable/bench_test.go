package luatable

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func BenchmarkSetList(b *testing.B) {
	L := newState(b)
	tb := L.NewTable()
	for i := range b.N {
		Set(L, tb, num(i%1000+1), lua.LTrue)
	}
}

func BenchmarkNativeSetList(b *testing.B) {
	L := newState(b)
	tb := L.NewTable()
	for i := range b.N {
		tb.RawSet(num(i%1000+1), lua.LTrue)
	}
}

func BenchmarkSetFar(b *testing.B) {
	L := newState(b)
	tb := L.NewTable()
	for i := range b.N {
		Set(L, tb, num(i%1000*4000+5000), lua.LTrue)
	}
}

func BenchmarkReadFar(b *testing.B) {
	L := newState(b)
	tb := L.NewTable()
	for i := range 1000 {
		Set(L, tb, num(i*4000+5000), lua.LTrue)
	}
	b.ResetTimer()
	for i := range b.N {
		L.GetTable(tb, num(i%1000*4000+5000))
	}
}

func BenchmarkWalk(b *testing.B) {
	L := newState(b)
	tb := L.NewTable()
	for i := range 1000 {
		Set(L, tb, num(i*4000+5000), lua.LTrue)
	}
	b.ResetTimer()
	for range b.N {
		ForEach(tb, func(_, _ lua.LValue) bool { return true })
	}
}
