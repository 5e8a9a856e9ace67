package luabind

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/lualib"
)

// ErrorText is what an error of Invoke, of Scope or of a module says, for who
// tells of it instead of raising it: on one line, secrets hidden, not escaped.
// A value that is no error value and no text is shown, or asked by __tostring.
func (c *Call) ErrorText(err error) string {
	text := err.Error()
	var own *Error
	var r *raised
	if errors.As(err, &own) {
		text = own.Message
	} else if errors.As(err, &r) {
		text = c.raisedText(r.obj)
	}
	return c.s.shown(strings.TrimRight(text, "\n"))
}

func (c *Call) raisedText(v lua.LValue) string {
	switch x := v.(type) {
	case lua.LString:
		return string(x)
	case *lua.LTable:
		if HasToString(x) {
			ask := c.l.NewFunction(func(l *lua.LState) int {
				l.Push(lua.LString(lualib.ToString(l, l.Get(1))))
				return 1
			})
			if got, err := c.Invoke(ask, x); err == nil && len(got) == 1 {
				return got[0].String()
			}
		}
	}
	return "error value: " + inline(v, 0)
}
