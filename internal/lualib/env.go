package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// own is v as a Lua function of the script's own, or nil.
func (s *state) own(v lua.LValue) *lua.LFunction {
	fn, ok := v.(*lua.LFunction)
	if !ok || fn.IsG || (s.cfg.Foreign != nil && s.cfg.Foreign(fn)) {
		return nil
	}
	return fn
}

// target finds the function that getfenv and setfenv speak of: argument 1, a
// function or a level.
func (s *state) target(L *lua.LState, name string) lua.LValue {
	if fn, ok := L.Get(1).(*lua.LFunction); ok {
		return fn
	}
	level := optInt(L, 1, name, 1)
	if level < 0 {
		argError(L, 1, name, "level must be non-negative")
	}
	if level == 0 {
		return lua.LNil
	}
	asked := level
	for i := 0; i < maxLevels; i++ {
		dbg, ok := L.GetStack(i)
		if !ok {
			break
		}
		v, err := L.GetInfo("fS", dbg, lua.LNil)
		if err != nil {
			break
		}
		gone := lost(L, i, dbg)
		if v == s.guarded && !gone {
			continue
		}
		if level == 0 {
			if gone {
				L.RaiseError("no function environment for tail call at level %d", asked)
			}
			return v
		}
		level--
	}
	argError(L, 1, name, "invalid level")
	return nil
}

// getfenv answers with the globals for every function that is not the script's.
func (s *state) getfenv(L *lua.LState) int {
	env := L.G.Global
	if fn := s.own(s.target(L, "getfenv")); fn != nil {
		env = fn.Env
	}
	if protected := metaField(L, env, "__fenv"); protected != lua.LNil {
		L.Push(protected)
	} else {
		L.Push(env)
	}
	return 1
}

func (s *state) setfenv(L *lua.LState) int {
	env := checkTable(L, 2, "setfenv")
	fn := s.own(s.target(L, "setfenv"))
	if fn == nil {
		L.RaiseError("'setfenv' cannot change environment of given object")
	}
	if metaField(L, fn.Env, "__fenv") != lua.LNil {
		L.RaiseError("'setfenv' cannot change a protected environment")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}

func (s *state) loadstring(L *lua.LState) int {
	src := checkString(L, 1, "loadstring")
	return s.compile(L, src, optString(L, 2, "loadstring", src))
}

// load takes the pieces of the source from a function, or the source itself.
func (s *state) load(L *lua.LState) int {
	name := optString(L, 2, "load", "=(load)")
	if src, ok := L.Get(1).(lua.LString); ok {
		return s.compile(L, string(src), optString(L, 2, "load", string(src)))
	}
	checkFunction(L, 1, "load")
	src, err := s.readChunk(L)
	if err != nil {
		s.pass(L, err)
		L.Push(lua.LNil)
		L.Push(err.Object)
		return 2
	}
	return s.compile(L, src, name)
}

// readChunk collects what the reader at argument 1 gives until it gives nil or
// "". An error of the reader is one of load.
func (s *state) readChunk(L *lua.LState) (string, *lua.ApiError) {
	var b strings.Builder
	for {
		// The reader may be a Go function, which looks at no context.
		poll(L)
		L.Push(L.Get(1))
		if err := s.protect(L, 0, 1, quiet); err != nil {
			return "", err
		}
		piece := L.Get(-1)
		L.Pop(1)
		switch piece.(type) {
		case *lua.LNilType, lua.LString, lua.LNumber:
		default:
			text := position(L, 1, s.guarded) + "reader function must return a string"
			return "", &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(text)}
		}
		text := textOf(piece)
		if text == "" {
			return b.String(), nil
		}
		if b.Len()+len(text) > s.cfg.MaxString {
			s.resource(L, "load: the source is too long")
		}
		b.WriteString(text)
	}
}

func (s *state) compile(L *lua.LState, src, name string) int {
	if s.cfg.Compile == nil {
		L.RaiseError("load is not available here")
	}
	fn, err := s.cfg.Compile(L, chunkName(name), src)
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(fn)
	return 1
}

// maxChunkName is the space that Lua 5.1 gives a chunk's name in messages.
const maxChunkName = 59

// chunkName is the name of a chunk as messages show it: what follows = or @,
// or else the start of the source's first line.
func chunkName(name string) string {
	if strings.HasPrefix(name, "=") {
		return name[1:min(len(name), maxChunkName+1)]
	}
	if strings.HasPrefix(name, "@") {
		name = name[1:]
		if len(name) > maxChunkName-3 {
			return "..." + name[len(name)-(maxChunkName-3):]
		}
		return name
	}
	const room = maxChunkName - len(`[string "..."]`)
	line, _, more := strings.Cut(name, "\n")
	if line, _, cut := strings.Cut(line, "\r"); cut || more || len(line) > room {
		return `[string "` + line[:min(len(line), room)] + `..."]`
	}
	return `[string "` + line + `"]`
}
