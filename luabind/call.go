package luabind

import (
	"context"
	"errors"
	"fmt"
	"io"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/lualib"
)

// Call is one call of a module function. It is valid until Impl returns, for
// the goroutine of the call; Exec alone may be used by others meanwhile.
type Call struct {
	s        *Session
	l        *lua.LState
	name     string // "proc.run"
	module   string
	self     any
	first    int // place of the first argument on the stack, from 1
	nret     int
	where    string
	describe *[]Arg
}

// Name is the function as the script calls it, "proc.run".
func (c *Call) Name() string { return c.name }

// Context ends with the script: its deadline, an interrupt, the end of its host.
func (c *Call) Context() context.Context { return c.s.ctx }

// L is the Lua state that calls, for what the other methods do not cover.
func (c *Call) L() *lua.LState { return c.l }

// NArgs is the number of arguments, the object of a method left out.
func (c *Call) NArgs() int { return c.l.GetTop() - c.first + 1 }

// Arg gives argument i, from 0; nil beyond the last.
func (c *Call) Arg(i int) lua.LValue { return c.l.Get(c.first + i) }

// Self is what a method was called on: the Go value of an object, the table of
// a table type, the *Error of an error value.
func (c *Call) Self() any { return c.self }

// Stdin is the script's standard input.
func (c *Call) Stdin() io.Reader { return c.s.host.cfg.stdin }

// Stdout is the script's standard output.
func (c *Call) Stdout() io.Writer { return c.s.stdout }

// Stderr is the script's standard error.
func (c *Call) Stderr() io.Writer { return c.s.stderr }

// Limits are the limits of the run, defaults filled in.
func (c *Call) Limits() Limits { return c.s.host.cfg.limits }

// Where is the place in the script that calls, "check.lua:12"; empty where
// there is none.
func (c *Call) Where() string {
	if c.where == "" {
		c.where = where(c.l)
	}
	return c.where
}

// where finds the innermost Lua function that is active.
func where(l *lua.LState) string {
	for level := 0; level < 200; level++ {
		dbg, ok := l.GetStack(level)
		if !ok {
			return ""
		}
		if _, err := l.GetInfo("Sl", dbg, lua.LNil); err == nil && dbg.CurrentLine > 0 {
			return fmt.Sprintf("%s:%d", dbg.Source, dbg.CurrentLine)
		}
	}
	return ""
}

// Return gives values back to the script, converted by ToLua. It is meant to
// be the last thing: return c.Return(v).
func (c *Call) Return(values ...any) error {
	for _, v := range values {
		lv, err := c.ToLua(v)
		if err != nil {
			return err
		}
		c.l.Push(lv)
	}
	c.nret += len(values)
	return nil
}

// Invoke calls a Lua function from Go and gives its results. An error that it
// raises comes back so that returning it raises the very same value.
func (c *Call) Invoke(fn lua.LValue, args ...any) ([]lua.LValue, error) {
	base := c.l.GetTop()
	c.l.Push(fn)
	for _, a := range args {
		lv, err := c.ToLua(a)
		if err != nil {
			c.l.SetTop(base)
			return nil, err
		}
		c.l.Push(lv)
	}
	if api := lualib.PCall(c.l, len(args), lua.MultRet); api != nil {
		c.l.SetTop(base)
		return nil, newRaised(api)
	}
	out := make([]lua.LValue, 0, c.l.GetTop()-base)
	for i := base + 1; i <= c.l.GetTop(); i++ {
		out = append(out, c.l.Get(i))
	}
	c.l.SetTop(base)
	return out, nil
}

// raised is an error on its way through Go back into Lua.
type raised struct {
	obj   lua.LValue
	trace string
	cause error
}

func newRaised(api *lua.ApiError) error {
	return &raised{obj: api.Object, trace: api.StackTrace, cause: thrown(api.Object)}
}

func (r *raised) Error() string {
	if r.cause != nil {
		return r.cause.Error()
	}
	return r.obj.String()
}

func (r *raised) Unwrap() error { return r.cause }

// errorOf gives the Go error inside an error value, or nil.
func errorOf(v lua.LValue) error {
	if ud, ok := v.(*lua.LUserData); ok {
		switch x := ud.Value.(type) {
		case *Error:
			return x
		case *handedError:
			return x.err
		}
	}
	return nil
}

// thrown is errorOf for a value that was raised: error(r) of a planned result is
// an error, which the result is not.
func thrown(v lua.LValue) error {
	if what, ok := plannedOf(v); ok {
		return &Error{Kind: KindPlanned, Message: "cannot predict any further: it raises " + what}
	}
	return errorOf(v)
}

// raise turns the error of an Impl into a Lua error.
func (s *Session) raise(c *Call, err error) {
	var r *raised
	if errors.As(err, &r) {
		c.l.Error(r.obj, 0)
	}
	e := s.maskError(errorFor(err)) // while what was cut of a secret can still be told
	if what, ok := c.plannedArg(); ok && e.Kind == KindUsage {
		e = c.ReadsPlanned(what) // no mistake: what it would be is not known
	}
	if e.Where == "" {
		cp := *e
		cp.Where = c.Where()
		e = &cp
	}
	c.l.Error(s.errorValue(e), 0)
}

// wrap makes the Lua function of an Impl.
func (s *Session) wrap(module, name string, impl func(*Call) error) *lua.LFunction {
	if module != "" {
		name = module + "." + name
	}
	return s.wrapNamed(module, name, impl)
}

// wrapNamed is wrap for a function that errors call by another name: a global,
// which may have types of a module's own.
func (s *Session) wrapNamed(module, full string, impl func(*Call) error) *lua.LFunction {
	return s.L.NewFunction(func(l *lua.LState) int {
		c := Call{s: s, l: l, name: full, module: module, first: 1}
		if err := impl(&c); err != nil {
			s.raise(&c, err)
		}
		return c.nret
	})
}

// wrapMethod is wrap for a method: the first argument has to be the object.
func (s *Session) wrapMethod(module string, t Type, f Func) *lua.LFunction {
	full := t.Name + ":" + f.Name
	return s.L.NewFunction(func(l *lua.LState) int {
		c := Call{s: s, l: l, name: full, module: module, first: 2}
		var ok bool
		if c.self, ok = s.selfOf(l.Get(1), module+"."+t.Name); !ok {
			s.raise(&c, c.usage("", fmt.Sprintf("called on %s; call it as x:%s(...)", show(l.Get(1)), f.Name)))
		}
		if err := f.Impl(&c); err != nil {
			s.raise(&c, err)
		}
		return c.nret
	})
}

// selfOf is what a method of a type was called on. A type has either objects or
// tables, and a table may stand for another by __index.
func (s *Session) selfOf(v lua.LValue, typ string) (any, bool) {
	switch x := v.(type) {
	case *lua.LTable:
		return x, !s.objects[typ] && typ != errorType
	case *lua.LUserData:
		switch o := x.Value.(type) {
		case *object:
			return o.v, x.Metatable == lua.LValue(s.metas[typ])
		case *Error:
			return o, typ == errorType
		case *handedError:
			return o.err, typ == errorType
		}
	}
	return nil, false
}

// errorType is the type of error values, as module.type.
const errorType = "error.error"

// Function makes a Lua function of this module that no table of functions has:
// an iterator, or a function that carries settings. Name is how errors call it.
func (c *Call) Function(name string, impl func(*Call) error) *lua.LFunction {
	return c.s.wrap(c.module, name, impl)
}

// Module gives another module of the host as require does, whatever the script
// did to its globals.
func (c *Call) Module(name string) (lua.LValue, bool) {
	if _, ok := c.s.host.modules[name]; !ok {
		return lua.LNil, false
	}
	return c.s.builtin(c.l, name)
}

// OnClose registers what has to happen when the run ends, however it ends; the
// last registered comes first.
func (c *Call) OnClose(f func()) { c.s.closers = append(c.s.closers, f) }

// OnSuccess registers a last look at a script that has run to its end, what it
// declared included, without an error and without exit: an error from here fails it.
func (c *Call) OnSuccess(f func() error) { c.s.atEnd = append(c.s.atEnd, f) }

// Local is storage of the run, for a module's own keys: nil until set.
func (c *Call) Local(key any) any { return c.s.locals[key] }

// SetLocal stores a value for the run.
func (c *Call) SetLocal(key, value any) { c.s.locals[key] = value }
