package check

import (
	"iter"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// items are the places and items of a list, from 1.
func items(t *lua.LTable) iter.Seq2[int, lua.LValue] {
	return func(yield func(int, lua.LValue) bool) {
		for i := range luatable.Len(t) {
			if !yield(i+1, luatable.Get(t, lua.LNumber(i+1))) {
				return
			}
		}
	}
}
