// Package luacode turns Lua source into code that runs as Lua 5.1 says: it
// bounds size and depth before gopher-lua's parser sees the text, rewrites in
// the syntax tree what gopher-lua's compiler gets wrong, and refuses what
// cannot be made right.
package luacode

// Contract:
//
//	type Limits struct{ Source, Depth int }     // zero: documented defaults
//	type Error struct{ Name string; Line int; Msg string; Incomplete bool } // syntax; Incomplete: more input could complete it (for a REPL)
//	func Compile(name, source string, l Limits) (*Chunk, error)  // accepts a BOM and a #! line; refuses bytecode
//	type Chunk struct{...}                      // immutable, safe for concurrent use
//	type Runtime struct{ MaxString int; Resource func(L *lua.LState, msg string) }  // what compiled code needs at run time
//	func (c *Chunk) Function(L *lua.LState, rt *Runtime) *lua.LFunction  // the chunk as a function of this state, with its hidden operators bound
