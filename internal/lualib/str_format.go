package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// spec is one conversion of string.format: its flags, width and precision.
type spec struct {
	minus, plus, space, alt, zero bool
	width                         int
	prec                          int // -1: not given
}

// format is C's printf with the rules of Lua 5.1, and two differences: %s takes
// any value, as tostring does, and zero bytes do not end what %c and %s add.
func (s *strLib) format(L *lua.LState) int {
	f := checkString(L, 1, "format")
	out := make([]byte, 0, len(f)+32)
	arg := 1
	for f != "" {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			i = len(f)
		}
		s.room(L, len(out), i+1)
		out = append(out, f[:i]...)
		if i == len(f) {
			break
		}
		f = f[i+1:]
		if f != "" && f[0] == '%' {
			out = append(out, '%')
			f = f[1:]
			continue
		}
		if arg++; arg > L.GetTop() {
			argError(L, arg, "format", "no value")
		}
		var sp spec
		f = sp.parse(L, f)
		if f == "" {
			L.RaiseError("%s", "invalid option '%' to 'format'")
		}
		out = s.convert(L, out, f[0], &sp, arg)
		f = f[1:]
	}
	return pushString(L, string(out))
}

// parse reads flags, width and precision; what is left starts with the option.
func (sp *spec) parse(L *lua.LState, f string) string {
	i := 0
	for ; i < len(f) && sp.flag(f[i]); i++ {
	}
	if i > len("-+ #0") {
		L.RaiseError("invalid format (repeated flags)")
	}
	sp.width, i = twoDigits(f, i)
	sp.prec = -1
	if i < len(f) && f[i] == '.' {
		sp.prec, i = twoDigits(f, i+1)
	}
	if i < len(f) && isDigit(f[i]) {
		L.RaiseError("invalid format (width or precision too long)")
	}
	return f[i:]
}

func (sp *spec) flag(c byte) bool {
	switch c {
	case '-':
		sp.minus = true
	case '+':
		sp.plus = true
	case ' ':
		sp.space = true
	case '#':
		sp.alt = true
	case '0':
		sp.zero = true
	default:
		return false
	}
	return true
}

func twoDigits(f string, i int) (n, end int) {
	for stop := i + 2; i < stop && i < len(f) && isDigit(f[i]); i++ {
		n = n*10 + int(f[i]-'0')
	}
	return n, i
}

// convert adds one argument to out.
func (s *strLib) convert(L *lua.LState, out []byte, option byte, sp *spec, arg int) []byte {
	switch option {
	case 's':
		return s.formatText(L, out, sp, arg)
	case 'q':
		return s.quote(L, out, checkString(L, arg, "format"))
	case 'c', 'd', 'i', 'u', 'o', 'x', 'X', 'e', 'E', 'f', 'g', 'G':
	default:
		L.RaiseError("invalid option '%%%s' to 'format'", string([]byte{option}))
	}
	had := len(out)
	out = sp.number(out, option, checkNumber(L, arg, "format"))
	s.room(L, had, len(out)-had)
	return out
}

func (s *strLib) formatText(L *lua.LState, out []byte, sp *spec, arg int) []byte {
	var text string
	switch v := L.Get(arg).(type) {
	case lua.LString:
		text = string(v)
	default:
		text = ToString(L, v)
	}
	if sp.prec >= 0 && sp.prec < len(text) {
		text = text[:sp.prec]
	}
	s.room(L, len(out), max(len(text), sp.width))
	return sp.pad(out, text)
}

// pad adds text, with blanks up to the width.
func (sp *spec) pad(out []byte, text string) []byte {
	blanks := sp.width - len(text)
	if !sp.minus {
		out = fill(out, ' ', blanks)
	}
	out = append(out, text...)
	if sp.minus {
		out = fill(out, ' ', blanks)
	}
	return out
}

func fill(out []byte, c byte, n int) []byte {
	for ; n > 0; n-- {
		out = append(out, c)
	}
	return out
}

// quote adds text as a literal of Lua source that stands for the same text.
func (s *strLib) quote(L *lua.LState, out []byte, text string) []byte {
	s.room(L, len(out), len(text)+2)
	out = append(out, '"')
	from := 0
	for i := range len(text) {
		var escape string
		switch text[i] {
		case '"', '\\', '\n':
			escape = "\\" + text[i:i+1]
		case '\r':
			escape = "\\r"
		case 0:
			escape = "\\000"
		default:
			continue
		}
		out = append(out, text[from:i]...)
		s.room(L, len(out), len(escape)+len(text)-i)
		out = append(out, escape...)
		from = i + 1
	}
	out = append(out, text[from:]...)
	return append(out, '"')
}
