// Package lualib is the Lua 5.1 library that scripts see, made for gopher-lua:
// right where gopher-lua's is not, and bounded in time and memory everywhere.
package lualib

import (
	"io"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
)

// Config is what the library needs of its host. It is read once, by Open, and
// serves one state; its functions are called on the goroutine of that state.
type Config struct {
	// Stdout is where print writes. Required.
	Stdout io.Writer
	// MaxString bounds, in bytes, the text that one call may build; more raises
	// Resource. Zero means DefaultMaxString.
	MaxString int
	// Resource raises an error of kind "resource" (it does not return).
	Resource func(L *lua.LState, msg string)
	// Fatal says that an error must not be caught by the script: an exit, the
	// deadline, a signal. pcall and its kind pass it on. The error it is given
	// is the *lua.ApiError.
	Fatal func(err error) bool
	// Foreign says that a Lua function is not the script's own, such as one of
	// a module written in Lua: getfenv and setfenv then treat it as a Go
	// function. Nil means that every Lua function is the script's.
	Foreign func(fn *lua.LFunction) bool
	// ToString, when it answers true, is the text of a userdata value.
	ToString func(v any) (string, bool)
	// Now is the clock of os.time and os.date; Clock is processor time in seconds.
	Now   func() time.Time
	Clock func() float64
	// Getenv is os.getenv; it raises by itself where the policy says no.
	Getenv func(L *lua.LState, name string) (string, bool)
	// Seed starts math.random, afresh in every state.
	Seed uint64
	// Compile is what load and loadstring use.
	Compile func(L *lua.LState, name, source string) (*lua.LFunction, error)
}

// DefaultMaxString is the bound on built text, in bytes, where Config sets none.
const DefaultMaxString = 64 << 20

// The sizes that Options hands to gopher-lua. The registry is grown on demand,
// in steps large enough that growth stays linear; the call stack is made of
// small segments, so that its bound costs 8 bytes per 8 calls until used.
const (
	callStackSize   = 10000
	registrySize    = 1024
	registryMaxSize = 1 << 18
	registryStep    = 4096

	threadCallStack = 4000
	threadRegistry  = 128
)

// Options are the settings that a state must be made with to use this library:
// with them, recursion without end is an ordinary error.
func Options() lua.Options {
	return lua.Options{
		CallStackSize:       callStackSize,
		RegistrySize:        registrySize,
		RegistryMaxSize:     registryMaxSize,
		RegistryGrowStep:    registryStep,
		SkipOpenLibs:        true,
		IncludeGoStackTrace: true,
		MinimizeStackMemory: true,
	}
}

// Open puts the library into L's globals, which it expects empty. The function
// it returns ends every coroutine that has not ended by itself, waits until
// their goroutines are gone, and must be called once the script has returned
// and before L is closed. A goroutine that runs a script must not change
// whether it is locked to its thread while coroutines are alive.
func Open(L *lua.LState, c Config) (close func()) {
	s := newState(L, c)
	g := L.G.Global
	g.RawSetString("_G", g)
	g.RawSetString("_VERSION", lua.LString("Lua 5.1"))
	s.openBase(g)
	s.openProtected(g)
	g.RawSetString("coroutine", s.openCoroutine())
	g.RawSetString("table", s.openTable())
	g.RawSetString("math", s.openMath())
	g.RawSetString("os", s.openOS())
	str := openString(L, &s.cfg)
	g.RawSetString("string", str)
	s.lockStrings(str)
	return s.close
}

// lockStrings gives strings their methods: a copy of the string table, which
// the script cannot reach, so that ("x"):upper() works whatever the script
// does to its own table.
func (s *state) lockStrings(str *lua.LTable) {
	methods := s.main.CreateTable(0, 20)
	str.ForEach(func(k, v lua.LValue) { methods.RawSet(k, v) })
	mt := s.main.CreateTable(0, 16)
	mt.RawSetString("__index", methods)
	mt.RawSetString("__metatable", lua.LString("locked"))
	s.addStringArith(mt)
	s.main.SetMetatable(lua.LString(""), mt)
}

// A function is one entry of a library table.
type function struct {
	name string
	fn   lua.LGFunction
}

// register puts functions into a table.
func (s *state) register(t *lua.LTable, fns []function) {
	// One block for all of them: a state is made for every script.
	made := make([]lua.LFunction, len(fns))
	for i, f := range fns {
		made[i] = lua.LFunction{IsG: true, Env: s.main.Env, GFunction: f.fn}
		t.RawSetString(f.name, &made[i])
	}
}

// library makes a table of functions.
func (s *state) library(fns []function) *lua.LTable {
	t := s.main.CreateTable(0, len(fns))
	s.register(t, fns)
	return t
}

// addStringArith makes arithmetic on strings that are numbers follow tonumber,
// where gopher-lua by itself reads "010" as 8.
func (s *state) addStringArith(mt *lua.LTable) {
	for name, fn := range luacode.StringArith() {
		mt.RawSetString(name, s.main.NewFunction(fn))
	}
}
