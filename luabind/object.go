package luabind

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/lualib"
	"opslua/internal/luatable"
)

// object is a Go value behind a userdata.
type object struct {
	typ string
	v   any
}

// NewObject makes an object of one of the calling module's types around a Go value.
func (c *Call) NewObject(typeName string, v any) *lua.LUserData {
	c.s.objects[c.module+"."+typeName] = true
	return &lua.LUserData{Value: &object{typ: typeName, v: v}, Env: c.s.L.Env, Metatable: c.s.typeMeta(c.module, typeName)}
}

// NewTable makes a plain table that has the methods of one of the calling
// module's types.
func (c *Call) NewTable(typeName string, list, fields int) *lua.LTable {
	t := c.s.L.CreateTable(list, fields)
	t.Metatable = c.s.typeMeta(c.module, typeName)
	return t
}

// ObjectOf gives the Go value of an object of that type.
func ObjectOf(v lua.LValue, typeName string) (any, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		if o, ok := ud.Value.(*object); ok && o.typ == typeName {
			return o.v, true
		}
	}
	return nil, false
}

// typeMeta is the metatable of a type, one a run. Methods whose name begins
// with __ are metamethods; __index is asked for what is no method.
func (s *Session) typeMeta(module, name string) *lua.LTable {
	key := module + "." + name
	if mt, ok := s.metas[key]; ok {
		return mt
	}
	t := s.host.typeOf(module, name)
	mt, methods := s.L.NewTable(), s.L.NewTable()
	for _, f := range t.Methods {
		fn := s.wrapMethod(module, t, f)
		if strings.HasPrefix(f.Name, "__") {
			mt.RawSetString(f.Name, fn)
		} else {
			methods.RawSetString(f.Name, fn)
		}
	}
	if computed, ok := mt.RawGetString("__index").(*lua.LFunction); ok {
		mt.RawSetString("__index", s.L.NewFunction(func(l *lua.LState) int {
			if name, ok := l.Get(2).(lua.LString); ok {
				if m := methods.RawGetString(string(name)); m != lua.LNil {
					l.Push(m)
					return 1
				}
			}
			return computed.GFunction(l)
		}))
	} else {
		mt.RawSetString("__index", s.readOnly(methods, t.Name, methods))
	}
	mt.RawSetString("__metatable", lua.LFalse)
	s.metas[key] = mt
	return mt
}

// member reads a module: a name that it does not have is a mistake, as an
// undefined global is.
func (s *Session) member(t *lua.LTable, module string) *lua.LFunction {
	return s.L.NewFunction(func(l *lua.LState) int {
		key := l.Get(2)
		v := t.RawGet(key)
		if v == lua.LNil {
			name := inlineKey(key)
			s.raise(&Call{s: s, l: l}, Errorf(KindUsage, "%s has no %q%s", module, name, didYouMean(name, namesIn(t))))
		}
		l.Push(v)
		return 1
	})
}

// readOnly gives a table that shows t, is read by index and refuses to be written.
func (s *Session) readOnly(t *lua.LTable, name string, index lua.LValue) *lua.LTable {
	proxy, mt := s.L.NewTable(), s.L.NewTable()
	mt.RawSetString("__index", index)
	mt.RawSetString("__newindex", s.L.NewFunction(func(l *lua.LState) int {
		s.raise(&Call{s: s, l: l}, Errorf(KindUsage, "%s is read-only: %s.%s cannot be set", name, name, inlineKey(l.Get(2))))
		return 0
	}))
	mt.RawSetString("__pairs", s.L.NewFunction(func(l *lua.LState) int {
		l.Push(s.L.NewFunction(func(l *lua.LState) int {
			k, v := t.Next(l.Get(2))
			l.Push(k)
			l.Push(v)
			return 2
		}))
		l.Push(lua.LNil)
		l.Push(lua.LNil)
		return 3
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	mt.RawSetString(lualib.Locked, lua.LTrue)
	proxy.Metatable = mt
	return proxy
}

// namesIn are the names in a table, for a hint.
func namesIn(t *lua.LTable) map[string]bool {
	out := map[string]bool{}
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		if n, ok := k.(lua.LString); ok {
			out[string(n)] = true
		}
		return true
	})
	return out
}

func inlineKey(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return cut(string(s))
	}
	return inline(v, 0)
}

// errorMeta is the metatable of error values.
func (s *Session) errorMeta() *lua.LTable {
	if mt, ok := s.metas["error"]; ok {
		return mt
	}
	mt := s.L.NewTable()
	set := func(name string, f lua.LGFunction) { mt.RawSetString(name, s.L.NewFunction(f)) }
	set("__index", func(l *lua.LState) int {
		noteLook(l.Get(1))
		l.Push(s.errorField(l))
		return 1
	})
	set("__tostring", func(l *lua.LState) int {
		l.Push(lua.LString(textOfError(l, l.Get(1))))
		return 1
	})
	set("__concat", func(l *lua.LState) int {
		l.Push(lua.LString(textOfError(l, l.Get(1)) + textOfError(l, l.Get(2))))
		return 1
	})
	set("__eq", func(l *lua.LState) int {
		l.Push(lua.LBool(errorOf(l.Get(1)) != nil && errorOf(l.Get(1)) == errorOf(l.Get(2))))
		return 1
	})
	mt.RawSetString("__metatable", lua.LFalse)
	s.metas["error"] = mt
	return mt
}

// textOfError is one side of a concatenation with an error value.
func textOfError(l *lua.LState, v lua.LValue) string {
	switch x := v.(type) {
	case lua.LString:
		return string(x)
	case lua.LNumber:
		return formatNumber(float64(x))
	}
	if err := errorOf(v); err != nil {
		noteLook(v)
		return err.Error()
	}
	l.RaiseError("attempt to concatenate a %s value", v.Type().String())
	return ""
}

func (s *Session) errorField(l *lua.LState) lua.LValue {
	e, ok := errorOf(l.Get(1)).(*Error)
	key, isText := l.Get(2).(lua.LString)
	if !ok || !isText {
		return lua.LNil
	}
	switch key {
	case "kind":
		return lua.LString(e.Kind)
	case "message":
		return lua.LString(e.Message)
	case "where":
		if e.Where == "" {
			return lua.LNil
		}
		return lua.LString(e.Where)
	case "is":
		return s.errorIs()
	}
	if v, ok := e.Fields[string(key)]; ok {
		lv, err := s.toLua(v, 0)
		if err != nil {
			l.RaiseError("%s", err.Error())
		}
		return lv
	}
	for _, f := range e.Methods {
		if f.Name == string(key) {
			return s.wrapMethod("error", Type{Name: "error"}, f)
		}
	}
	return lua.LNil
}

func (s *Session) errorIs() *lua.LFunction {
	return s.wrapMethod("error", Type{Name: "error"}, Func{Name: "is", Impl: func(c *Call) error {
		var kind string
		if err := c.Unpack("kind", &kind); err != nil {
			return err
		}
		e, ok := c.Self().(*Error)
		return c.Return(ok && string(e.Kind) == kind)
	}})
}

// handedError is an error that a function handed over rather than raised: the
// script may drop it, which somebody wants to know.
type handedError struct {
	err    *Error
	looked func() // called at the first look, then nil
}

func (h *handedError) Error() string { return h.err.Error() }
func (h *handedError) Unwrap() error { return h.err }

func noteLook(v lua.LValue) {
	ud, _ := v.(*lua.LUserData)
	if ud == nil {
		return
	}
	if h, ok := ud.Value.(*handedError); ok && h.looked != nil {
		h.looked()
		h.looked = nil
	}
}

// NewError makes the value of an error that is handed over rather than raised.
// Looked is called once the script has looked at it: at a field, a method or
// its text.
func (c *Call) NewError(e *Error, looked func()) *lua.LUserData {
	ud := c.s.errorValue(e)
	ud.Value = &handedError{err: e, looked: looked}
	return ud
}

// LookAtError gives the error of an error value, or of an embedder's value that
// wraps one, and counts as a look of the script.
func LookAtError(v lua.LValue) (*Error, bool) {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return nil, false
	}
	err, ok := ud.Value.(error)
	var e *Error
	if !ok || !errors.As(err, &e) {
		return nil, false
	}
	noteLook(v)
	return e, true
}

// errorValue makes the Lua value of an Error.
func (s *Session) errorValue(e *Error) *lua.LUserData {
	return &lua.LUserData{Value: e, Env: s.L.Env, Metatable: s.errorMeta()}
}
