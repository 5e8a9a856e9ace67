package re

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// subject unpacks what all functions take.
func subject(c *luabind.Call, s *string, more ...any) (*compiled, error) {
	var pattern string
	if err := c.Unpack(append([]any{"s", s, "pattern", &pattern}, more...)...); err != nil {
		return nil, err
	}
	return compile(c, pattern)
}

// part is a match or a group of it; empty where the group took no part.
func part(s string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return s[m[2*i]:m[2*i+1]]
}

// groups are the groups of a match, or all of it where there are none.
func groups(s string, m []int) []any {
	if len(m) == 2 {
		return []any{part(s, m, 0)}
	}
	out := make([]any, 0, len(m)/2-1)
	for i := 1; i < len(m)/2; i++ {
		out = append(out, part(s, m, i))
	}
	return out
}

func match(c *luabind.Call) error {
	var s string
	at := 1
	re, err := subject(c, &s, "[init]", &at)
	if err != nil {
		return err
	}
	s = from(s, at)
	m, err := first(c, re, s)
	if err != nil {
		return err
	}
	if m == nil {
		return c.Return(nil)
	}
	return c.Return(groups(s, m)...)
}

func find(c *luabind.Call) error {
	var s string
	at := 1
	re, err := subject(c, &s, "[init]", &at)
	if err != nil {
		return err
	}
	rest := from(s, at)
	m, err := first(c, re, rest)
	if err != nil {
		return err
	}
	if m == nil {
		return c.Return(nil)
	}
	skipped := len(s) - len(rest)
	out := []any{skipped + m[0] + 1, skipped + m[1]}
	if len(m) > 2 {
		out = append(out, groups(rest, m)...)
	}
	return c.Return(out...)
}

// from is the text from a byte on, counted as string.find counts.
func from(s string, at int) string {
	if at < 0 {
		at += len(s) + 1
	}
	return s[min(max(at, 1)-1, len(s)):]
}

// most checks the argument max, which is there from place i on.
func most(c *luabind.Call, i, max int) error {
	if c.Arg(i) != lua.LNil && max < 1 {
		return c.Usage("max", "got %d, want from 1", max)
	}
	return nil
}

// every unpacks the arguments of what looks for all matches, and finds them.
func every(c *luabind.Call) (s string, max int, found [][]int, err error) {
	max = -1
	re, err := subject(c, &s, "[max]", &max)
	if err == nil {
		err = most(c, 2, max)
	}
	if err == nil {
		found, err = matches(c, re, s, max)
	}
	return s, max, found, err
}

func all(c *luabind.Call) error {
	s, _, found, err := every(c)
	if err != nil {
		return err
	}
	look := looker{c: c}
	out := c.L().CreateTable(len(found), 0)
	for _, m := range found {
		if err := look.look(); err != nil {
			return err
		}
		if len(m) <= 4 {
			out.Append(lua.LString(part(s, m, len(m)/2-1)))
			continue
		}
		item := c.L().CreateTable(len(m)/2-1, 0)
		for i := 1; i < len(m)/2; i++ {
			item.Append(lua.LString(part(s, m, i)))
		}
		out.Append(item)
	}
	return c.Return(out)
}

func split(c *luabind.Call) error {
	s, max, found, err := every(c)
	if err != nil {
		return err
	}
	look := looker{c: c}
	out := c.L().NewTable()
	at, pieces := 0, 1
	for _, m := range found {
		if err := look.look(); err != nil {
			return err
		}
		if pieces == max {
			break
		}
		if m[0] == m[1] && (m[0] == 0 || m[0] == len(s)) {
			continue // an empty match cuts nothing off
		}
		out.Append(lua.LString(s[at:m[0]]))
		at = m[1]
		pieces++
	}
	out.Append(lua.LString(s[at:]))
	return c.Return(out)
}
