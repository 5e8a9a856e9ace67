package text

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

func kv(c *luabind.Call) error {
	var s string
	sep := separator("=")
	var strict, unquoted bool
	if err := c.Unpack("s", &s, "sep?", &sep, "strict?", &strict, "unquote?", &unquoted); err != nil {
		return err
	}
	out := c.L().NewTable()
	err := lineWalk(c, s, func(n int, line string) error {
		if line = trimBlanks(line); line == "" || line[0] == '#' {
			return nil
		}
		name, value, found := strings.Cut(line, string(sep))
		name = trimBlanks(name)
		if strict && (!found || name == "") {
			return luabind.Errorf(luabind.KindParse, "%s: line %d: no name before %q", c.Name(), n, sep)
		}
		if !found {
			return nil
		}
		if value = trimBlanks(value); unquoted {
			value = unquote(value)
		}
		luatable.Set(c.L(), out, lua.LString(name), lua.LString(value))
		return nil
	})
	if err != nil {
		return err
	}
	return c.Return(out)
}

// unquote takes a pair of equal quotes away.
func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}
