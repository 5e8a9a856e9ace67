package report

import (
	"fmt"
	"slices"
	"strconv"

	"opslua/internal/escape"
)

// widestCell is how wide a column of a table gets at most.
const widestCell = 60

// rows prints a table, or where rows are told as differences, what changed.
func (h *human) rows(t *Rows) {
	h.section()
	h.line(piece{t.Name, bold})
	if t.Diff != nil {
		h.rowsDiff(t)
		return
	}
	h.table(t.columns(t.Rows), t.Rows, "", plain)
}

// columns are the named ones, else all that the rows have, the key first.
func (t *Rows) columns(rows []map[string]any) []string {
	if len(t.Columns) > 0 {
		return t.Columns
	}
	seen := make(map[string]bool)
	var names []string
	for _, row := range rows {
		for k := range row {
			if !seen[k] {
				seen[k] = true
				names = append(names, k)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case a == t.Key:
			return -1
		case b == t.Key:
			return 1
		case a < b:
			return -1
		}
		return 1
	})
	return names
}

// table prints a line for the names of the columns, then one for each row, with
// a mark in front; numbers stand to the right.
func (h *human) table(columns []string, rows []map[string]any, mark string, s style) {
	if len(rows) == 0 {
		h.line(piece{"  nothing", dim})
		return
	}
	cellsOf := make([][]string, len(rows))
	widths := make([]int, len(columns))
	numeric := make([]bool, len(columns))
	for c, name := range columns {
		widths[c], numeric[c] = min(cells(escape.String(name)), widestCell), true
	}
	for i, row := range rows {
		cellsOf[i] = make([]string, len(columns))
		for c, name := range columns {
			text, number := cellText(row[name])
			cellsOf[i][c] = text
			widths[c] = max(widths[c], cells(text))
			numeric[c] = numeric[c] && number
		}
	}
	names := make([]string, len(columns))
	for c, name := range columns {
		names[c] = shortened(name)
	}
	h.line(piece{tableLine(mark, names, widths, numeric, true), dim})
	for i := range rows {
		h.line(piece{tableLine(mark, cellsOf[i], widths, numeric, false), s})
	}
}

func tableLine(mark string, texts []string, widths []int, numeric []bool, head bool) string {
	line := "  "
	if mark != "" && !head {
		line = mark + " "
	}
	for c, text := range texts {
		if c > 0 {
			line += "  "
		}
		if numeric[c] {
			line += padLeft(text, widths[c])
		} else {
			line += pad(text, widths[c])
		}
	}
	return line
}

// cellText is a value of a row, for a person; number says that it is one, or
// nothing at all.
func cellText(v any) (text string, number bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case float64:
		if finite(x) && (x == 0 || x > -1e15 && x < 1e15 && (x > 1e-6 || x < -1e-6)) {
			return strconv.FormatFloat(x+0, 'f', -1, 64), true
		}
		return strconv.FormatFloat(x, 'g', -1, 64), true
	case int, int64, uint64:
		return fmt.Sprint(x), true
	case string:
		return shortened(x), false
	case bool:
		return strconv.FormatBool(x), false
	}
	j := &jsonWriter{}
	j.value(v, maxDepth-4) // what is deeper is not looked at in a table
	return shortened(string(j.buf)), false
}

func shortened(s string) string {
	s = escape.String(cut(s, 16*widestCell))
	if cells(s) <= widestCell {
		return s
	}
	s, _ = clip(s, widestCell-1)
	return s + "…"
}

func (h *human) rowsDiff(t *Rows) {
	d := t.Diff
	if len(d.Added)+len(d.Removed)+len(d.Changed) == 0 {
		h.line(piece{"  no change", dim})
		return
	}
	if len(d.Added) > 0 {
		h.table(t.columns(d.Added), d.Added, "+", green)
	}
	if len(d.Removed) > 0 {
		h.table(t.columns(d.Removed), d.Removed, "-", red)
	}
	for i := range d.Changed {
		c := &d.Changed[i]
		key, _ := cellText(c.Key)
		line := []piece{{"~ " + key, yellow}}
		for _, name := range t.columns([]map[string]any{c.Before, c.After}) {
			before, had := c.Before[name]
			after, has := c.After[name]
			if had || has {
				b, _ := cellText(before)
				a, _ := cellText(after)
				line = append(line, piece{"  " + name + ": " + b + " → " + a, plain})
			}
		}
		h.line(line...)
	}
}
