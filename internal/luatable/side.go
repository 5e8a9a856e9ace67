package luatable

import (
	lua "github.com/yuin/gopher-lua"
)

// side holds the far integer keys of one table, for as long as it has any; it
// is not safe for concurrent use. Entries keep the order of insertion, so that
// a traversal may remove what it has seen.
type side struct {
	hidden  *lua.LTable // the table's metatable while it has a side
	script  lua.LValue  // the script's own metatable, or nil
	pos     map[float64]int
	entries []sideEntry
	live    int
}

type sideEntry struct {
	key   float64
	value lua.LValue // LNil once removed
}

// sideOf finds the store of t. The hidden metatable is known by its own
// metatable, which holds the store: no script can make one.
func sideOf(t *lua.LTable) *side {
	hidden, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	ud, ok := hidden.Metatable.(*lua.LUserData)
	if !ok {
		return nil
	}
	s, _ := ud.Value.(*side)
	return s
}

func newSide(L *lua.LState, t *lua.LTable) *side {
	s := &side{
		hidden: L.CreateTable(0, 8),
		script: t.Metatable,
		pos:    make(map[float64]int, 4),
	}
	s.hidden.Metatable = &lua.LUserData{Value: s, Metatable: lua.LNil}
	s.bind()
	s.refresh()
	t.Metatable = s.hidden
	return s
}

// bind sets what the hidden metatable does itself. None of the functions
// keeps a value of the state that made them.
func (s *side) bind() {
	s.hidden.RawSetString("__index", goFunction(sideIndex))
	s.hidden.RawSetString("__newindex", goFunction(sideNewIndex))
}

func goFunction(f lua.LGFunction) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: f}
}

func sideIndex(L *lua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	s := sideOf(t)
	if s == nil {
		L.Push(lua.LNil)
		return 1
	}
	if k, ok := key.(lua.LNumber); ok {
		if v := s.get(float64(k)); v != lua.LNil {
			L.Push(v)
			return 1
		}
	}
	handler := rawField(s.script, "__index")
	switch h := handler.(type) {
	case *lua.LNilType:
		L.Push(lua.LNil)
	case *lua.LFunction:
		L.Push(h)
		L.Push(t)
		L.Push(key)
		L.Call(2, 1)
	default:
		L.Push(L.GetTable(h, key))
	}
	return 1
}

func sideNewIndex(L *lua.LState) int {
	SetField(L, L.CheckTable(1), L.Get(2), L.Get(3))
	return 0
}

// refresh copies the script's metamethods into the hidden metatable. The
// script's __len stands; otherwise the border is what # gives.
func (s *side) refresh() {
	if mt, ok := s.script.(*lua.LTable); ok {
		for k, v := mt.Next(lua.LNil); k != lua.LNil; k, v = mt.Next(k) {
			if name, ok := k.(lua.LString); ok && name != "__index" && name != "__newindex" {
				s.hidden.RawSetString(string(name), v)
			}
		}
	}
	if s.hidden.RawGetString("__len") == lua.LNil {
		s.hidden.RawSetString("__len", goFunction(sideLen))
	}
}

func sideLen(L *lua.LState) int {
	L.Push(lua.LNumber(Len(L.CheckTable(1))))
	return 1
}

// setScript changes the script's metatable of a table that has a side.
func (s *side) setScript(mt lua.LValue) {
	s.script = mt
	for k, _ := s.hidden.Next(lua.LNil); k != lua.LNil; k, _ = s.hidden.Next(k) {
		s.hidden.RawSet(k, lua.LNil)
	}
	s.bind()
	s.refresh()
}
