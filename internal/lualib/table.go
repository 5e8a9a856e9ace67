package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

func (s *state) openTable() *lua.LTable {
	return s.library([]function{
		{"concat", s.tableConcat}, {"insert", tableInsert}, {"remove", tableRemove},
		{"sort", s.tableSort}, {"maxn", tableMaxN}, {"getn", tableGetN},
		{"foreach", s.tableForeach}, {"foreachi", s.tableForeachI},
	})
}

func get(t *lua.LTable, i int) lua.LValue { return luatable.Get(t, lua.LNumber(i)) }

func set(L *lua.LState, t *lua.LTable, i int, v lua.LValue) {
	luatable.Set(L, t, lua.LNumber(i), v)
}

func (s *state) tableConcat(L *lua.LState) int {
	t := checkTable(L, 1, "concat")
	sep := optString(L, 2, "concat", "")
	i := optInt(L, 3, "concat", 1)
	var last int
	if L.Get(4) == lua.LNil {
		last = luatable.Len(t)
	} else {
		last = checkInt(L, 4, "concat")
	}
	var b strings.Builder
	var tick ticker
	for k := i; k <= last; k++ {
		tick.step(L)
		v := get(t, k)
		switch v.(type) {
		case lua.LString, lua.LNumber:
		default:
			L.RaiseError("invalid value (%s) at index %s in table for 'concat'", v.Type(), FormatNumber(float64(k)))
		}
		text := textOf(v)
		if b.Len()+len(text)+len(sep) > s.cfg.MaxString {
			s.resource(L, "table.concat: the text is too long")
		}
		b.WriteString(text)
		if k < last {
			b.WriteString(sep)
		}
	}
	L.Push(lua.LString(b.String()))
	return 1
}

func tableInsert(L *lua.LState) int {
	t := checkTable(L, 1, "insert")
	checkWritable(L, t)
	n := luatable.Len(t)
	var pos int
	switch L.GetTop() {
	case 2:
		set(L, t, n+1, L.Get(2))
		return 0
	case 3:
		pos = checkInt(L, 2, "insert")
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	if pos > n+1 {
		n = pos - 1
	}
	// Below 1 there is no list to move: Lua 5.1 would copy it down, key by key,
	// from wherever the position points.
	if pos < 1 {
		argError(L, 2, "insert", "position out of bounds")
	}
	var tick ticker
	for k := n + 1; k > pos; k-- {
		tick.step(L)
		set(L, t, k, get(t, k-1))
	}
	set(L, t, pos, L.Get(3))
	return 0
}

func tableRemove(L *lua.LState) int {
	t := checkTable(L, 1, "remove")
	checkWritable(L, t)
	n := luatable.Len(t)
	pos := optInt(L, 2, "remove", n)
	if pos < 1 || pos > n {
		return 0
	}
	L.Push(get(t, pos))
	var tick ticker
	for k := pos; k < n; k++ {
		tick.step(L)
		set(L, t, k, get(t, k+1))
	}
	set(L, t, n, lua.LNil)
	return 1
}

func tableMaxN(L *lua.LState) int {
	t := checkTable(L, 1, "maxn")
	most := lua.LNumber(0)
	var tick ticker
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		tick.step(L)
		if n, ok := k.(lua.LNumber); ok && n > most {
			most = n
		}
		return true
	})
	L.Push(most)
	return 1
}

func tableGetN(L *lua.LState) int {
	L.Push(lua.LNumber(luatable.Len(checkTable(L, 1, "getn"))))
	return 1
}

// visit calls the function at argument 2 with a key and its value, and reports
// whether it answered, which ends the loop.
func (s *state) visit(L *lua.LState, fn *lua.LFunction, k, v lua.LValue) bool {
	L.Push(fn)
	L.Push(k)
	L.Push(v)
	s.call(L, 2, 1)
	if L.Get(-1) != lua.LNil {
		return true
	}
	L.Pop(1)
	return false
}

func (s *state) tableForeach(L *lua.LState) int {
	t, fn := checkTable(L, 1, "foreach"), checkFunction(L, 2, "foreach")
	var tick ticker
	for k := lua.LNil; ; {
		tick.step(L)
		key, v, ok := luatable.Next(t, k)
		if !ok {
			L.RaiseError("invalid key to 'next'")
		}
		if key == lua.LNil {
			return 0
		}
		if s.visit(L, fn, key, v) {
			return 1
		}
		k = key
	}
}

func (s *state) tableForeachI(L *lua.LState) int {
	t, fn := checkTable(L, 1, "foreachi"), checkFunction(L, 2, "foreachi")
	var tick ticker
	n := luatable.Len(t)
	for i := 1; i <= n; i++ {
		tick.step(L)
		if s.visit(L, fn, lua.LNumber(i), get(t, i)) {
			return 1
		}
	}
	return 0
}
