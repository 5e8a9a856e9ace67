package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

// Locked is the metatable field by which the host makes a table read-only: with
// a true value there, rawset, setmetatable and the functions of table refuse
// the table. Assignments are the business of __newindex.
const Locked = "__locked"

// checkWritable raises when t is locked.
func checkWritable(L *lua.LState, t *lua.LTable) {
	if mt, ok := luatable.Metatable(t).(*lua.LTable); ok && lua.LVAsBool(mt.RawGetString(Locked)) {
		L.RaiseError("attempt to modify a read-only table")
	}
}

func baseRawGet(L *lua.LState) int {
	t := checkTable(L, 1, "rawget")
	L.Push(luatable.Get(t, checkAny(L, 2, "rawget")))
	return 1
}

func baseRawSet(L *lua.LState) int {
	t := checkTable(L, 1, "rawset")
	k, v := checkAny(L, 2, "rawset"), checkAny(L, 3, "rawset")
	checkWritable(L, t)
	luatable.Set(L, t, k, v)
	L.Push(t)
	return 1
}

func baseRawEqual(L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(checkAny(L, 1, "rawequal"), checkAny(L, 2, "rawequal"))))
	return 1
}

func baseGetMetatable(L *lua.LState) int {
	v := checkAny(L, 1, "getmetatable")
	if protected := metaField(L, v, "__metatable"); protected != lua.LNil {
		L.Push(protected)
		return 1
	}
	if t, ok := v.(*lua.LTable); ok {
		L.Push(luatable.Metatable(t))
		return 1
	}
	// The metatables of other values are the host's.
	if L.GetMetatable(v) == lua.LNil {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LString("locked"))
	}
	return 1
}

func baseSetMetatable(L *lua.LState) int {
	t := checkTable(L, 1, "setmetatable")
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		argError(L, 2, "setmetatable", "nil or table expected")
	}
	if metaField(L, t, "__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	checkWritable(L, t)
	luatable.SetMetatable(L, t, mt)
	L.Push(t)
	return 1
}

func baseNext(L *lua.LState) int {
	t := checkTable(L, 1, "next")
	k, v, ok := luatable.Next(t, L.Get(2))
	if !ok {
		L.RaiseError("invalid key to 'next'")
	}
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

// openPairs makes pairs, which hands out its own copy of next, whatever the
// script does to the global. A __pairs metamethod answers in its place.
func (s *state) openPairs() lua.LGFunction {
	next := s.main.NewFunction(baseNext)
	return func(L *lua.LState) int {
		v := L.Get(1)
		if h := metaField(L, v, "__pairs"); h != lua.LNil {
			L.Push(h)
			L.Push(v)
			s.call(L, 1, 3)
			return 3
		}
		t := checkTable(L, 1, "pairs")
		L.Push(next)
		L.Push(t)
		L.Push(lua.LNil)
		return 3
	}
}

func (s *state) openIpairs() lua.LGFunction {
	step := s.main.NewFunction(func(L *lua.LState) int {
		i := checkInt(L, 2, "ipairs") + 1
		v := luatable.Get(checkTable(L, 1, "ipairs"), lua.LNumber(i))
		if v == lua.LNil {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(i))
		L.Push(v)
		return 2
	})
	return func(L *lua.LState) int {
		if ud, ok := L.Get(1).(*lua.LUserData); ok {
			// A list that is no table answers itself, as it does for pairs.
			if h := metaField(L, ud, "__ipairs"); h != lua.LNil {
				L.Push(h)
				L.Push(ud)
				s.call(L, 1, 3)
				return 3
			}
		}
		t := checkTable(L, 1, "ipairs")
		L.Push(step)
		L.Push(t)
		L.Push(lua.LNumber(0))
		return 3
	}
}
