package csv

import (
	"sort"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/luabind"
)

// writer puts a table together. For one goroutine.
type writer struct {
	c    *luabind.Call
	sep  string
	out  []byte
	look int // length of out from which the context is asked again
}

func encode(c *luabind.Call) error {
	var value lua.LValue
	var columns []string
	header, sep := true, separator(",")
	if err := c.Unpack("rows", &value, "columns?", &columns, "header?", &header, "sep?", &sep); err != nil {
		return err
	}
	rows, err := rowsOf(c, value)
	if err != nil {
		return err
	}
	w := &writer{c: c, sep: string(sep)}
	if err := w.rows(rows, columns, header); err != nil {
		return err
	}
	return c.Return(w.out)
}

// rowsOf takes the rows as plain data; an empty table is no rows.
func rowsOf(c *luabind.Call, value lua.LValue) ([]any, error) {
	if _, ok := value.(*lua.LTable); !ok {
		return nil, c.Usage("rows", "got a %s, want a list of rows", value.Type())
	}
	plain, err := c.Plain(value)
	if err != nil {
		return nil, err
	}
	if rows, ok := plain.([]any); ok {
		return rows, nil
	}
	if m, ok := plain.(map[string]any); !ok || len(m) > 0 {
		return nil, c.Usage("rows", "got a table by name, want a list of rows")
	}
	return nil, nil
}

func (w *writer) rows(rows []any, columns []string, header bool) error {
	if len(rows) > 0 {
		switch first := rows[0].(type) {
		case []any:
			return w.lists(rows, columns, len(first))
		case map[string]any:
		default:
			return w.c.Usage("rows", "row 1 is no table")
		}
	}
	if columns == nil {
		columns = namesOf(rows)
	}
	if len(columns) == 0 && len(rows) > 0 {
		return w.c.Usage("rows", "the rows have no names")
	}
	if header && len(columns) > 0 {
		w.line(columns)
	}
	fields := make([]string, len(columns))
	for i, row := range rows {
		r, ok := row.(map[string]any)
		if !ok {
			return w.c.Usage("rows", "row %d is no table by name, as the first is", i+1)
		}
		for k, name := range columns {
			if fields[k], ok = fieldOf(r[name]); !ok {
				return w.c.Usage("rows", "row %d: %s is a table, want a field", i+1, short(name))
			}
		}
		if err := w.next(fields); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) lists(rows []any, columns []string, width int) error {
	switch {
	case columns != nil:
		return w.c.Usage("columns", "the rows are lists, which have no names")
	case width == 0:
		return w.c.Usage("rows", "row 1 has no fields")
	}
	fields := make([]string, width)
	for i, row := range rows {
		list, ok := row.([]any)
		if !ok {
			return w.c.Usage("rows", "row %d is no list, as the first is", i+1)
		}
		if len(list) != width {
			return w.c.Usage("rows", "row %d has %s, the first has %d", i+1, count(len(list)), width)
		}
		for k, v := range list {
			if fields[k], ok = fieldOf(v); !ok {
				return w.c.Usage("rows", "row %d: field %d is a table, want a field", i+1, k+1)
			}
		}
		if err := w.next(fields); err != nil {
			return err
		}
	}
	return nil
}

// namesOf are the names that any row has, sorted.
func namesOf(rows []any) []string {
	seen := map[string]bool{}
	var names []string
	for _, row := range rows {
		r, _ := row.(map[string]any)
		for name := range r {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	sort.Strings(names)
	return names
}

// fieldOf is a value as a field; a table is none.
func fieldOf(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return luacode.FormatNumber(x), true
	}
	return "", false
}

// next writes a row, and looks at the context now and then.
func (w *writer) next(fields []string) error {
	w.line(fields)
	if len(w.out) < w.look {
		return nil
	}
	w.look = len(w.out) + lookEvery
	return w.c.Context().Err()
}

func (w *writer) line(fields []string) {
	for i, f := range fields {
		if i > 0 {
			w.out = append(w.out, w.sep...)
		}
		if !w.needsQuotes(f, len(fields)) {
			w.out = append(w.out, f...)
			continue
		}
		w.out = append(w.out, '"')
		w.out = append(w.out, strings.ReplaceAll(f, `"`, `""`)...)
		w.out = append(w.out, '"')
	}
	w.out = append(w.out, '\n')
}

// needsQuotes is true for what would be read as something else: separators,
// quotes and line ends, blanks that other readers take away, a line that would
// be empty, and a byte order mark at the beginning.
func (w *writer) needsQuotes(f string, width int) bool {
	if f == "" {
		return width == 1
	}
	return strings.Contains(f, w.sep) || strings.ContainsAny(f, "\"\r\n") ||
		f[0] == ' ' || f[len(f)-1] == ' ' || len(w.out) == 0 && strings.HasPrefix(f, bom)
}
