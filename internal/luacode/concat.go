package luacode

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// cheapString is the length up to which a string is built without a look at
// the limit.
const cheapString = 4096

func concat(L *lua.LState) int {
	n := L.GetTop()
	if n == 2 {
		a, okA := L.Get(1).(lua.LString)
		b, okB := L.Get(2).(lua.LString)
		if okA && okB {
			checkLength(L, len(a)+len(b))
			L.Push(a + b)
			return 1
		}
	}
	L.Push(concatValues(L, n, nil))
	return 1
}

func concatList(L *lua.LState) int {
	t, n := L.CheckTable(1), L.CheckInt(2)
	L.Push(concatValues(L, n, t))
	return 1
}

func checkLength(L *lua.LState, n int) {
	if n <= cheapString {
		return
	}
	rt := runtimeOf(L)
	if rt.MaxString <= 0 || n <= rt.MaxString {
		return
	}
	if rt.Resource != nil {
		rt.Resource(L, "a string of "+FormatNumber(float64(n))+" bytes is over the limit of "+FormatNumber(float64(rt.MaxString)))
	}
	L.RaiseError("string length overflow")
}

// text is v as .. takes it.
func text(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return FormatNumber(float64(v)), true
	}
	return "", false
}

// concatValues joins values 1 to n from the right, as Lua does: the longest
// run of strings and numbers at once, a metamethod where one of two operands
// is neither. The values are arguments, or the list of t when it is not nil.
func concatValues(L *lua.LState, n int, t *lua.LTable) lua.LValue {
	get := func(i int) lua.LValue {
		if t != nil {
			return t.RawGetInt(i)
		}
		return L.Get(i)
	}
	var few [8]string
	acc := get(n)
	n--
	for n > 0 {
		last, ok := text(acc)
		if !ok {
			acc = concatMeta(L, get(n), acc)
			n--
			continue
		}
		parts, size := append(few[:0], last), len(last)
		for n > 0 {
			s, ok := text(get(n))
			if !ok {
				break
			}
			parts, size = append(parts, s), size+len(s)
			n--
		}
		if len(parts) == 1 {
			acc = concatMeta(L, get(n), acc)
			n--
			continue
		}
		checkLength(L, size)
		acc = lua.LString(joinReversed(parts, size))
	}
	return acc
}

func joinReversed(parts []string, size int) string {
	var b strings.Builder
	b.Grow(size)
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}

func concatMeta(L *lua.LState, a, b lua.LValue) lua.LValue {
	h := L.GetMetaField(a, "__concat")
	if h == lua.LNil {
		h = L.GetMetaField(b, "__concat")
	}
	if h == lua.LNil {
		if _, ok := text(a); ok {
			a = b
		}
		L.RaiseError("attempt to concatenate a %s value", a.Type().String())
	}
	L.Push(h)
	L.Push(a)
	L.Push(b)
	L.Call(2, 1)
	v := L.Get(-1)
	L.Pop(1)
	return v
}
