package lualib

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxLevels bounds how far down error and getfenv look for a level.
const maxLevels = 1000

// position is "file:line: " of the call at a level, counted from the running
// function, as error counts it: calls to skip are not there, and a Go function
// has no position. Level 0 stands for the nearest Lua function.
func position(L *lua.LState, level int, skip *lua.LFunction) string {
	for i, seen := 0, 0; i < maxLevels; i++ {
		dbg, ok := L.GetStack(i)
		if !ok {
			return ""
		}
		v, err := L.GetInfo("fSl", dbg, lua.LNil)
		fn, isFn := v.(*lua.LFunction)
		if err != nil || !isFn {
			return ""
		}
		gone := lost(L, i, dbg)
		if fn == skip && skip != nil && !gone {
			continue
		}
		if level > 0 && seen < level {
			seen++
			continue
		}
		if !fn.IsG && dbg.CurrentLine > 0 && !gone {
			return fmt.Sprintf("%s:%d: ", dbg.Source, dbg.CurrentLine)
		}
		if level > 0 {
			return ""
		}
	}
	return ""
}

// lost reports whether level i is a call that a tail call has replaced:
// gopher-lua then shows the main function, though that is not the last level.
func lost(L *lua.LState, i int, dbg *lua.Debug) bool {
	if dbg.What != "main" {
		return false
	}
	_, more := L.GetStack(i + 1)
	return more
}

// traceLevels bounds a traceback.
const traceLevels = 22

// Traceback tells the calls that are active in L, innermost first, one a line
// under a headline; of a deep stack it tells the first ones.
func Traceback(L *lua.LState) string {
	s := stateOf(L)
	var b strings.Builder
	b.WriteString("stack traceback:")
	for i := 0; ; i++ {
		dbg, ok := L.GetStack(i)
		if !ok {
			return b.String()
		}
		if i == traceLevels {
			b.WriteString("\n\t...")
			return b.String()
		}
		v, err := L.GetInfo("fSln", dbg, lua.LNil)
		fn, isFn := v.(*lua.LFunction)
		if err != nil || !isFn || lost(L, i, dbg) || (s != nil && fn == s.guarded) {
			continue
		}
		if fn.IsG {
			fmt.Fprintf(&b, "\n\t[Go]: in %s", dbg.Name)
		} else {
			fmt.Fprintf(&b, "\n\t%s:%d: in %s", dbg.Source, dbg.CurrentLine, dbg.Name)
		}
	}
}
