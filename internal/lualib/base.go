package lualib

import (
	"fmt"
	"runtime/metrics"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

func (s *state) openBase(g *lua.LTable) {
	s.register(g, []function{
		{"print", s.print}, {"type", baseType}, {"tostring", s.tostring},
		{"tonumber", baseToNumber}, {"select", baseSelect}, {"unpack", baseUnpack},
		{"rawget", baseRawGet}, {"rawset", baseRawSet}, {"rawequal", baseRawEqual},
		{"setmetatable", baseSetMetatable}, {"getmetatable", baseGetMetatable},
		{"next", baseNext}, {"pairs", s.openPairs()}, {"ipairs", s.openIpairs()},
		{"getfenv", s.getfenv}, {"setfenv", s.setfenv},
		{"load", s.load}, {"loadstring", s.loadstring},
		{"collectgarbage", baseCollect},
	})
}

// metaField is a field of a value's metatable, nil where there is none.
func metaField(L *lua.LState, v lua.LValue, name string) lua.LValue {
	t, ok := v.(*lua.LTable)
	if !ok {
		return L.GetMetaField(v, name)
	}
	mt, ok := luatable.Metatable(t).(*lua.LTable)
	if !ok {
		return lua.LNil
	}
	return mt.RawGetString(name)
}

// ToString is the text of a value as Lua's tostring gives it, __tostring and
// Config.ToString included. It raises where __tostring does.
func ToString(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	case lua.LBool, *lua.LNilType:
		return v.String()
	}
	return stateOf(L).objectText(L, v)
}

func (s *state) objectText(L *lua.LState, v lua.LValue) string {
	if h := metaField(L, v, "__tostring"); h != lua.LNil {
		L.Push(h)
		L.Push(v)
		s.call(L, 1, 1)
		r := L.Get(-1)
		L.Pop(1)
		switch r.(type) {
		case lua.LString, lua.LNumber:
			return textOf(r)
		}
		L.RaiseError("'__tostring' must return a string")
	}
	if ud, ok := v.(*lua.LUserData); ok && s.cfg.ToString != nil {
		if text, ok := s.cfg.ToString(ud.Value); ok {
			return text
		}
	}
	if fn, ok := v.(*lua.LFunction); ok && fn.IsG {
		return fmt.Sprintf("function: builtin: %p", fn)
	}
	return v.String()
}

func (s *state) tostring(L *lua.LState) int {
	L.Push(lua.LString(ToString(L, checkAny(L, 1, "tostring"))))
	return 1
}

// print writes one line in one go. Output that cannot be written is an error.
func (s *state) print(L *lua.LState) int {
	var b strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		text := ToString(L, L.Get(i))
		if b.Len()+len(text) > s.cfg.MaxString {
			s.resource(L, "print: the line is too long")
		}
		b.WriteString(text)
	}
	b.WriteByte('\n')
	if _, err := s.cfg.Stdout.Write([]byte(b.String())); err != nil {
		L.RaiseError("print: %s", err.Error())
	}
	return 0
}

func baseType(L *lua.LState) int {
	L.Push(lua.LString(checkAny(L, 1, "type").Type().String()))
	return 1
}

func baseToNumber(L *lua.LState) int {
	base := optInt(L, 2, "tonumber", 10)
	if base == 10 {
		switch v := checkAny(L, 1, "tonumber").(type) {
		case lua.LNumber:
			L.Push(v)
			return 1
		case lua.LString:
			if f, ok := ParseNumber(string(v)); ok {
				L.Push(lua.LNumber(f))
				return 1
			}
		}
		L.Push(lua.LNil)
		return 1
	}
	text := checkString(L, 1, "tonumber")
	if base < 2 || base > 36 {
		argError(L, 2, "tonumber", "base out of range")
	}
	if f, ok := parseBase(text, base); ok {
		L.Push(lua.LNumber(f))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// spaces is what C's isspace accepts.
const spaces = " \t\n\v\f\r"

// parseBase reads an integer in another base, as C's strtoul does, but that a
// negative one stays negative.
func parseBase(text string, base int) (float64, bool) {
	text = strings.Trim(text, spaces)
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	if base == 16 && len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		text = text[2:]
	}
	if text == "" {
		return 0, false
	}
	var v float64
	for i := range len(text) {
		d := digit(text[i])
		if d >= base {
			return 0, false
		}
		v = v*float64(base) + float64(d)
	}
	if negative {
		v = -v
	}
	return v, true
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 99
}

func baseSelect(L *lua.LState) int {
	top := L.GetTop()
	if L.Get(1) == lua.LString("#") {
		L.Push(lua.LNumber(top - 1))
		return 1
	}
	n := checkInt(L, 1, "select")
	if n < 0 {
		n = top + n
	} else if n > top {
		n = top
	}
	if n < 1 {
		argError(L, 1, "select", "index out of range")
	}
	return top - n
}

// maxUnpack bounds the results of unpack so that they fit into the registry
// with the program's own values.
const maxUnpack = 200000

func baseUnpack(L *lua.LState) int {
	t := checkTable(L, 1, "unpack")
	i := optInt(L, 2, "unpack", 1)
	var e int
	if L.Get(3) == lua.LNil {
		e = luatable.Len(t)
	} else {
		e = checkInt(L, 3, "unpack")
	}
	if i > e {
		return 0
	}
	n := e - i + 1
	if n > maxUnpack {
		L.RaiseError("too many results to unpack")
	}
	for k := i; k <= e; k++ {
		L.Push(luatable.Get(t, lua.LNumber(k)))
	}
	return n
}

func baseCollect(L *lua.LState) int {
	what := optString(L, 1, "collectgarbage", "collect")
	switch what {
	case "count":
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		L.Push(lua.LNumber(float64(sample[0].Value.Uint64()) / 1024))
	case "step":
		L.Push(lua.LTrue)
	case "collect", "stop", "restart", "setpause", "setstepmul":
		L.Push(lua.LNumber(0))
	default:
		argError(L, 1, "collectgarbage", "invalid option '"+what+"'")
	}
	return 1
}
