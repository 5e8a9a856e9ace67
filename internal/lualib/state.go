package lualib

import (
	"context"

	lua "github.com/yuin/gopher-lua"
)

// maxNest bounds how deep Go functions may call back into Lua, one inside the
// other: pcall in pcall, sort orders, __tostring, coroutines in coroutines.
// Lua 5.1 allows 200.
const maxNest = 200

// stateKey is where the registry table, which scripts cannot reach, keeps the
// library's state.
const stateKey = "lualib.state"

// state is the library's part of one Lua state: it lives as long as that
// state and, like it, serves one goroutine at a time.
type state struct {
	cfg     Config
	main    *lua.LState
	root    coroutine // stands for the main program
	current *coroutine
	live    map[*lua.LState]*coroutine // started and not ended
	closed  bool
	guarded *lua.LFunction // see protect.go
	noop    *lua.LFunction
	rng     rng
}

func newState(L *lua.LState, c Config) *state {
	if c.MaxString <= 0 {
		c.MaxString = DefaultMaxString
	}
	s := &state{cfg: c, main: L, rng: newRNG(c.Seed)}
	s.root.th = L
	s.root.status = running
	s.current = &s.root
	s.guarded = L.NewFunction(s.runGuarded)
	s.noop = L.NewFunction(func(*lua.LState) int { return 0 })
	ud := L.NewUserData()
	ud.Value = s
	L.G.Registry.RawSetString(stateKey, ud)
	keepUpvalues(L)
	return s
}

// stateOf finds the library's state from any thread of it.
func stateOf(L *lua.LState) *state {
	ud, ok := L.G.Registry.RawGetString(stateKey).(*lua.LUserData)
	if !ok {
		return nil
	}
	s, _ := ud.Value.(*state)
	return s
}

// enter counts one more call from Go into Lua and raises where they nest too
// deep. The caller sets c.nested back to d when the call has returned; a call
// that is left by a panic is set back by whoever recovers.
func (s *state) enter(L *lua.LState) (c *coroutine, d int) {
	c = s.current
	d = c.nested
	if c.below+d >= maxNest {
		L.RaiseError("stack overflow (calls nest too deep)")
	}
	c.nested = d + 1
	return c, d
}

// call is L.Call for functions of this library: counted, so that nesting
// without end is an error.
func (s *state) call(L *lua.LState, nargs, nret int) {
	c, d := s.enter(L)
	L.Call(nargs, nret)
	c.nested = d
}

// Call is L.Call for Go functions that call back into Lua: nesting without end
// raises "stack overflow". It needs a state that Open has prepared.
func Call(L *lua.LState, nargs, nret int) { stateOf(L).call(L, nargs, nret) }

// resource raises an error of kind "resource".
func (s *state) resource(L *lua.LState, msg string) {
	if s.cfg.Resource != nil {
		s.cfg.Resource(L, msg)
	}
	L.RaiseError("%s", msg)
}

// checkEvery is how many steps a loop in Go takes between two looks at the
// context.
const checkEvery = 10000

// poll raises the context's error, if it has ended.
func poll(L *lua.LState) {
	if err := ended(L); err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// ended is the context's error, nil while it goes on.
func ended(L *lua.LState) error {
	var ctx context.Context = L.Context()
	if ctx == nil {
		return nil
	}
	return ctx.Err()
}

// A ticker counts the steps of one loop and looks at the context now and then.
type ticker int

func (t *ticker) step(L *lua.LState) {
	if *t++; *t%checkEvery == 0 {
		poll(L)
	}
}
