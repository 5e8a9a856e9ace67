package luabind

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/mask"
)

// secret is a text that the script can hand on but not read.
type secret struct {
	name string // where it comes from, for a person
	text string
}

// NewSecret makes the value that stands for a secret: it prints ***, is taken
// where a Text is, and raises usage where it would be read. From now on its text is hidden in all that the run
// writes. A text that is too short or too long to be hidden is an error.
func (c *Call) NewSecret(name, text string) (lua.LValue, error) {
	if !c.s.mask.Add(text) {
		why := fmt.Sprintf("shorter than %d bytes: to hide it would hide too much", mask.Shortest)
		if len(text) > mask.Longest {
			why = fmt.Sprintf("longer than %d bytes, so that it cannot be hidden", mask.Longest)
		}
		return nil, Errorf(KindUsage, "%s: the secret of %s is %s", c.Name(), quoteName(name), why)
	}
	return &lua.LUserData{Value: &secret{name, text}, Env: c.s.L.Env, Metatable: c.s.opaqueMeta()}, nil
}

// opaqueMeta is the metatable of secrets: nothing can be read.
func (s *Session) opaqueMeta() *lua.LTable {
	if mt, ok := s.metas["secret"]; ok {
		return mt
	}
	mt := s.L.NewTable()
	reads := s.L.NewFunction(func(l *lua.LState) int {
		s.raise(&Call{s: s, l: l}, Errorf(KindUsage, "a secret cannot be read: hand it to a command, a header, a file or a template as it is"))
		return 0
	})
	for _, event := range readingEvents() {
		mt.RawSetString(event, reads)
	}
	mt.RawSetString("__eq", lua.LNil) // it is equal to itself alone, and that says nothing of it
	mt.RawSetString("__tostring", s.L.NewFunction(func(l *lua.LState) int { l.Push(lua.LString(hidden)); return 1 }))
	mt.RawSetString("__concat", s.L.NewFunction(func(l *lua.LState) int {
		l.Push(&lua.LUserData{Value: s.joinSecrets(l, l.Get(1), l.Get(2)), Env: s.L.Env, Metatable: mt})
		return 1
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	s.metas["secret"] = mt
	return mt
}

// hidden is what a secret looks like.
const hidden = "***"

// joinSecrets makes "Bearer " .. token: a secret again. What has to be hidden
// of it is known: its parts.
func (s *Session) joinSecrets(l *lua.LState, a, b lua.LValue) *secret {
	c := &Call{s: s, l: l}
	left, ok := c.TextOf(a)
	right, ok2 := c.TextOf(b)
	if !ok || !ok2 {
		v := a
		if ok {
			v = b
		}
		l.RaiseError("attempt to concatenate a %s value", v.Type().String())
	}
	return &secret{name: "a text with a secret", text: left + right}
}

// Text is a destination of Unpack for a text that may be a secret.
type Text string

// TextOf gives the text of a string, a number or a secret.
func (c *Call) TextOf(v lua.LValue) (string, bool) {
	if x, ok := secretOf(v); ok {
		return x.text, true
	}
	return c.textOf(v)
}

func secretOf(v lua.LValue) (*secret, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		x, ok := ud.Value.(*secret)
		return x, ok
	}
	return nil, false
}

// Mask hides the secrets of the run in a text that leaves it by another way
// than Stdout, Stderr, an error, a log line or the audit.
func (c *Call) Mask(text string) string { return c.s.mask.String(text) }

// maskError is e with its secrets hidden.
func (s *Session) maskError(e *Error) *Error {
	if !s.mask.Active() {
		return e
	}
	message := s.mask.String(e.Message)
	if message == e.Message {
		return e
	}
	masked := *e
	masked.Message = message
	return &masked
}

func (s *Session) maskEvent(e Event) Event {
	if !s.mask.Active() {
		return e
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = s.mask.String(a)
	}
	e.Args, e.Err, e.Rule = args, s.mask.String(e.Err), s.mask.String(e.Rule)
	return e
}

// shown is a text for a message: its secrets are hidden, on one line.
func (s *Session) shown(text string) string {
	return strings.ReplaceAll(s.mask.String(text), "\n", "; ")
}
