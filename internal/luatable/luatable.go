// Package luatable gives gopher-lua's tables what they lack: integer keys far
// beyond the list part at the price of a map entry, and iteration over them.
// gopher-lua pads its array up to any key below 67,108,864, so that
// by_pid[4194304] = p would allocate 64 MiB.
package luatable

// Contract (L is *lua.LState, t is *lua.LTable):
//
//	func Set(L, t, key, value)            // raw set; a far integer key goes to a side map behind a hidden metatable; raises on nil and NaN keys
//	func SetField(L, obj, key, value)     // obj[key] = value with metamethods, as the compiled code does it
//	func Get(t, key) lua.LValue           // raw get
//	func Next(t, key) (k, v lua.LValue, ok bool)  // ok false: no such key ("invalid key to 'next'")
//	func Len(t) int                        // a border
//	func Metatable(t) lua.LValue           // the script's own metatable, never the hidden one
//	func SetMetatable(L, t, mt)
//	func ForEach(t, f func(k, v lua.LValue) bool)
