package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What the end of a capture holds when it is no place.
const (
	capOpen = -1
	capHere = -2
)

// way is one way back: an item that could have taken more or less.
type way struct {
	pc  int
	at  int // how far the item has taken
	low int // how far it must take at least
}

// matcher runs one program over one subject. It belongs to one call, or to one
// gmatch loop, at a time.
type matcher struct {
	L          *lua.LState
	prog       *program
	sub        string
	budget     int // steps until the context is asked again
	needAt     int // where prog.need was last found
	start, end [lua51Captures]int
	ways       []way
}

func (m *matcher) reset(L *lua.LState, p *program, sub string) {
	m.L, m.prog, m.sub = L, p, sub
	m.budget = checkEvery
	m.needAt = -1
}

// spend counts steps, and raises the context's error when it has ended.
func (m *matcher) spend(n int) {
	if m.budget -= n; m.budget < 0 {
		m.budget = checkEvery
		poll(m.L)
	}
}

// find is the first match that starts at s or after it; from is -1 without one.
func (m *matcher) find(s int) (from, to int) {
	p := m.prog
	last := len(m.sub) - p.shortest
	for s <= last {
		if !p.anchored {
			if s = m.candidate(s); s < 0 || s > last {
				break
			}
		}
		if e := m.match(s); e >= 0 {
			return s, e
		}
		if p.anchored || p.once {
			break
		}
		s = m.advance(s)
	}
	return -1, -1
}

// candidate is the next place from s on where a match could start; below zero
// without one.
func (m *matcher) candidate(s int) int {
	p := m.prog
	if p.need != "" && s > m.needAt {
		i := strings.Index(m.sub[s:], p.need)
		if i < 0 {
			return -1
		}
		m.needAt = s + i
	}
	switch {
	case p.prefix != "":
		i := strings.Index(m.sub[s:], p.prefix)
		if i < 0 {
			return -1
		}
		return s + i
	case p.first != nil:
		sub, first := m.sub, p.first
		for s < len(sub) && !first.has(sub[s]) {
			s++
		}
	}
	return s
}

// advance is where to look after there was no match at s.
func (m *matcher) advance(s int) int {
	if m.prog.lead >= 0 {
		if e := m.run(&m.prog.ops[m.prog.lead], s); e > s {
			return e
		}
	}
	return s + 1
}

// run is the end of the bytes from s on that are in the set of o.
func (m *matcher) run(o *op, s int) int {
	sub := m.sub
	if o.all {
		return len(sub)
	}
	set := o.set
	e := s
	for e < len(sub) && set.has(sub[e]) {
		e++
	}
	if e-s >= 64 {
		m.spend((e - s) >> 4)
	}
	return e
}

// match is the end of the match that starts at s, -1 if there is none.
func (m *matcher) match(s int) int {
	m.spend(1)
	m.ways = m.ways[:0]
	sub, ops := m.sub, m.prog.ops
	from := 0 // the items from here to pc are not counted yet
	for pc := 0; ; {
		o := &ops[pc]
		switch o.code {
		case opEnd:
			m.spend(pc - from)
			return s
		case opByte:
			if s < len(sub) && sub[s] == o.c {
				s++
				pc++
				continue
			}
		case opSet:
			if s < len(sub) && o.set.has(sub[s]) {
				s++
				pc++
				continue
			}
		case opText:
			if strings.HasPrefix(sub[s:], o.text) {
				m.spend(len(o.text) >> 6)
				s += len(o.text)
				pc++
				continue
			}
		case opOpen:
			m.start[o.n], m.end[o.n] = s, capOpen
			pc++
			continue
		case opClose:
			m.end[o.n] = s
			pc++
			continue
		case opHere:
			m.start[o.n], m.end[o.n] = s, capHere
			pc++
			continue
		case opStar:
			e := m.run(o, s)
			if low := s + int(o.least); e >= low {
				if !o.sure && e > low {
					m.ways = append(m.ways, way{pc, e, low})
				}
				s = e
				pc++
				continue
			}
		default:
			if e := m.rare(o, pc, s); e >= 0 {
				s = e
				pc++
				continue
			}
		}
		m.spend(pc - from)
		if pc, s = m.back(); pc < 0 {
			return -1
		}
		from = pc
	}
}

// rare does the items that need more than a line: it is the place behind what
// the item takes at s, -1 if it does not match.
func (m *matcher) rare(o *op, pc, s int) int {
	sub := m.sub
	switch o.code {
	case opMaybe:
		if s < len(sub) && o.set.has(sub[s]) {
			if !o.sure {
				m.ways = append(m.ways, way{pc, s, s})
			}
			return s + 1
		}
		return s
	case opMinus:
		if o.sure {
			return s
		}
		e := m.few(o, s)
		if e >= 0 {
			m.ways = append(m.ways, way{pc, e, s})
		}
		return e
	case opTail:
		if s == len(sub) {
			return s
		}
	case opBack:
		if m.end[o.n] < 0 {
			break
		}
		text := sub[m.start[o.n]:m.end[o.n]]
		m.spend(len(text) >> 6)
		if strings.HasPrefix(sub[s:], text) {
			return s + len(text)
		}
	case opBalance:
		return m.balanced(o, s)
	case opFrontier:
		var before, here byte
		if s > 0 {
			before = sub[s-1]
		}
		if s < len(sub) {
			here = sub[s]
		}
		if !o.set.has(before) && o.set.has(here) {
			return s
		}
	case opFail:
		o.fail(m.L)
	}
	return -1
}

// few is the first place from e on where what follows o can start, with only
// bytes of o before it; -1 without one.
func (m *matcher) few(o *op, e int) int {
	sub, next := m.sub, o.next
	if next == nil {
		return e
	}
	if o.all && o.after >= 0 {
		i := strings.IndexByte(sub[e:], byte(o.after))
		if i < 0 {
			i = len(sub) - e
		}
		m.spend(i >> 6)
		return e + i
	}
	from := e
	for e < len(sub) && !next.has(sub[e]) {
		if !o.set.has(sub[e]) {
			return -1
		}
		e++
	}
	m.spend((e - from) >> 4)
	return e
}

func (m *matcher) balanced(o *op, s int) int {
	sub := m.sub
	if s >= len(sub) || sub[s] != o.c {
		return -1
	}
	depth := 1
	for i := s + 1; i < len(sub); i++ {
		switch sub[i] {
		case o.n:
			if depth--; depth == 0 {
				m.spend((i - s) >> 4)
				return i + 1
			}
		case o.c:
			depth++
		}
	}
	m.spend((len(sub) - s) >> 4)
	return -1
}

// back takes the latest way back that is left: the item to go on with and the
// place; below zero when there is none.
func (m *matcher) back() (pc, s int) {
	m.spend(1)
	for top := len(m.ways) - 1; top >= 0; top-- {
		w := &m.ways[top]
		o := &m.prog.ops[w.pc]
		switch o.code {
		case opStar:
			if e := m.less(o, w); e >= 0 {
				w.at = e
				m.ways = m.ways[:top+1]
				return w.pc + 1, e
			}
		case opMinus:
			if w.at < len(m.sub) && o.set.has(m.sub[w.at]) {
				if e := m.few(o, w.at+1); e >= 0 {
					w.at = e
					m.ways = m.ways[:top+1]
					return w.pc + 1, e
				}
			}
		case opMaybe:
			m.ways = m.ways[:top]
			return w.pc + 1, w.low
		}
	}
	return -1, -1
}

// less is the next shorter end of a star from which what follows can start,
// -1 without one.
func (m *matcher) less(o *op, w *way) int {
	e := w.at - 1
	if next := o.next; next != nil {
		sub := m.sub
		for e >= w.low && !next.has(sub[e]) {
			e--
		}
		m.spend((w.at - e) >> 4)
	}
	if e < w.low {
		return -1
	}
	return e
}

// captures is the number of values that a match gives.
func (m *matcher) captures() int { return max(m.prog.captures, 1) }

// capture is capture n of the match from s to e: text, or where it is a
// position, here is that position, counted from 1.
func (m *matcher) capture(n, s, e int) (text string, here int) {
	if n >= m.prog.captures {
		if n > 0 {
			m.L.RaiseError("invalid capture index")
		}
		return m.sub[s:e], 0
	}
	switch m.end[n] {
	case capOpen:
		m.L.RaiseError("unfinished capture")
	case capHere:
		return "", m.start[n] + 1
	}
	return m.sub[m.start[n]:m.end[n]], 0
}

// value is capture n as a Lua value.
func (m *matcher) value(n, s, e int) lua.LValue {
	text, here := m.capture(n, s, e)
	if here > 0 {
		return lua.LNumber(here)
	}
	return lua.LString(text)
}

// push pushes the first n captures.
func (m *matcher) push(L *lua.LState, n, s, e int) int {
	for i := range n {
		L.Push(m.value(i, s, e))
	}
	return n
}
