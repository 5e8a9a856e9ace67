// Package csv is the Lua module csv: tables as RFC 4180 writes them.
package csv

import (
	"errors"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "csv",
		Doc:  "Tables as RFC 4180 writes them: fields between separators, in quotes where they need it. Fields are strings, byte for byte.",
		Funcs: []luabind.Func{
			{Name: "decode", Impl: decode, Doc: `decode(text, {header = true, sep = ","}) -> rows

Reads a table. With a header, the first row has the names and each row is a
table by name; without, each row is a list. Empty lines and a byte order mark
are left out. Raises parse, with the line and the column, for a row that is
shorter or longer than the first, for a name that comes twice, and for quotes
where none may stand.

  text    string          the table; lines end with \n or \r\n
  header  boolean = true  the first row has the names
  sep     string = ","    what stands between fields, one character`},
			{Name: "encode", Impl: encode, Doc: `encode(rows, {columns = nil, header = true, sep = ","}) -> string

Writes a table, a row a line. Rows that are tables by name get a header of all
names, sorted; a name that a row lacks is an empty field. Rows that are lists
have no header, and are all of one length. Fields are strings, numbers, booleans
or json.null, which is empty.

  rows     table            a list of rows, all by name or all lists
  columns  list of strings  which names, in which order; only for rows by name
  header   boolean = true   whether rows by name get a header
  sep      string = ","     what stands between fields, one character`},
		},
	}
}

// separator is what stands between fields: one character.
type separator string

// UnpackLua takes a text of one character that can be told from the others.
func (s *separator) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	text, ok := v.(lua.LString)
	if !ok || utf8.RuneCountInString(string(text)) != 1 || !utf8.ValidString(string(text)) {
		return errors.New(`want one character, such as ";" or "\t"`)
	}
	switch text {
	case `"`, "\n", "\r", bom:
		return errors.New("a quote, a line end or a byte order mark cannot stand between fields")
	}
	*s = separator(text)
	return nil
}

// LuaType names the type.
func (s *separator) LuaType() string { return "string" }

// lookEvery is how many bytes are read or written between two looks at the
// context, by which a deadline and the limit of memory reach Go code.
const lookEvery = 1 << 16

// bom is the byte order mark that some programs write before UTF-8.
const bom = "\ufeff"
