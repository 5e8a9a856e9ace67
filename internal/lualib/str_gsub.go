package lualib

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// replacer builds the result of one gsub.
type replacer struct {
	lib    *strLib
	m      *matcher
	out    []byte
	copied int // so much of the subject is in out, or replaced there
	// Of these one is set, as the third argument was.
	text    string
	literal bool // text has no %
	table   *lua.LTable
	fn      *lua.LFunction
}

func (s *strLib) gsub(L *lua.LState) int {
	str := checkString(L, 1, "gsub")
	pat := checkString(L, 2, "gsub")
	r := replacer{lib: s}
	r.take(L)
	most := optInt(L, 4, "gsub", len(str)+1)
	r.m = s.borrow(L, s.program(pat, true), str)
	n := r.replace(L, most)
	s.giveBack(r.m)
	L.Push(lua.LString(r.result(L, str)))
	L.Push(lua.LNumber(n))
	return 2
}

// take reads what to put in place of each match.
func (r *replacer) take(L *lua.LState) {
	switch v := L.Get(3).(type) {
	case lua.LString, lua.LNumber:
		r.text = textOf(v)
		r.literal = strings.IndexByte(r.text, '%') < 0
	case *lua.LTable:
		r.table = v
	case *lua.LFunction:
		r.fn = v
	default:
		argError(L, 3, "gsub", "string/function/table expected")
	}
}

// replace goes over the matches, most of them at most, and counts them.
func (r *replacer) replace(L *lua.LState, most int) (n int) {
	m := r.m
	for pos := 0; n < most && pos <= len(m.sub); {
		from, to := m.find(pos)
		if from < 0 {
			break
		}
		n++
		r.one(L, from, to)
		pos = to
		if to == from {
			pos++
		}
		if m.prog.anchored {
			break
		}
	}
	return n
}

func (r *replacer) result(L *lua.LState, str string) string {
	if r.copied == 0 && len(r.out) == 0 {
		return str
	}
	r.add(L, str[r.copied:])
	return string(r.out)
}

func (r *replacer) add(L *lua.LState, text string) {
	r.lib.room(L, len(r.out), len(text))
	r.out = append(r.out, text...)
}

// skip copies the subject up to the match from from to to.
func (r *replacer) skip(L *lua.LState, from, to int) {
	if r.out == nil {
		size := min(len(r.m.sub)+len(r.m.sub)/8+16, r.lib.limit)
		r.out = make([]byte, 0, size)
	}
	r.add(L, r.m.sub[r.copied:from])
	r.copied = to
}

// one replaces one match.
func (r *replacer) one(L *lua.LState, from, to int) {
	var v lua.LValue
	switch {
	case r.table != nil:
		v = L.GetTable(r.table, r.m.value(0, from, to))
	case r.fn != nil:
		L.Push(r.fn)
		Call(L, r.m.push(L, r.m.captures(), from, to), 1)
		v = L.Get(-1)
		L.Pop(1)
	case r.literal:
		r.skip(L, from, to)
		r.add(L, r.text)
		return
	default:
		r.skip(L, from, to)
		r.expand(L, from, to)
		return
	}
	switch v.(type) {
	case lua.LString, lua.LNumber:
		r.skip(L, from, to)
		r.add(L, textOf(v))
	default:
		if lua.LVAsBool(v) {
			L.RaiseError("invalid replacement value (a %s)", v.Type().String())
		}
	}
}

// expand adds the replacement text with its captures filled in. As in Lua 5.1
// a % at the very end gives a zero byte.
func (r *replacer) expand(L *lua.LState, from, to int) {
	for text := r.text; text != ""; {
		r.m.spend(1)
		i := strings.IndexByte(text, '%')
		if i < 0 {
			r.add(L, text)
			return
		}
		r.add(L, text[:i])
		if i+1 == len(text) {
			r.add(L, "\x00")
			return
		}
		switch c := text[i+1]; {
		case c == '0':
			r.add(L, r.m.sub[from:to])
		case isDigit(c):
			part, here := r.m.capture(int(c-'1'), from, to)
			if here > 0 {
				part = strconv.Itoa(here)
			}
			r.add(L, part)
		default:
			r.add(L, text[i+1:i+2])
		}
		text = text[i+2:]
	}
}
