package check

import (
	"sort"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/report"
	"opslua/luabind"
)

func rows(c *luabind.Call) error {
	var name, key string
	var list *lua.LTable
	var columns []string
	if err := c.Unpack("name", &name, "rows", &list, "key?", &key, "columns?", &columns); err != nil {
		return err
	}
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	switch {
	case name == "":
		return c.Usage("name", "an empty text, want a name")
	case e.rows[name]:
		return c.Usage("name", "rows %q were given already", name)
	}
	out := report.Rows{Name: name, Key: key, Columns: columns}
	if out.Rows, err = plainRows(c, list); err != nil {
		return err
	}
	if columns == nil {
		out.Columns = columnsOf(list, out.Rows)
	}
	if err := e.compare(c, &out); err != nil {
		return err
	}
	e.rows[name] = true
	e.rep.Rows = append(e.rep.Rows, out)
	return nil
}

// plainRows takes the items of a list; what else the list carries is not theirs.
func plainRows(c *luabind.Call, list *lua.LTable) ([]map[string]any, error) {
	n := luatable.Len(list)
	out := make([]map[string]any, 0, n)
	for i := 1; i <= n; i++ {
		item := luatable.Get(list, lua.LNumber(i))
		data, err := c.Plain(item)
		if err != nil {
			return nil, err
		}
		row, ok := data.(map[string]any)
		if !ok {
			return nil, c.Usage("rows", "item %d is %s, want a table with named columns", i, inShort(c, item))
		}
		out = append(out, masked(c, row).(map[string]any))
	}
	if n == 0 {
		if k, _, _ := luatable.Next(list, lua.LNil); k != lua.LNil {
			if _, named := k.(lua.LString); !named {
				return nil, c.Usage("rows", "the list has holes")
			}
		}
	}
	return out, nil
}

// masked hides secrets in plain data.
func masked(c *luabind.Call, v any) any {
	switch x := v.(type) {
	case string:
		return c.Mask(x)
	case []any:
		for i := range x {
			x[i] = masked(c, x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = masked(c, x[k])
		}
	}
	return v
}

// columnsOf are all columns, in the order in which the rows have them.
func columnsOf(list *lua.LTable, rows []map[string]any) []string {
	seen := map[string]bool{}
	var out []string
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for i, row := range rows {
		if t, ok := luatable.Get(list, lua.LNumber(i+1)).(*lua.LTable); ok {
			luatable.ForEach(t, func(k, _ lua.LValue) bool {
				if name, ok := k.(lua.LString); ok {
					add(string(name))
				}
				return true
			})
		}
		if len(row) > 0 { // a row that computes its columns
			rest := make([]string, 0, len(row))
			for name := range row {
				rest = append(rest, name)
			}
			sort.Strings(rest)
			for _, name := range rest {
				add(name)
			}
		}
	}
	return out
}
