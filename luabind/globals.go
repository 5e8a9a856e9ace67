package luabind

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	luar "layeh.com/gopher-luar"

	"opslua/internal/luacode"
	"opslua/internal/lualib"
	"opslua/internal/luatable"
	"opslua/policy"
)

// openGlobals builds what a script sees, from nothing.
func (s *Session) openGlobals() {
	maxString := int(min(s.host.cfg.limits.Memory/2, math.MaxInt32))
	if maxString <= 0 {
		maxString = defaultMemory / 2
	}
	s.rt = &luacode.Runtime{MaxString: maxString, Resource: s.raiseResource}
	if s.host.cfg.plan != nil {
		s.rt.Equal = s.comparePlanned
	}
	started := time.Now()
	s.closeLib = lualib.Open(s.L, lualib.Config{
		Stdout:    s.stdout,
		MaxString: maxString,
		Resource:  s.raiseResource,
		Fatal:     func(error) bool { return s.exit != nil || s.ctx.Err() != nil },
		ToString:  textOfUserdata,
		Now:       time.Now,
		Clock:     func() float64 { return time.Since(started).Seconds() },
		Getenv:    s.getenv,
		Seed:      seed(),
		Compile: func(l *lua.LState, name, source string) (*lua.LFunction, error) {
			chunk, err := s.host.compile(name, source, s.over)
			if err != nil {
				return nil, err
			}
			return chunk.Function(l, s.rt), nil
		},
	})
	g := s.L.Env
	g.RawSetString("exit", s.wrap("", "exit", s.doExit))
	g.RawSetString("require", s.wrap("", "require", s.require))
	mt := s.L.NewTable()
	mt.RawSetString("__index", s.L.NewFunction(s.lookup))
	mt.RawSetString("__metatable", lua.LFalse)
	luatable.SetMetatable(s.L, g, mt)
	s.keepGlobals()
}

func seed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func textOfUserdata(v any) (string, bool) {
	switch x := v.(type) {
	case *Error:
		return x.Message, true
	case *handedError:
		return x.err.Message, true
	case *object:
		return x.typ, true
	case *secret:
		return hidden, true
	case *plan:
		return "planned", true
	}
	return "", false
}

func (s *Session) raiseResource(l *lua.LState, msg string) {
	s.raise(&Call{s: s, l: l}, &Error{Kind: KindResource, Message: msg})
}

// lookup answers for a global that is not set: a module, loaded at its first
// use, or a value of the embedder.
func (s *Session) lookup(l *lua.LState) int {
	name, ok := l.Get(2).(lua.LString)
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	v, ok := s.builtin(l, string(name))
	if !ok {
		s.raise(&Call{s: s, l: l}, &Error{Kind: KindUsage,
			Message: "undefined name " + quoteName(string(name)) + didYouMean(string(name), s.names())})
	}
	if globals, ok := l.Get(1).(*lua.LTable); ok { // the script's, or those of a module
		globals.RawSetString(string(name), v)
	}
	l.Push(v)
	return 1
}

func quoteName(s string) string { return `"` + cut(s) + `"` }

// builtin gives the table of a module, or a value of the embedder.
func (s *Session) builtin(l *lua.LState, name string) (lua.LValue, bool) {
	if v, ok := s.loaded[name]; ok {
		return v, true
	}
	var v lua.LValue
	if m, ok := s.host.modules[name]; ok && m.Global != nil {
		v = s.wrapNamed(m.Name, m.Name, m.Global.Impl)
	} else if ok && m.Lua != "" {
		v = s.luaModule(l, m)
	} else if ok {
		t := s.L.CreateTable(0, len(m.Funcs))
		for _, f := range m.Funcs {
			t.RawSetString(f.Name, s.wrap(m.Name, f.Name, f.Impl))
		}
		for _, mv := range m.Values {
			lv, err := s.toLua(mv.Make(&Call{s: s, l: s.L, name: m.Name + "." + mv.Name, module: m.Name}), 0)
			if err != nil {
				panic(err) // a module's own value that cannot be a Lua value
			}
			t.RawSetString(mv.Name, lv)
		}
		v = s.readOnly(t, m.Name, s.member(t, m.Name))
	} else if gv, ok := s.host.cfg.values[name]; ok {
		v = luar.New(s.L, gv)
	} else {
		return nil, false
	}
	s.loaded[name] = v
	return v, true
}

// names are all globals, for a hint.
func (s *Session) names() map[string]bool {
	out := namesIn(s.L.Env)
	for n := range s.host.modules {
		out[n] = true
	}
	for n := range s.host.cfg.values {
		out[n] = true
	}
	return out
}

func (s *Session) setArgs(args []string) {
	t := s.L.CreateTable(len(args), 1)
	for i, a := range args {
		t.RawSetInt(i+1, lua.LString(a))
	}
	t.RawSetInt(0, lua.LString(s.script))
	s.L.Env.RawSetString("arg", t)
}

// doExit ends the script from anywhere: nothing that the script does catches it.
func (s *Session) doExit(c *Call) error {
	var v lua.LValue = lua.LNil
	if err := c.Unpack("[code]", &v); err != nil {
		return err
	}
	code, ok := exitCode(v)
	if !ok {
		return c.usage("code", "got "+show(v)+", want a whole number from 0 to 255")
	}
	s.exit = &ExitError{Code: code}
	return &Error{Kind: KindCancelled, Message: "exit", Cause: s.exit}
}

func exitCode(v lua.LValue) (int, bool) {
	switch v {
	case lua.LNil, lua.LTrue:
		return 0, true
	case lua.LFalse:
		return 1, true
	}
	n, ok := whole(v)
	return int(n), ok && n >= 0 && n <= 255
}

// getenv is os.getenv: a variable that the policy does not show is not there,
// and asking for it is refused.
func (s *Session) getenv(l *lua.LState, name string) (string, bool) {
	c := &Call{s: s, l: l, name: "os.getenv"}
	if err := c.Require(policy.Env{Name: name}); err != nil {
		s.raise(c, err)
	}
	for i := len(s.host.cfg.environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(s.host.cfg.environ[i], name+"="); ok {
			return v, true
		}
	}
	return "", false
}
