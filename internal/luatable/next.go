package luatable

import (
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// The places of gopher-lua's private fields in LTable; a test holds them to
// their names. Only lengths are read, and whether a key is known.
const (
	fieldArray   = 1
	fieldDict    = 2
	fieldStrdict = 3
	fieldKeys    = 4
	fieldK2i     = 5
)

func fieldLen(t *lua.LTable, field int) int {
	return reflect.ValueOf(t).Elem().Field(field).Len()
}

// arrayLen is the length of the list part, nils included.
func arrayLen(t *lua.LTable) int { return fieldLen(t, fieldArray) }

// Next gives the key after key, nil being before the first, and its value: the
// list part, then the hash part, then the far keys. At the end k is nil. ok is
// false when t never had such a key ("invalid key to 'next'"). Fields that
// exist may be changed or set to nil between two calls.
func Next(t *lua.LTable, key lua.LValue) (k, v lua.LValue, ok bool) {
	n, s, i := arrayLen(t), sideOf(t), 0
	if num, isNumber := key.(lua.LNumber); isNumber {
		if s != nil {
			if at, known := s.pos[float64(num)]; known {
				k, v = s.next(t, at)
				return k, v, true
			}
		}
		i, isNumber = listKey(num)
		if !isNumber {
			return nextHash(t, s, key)
		}
	} else if key != lua.LNil {
		return nextHash(t, s, key)
	}
	for ; i < n; i++ {
		if v := t.RawGetInt(i + 1); v != lua.LNil {
			return lua.LNumber(i + 1), v, true
		}
	}
	from := lua.LNil
	if n > 0 {
		from = lua.LNumber(n)
	}
	k, v = t.Next(from)
	return orSide(t, s, k, v)
}

func nextHash(t *lua.LTable, s *side, key lua.LValue) (k, v lua.LValue, ok bool) {
	if t.RawGetH(key) == lua.LNil && !hadKey(t, key) {
		return lua.LNil, lua.LNil, false
	}
	k, v = t.Next(key)
	return orSide(t, s, k, v)
}

// orSide goes on with the far keys when the hash part is at its end.
func orSide(t *lua.LTable, s *side, k, v lua.LValue) (lua.LValue, lua.LValue, bool) {
	if k == lua.LNil && s != nil {
		k, v = s.next(t, -1)
	}
	return k, v, true
}

// hadKey tells whether gopher-lua still keeps the place of a removed key.
func hadKey(t *lua.LTable, key lua.LValue) bool {
	return reflect.ValueOf(t).Elem().Field(fieldK2i).MapIndex(reflect.ValueOf(key)).IsValid()
}

// ForEach calls f with every key and its value, in the order of Next, until f
// says false. f may change and remove fields that exist.
func ForEach(t *lua.LTable, f func(k, v lua.LValue) bool) {
	k, v, ok := Next(t, lua.LNil)
	for ok && k != lua.LNil && f(k, v) {
		k, v, ok = Next(t, k)
	}
}

// compact rebuilds a table of which gopher-lua keeps many removed keys; it
// never lets go of one by itself. It is called only when a new key is about to
// come in, which no traversal survives in Lua either.
func compact(t *lua.LTable) {
	live := fieldLen(t, fieldDict) + fieldLen(t, fieldStrdict)
	n := arrayLen(t)
	if fieldLen(t, fieldKeys)-live <= live+slack+n/8 {
		return
	}
	rebuild(t)
}

// rebuild copies the live fields of t into fresh memory. It gives gopher-lua's
// private maps back, and keeps the order of the keys.
func rebuild(t *lua.LTable) {
	n := arrayLen(t)
	fresh := &lua.LTable{Metatable: t.Metatable}
	for i := 1; i <= n; i++ {
		fresh.RawSetInt(i, t.RawGetInt(i))
	}
	start := lua.LNil
	if n > 0 {
		start = lua.LNumber(n)
	}
	for k, v := t.Next(start); k != lua.LNil; k, v = t.Next(k) {
		fresh.RawSetH(k, v)
	}
	*t = *fresh
}
