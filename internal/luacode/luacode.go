// Package luacode turns Lua source into code that runs as Lua 5.1 says: it
// parses with bounds on size and depth, rewrites in the syntax tree what
// gopher-lua's compiler gets wrong, and refuses what cannot be made right.
//
// The parser is its own, because gopher-lua's holds some 300 bytes per token
// of nesting, reports "syntax error" without saying what was wrong, and reads
// 0010 as eight. It makes gopher-lua's tree, and gopher-lua compiles it.
//
// Rewritten code calls hidden operators: Go functions that stand among a
// chunk's constants, so that no name, environment or global of a script leads
// to them.
package luacode

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// Limits bound what Compile accepts. It is a plain value; zero fields mean the
// defaults.
type Limits struct {
	Source int // bytes of source; 0 means 2 MiB
	Depth  int // levels of nesting of blocks, brackets and right-hand operators; 0 means 200
	// Stop is asked while the source is read and before code is made of it; an
	// error from it ends the compilation. Nil never does.
	Stop func() error
	// Equal has Runtime.Equal see what == and ~= compare, which takes time.
	Equal bool
}

const (
	defaultSource = 2 << 20
	defaultDepth  = 200
	// chainFactor times Depth is how long chains may be that nest in the syntax
	// tree only: a + b + c, f()()(), a.b.c, elseif.
	chainFactor = 20
)

func (l Limits) orDefaults() Limits {
	if l.Source <= 0 {
		l.Source = defaultSource
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	return l
}

// Error says why a source is not a chunk; it is an immutable value.
type Error struct {
	Name string // the chunk's name as given to Compile
	Line int    // from 1
	Msg  string // in the words of Lua 5.1, without name and line
	// Incomplete tells that the source ends too early: more input could
	// complete it.
	Incomplete bool
}

// Error gives NAME:LINE: MSG.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Msg) }

// Runtime is what compiled code needs of the state it runs in. It must outlive
// the state, and belongs to it: all chunks of one state share the Runtime that
// Function was given last.
type Runtime struct {
	// MaxString is the length in bytes above which the operator .. raises
	// Resource instead; 0 or less means no bound.
	MaxString int
	// Equal, when set, sees what is compared for equality by chunks that were
	// compiled with Limits.Equal; it may raise.
	Equal func(L *lua.LState, a, b lua.LValue)
	// Resource raises an error and does not return.
	Resource func(L *lua.LState, msg string)
}

// Chunk is a compiled source; it is immutable, lives as long as it is held,
// and is safe for concurrent use by any number of states.
type Chunk struct {
	proto *lua.FunctionProto
}

// Function gives the chunk as a function of the state L, to be called with the
// values that ... stands for. Its environment is the state's.
func (c *Chunk) Function(L *lua.LState, rt *Runtime) *lua.LFunction {
	bindRuntime(L, rt)
	return L.NewFunctionFromProto(c.proto)
}
