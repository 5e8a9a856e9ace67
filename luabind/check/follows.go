package check

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// mostReached bounds the look at what a function may use.
const mostReached = 10_000

// follows says whether a function, or what it may call, has on_change in its
// text. Only then does something follow from a change that a later run has to
// make up for: a fix that does not is never made to act on a check that is OK.
// What is too much to look at may have it.
func follows(fn *lua.LFunction) bool {
	seen := map[lua.LValue]bool{}
	todo := []lua.LValue{fn}
	add := func(v lua.LValue) {
		switch v.(type) {
		case *lua.LFunction, *lua.LTable:
			if !seen[v] {
				seen[v] = true
				todo = append(todo, v)
			}
		}
	}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch x := v.(type) {
		case *lua.LFunction:
			if x.IsG {
				break
			}
			if mentions(x.Proto) {
				return true
			}
			add(x.Env)
			for _, up := range x.Upvalues {
				add(up.Value())
			}
		case *lua.LTable:
			luatable.ForEach(x, func(_, v lua.LValue) bool { add(v); return len(seen) < mostReached })
		}
		if len(seen) >= mostReached {
			return true
		}
	}
	return false
}

// mentions looks at the texts of a function and of those inside it.
func mentions(p *lua.FunctionProto) bool {
	return slices.ContainsFunc(p.Constants, func(v lua.LValue) bool {
		text, ok := v.(lua.LString)
		return ok && strings.Contains(string(text), "on_change")
	}) || slices.ContainsFunc(p.FunctionPrototypes, mentions)
}
