package text

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/luatable"
	"opslua/luabind"
)

// maxFields is how many fields one call of each gives for a line.
const maxFields = 100

// fieldList is the list of fields that each is asked for.
type fieldList []int

// UnpackLua takes a list of whole numbers.
func (f *fieldList) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got a %s, want a list of field numbers such as {1, 3}", v.Type())
	}
	n := luatable.Len(t)
	if n == 0 || n > maxFields {
		return fmt.Errorf("got %d items, want from 1 to %d field numbers", n, maxFields)
	}
	for i := 1; i <= n; i++ {
		x, isNumber := luatable.Get(t, lua.LNumber(i)).(lua.LNumber)
		if !isNumber || float64(x) != math.Trunc(float64(x)) || math.Abs(float64(x)) > maxField {
			return fmt.Errorf("item %d is %s, want the number of a field: 1 is the first, -1 the last, 0 the whole line",
				i, luatable.Get(t, lua.LNumber(i)))
		}
		*f = append(*f, int(x))
	}
	return nil
}

// LuaType names the type.
func (f *fieldList) LuaType() string { return "list of integers" }

// maxField is the largest number of a field.
const maxField = 1 << 20

func fields(c *luabind.Call) error {
	var s string
	var sep separator
	if err := c.Unpack("s", &s, "sep?", &sep); err != nil {
		return err
	}
	if sep != "" {
		return splitAt(c, s, string(sep), -1)
	}
	out := c.L().NewTable()
	for i, look := 0, 0; i < len(s); {
		if isBlank(s[i]) {
			i++
			continue
		}
		if i >= look {
			look = i + lookEvery
			if err := c.Context().Err(); err != nil {
				return err
			}
		}
		from := i
		for i < len(s) && !isBlank(s[i]) {
			i++
		}
		out.Append(lua.LString(s[from:i]))
	}
	return c.Return(out)
}

func column(c *luabind.Call) error {
	var s string
	var sep separator
	var n int
	var numbers bool
	if err := c.Unpack("s", &s, "n", &n, "sep?", &sep, "numbers?", &numbers); err != nil {
		return err
	}
	if n > maxField || n < -maxField {
		return c.Usage("n", "got %d, want the number of a field: 1 is the first, -1 the last, 0 the whole line", n)
	}
	sc := newScanner(c, s, string(sep), []int{n})
	out := c.L().CreateTable(strings.Count(s, "\n")+1, 0)
	for sc.next() {
		if err := sc.stopped(); err != nil {
			return err
		}
		out.Append(value(sc.field(n), numbers))
	}
	return c.Return(out)
}

// value is a field as Lua sees it.
func value(s string, numbers bool) lua.LValue {
	if numbers {
		if n, ok := number(s); ok {
			return lua.LNumber(n)
		}
	}
	return lua.LString(s)
}

// number is tonumber, with a short way for what most numbers are.
func number(s string) (float64, bool) {
	if len(s) == 0 || len(s) > 15 {
		return luacode.ParseNumber(s)
	}
	n := 0
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return luacode.ParseNumber(s)
		}
		n = n*10 + int(d)
	}
	return float64(n), true
}

// each gives an iterator that is a bare Lua function: a call of it makes
// nothing but the texts of the fields.
func each(c *luabind.Call) error {
	var s string
	var sep separator
	var want fieldList
	var numbers bool
	if err := c.Unpack("s", &s, "fields", &want, "sep?", &sep, "numbers?", &numbers); err != nil {
		return err
	}
	sc := newScanner(c, s, string(sep), want)
	return c.Return(c.L().NewFunction(func(l *lua.LState) int {
		if !sc.next() {
			l.Push(lua.LNil)
			return 1
		}
		for _, n := range sc.want {
			l.Push(value(sc.field(n), numbers))
		}
		return len(sc.want)
	}))
}
