package check

import (
	"reflect"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// equal is Lua's equality, and tables are equal that hold the same.
func equal(c *luabind.Call, a, b lua.LValue) (bool, error) {
	ta, ok := a.(*lua.LTable)
	tb, ok2 := b.(*lua.LTable)
	if !ok || !ok2 {
		return c.L().Equal(a, b), nil
	}
	if ta == tb {
		return true, nil
	}
	pa, err := c.Plain(ta)
	if err != nil {
		return false, err
	}
	pb, err := c.Plain(tb)
	return err == nil && reflect.DeepEqual(pa, pb), err
}

func unequal(c *luabind.Call, a, b lua.LValue) (bool, error) {
	same, err := equal(c, a, b)
	return !same, err
}

// comparison makes one of numbers. Nothing, or what is no number, is not
// as expected; to want no number is a mistake of the script.
func comparison(holds func(got, want float64) bool) func(*luabind.Call, lua.LValue, lua.LValue) (bool, error) {
	return func(c *luabind.Call, got, want lua.LValue) (bool, error) {
		w, ok := numberOf(want)
		if !ok {
			return false, c.Usage("want", "got %s, want a number", inShort(c, want))
		}
		g, ok := numberOf(got)
		return ok && holds(g, w), nil
	}
}

func matches(c *luabind.Call, got, want lua.LValue) (bool, error) {
	pattern, ok := want.(lua.LString)
	if !ok {
		return false, c.Usage("pattern", "got %s, want a text", inShort(c, want))
	}
	const most = 64 << 10
	if len(pattern) > most {
		return false, luabind.Errorf(luabind.KindParse, "%s: the pattern is longer than 64 KiB", c.Name())
	}
	re, err := regexp.Compile(string(pattern))
	if err != nil {
		return false, luabind.Errorf(luabind.KindParse, "%s: the pattern %s: %w", c.Name(), quoted(string(pattern)), err)
	}
	text, ok := c.TextOf(got)
	return ok && re.MatchString(text), nil
}

func contains(c *luabind.Call, got, want lua.LValue) (bool, error) {
	if t, ok := got.(*lua.LTable); ok {
		return hasItem(c, t, want)
	}
	part, ok := c.TextOf(want)
	if !ok {
		return false, c.Usage("part", "got %s, want a text", inShort(c, want))
	}
	text, ok := c.TextOf(got)
	return ok && strings.Contains(text, part), nil
}

func oneOf(c *luabind.Call, got, want lua.LValue) (bool, error) {
	t, ok := want.(*lua.LTable)
	if !ok || luatable.Len(t) == 0 {
		return false, c.Usage("list", "got %s, want a list of values", inShort(c, want))
	}
	return hasItem(c, t, got)
}

func hasItem(c *luabind.Call, t *lua.LTable, item lua.LValue) (bool, error) {
	for _, v := range items(t) {
		if same, err := equal(c, v, item); same || err != nil {
			return same, err
		}
	}
	return false, nil
}
