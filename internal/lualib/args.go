package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// argError raises Lua's complaint about an argument of a function.
func argError(L *lua.LState, n int, fn, msg string) {
	L.RaiseError("bad argument #%d to '%s' (%s)", n, fn, msg)
}

func typeError(L *lua.LState, n int, fn, want string) {
	got := "no value"
	if n <= L.GetTop() {
		v := L.Get(n)
		got = v.Type().String()
		if _, ok := v.(*lua.LUserData); ok {
			ToString(L, v) // one that cannot be read raises by itself
		}
	}
	argError(L, n, fn, want+" expected, got "+got)
}

func checkAny(L *lua.LState, n int, fn string) lua.LValue {
	if n > L.GetTop() {
		argError(L, n, fn, "value expected")
	}
	return L.Get(n)
}

func checkTable(L *lua.LState, n int, fn string) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		typeError(L, n, fn, "table")
	}
	return t
}

func checkFunction(L *lua.LState, n int, fn string) *lua.LFunction {
	f, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		typeError(L, n, fn, "function")
	}
	return f
}

func checkString(L *lua.LState, n int, fn string) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	typeError(L, n, fn, "string")
	return ""
}

func optString(L *lua.LState, n int, fn, def string) string {
	if L.Get(n) == lua.LNil {
		return def
	}
	return checkString(L, n, fn)
}

func checkNumber(L *lua.LState, n int, fn string) float64 {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := ParseNumber(string(v)); ok {
			return f
		}
	}
	typeError(L, n, fn, "number")
	return 0
}

// checkInt is a number as C's conversion makes an integer of it: cut towards
// zero. What does not fit is held at the ends, and NaN is 0.
func checkInt(L *lua.LState, n int, fn string) int { return toInt(checkNumber(L, n, fn)) }

func optInt(L *lua.LState, n int, fn string, def int) int {
	if L.Get(n) == lua.LNil {
		return def
	}
	return checkInt(L, n, fn)
}

// far is the largest integer toInt gives: exact as a float, and with room for
// sums of several.
const far = 1 << 53

func toInt(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= far:
		return far
	case f <= -far:
		return -far
	}
	return int(f)
}

// textOf is the text of a string or number, "" of other values.
func textOf(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	return ""
}
