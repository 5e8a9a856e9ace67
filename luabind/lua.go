package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/lualib"
	"opslua/internal/luatable"
)

// keepGlobals notes what scripts find before they change anything, for modules
// in Lua, where the host has any.
func (s *Session) keepGlobals() {
	for _, m := range s.host.modules {
		if m.Lua != "" {
			s.pristine = copyOf(s.L, s.L.Env, 1)
			return
		}
	}
}

// copyOf copies a table, and the tables in it as deep as asked for.
func copyOf(l *lua.LState, t *lua.LTable, deep int) *lua.LTable {
	out := l.NewTable()
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		if below, ok := v.(*lua.LTable); ok && deep > 0 && below != t {
			v = copyOf(l, below, deep-1)
		}
		out.RawSet(k, v)
		return true
	})
	out.Metatable = t.Metatable
	return out
}

// luaModule runs a module that is written in Lua, once. Its globals are its own:
// it sees what scripts see before they have changed anything, and what it sets
// nobody else sees. A module that does not load is its author's mistake.
func (s *Session) luaModule(l *lua.LState, m Module) lua.LValue {
	chunk, err := s.host.compile(m.Name+".lua", m.Lua, nil)
	if err != nil {
		panic(fmt.Sprintf("module %s: %v", m.Name, err))
	}
	fn := chunk.Function(s.L, s.rt)
	fn.Env = copyOf(s.L, s.pristine, 1)
	fn.Env.RawSetString("_G", fn.Env)
	base := l.GetTop()
	defer l.SetTop(base)
	l.Push(fn)
	if api := lualib.PCall(l, 0, 1); api != nil {
		panic(fmt.Sprintf("module %s: %v", m.Name, newRaised(api)))
	}
	t, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		panic(fmt.Sprintf("module %s: it returns no table", m.Name))
	}
	return s.readOnly(t, m.Name, s.member(t, m.Name))
}
