package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The bounds of what a library keeps between calls.
const (
	keptPrograms = 256 // compiled patterns
	keptPattern  = 256 // bytes of a pattern worth keeping
	keptMatchers = 8
	keptWays     = 1024 // ways back of a matcher worth keeping
)

type patternKey struct {
	pattern    string
	anchorable bool
}

// program is the compiled pattern, from the last uses where it can be.
func (s *strLib) program(pat string, anchorable bool) *program {
	if len(pat) > keptPattern {
		return compilePattern(pat, anchorable)
	}
	key := patternKey{pat, anchorable}
	p := s.programs[key]
	if p != nil {
		return p
	}
	p = compilePattern(pat, anchorable)
	if s.programs == nil || len(s.programs) >= keptPrograms {
		s.programs = make(map[patternKey]*program)
	}
	// A copy, because the pattern may be a small part of a large text.
	key.pattern = strings.Clone(pat)
	s.programs[key] = p
	return p
}

// borrow gives a matcher of its own to one call. A call that ends in an error
// does not hand it back, and nothing is lost but the memory.
func (s *strLib) borrow(L *lua.LState, p *program, sub string) *matcher {
	var m *matcher
	if n := len(s.idle) - 1; n >= 0 {
		m, s.idle = s.idle[n], s.idle[:n]
	} else {
		m = new(matcher)
	}
	m.reset(L, p, sub)
	return m
}

func (s *strLib) giveBack(m *matcher) {
	if len(s.idle) < keptMatchers && cap(m.ways) <= keptWays {
		m.reset(nil, nil, "")
		s.idle = append(s.idle, m)
	}
}

// isPlain says that no byte of a pattern has a meaning of its own.
func isPlain(pat string) bool {
	for i := range len(pat) {
		switch pat[i] {
		case '^', '$', '*', '+', '?', '.', '(', '[', '%', '-':
			return false
		}
	}
	return true
}

// subject reads the arguments of find and match: the text, the pattern and
// where to begin.
func subject(L *lua.LState, fn string) (str, pat string, init int) {
	str = checkString(L, 1, fn)
	pat = checkString(L, 2, fn)
	init = place(optInt(L, 3, fn, 1), len(str)) - 1
	return str, pat, min(max(init, 0), len(str))
}

func (s *strLib) find(L *lua.LState) int {
	str, pat, init := subject(L, "find")
	if isPlain(pat) || lua.LVAsBool(L.Get(4)) {
		i := strings.Index(str[init:], pat)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + i + 1))
		L.Push(lua.LNumber(init + i + len(pat)))
		return 2
	}
	m := s.borrow(L, s.program(pat, true), str)
	from, to := m.find(init)
	if from < 0 {
		s.giveBack(m)
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(from + 1))
	L.Push(lua.LNumber(to))
	n := m.push(L, m.prog.captures, from, to)
	s.giveBack(m)
	return n + 2
}

func (s *strLib) match(L *lua.LState) int {
	str, pat, init := subject(L, "match")
	m := s.borrow(L, s.program(pat, true), str)
	n := 1
	if from, to := m.find(init); from < 0 {
		L.Push(lua.LNil)
	} else {
		n = m.push(L, m.captures(), from, to)
	}
	s.giveBack(m)
	return n
}

// gmatch returns an iterator with a matcher of its own, which lives as long.
func (s *strLib) gmatch(L *lua.LState) int {
	str := checkString(L, 1, "gmatch")
	m := &matcher{}
	m.reset(L, s.program(checkString(L, 2, "gmatch"), false), str)
	pos := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		// The iterator may be called from another coroutine than made it.
		m.L = L
		if pos > len(m.sub) {
			return 0
		}
		from, to := m.find(pos)
		if from < 0 {
			pos = len(m.sub) + 1
			return 0
		}
		pos = to
		if to == from {
			pos++
		}
		return m.push(L, m.captures(), from, to)
	}))
	return 1
}
