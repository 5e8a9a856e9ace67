// Package yaml is the Lua module yaml: documents in the core schema of YAML 1.2.
package yaml

import "opslua/luabind"

const (
	// maxText is how long a text is at most, in bytes.
	maxText = 64 << 20
	// maxDepth is how deep values may be nested.
	maxDepth = 1000
	// maxAliased is how many values aliases may stand for, all together: it is
	// what refuses a text of a few lines that would become millions of values.
	maxAliased = 100_000
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "yaml",
		Doc: "Documents in the core schema of YAML 1.2: no, on, dates and 22:22 are strings, and << is a name like any other. " +
			"Names are always strings: 80: x is read as {[\"80\"] = \"x\"}.",
		Funcs: []luabind.Func{
			{Name: "decode", Impl: decode, Doc: `decode(text, {all = false}) -> value

Reads a text with one document; an empty one is json.null, as null is. Integers
beyond 2^53 are strings of digits, an empty list stays a list, and what an alias
stands for is a copy. Raises parse, with the line and the column, for a mistake,
a name that comes twice, a tag other than !!str !!int !!float !!bool !!null !!map
!!seq, aliases that stand for more than 100,000 values or for what they are in,
more than 1,000 levels, more than 64 MiB, and for a second document.

  text  string           YAML
  all   boolean = false  reads any number of documents, and gives a list of them`},
			{Name: "encode", Impl: encode, Doc: `encode(value) -> string

Writes a value with sorted names. Strings that a reader, one of YAML 1.1
included, could take for something else stand in quotes, and texts of several
lines as they are, after a |. A table whose keys are exactly 1..n is a list,
every other a table by name. Functions, NaN, infinities, bytes that are not
UTF-8, other keys, tables inside themselves and more than 1,000 levels raise usage.

  value  any  what to write`},
		},
	}
}
