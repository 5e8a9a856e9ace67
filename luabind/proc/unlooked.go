package proc

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// A failure must not be dropped in silence: a result that failed lacks ok, code
// and signal until the script reads one of them. Then it becomes a plain table
// with all three. What was never read fails the script at its end.

// result makes the table of an outcome; a failed one has to be looked at.
func (o *outcome) result(c *luabind.Call) (*lua.LTable, error) {
	if o.kind() == "" || o.w.opts.ok.any {
		return o.table(c)
	}
	t, err := o.tableWithout(c)
	if err != nil {
		return nil, err
	}
	// The output is not kept for the ledger: many failures may be waiting.
	short := &luabind.Error{Kind: o.kind(), Message: o.message(), Where: o.w.cmd.Where}
	watch(c, t, o.status(), short)
	return t, nil
}

// errorValue makes the error value of an outcome that is handed over rather
// than raised. It has to be looked at as well.
func (o *outcome) errorValue(c *luabind.Call) (lua.LValue, error) {
	e := o.failure()
	if o.w.opts.ok.any {
		return c.ToLua(e)
	}
	short := &luabind.Error{Kind: e.Kind, Message: e.Message, Where: e.Where}
	return c.NewError(e, c.MustLook(short)), nil
}

// watch puts a metatable in front of the plain one that notices the look.
func watch(c *luabind.Call, t *lua.LTable, status []field, e *luabind.Error) {
	seen := c.MustLook(e)
	L := c.L()
	plain := t.Metatable
	look := func() {
		seen()
		for _, f := range status {
			if v, err := c.ToLua(f.value); err == nil && t.RawGetString(f.name) == lua.LNil {
				t.RawSetString(f.name, v)
			}
		}
		luatable.SetMetatable(L, t, plain)
	}
	mt := L.NewTable()
	mt.RawSetString("__index", L.NewFunction(func(l *lua.LState) int {
		key := l.Get(2)
		if name, ok := key.(lua.LString); ok && (name == "ok" || name == "code" || name == "signal") {
			look()
			l.Push(luatable.Get(t, key))
			return 1
		}
		l.Push(methodOf(l, plain, key))
		return 1
	}))
	mt.RawSetString("__newindex", L.NewFunction(func(l *lua.LState) int {
		luatable.Set(l, t, l.Get(2), l.Get(3))
		return 0
	}))
	mt.RawSetString("__pairs", L.NewFunction(func(l *lua.LState) int {
		look()
		l.Push(L.NewFunction(next))
		l.Push(t)
		l.Push(lua.LNil)
		return 3
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	luatable.SetMetatable(L, t, mt)
}

// methodOf finds a method in the __index of a type's metatable.
func methodOf(l *lua.LState, mt, key lua.LValue) lua.LValue {
	t, ok := mt.(*lua.LTable)
	if !ok {
		return lua.LNil
	}
	return l.GetTable(t.RawGetString("__index"), key)
}

// next walks a table as Lua's own does.
func next(l *lua.LState) int {
	k, v, ok := luatable.Next(l.CheckTable(1), l.Get(2))
	if !ok {
		l.RaiseError("invalid key to 'next'")
	}
	l.Push(k)
	l.Push(v)
	return 2
}
