package lualib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxResults bounds how many values one call of string.byte returns.
const maxResults = 1 << 15

// strLib is the string library of one state, and like it serves one goroutine
// at a time.
type strLib struct {
	cfg      *Config
	limit    int
	programs map[patternKey]*program
	idle     []*matcher
	bufferMT *lua.LTable
}

// openString makes the string table. It changes nothing else of the state.
func openString(L *lua.LState, c *Config) *lua.LTable {
	s := &strLib{cfg: c, limit: c.MaxString}
	if s.limit <= 0 {
		s.limit = DefaultMaxString
	}
	fns := []function{
		{"buffer", s.buffer}, {"byte", s.byte}, {"char", s.char}, {"find", s.find},
		{"format", s.format}, {"gmatch", s.gmatch}, {"gsub", s.gsub}, {"len", s.len},
		{"lower", s.lower}, {"match", s.match}, {"rep", s.rep}, {"reverse", s.reverse},
		{"sub", s.sub}, {"upper", s.upper},
	}
	t := L.CreateTable(0, len(fns))
	for _, f := range fns {
		t.RawSetString(f.name, L.NewFunction(f.fn))
	}
	return t
}

// room raises an error of kind "resource" unless a text of have bytes can grow
// by more.
func (s *strLib) room(L *lua.LState, have, more int) {
	if have <= s.limit && more <= s.limit-have {
		return
	}
	const msg = "string too long"
	if s.cfg.Resource != nil {
		s.cfg.Resource(L, msg)
	}
	L.RaiseError(msg)
}

func pushString(L *lua.LState, s string) int {
	L.Push(lua.LString(s))
	return 1
}

// place turns an index that may count from the end into one from the start.
func place(i, length int) int {
	if i < 0 {
		return max(i+length+1, 0)
	}
	return i
}

func (s *strLib) len(L *lua.LState) int {
	L.Push(lua.LNumber(len(checkString(L, 1, "len"))))
	return 1
}

func (s *strLib) sub(L *lua.LState) int {
	str := checkString(L, 1, "sub")
	from := max(place(checkInt(L, 2, "sub"), len(str)), 1)
	to := min(place(optInt(L, 3, "sub", -1), len(str)), len(str))
	if from > to {
		return pushString(L, "")
	}
	return pushString(L, str[from-1:to])
}

func (s *strLib) upper(L *lua.LState) int {
	return s.mapped(L, checkString(L, 1, "upper"), 'a', 'z')
}

func (s *strLib) lower(L *lua.LState) int {
	return s.mapped(L, checkString(L, 1, "lower"), 'A', 'Z')
}

// mapped pushes str with the letters from lo to hi in the other case. Bytes
// above 127 are not letters of the C locale.
func (s *strLib) mapped(L *lua.LState, str string, lo, hi byte) int {
	i := 0
	for i < len(str) && (str[i] < lo || str[i] > hi) {
		i++
	}
	if i == len(str) {
		return pushString(L, str)
	}
	s.room(L, 0, len(str))
	out := []byte(str)
	for ; i < len(out); i++ {
		if lo <= out[i] && out[i] <= hi {
			out[i] ^= 0x20
		}
	}
	return pushString(L, string(out))
}

func (s *strLib) reverse(L *lua.LState) int {
	str := checkString(L, 1, "reverse")
	s.room(L, 0, len(str))
	out := make([]byte, len(str))
	for i := range len(str) {
		out[len(str)-1-i] = str[i]
	}
	return pushString(L, string(out))
}

func (s *strLib) rep(L *lua.LState) int {
	str := checkString(L, 1, "rep")
	n := checkInt(L, 2, "rep")
	if n <= 0 || str == "" {
		return pushString(L, "")
	}
	if n > math.MaxInt/len(str) {
		s.room(L, 0, math.MaxInt)
	}
	s.room(L, 0, n*len(str))
	return pushString(L, strings.Repeat(str, n))
}

func (s *strLib) byte(L *lua.LState) int {
	str := checkString(L, 1, "byte")
	from := place(optInt(L, 2, "byte", 1), len(str))
	to := min(place(optInt(L, 3, "byte", from), len(str)), len(str))
	from = max(from, 1)
	if from > to {
		return 0
	}
	n := to - from + 1
	if n > maxResults {
		L.RaiseError("stack overflow (string slice too long)")
	}
	for i := range n {
		L.Push(lua.LNumber(str[from-1+i]))
	}
	return n
}

func (s *strLib) char(L *lua.LState) int {
	n := L.GetTop()
	s.room(L, 0, n)
	out := make([]byte, n)
	for i := range n {
		c := checkInt(L, i+1, "char")
		if c < 0 || c > 255 {
			argError(L, i+1, "char", "invalid value")
		}
		out[i] = byte(c)
	}
	return pushString(L, string(out))
}
