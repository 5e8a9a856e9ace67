package luacode

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// arithOp is one arithmetic operator on numbers.
type arithOp struct {
	event string
	apply func(a, b float64) float64
}

// arithOps gives the operators by number, one after the other; event is empty
// past the last.
func arithOps(i int) arithOp {
	switch i {
	case 0:
		return arithOp{"__add", func(a, b float64) float64 { return a + b }}
	case 1:
		return arithOp{"__sub", func(a, b float64) float64 { return a - b }}
	case 2:
		return arithOp{"__mul", func(a, b float64) float64 { return a * b }}
	case 3:
		return arithOp{"__div", func(a, b float64) float64 { return a / b }}
	case 4:
		return arithOp{"__mod", modulo}
	case 5:
		return arithOp{"__pow", math.Pow}
	case 6:
		return arithOp{"__unm", func(a, _ float64) float64 { return -a }}
	}
	return arithOp{}
}

// modulo is gopher-lua's operator on two numbers: the sign of the divisor.
func modulo(a, b float64) float64 {
	v := math.Mod(a, b)
	if b > 0 && v < 0 || b < 0 && v > 0 {
		v += b
	}
	return v
}

// StringArith gives metamethods for the metatable of strings, by event name,
// that make arithmetic on strings what Lua 5.1 says: a string that is a number
// as tonumber reads it counts as that number. gopher-lua by itself reads octal.
// The functions keep no state and may be shared.
func StringArith() map[string]lua.LGFunction {
	m := make(map[string]lua.LGFunction)
	for i := 0; arithOps(i).event != ""; i++ {
		op := arithOps(i)
		m[op.event] = func(L *lua.LState) int {
			a, b := L.Get(1), L.Get(2)
			if op.event == "__unm" {
				b = a
			}
			L.Push(arith(L, op, a, b))
			return 1
		}
	}
	return m
}

// arith is called with a string among its operands. A metamethod of the other
// operand, which gopher-lua did not ask because the string came first, goes
// before the error.
func arith(L *lua.LState, op arithOp, a, b lua.LValue) lua.LValue {
	x, okX := number(a)
	y, okY := number(b)
	if okX && okY {
		return lua.LNumber(op.apply(x, y))
	}
	if a.Type() == lua.LTString && b.Type() != lua.LTString {
		if h, ok := L.GetMetaField(b, op.event).(*lua.LFunction); ok {
			return call(L, h, a, b)
		}
	}
	if okX {
		a = b
	}
	L.RaiseError("attempt to perform arithmetic on a %s value", a.Type().String())
	return lua.LNil
}

func number(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return ParseNumber(string(v))
	}
	return 0, false
}
