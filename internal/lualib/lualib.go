// Package lualib is the Lua 5.1 library that scripts see, made for gopher-lua:
// right where gopher-lua's is not, and bounded in time and memory everywhere.
package lualib

import (
	"io"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Config is what the library needs of its host. It is read once, by Open.
type Config struct {
	// Stdout is where print writes. Required.
	Stdout io.Writer
	// MaxString bounds, in bytes, the text that one call may build; more raises Resource.
	MaxString int
	// Resource raises an error of kind "resource" (it does not return).
	Resource func(L *lua.LState, msg string)
	// Fatal says that an error must not be caught by the script: an exit, the
	// deadline, a signal. pcall and its kind pass it on.
	Fatal func(err error) bool
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

// Contract:
//
//	func Open(L *lua.LState, c Config) (close func())  // puts the library into L's globals; close ends its coroutines
//	func ToString(L *lua.LState, v lua.LValue) string  // as tostring does, __tostring included
//	func FormatNumber(v float64) string                // integers in full, fractions shortest-exact, inf, -inf, nan
//	func ParseNumber(s string) (float64, bool)         // as tonumber(s): decimal, exponent, 0x; never octal
