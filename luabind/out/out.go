// Package out is the Lua module out: values laid out for a person.
package out

import (
	"io"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "out",
		Doc: `Values laid out for a person.

table, plot and pp print to standard output (to standard error, where a machine
format owns standard output); spark gives a string. What came from outside is
escaped.`,
		Types: []luabind.Type{progressType()},
		Funcs: []luabind.Func{
			{Name: "table", Impl: table, Doc: `table(rows, {columns = nil})

Prints rows as a table with a line of headings; numbers stand to the right.

  rows     table                    a list of tables, such as proc.list() gives
  columns  list of strings          which fields, in which order; otherwise those
                                    of the first row that are no tables, as pairs
                                    gives them`},
			{Name: "plot", Impl: plot, Doc: `plot(series, {width = 60, height = 10})

Prints a chart of numbers over their places in the list, with a scale; "no
values" where there are none. NaN and infinities are gaps.

  series  table         a list of numbers, or up to 8 such lists, by name or in a list
  width   integer = 60  characters from the scale to the right end, 2 to 500
  height  integer = 10  lines from the top to the lower scale, 2 to 200`},
			{Name: "spark", Impl: spark, Doc: `spark(list) -> string

Gives a chart of one line, from ▁ for the least number to █ for the greatest,
for use in a longer line. It prints nothing. NaN and infinities are blanks.

  list  table  a list of numbers`},
			{Name: "progress", Impl: progress, Doc: `progress([total], [label]) -> progress

Begins to show how far something has got, where a person looks at standard
error: p:add(1), p:set(n), p:note("host a"), and p:done() at the end.

  total  integer = 0  how much there is to do; 0 where nobody knows
  label  string       what is done`},
			{Name: "pp", Impl: pp, Doc: `pp(value)

Prints any value so that its structure can be seen: tables as Lua would write
them, a level deeper for each table in them; at most 1000 lines.

  value  any  what to print`},
		},
	}
}

// write sends text to standard output.
func write(c *luabind.Call, text string) error {
	if _, err := io.WriteString(c.Stdout(), text); err != nil {
		return luabind.Errorf(luabind.KindIO, "%s: %w", c.Name(), err)
	}
	return nil
}

func table(c *luabind.Call) error {
	var rows *lua.LTable
	var columns []string
	if err := c.Unpack("rows", &rows, "columns?", &columns); err != nil {
		return err
	}
	g := &grid{c: c, columns: columns}
	if err := g.fill(rows); err != nil {
		return err
	}
	text, err := g.text()
	if err != nil {
		return err
	}
	return write(c, text)
}

func pp(c *luabind.Call) error {
	var v lua.LValue
	if err := c.Unpack("value", &v); err != nil {
		return err
	}
	p := &printer{c: c, seen: map[*lua.LTable]bool{}}
	if err := p.value(v, 0); err != nil {
		return err
	}
	return write(c, p.out.String()+"\n")
}
