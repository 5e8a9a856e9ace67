// Package toml is the Lua module toml: configuration as TOML 1.0 writes it.
package toml

import "opslua/luabind"

const (
	// maxText is how long a document is at most, in bytes.
	maxText = 8 << 20
	// maxDepth is how deep values may be nested, and how many parts a key has.
	maxDepth = 100
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "toml",
		Doc:  "Configuration as TOML 1.0 writes it. Dates and times are strings as RFC 3339 writes them; integers beyond 2^53 are read as strings of digits.",
		Funcs: []luabind.Func{
			{Name: "decode", Impl: decode, Doc: `decode(text) -> table

Reads a document of at most 8 MiB, nested at most 100 deep. Raises parse with
the line and the column of a mistake; a name that is set twice is one.

  text  string  TOML, in UTF-8`},
			{Name: "encode", Impl: encode, Doc: `encode(value) -> string

Writes a table as a document with sorted names: of each table first the plain
values, then the tables in it. A table whose keys are exactly 1..n is a list,
every other a table by name. What TOML has no form for raises usage: json.null,
bytes that are not UTF-8, functions, NaN, infinities, other keys, tables inside
themselves and more than 100 levels.

  value  table  a table by name`},
		},
	}
}
