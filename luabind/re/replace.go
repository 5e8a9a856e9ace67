package re

import (
	"errors"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/units"
	"opslua/luabind"
)

// replacement is what stands for a match: a text or a function.
type replacement struct {
	text string
	fn   *lua.LFunction
}

// UnpackLua takes a string, a number or a function.
func (r *replacement) UnpackLua(c *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString, lua.LNumber:
		r.text = c.String(x)
		return nil
	case *lua.LFunction:
		r.fn = x
		return nil
	}
	return fmt.Errorf("got a %s, want a string or a function", v.Type())
}

// LuaType names the type.
func (r *replacement) LuaType() string { return "string or function" }

// piece is a part of a replacement: plain text, or a group.
type piece struct {
	text  string
	group int // -1: the text
}

// in is what the piece is for a match.
func (p piece) in(s string, m []int) string {
	if p.group < 0 {
		return p.text
	}
	return part(s, m, p.group)
}

func replace(c *luabind.Call) error {
	var s string
	var with replacement
	max := -1
	re, err := subject(c, &s, "with", &with, "[max]", &max)
	if err != nil {
		return err
	}
	if err := most(c, 3, max); err != nil {
		return err
	}
	pieces, err := parse(re, with.text)
	if err != nil {
		return c.Usage("with", "%s", err)
	}
	found, err := matches(c, re, s, max)
	if err != nil {
		return err
	}
	b := builder{c: c, limit: math.MaxInt32, look: looker{c: c}}
	if memory := c.Limits().Memory; memory > 0 {
		b.limit = int(min(memory/2, math.MaxInt32))
	}
	if with.fn == nil {
		if err := b.reserve(pieces, s, found); err != nil {
			return err
		}
	}
	at := 0
	for _, m := range found {
		if err := b.write(s[at:m[0]]); err != nil {
			return err
		}
		at = m[1]
		if err := b.match(with.fn, pieces, s, m); err != nil {
			return err
		}
	}
	if err := b.write(s[at:]); err != nil {
		return err
	}
	return c.Return(b.out.String())
}

// builder puts the new text together, as far as a string may grow. For one
// goroutine.
type builder struct {
	c     *luabind.Call
	out   strings.Builder
	limit int
	look  looker
}

func (b *builder) tooLarge() error {
	return luabind.Errorf(luabind.KindResource, "%s: the result is larger than %s", b.c.Name(), units.FormatBytes(int64(b.limit)))
}

// reserve makes room for all of the result, before any of it is written.
func (b *builder) reserve(pieces []piece, s string, found [][]int) error {
	size := len(s)
	for _, m := range found {
		size -= m[1] - m[0]
		for _, p := range pieces {
			size += len(p.in(s, m))
			if size > b.limit+len(s) { // what is still to be taken off is in s
				return b.tooLarge()
			}
			if err := b.look.look(); err != nil {
				return err
			}
		}
	}
	if size > b.limit {
		return b.tooLarge()
	}
	b.out.Grow(size)
	return nil
}

func (b *builder) write(text string) error {
	if len(text) > b.limit-b.out.Len() {
		return b.tooLarge()
	}
	b.out.WriteString(text)
	return b.look.look()
}

// match writes what stands for a match.
func (b *builder) match(fn *lua.LFunction, pieces []piece, s string, m []int) error {
	if fn != nil {
		text, err := called(b.c, fn, s, m)
		if err != nil {
			return err
		}
		return b.write(text)
	}
	for _, p := range pieces {
		if err := b.write(p.in(s, m)); err != nil {
			return err
		}
	}
	return nil
}

// called asks the function what stands for a match.
func called(c *luabind.Call, fn *lua.LFunction, s string, m []int) (string, error) {
	got, err := c.Invoke(fn, groups(s, m)...)
	if err != nil {
		return "", err
	}
	if len(got) == 0 || got[0] == lua.LNil || got[0] == lua.LFalse {
		return part(s, m, 0), nil
	}
	switch x := got[0].(type) {
	case lua.LString, lua.LNumber:
		return c.String(x), nil
	}
	return "", c.Usage("with", "the function returned a %s, want a string, or nil to keep the match", got[0].Type())
}

// parse takes a replacement apart.
func parse(re *compiled, text string) ([]piece, error) {
	var out []piece
	for {
		plain, after, found := strings.Cut(text, "$")
		if plain != "" {
			out = append(out, piece{plain, -1})
		}
		if !found {
			return out, nil
		}
		name, rest, err := groupName(after)
		if err != nil {
			return nil, err
		}
		text = rest
		if name == "$" {
			out = append(out, piece{"$", -1})
			continue
		}
		group, err := groupNumber(re, name)
		if err != nil {
			return nil, err
		}
		out = append(out, piece{"", group})
	}
}

// groupName reads what follows a dollar: digits, {name}, or a dollar.
func groupName(s string) (name, rest string, err error) {
	switch {
	case strings.HasPrefix(s, "$"):
		return "$", s[1:], nil
	case strings.HasPrefix(s, "{"):
		name, rest, found := strings.Cut(s[1:], "}")
		if !found || name == "" || name == "$" {
			return "", "", errors.New("a ${ without its name and }; $$ is a dollar")
		}
		return name, rest, nil
	}
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		return "", "", errors.New("a dollar is followed by neither a number nor {name}; $$ is a dollar")
	}
	return s[:n], s[n:], nil
}

func groupNumber(re *compiled, name string) (int, error) {
	n := 0
	for _, d := range []byte(name) {
		if d < '0' || d > '9' || n > 1000 {
			n = -1
			break
		}
		n = n*10 + int(d-'0')
	}
	if n < 0 {
		if n = re.SubexpIndex(name); n < 0 {
			return 0, fmt.Errorf("the pattern has no group named %s", short(name))
		}
	}
	if n > re.NumSubexp() {
		return 0, fmt.Errorf("the pattern has no group %d, it has %d", n, re.NumSubexp())
	}
	return n, nil
}
