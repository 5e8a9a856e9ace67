package json

import (
	"errors"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/luabind"
)

// encoder writes one value. For one goroutine.
type encoder struct {
	c      *luabind.Call
	out    []byte
	path   []*lua.LTable // the tables around the value
	indent int
	look   int // length of out from which the context is asked again
}

// lookEvery is how many bytes are read or written between two looks at the
// context, by which a deadline and the limit of memory reach Go code.
const lookEvery = 1 << 16

// written looks at the context now and then.
func (e *encoder) written() error {
	if len(e.out) < e.look {
		return nil
	}
	e.look = len(e.out) + lookEvery
	return e.c.Context().Err()
}

func encode(c *luabind.Call) error {
	var v lua.LValue
	e := &encoder{c: c}
	if err := c.Unpack("value", &v, "indent?", &e.indent); err != nil {
		return err
	}
	if e.indent < 0 || e.indent > 16 {
		return c.Usage("indent", "got %d, want 0 to 16", e.indent)
	}
	if err := e.value(v); err != nil {
		return err
	}
	return c.Return(e.out)
}

func (e *encoder) value(v lua.LValue) error {
	if err := e.written(); err != nil {
		return err
	}
	switch x := v.(type) {
	case *lua.LNilType:
		e.out = append(e.out, "null"...)
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(x))
	case lua.LNumber:
		return e.number(float64(x))
	case lua.LString:
		e.out = AppendString(e.out, string(x))
	case *lua.LTable:
		return e.table(x)
	case *lua.LUserData:
		return e.userdata(x)
	default:
		return e.c.Usage("value", "a %s has no form in JSON", v.Type())
	}
	return nil
}

func (e *encoder) number(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return e.c.Usage("value", "%s has no form in JSON", luacode.FormatNumber(f))
	}
	if math.Abs(f) > 1<<53 {
		// Digits alone would be read back as a string, as integers beyond 2^53 are.
		e.out = strconv.AppendFloat(e.out, f, 'e', -1, 64)
		return nil
	}
	e.out = append(e.out, luacode.FormatNumber(f)...)
	return nil
}

func (e *encoder) userdata(u *lua.LUserData) error {
	if _, ok := luabind.ObjectOf(u, "null"); ok {
		e.out = append(e.out, "null"...)
		return nil
	}
	if ev, ok := luabind.LookAtError(u); ok {
		return e.errorValue(ev)
	}
	return e.c.Usage("value", "an object has no form in JSON")
}

// errorValue writes what a log wants to know of an error.
func (e *encoder) errorValue(ev *luabind.Error) error {
	t := e.c.L().NewTable()
	t.RawSetString("kind", lua.LString(ev.Kind))
	t.RawSetString("message", lua.LString(ev.Message))
	if ev.Where != "" {
		t.RawSetString("where", lua.LString(ev.Where))
	}
	return e.table(t)
}

type member struct {
	key string
	v   lua.LValue
}

func (e *encoder) table(t *lua.LTable) error {
	if slices.Contains(e.path, t) {
		return e.c.Usage("value", "a table contains itself")
	}
	if len(e.path) >= maxDepth {
		return e.c.Usage("value", "nested deeper than %d", maxDepth)
	}
	e.path = append(e.path, t)
	defer func() { e.path = e.path[:len(e.path)-1] }()
	list, members, err := e.split(t)
	if err != nil {
		return err
	}
	if len(members) == 0 && (len(list) > 0 || isArray(e.c, t)) {
		return e.list(list)
	}
	for i, v := range list {
		members = append(members, member{strconv.Itoa(i + 1), v})
	}
	return e.object(members)
}

// split takes a table apart: items 1..n in order, and all others by name.
func (e *encoder) split(t *lua.LTable) (list []lua.LValue, members []member, err error) {
	walk := e.c.ForEach(t, func(k, v lua.LValue) bool {
		if len(members)&4095 == 4095 && e.c.Context().Err() != nil {
			err = e.c.Context().Err()
			return false
		}
		switch key := k.(type) {
		case lua.LString:
			members = append(members, member{string(key), v})
		case lua.LNumber:
			f := float64(key)
			if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
				err = e.c.Usage("value", "the key %s has no form in JSON", luacode.FormatNumber(f))
				return false
			}
			if int(f) == len(list)+1 {
				list = append(list, v)
			} else {
				members = append(members, member{luacode.FormatNumber(f), v})
			}
		default:
			err = e.c.Usage("value", "a %s as a key has no form in JSON", k.Type())
		}
		return err == nil
	})
	return list, members, errors.Join(err, walk)
}

func (e *encoder) list(items []lua.LValue) error {
	e.out = append(e.out, '[')
	for i, v := range items {
		e.separate(i)
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.end(']', len(items))
	return nil
}

func (e *encoder) object(members []member) error {
	sort.Slice(members, func(i, j int) bool { return members[i].key < members[j].key })
	e.out = append(e.out, '{')
	for i, m := range members {
		if i > 0 && m.key == members[i-1].key {
			return e.c.Usage("value", "the keys %s and %q would both become %q", m.key, m.key, m.key)
		}
		e.separate(i)
		e.out = AppendString(e.out, m.key)
		e.out = append(e.out, ':')
		if e.indent > 0 {
			e.out = append(e.out, ' ')
		}
		if err := e.value(m.v); err != nil {
			return err
		}
	}
	e.end('}', len(members))
	return nil
}

func (e *encoder) separate(i int) {
	if i > 0 {
		e.out = append(e.out, ',')
	}
	e.newline(len(e.path))
}

func (e *encoder) end(ch byte, n int) {
	if n > 0 {
		e.newline(len(e.path) - 1)
	}
	e.out = append(e.out, ch)
}

func (e *encoder) newline(depth int) {
	if e.indent > 0 {
		e.out = append(append(e.out, '\n'), strings.Repeat(" ", e.indent*depth)...)
	}
}

// AppendString writes a string as JSON; a byte that is not UTF-8 becomes \udcXX.
func AppendString(out []byte, s string) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		size, special := 1, true
		if b >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			special = r == utf8.RuneError && size == 1
		}
		if !special {
			i += size
			continue
		}
		out = append(out, s[start:i]...)
		switch {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b == '\n':
			out = append(out, '\\', 'n')
		case b == '\t':
			out = append(out, '\\', 't')
		case b == '\r':
			out = append(out, '\\', 'r')
		case b < ' ':
			out = append(out, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		default:
			out = append(out, '\\', 'u', 'd', 'c', digits[b>>4], digits[b&15])
		}
		i++
		start = i
	}
	return append(append(out, s[start:]...), '"')
}
