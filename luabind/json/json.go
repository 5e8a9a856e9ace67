// Package json is the Lua module json: exact and lossless, bytes that are no
// UTF-8 included.
package json

import (
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// maxDepth is how deep values may be nested, both ways.
const maxDepth = 1000

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "json",
		Doc:  "JSON, read and written without loss. A byte that is not UTF-8 is written as \\udcXX and read back as that byte; integers beyond 2^53 are read as strings of digits.",
		Funcs: []luabind.Func{
			{Name: "decode", Impl: decode, Doc: `decode(text) -> value

Reads one JSON value. null is json.null; an empty list stays a list. Raises
parse with the line and the column of a mistake.

  text  string  JSON`},
			{Name: "encode", Impl: encode, Doc: `encode(value, {indent = 0}) -> string

Writes a value with sorted keys. A table whose keys are exactly 1..n is a list,
every other an object; {} is an object, json.array{} an empty list. Functions,
NaN, infinities, other keys and tables inside themselves raise usage.

  value   any          what to write
  indent  integer = 0  spaces a level; 0 puts all on one line`},
			{Name: "array", Impl: array, Doc: `array(list) -> list

Marks a table as a list, so that it is written as [] even when it is empty.
Gives the same table.

  list  table  keys 1..n, or none`},
		},
		Types: []luabind.Type{
			{Name: "array", Doc: "A table that is written as a list."},
			{Name: "null", Doc: "The value null.", Methods: []luabind.Func{
				{Name: "__tostring", Doc: `__tostring() -> "null"`, Impl: func(c *luabind.Call) error { return c.Return("null") }},
			}},
		},
		Values: []luabind.Value{
			{Name: "null", Doc: "The value null, equal only to itself.", Make: func(c *luabind.Call) any { return null(c) }},
		},
	}
}

type nullKey struct{}

// null is one object a run, so that it can be compared.
func null(c *luabind.Call) lua.LValue {
	v, ok := c.Local(nullKey{}).(lua.LValue)
	if !ok {
		v = c.NewObject("null", nil)
		c.SetLocal(nullKey{}, v)
	}
	return v
}

func array(c *luabind.Call) error {
	var t *lua.LTable
	if err := c.Unpack("list", &t); err != nil {
		return err
	}
	if luatable.Metatable(t) != lua.LNil && !isArray(c, t) {
		return c.Usage("list", "the table has a metatable of its own")
	}
	luatable.SetMetatable(c.L(), t, c.NewTable("array", 0, 0).Metatable)
	return c.Return(t)
}

func isArray(c *luabind.Call, t *lua.LTable) bool {
	return luatable.Metatable(t) == c.NewTable("array", 0, 0).Metatable
}
