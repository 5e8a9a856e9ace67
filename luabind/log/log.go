// Package log is the Lua module log, and the forms in which a log is written.
package log

import (
	"errors"
	"log/slog"
	"math"
	"sort"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "log",
		Doc: `Lines for whoever watches the script, on standard error.

Lines below the level that was chosen at the start (info, if none was) are left
out. What came from outside is escaped, so that a line stays one line; secrets
are hidden. A log that cannot be written does not stop the script half-way, but
fails it at its end, with kind io.`,
		Funcs: []luabind.Func{
			function("debug", slog.LevelDebug, "what helps to find a mistake"),
			function("info", slog.LevelInfo, "what was done"),
			function("warn", slog.LevelWarn, "what somebody should look at"),
			function("error", slog.LevelError, "what went wrong"),
		},
	}
}

func function(name string, level slog.Level, what string) luabind.Func {
	return luabind.Func{
		Name: name,
		Doc: name + `(msg, [fields])

Writes a line of level ` + name + `: ` + what + `.

  msg     string  the text, or an error value
  fields  table   names with values: strings, numbers, booleans, tables of them,
                  secrets (as ***) and error values`,
		Impl: func(c *luabind.Call) error { return write(c, level) },
	}
}

// message is a text, or what says one.
type message string

func (*message) LuaType() string { return "string" }

func (m *message) UnpackLua(c *luabind.Call, v lua.LValue) error {
	if text, ok := c.TextOf(v); ok {
		*m = message(text)
		return nil
	}
	if e, ok := luabind.LookAtError(v); ok {
		*m = message(e.Message)
		return nil
	}
	var e *luabind.Error
	if _, err := c.Plain(v); errors.As(err, &e) && e.Kind == luabind.KindPlanned {
		return e
	}
	return c.Usage("msg", "got a %s, want a string", v.Type())
}

func write(c *luabind.Call, level slog.Level) error {
	var msg message
	var fields *lua.LTable
	if err := c.Unpack("msg", &msg, "[fields]", &fields); err != nil {
		return err
	}
	h := c.Logger().Handler()
	if !h.Enabled(c.Context(), level) {
		return nil
	}
	r := slog.NewRecord(time.Now(), level, c.Mask(string(msg)), 0)
	if fields != nil {
		attrs, err := attributes(c, fields)
		if err != nil {
			return err
		}
		r.AddAttrs(attrs...)
	}
	if err := h.Handle(c.Context(), r); err != nil {
		failed(c, err)
	}
	return nil
}

type failedKey struct{}

// failed has the script fail at its end, once.
func failed(c *luabind.Call, err error) {
	if c.Local(failedKey{}) != nil {
		return
	}
	c.SetLocal(failedKey{}, true)
	e := luabind.Errorf(luabind.KindIO, "%s: the log cannot be written, lines are missing: %w", c.Name(), err)
	e.Where = c.Where()
	c.OnSuccess(func() error { return e })
}

// attributes are the fields in the order of their names, with secrets hidden.
func attributes(c *luabind.Call, fields *lua.LTable) ([]slog.Attr, error) {
	var attrs []slog.Attr
	var inner error
	err := c.ForEach(fields, func(k, v lua.LValue) bool {
		name, ok := k.(lua.LString)
		if !ok {
			inner = c.Usage("fields", "got the key %s, want names with values", k.String())
			return false
		}
		var plain any
		if plain, inner = value(c, string(name), v); inner == nil {
			attrs = append(attrs, slog.Any(c.Mask(string(name)), masked(c, plain)))
		}
		return inner == nil
	})
	if inner != nil {
		err = inner
	}
	sort.SliceStable(attrs, func(i, j int) bool { return attrs[i].Key < attrs[j].Key })
	return attrs, err
}

// value is a field as plain data, in which secrets are yet to be masked. A
// number that is none is no reason not to log it.
func value(c *luabind.Call, name string, v lua.LValue) (any, error) {
	plain, err := c.PlainWith(v, func(v lua.LValue) (any, bool) {
		if x, ok := v.(lua.LNumber); ok {
			f := float64(x)
			return luacode.FormatNumber(f), math.IsNaN(f) || math.IsInf(f, 0)
		}
		return c.TextOf(v)
	})
	var e *luabind.Error
	if errors.As(err, &e) {
		if rest, ok := strings.CutPrefix(e.Message, c.Name()+": value"); ok {
			return nil, &luabind.Error{Kind: e.Kind, Message: c.Name() + ": fields." + name + rest}
		}
	}
	return plain, err
}

// masked hides secrets in texts before they are part of a format.
func masked(c *luabind.Call, v any) any {
	switch x := v.(type) {
	case string:
		return c.Mask(x)
	case []any:
		for i := range x {
			x[i] = masked(c, x[i])
		}
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			out[c.Mask(k)] = masked(c, item)
		}
		return out
	}
	return v
}
