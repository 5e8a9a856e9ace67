package luacode

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// operator names a hidden operator. Rewritten code calls it; no script can.
type operator string

const (
	opConcat     operator = "concat"     // (a, b, ...): a .. b .. ...
	opConcatList operator = "concatlist" // ({a, b, ...}, n): the same, of many
	opSet        operator = "set"        // (t, k, v): t[k] = v
	opAppend     operator = "append"     // (t, v): t[#t+1] = v
	opTable      operator = "table"      // (t, n, layout, ...): fills a constructor's table
	opBound      operator = "bound"      // (v): a bound of a numeric for
	opEqual      operator = "equal"      // (a, b): a == b, where somebody wants to know
)

// operatorFunc is the operator as a function of no state, which all states may
// share.
func operatorFunc(op operator) *lua.LFunction {
	f := concat
	switch op {
	case opConcatList:
		f = concatList
	case opSet:
		f = set
	case opAppend:
		f = appendTo
	case opTable:
		f = fillTable
	case opBound:
		f = bound
	case opEqual:
		f = equal
	}
	return &lua.LFunction{IsG: true, GFunction: f}
}

// runtimeKey is where a state's registry holds its Runtime.
const runtimeKey = "opslua.luacode.runtime"

func bindRuntime(L *lua.LState, rt *Runtime) {
	L.G.Registry.RawSetString(runtimeKey, &lua.LUserData{Value: rt, Metatable: lua.LNil})
}

func runtimeOf(L *lua.LState) *Runtime {
	if ud, ok := L.G.Registry.RawGetString(runtimeKey).(*lua.LUserData); ok {
		if rt, ok := ud.Value.(*Runtime); ok && rt != nil {
			return rt
		}
	}
	return &Runtime{}
}

func equal(L *lua.LState) int {
	a, b := L.Get(1), L.Get(2)
	if rt := runtimeOf(L); rt.Equal != nil {
		rt.Equal(L, a, b)
	}
	L.Push(lua.LBool(L.Equal(a, b)))
	return 1
}

func set(L *lua.LState) int {
	luatable.SetField(L, L.Get(1), L.Get(2), L.Get(3))
	return 0
}

func appendTo(L *lua.LState) int {
	obj, value := L.Get(1), L.Get(2)
	if t, ok := obj.(*lua.LTable); ok && (t.Metatable == lua.LNil || luatable.Metatable(t) == lua.LNil) {
		luatable.Append(L, t, value)
		return 0
	}
	n := length(L, obj)
	luatable.SetField(L, obj, add(L, n, lua.LNumber(1)), value)
	return 0
}

// length is #v, metamethods included.
func length(L *lua.LState, v lua.LValue) lua.LValue {
	if s, ok := v.(lua.LString); ok {
		return lua.LNumber(len(s))
	}
	if h, ok := L.GetMetaField(v, "__len").(*lua.LFunction); ok {
		return call(L, h, v)
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		L.RaiseError("attempt to get length of a %s value", v.Type())
	}
	return lua.LNumber(luatable.Len(t))
}

func add(L *lua.LState, a, b lua.LValue) lua.LValue {
	if n, ok := a.(lua.LNumber); ok {
		return n + b.(lua.LNumber)
	}
	return arith(L, arithOps(0), a, b)
}

// call gives the first result of f.
func call(L *lua.LState, f *lua.LFunction, args ...lua.LValue) lua.LValue {
	L.Push(f)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), 1)
	v := L.Get(-1)
	L.Pop(1)
	return v
}

func bound(L *lua.LState) int {
	v := L.Get(1)
	if s, ok := v.(lua.LString); ok {
		if n, ok := ParseNumber(string(s)); ok {
			v = lua.LNumber(n)
		}
	}
	L.Push(v)
	return 1
}

// openItems is the number of positional items where a call gives the last.
const openItems = -1

// fillTable finishes a constructor: t holds what was simple, n is how many
// positional items the constructor has, and each letter of layout says what
// the next two arguments are: k a key and its value, t an offset and a table
// whose list follows it and whose other fields are taken over. A positional
// item wins over a key that is its number; openItems for n says that their
// number is known only now, and that t and the tables hold nothing else in
// their lists.
func fillTable(L *lua.LState) int {
	t := L.CheckTable(1)
	n := L.CheckInt(2)
	layout := L.CheckString(3)
	if n == openItems {
		n = luatable.Len(t)
	}
	for i := 0; i < len(layout); i++ {
		a, b := L.Get(4+2*i), L.Get(5+2*i)
		if layout[i] == 't' {
			merge(L, t, int(a.(lua.LNumber)), b.(*lua.LTable))
			continue
		}
		if k, ok := a.(lua.LNumber); ok && k >= 1 && k <= lua.LNumber(n) && k == lua.LNumber(int(k)) {
			continue // the positional item of this number wins
		}
		luatable.Set(L, t, a, b)
	}
	L.SetTop(1)
	return 1
}

func merge(L *lua.LState, t *lua.LTable, offset int, from *lua.LTable) {
	luatable.ForEach(from, func(k, v lua.LValue) bool {
		if n, ok := k.(lua.LNumber); ok && n >= 1 && n == lua.LNumber(int(n)) {
			k = n + lua.LNumber(offset)
		}
		luatable.Set(L, t, k, v)
		return true
	})
}
