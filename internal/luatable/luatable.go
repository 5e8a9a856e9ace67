// Package luatable gives gopher-lua's tables what they lack: integer keys far
// beyond the list part at the price of a map entry, and iteration over them.
// gopher-lua pads its array up to any key below 67,108,864, so that
// by_pid[4194304] = p would allocate 64 MiB.
//
// A far key lives in a side store behind a metatable that scripts never see;
// its __index, __newindex and __len reach the store from compiled code. Code
// in Go that reads or writes a table a script may have filled goes through
// this package. Nothing here keeps state of its own: a table carries its
// store, and is as unsafe for concurrent use as every Lua value.
//
// Two limits follow from working outside gopher-lua. The metamethods of a
// script's metatable, other than __index and __newindex, are copied when the
// metatable is set and when a far key is added: one that is added later to the
// metatable of a table that already holds far keys is seen at the next of
// these moments. And a table that only gopher-lua itself fills (RawSet,
// Append) is neither trimmed nor compacted.
package luatable

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

const (
	// nearKeys are always in the list part, in whatever order they come: 4 KiB
	// at most.
	nearKeys = 256
	// nearGap is how many unused places one new key may cost.
	nearGap = 32
	// sparseCheck is the list length from which appending looks, at each power
	// of two, whether the list has become a queue whose front is gone.
	sparseCheck = 4096
)

// Set is rawset: t[key] = value without metamethods. A nil or NaN key raises
// an error of L.
func Set(L *lua.LState, t *lua.LTable, key, value lua.LValue) {
	switch k := key.(type) {
	case lua.LNumber:
		if n, ok := listKey(k); ok {
			setInt(L, t, n, value)
			return
		}
		if k != k {
			L.RaiseError("table index is NaN")
		}
	case lua.LString:
		if value != lua.LNil && t.RawGetString(string(k)) == lua.LNil {
			compact(t)
		}
		t.RawSetString(string(k), value)
		return
	case *lua.LNilType:
		L.RaiseError("table index is nil")
	}
	if value != lua.LNil && t.RawGetH(key) == lua.LNil {
		compact(t)
	}
	t.RawSetH(key, value)
}

// Append sets t[#t+1] without metamethods; a nil value changes nothing.
func Append(L *lua.LState, t *lua.LTable, value lua.LValue) {
	if value == lua.LNil {
		return
	}
	n := Len(t)
	if t.Metatable == lua.LNil && (n+1 < sparseCheck || (n+1)&n != 0) {
		t.RawSetInt(n+1, value)
		return
	}
	setInt(L, t, n+1, value)
}

// Get is rawget: t[key] without metamethods.
func Get(t *lua.LTable, key lua.LValue) lua.LValue {
	v := t.RawGet(key)
	if v == lua.LNil {
		if s := sideOf(t); s != nil {
			if k, ok := key.(lua.LNumber); ok {
				return s.get(float64(k))
			}
		}
	}
	return v
}

// Len is a border of t, as the operator # gives it without metamethods: t[n]
// is not nil and t[n+1] is, or n is 0 and t[1] is nil.
func Len(t *lua.LTable) int {
	n := trim(t)
	if s := sideOf(t); s != nil {
		n = s.migrate(t, n)
	}
	return n
}

// Metatable is the metatable that the script gave t, or nil; never the hidden
// one.
func Metatable(t *lua.LTable) lua.LValue {
	if s := sideOf(t); s != nil {
		return s.script
	}
	return t.Metatable
}

// SetMetatable gives t a metatable, or takes it away when mt is nil. It does
// not look at __metatable.
func SetMetatable(L *lua.LState, t *lua.LTable, mt lua.LValue) {
	if s := sideOf(t); s != nil {
		s.setScript(mt)
		return
	}
	t.Metatable = mt
}

// SetField is the assignment obj[key] = value with metamethods, as compiled
// code does it. It raises an error of L for what cannot be indexed.
func SetField(L *lua.LState, obj, key, value lua.LValue) {
	if t, ok := obj.(*lua.LTable); ok && t.Metatable == lua.LNil {
		Set(L, t, key, value)
		return
	}
	for range lua.MaxTableGetLoop {
		var handler lua.LValue
		if t, ok := obj.(*lua.LTable); ok {
			handler = rawField(Metatable(t), "__newindex")
			if handler == lua.LNil || Get(t, key) != lua.LNil {
				Set(L, t, key, value)
				return
			}
		} else if handler = L.GetMetaField(obj, "__newindex"); handler == lua.LNil {
			raiseIndex(L, obj, key)
		}
		if fn, ok := handler.(*lua.LFunction); ok {
			L.Push(fn)
			L.Push(obj)
			L.Push(key)
			L.Push(value)
			L.Call(3, 0)
			return
		}
		obj = handler
	}
	L.RaiseError("loop in settable")
}

func raiseIndex(L *lua.LState, obj, key lua.LValue) {
	L.RaiseError("attempt to index a non-table object(%s) with key '%s'", obj.Type().String(), key.String())
}

func rawField(mt lua.LValue, name string) lua.LValue {
	if t, ok := mt.(*lua.LTable); ok {
		return t.RawGetString(name)
	}
	return lua.LNil
}

// listKey tells whether gopher-lua keeps this key in its list part.
func listKey(k lua.LNumber) (int, bool) {
	if k >= 1 && k < lua.LNumber(lua.MaxArrayIndex) && k == lua.LNumber(math.Trunc(float64(k))) {
		return int(k), true
	}
	return 0, false
}

func setInt(L *lua.LState, t *lua.LTable, k int, value lua.LValue) {
	n := arrayLen(t)
	s := sideOf(t)
	if value == lua.LNil {
		removeInt(t, s, k, n)
		return
	}
	sparse := k > n && isSparse(t, n, k)
	if k > n && k > nearKeys && (k > n+nearGap || sparse) {
		if s == nil {
			s = newSide(L, t)
		}
		if sparse {
			s.adopt(t)
		}
		s.set(float64(k), value)
		s.refresh()
		return
	}
	t.RawSetInt(k, value)
	if s != nil {
		s.forget(float64(k))
	}
	if s != nil && k > n {
		s.absorb(t, n, k)
		s.migrate(t, k)
		if s.live == 0 {
			t.Metatable = s.script
		}
	}
}

func removeInt(t *lua.LTable, s *side, k, n int) {
	if k <= n {
		t.RawSetInt(k, lua.LNil)
		if k == n {
			trim(t)
		}
	}
	if s != nil {
		s.remove(float64(k))
	}
}

// isSparse tells whether a list that is about to grow past a power of two is
// mostly empty: a queue whose front was taken away.
func isSparse(t *lua.LTable, n, k int) bool {
	if k&(k-1) != 0 || k < sparseCheck || k > n+nearGap {
		return false
	}
	used := 0
	for i := 1; i <= n; i++ {
		if t.RawGetInt(i) != lua.LNil {
			used++
		}
	}
	return used < n/4
}

// trim cuts the nils off the end of the list part, so that gopher-lua's scans
// for the border stay short, and gives its length.
func trim(t *lua.LTable) int {
	n := arrayLen(t)
	if n == 0 || t.RawGetInt(n) != lua.LNil {
		return n
	}
	for n > 0 && t.RawGetInt(n) == lua.LNil {
		t.Remove(n)
		n--
	}
	return n
}

// StrayKey finds a key that is no place in a list: a name, or one behind a hole.
func StrayKey(t *lua.LTable) (key lua.LValue, found bool) {
	n := Len(t)
	ForEach(t, func(k, _ lua.LValue) bool {
		i, isNumber := k.(lua.LNumber)
		key, found = k, !isNumber || i < 1 || i > lua.LNumber(n) || i != lua.LNumber(int(i))
		return !found
	})
	return key, found
}
