// Package text is the Lua module text: other programs' output, cut into lines,
// fields and rows at native speed.
package text

import "opslua/luabind"

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "text",
		Doc: "Other programs' output, cut into lines, fields and rows at native speed. " +
			"Blanks are space, tab, line feed, vertical tab, form feed and carriage return; all else is bytes.",
		Funcs: []luabind.Func{
			{Name: "lines", Impl: lines, Doc: `lines(s) -> list

The lines of a text, without their ends: \n or \r\n. A line end at the end of
the text opens no further line; an empty text has no lines.

  s  string  the text`},
			{Name: "fields", Impl: fields, Doc: `fields(s, {sep = nil}) -> list

The words of a text. Without sep they stand between blanks, and there are no
empty ones; with sep it is cut at each sep, as split does.

  s    string  the text, most often a line
  sep  string  plain text between two fields`},
			{Name: "column", Impl: column, Doc: `column(s, n, {sep = nil, numbers = false}) -> list

Field n of every line, one item a line: an empty text for a line that has no
such field. Made for texts of millions of lines.

  s        string           the text
  n        integer          1 is the first field, -1 the last, 0 the whole line
  sep      string           plain text between two fields; otherwise blanks
  numbers  boolean = false  fields that tonumber can read come as numbers`},
			{Name: "each", Impl: each, Doc: `each(s, fields, {sep = nil, numbers = false}) -> iterator

Goes over the lines and gives the named fields of each, without making a table:

	for user, size in text.each(s, {1, 3}) do total = total + size end

A line that has no such field gives an empty text.

  s        string            the text
  fields   list of integers  1 is the first field, -1 the last, 0 the whole line; at most 100
  sep      string            plain text between two fields; otherwise blanks
  numbers  boolean = false   fields that tonumber can read come as numbers`},
			{Name: "table", Impl: table, Doc: `table(s, {header = true, columns = nil, sep = nil}) -> rows

Turns columns, such as those of df -P, ps and ss, into a list of rows. The words
of the header, in lower case and with other characters as _, name the columns:
%CPU is _cpu, 1024-blocks is 1024_blocks; a word that comes twice gets _2.
Headings of two words that stand over one column are one name: Mounted on is
mounted, and Local Address, Peer Address:Port and their kind are local_address,
peer_address_port. The last column takes the rest of the line. A field that a
line lacks is nil; empty lines are left out; values are strings.

  s        string          the text
  header   boolean = true  the first line that is not empty has the names
  columns  list of strings the names, instead of those of the header
  sep      string          plain text between two fields; otherwise blanks`},
			{Name: "kv", Impl: kv, Doc: `kv(s, {sep = "=", strict = false, unquote = false}) -> table

Reads lines such as NAME=value, cut at the first sep, with the blanks around
name and value taken away. Where a name comes twice, the last one counts. Empty
lines, lines that begin with # and lines without sep are left out.

  s        string           the text
  sep      string = "="     plain text between name and value
  strict   boolean = false  a line without sep, or without a name, raises parse
  unquote  boolean = false  takes away a pair of quotes around a value`},
			{Name: "trim", Impl: trim, Doc: `trim(s) -> string

The text without the blanks at both ends.

  s  string  the text`},
			{Name: "split", Impl: split, Doc: `split(s, sep, [max]) -> list

Cuts a text at each sep, which is plain text; pieces may be empty. An empty text
is one empty piece.

  s    string   the text
  sep  string   what it is cut at, not empty
  max  integer  at most so many pieces, the last takes the rest`},
			{Name: "dedent", Impl: dedent, Doc: `dedent(s) -> string

Takes away the blanks with which all lines begin, so that a text can be written
in the script at the depth of the code around it. Lines of blanks alone become
empty and count for nothing.

  s  string  the text`},
		},
	}
}
