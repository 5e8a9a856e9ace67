package luatable

import (
	lua "github.com/yuin/gopher-lua"
)

// slack is how many removed entries or keys a store keeps before it is worth
// while to go over it.
const slack = 64

func (s *side) get(k float64) lua.LValue {
	if i, ok := s.pos[k]; ok {
		return s.entries[i].value
	}
	return lua.LNil
}

func (s *side) set(k float64, v lua.LValue) {
	i, ok := s.pos[k]
	if !ok {
		s.compact()
		i = len(s.entries)
		s.pos[k] = i
		s.entries = append(s.entries, sideEntry{key: k, value: lua.LNil})
	}
	if s.entries[i].value == lua.LNil {
		s.live++
	}
	s.entries[i].value = v
}

// remove keeps the place of the key, so that a traversal standing on it goes
// on; set clears such places away.
func (s *side) remove(k float64) {
	if i, ok := s.pos[k]; ok && s.entries[i].value != lua.LNil {
		s.entries[i].value = lua.LNil
		s.live--
	}
}

// forget drops a key that the list part has now.
func (s *side) forget(k float64) {
	s.remove(k)
	delete(s.pos, k)
}

// absorb moves the keys between the old end of the list part and its new one
// into it.
func (s *side) absorb(t *lua.LTable, from, to int) {
	for k := from + 1; k < to && s.live > 0; k++ {
		if v := s.get(float64(k)); v != lua.LNil {
			t.RawSetInt(k, v)
			s.forget(float64(k))
		}
	}
}

func (s *side) compact() {
	if len(s.entries)-s.live <= s.live+slack {
		return
	}
	entries := make([]sideEntry, 0, 2*s.live+1)
	pos := make(map[float64]int, s.live+1)
	for _, e := range s.entries {
		if e.value != lua.LNil {
			pos[e.key] = len(entries)
			entries = append(entries, e)
		}
	}
	s.entries, s.pos = entries, pos
}

// next gives the entry after place i that the list part does not hide.
func (s *side) next(t *lua.LTable, i int) (lua.LValue, lua.LValue) {
	for i++; i < len(s.entries); i++ {
		if e := s.entries[i]; e.value != lua.LNil && t.RawGetInt(int(e.key)) == lua.LNil {
			return lua.LNumber(e.key), e.value
		}
	}
	return lua.LNil, lua.LNil
}

// migrate moves the keys that follow the list part, which ends at n, into it
// and gives its new end.
func (s *side) migrate(t *lua.LTable, n int) int {
	for s.live > 0 {
		v := s.get(float64(n + 1))
		if v == lua.LNil {
			break
		}
		n++
		s.forget(float64(n))
		t.RawSetInt(n, v)
	}
	return n
}

// adopt moves the list part beyond the near keys into the store.
func (s *side) adopt(t *lua.LTable) {
	n := arrayLen(t)
	for i := nearKeys + 1; i <= n; i++ {
		if v := t.RawGetInt(i); v != lua.LNil {
			s.set(float64(i), v)
		}
	}
	for i := n; i > nearKeys; i-- {
		t.Remove(i)
	}
	trim(t)
	rebuild(t)
}
