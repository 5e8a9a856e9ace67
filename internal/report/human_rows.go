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
	texts := make([][]string, 1+len(rows)) // the names of the columns, then the rows
	widths := make([]int, len(columns))
	numeric := make([]bool, len(columns))
	for c, name := range columns {
		name = shortened(name, widestCell)
		texts[0] = append(texts[0], name)
		widths[c], numeric[c] = cells(name), true
	}
	for i, row := range rows {
		for c, name := range columns {
			text, number := cellText(row[name])
			texts[1+i] = append(texts[1+i], text)
			widths[c] = max(widths[c], cells(text))
			numeric[c] = numeric[c] && number
		}
	}
	h.narrow(widths, texts)
	h.line(piece{tableLine("", texts[0], widths, numeric), dim})
	for _, row := range texts[1:] {
		h.line(piece{tableLine(mark, row, widths, numeric), s})
	}
}

func tableLine(mark string, texts []string, widths []int, numeric []bool) string {
	line := pad(mark, len("  "))
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
		return cellNumber(x), true
	case int, int64, uint64:
		return fmt.Sprint(x), true
	case string:
		return shortened(x, widestCell), false
	case bool:
		return strconv.FormatBool(x), false
	}
	j := &jsonWriter{}
	j.value(v, maxDepth-4) // what is deeper is not looked at in a table
	return shortened(string(j.buf), widestCell), false
}

// shortened is a text in so many cells at most, harmless for a terminal.
func shortened(s string, most int) string {
	s = escape.String(cut(s, 16*most))
	if cells(s) <= most {
		return s
	}
	s, _ = clip(s, most-1)
	return s + "…"
}

// narrow takes from the widest columns what the terminal has no room for, as
// long as there is something to read in them.
func (h *human) narrow(widths []int, texts [][]string) {
	const least = 8
	total := 0
	for _, n := range widths {
		total += n + len("  ")
	}
	for ; h.width > 0 && total > h.width; total-- {
		widest := 0
		for c := range widths {
			if widths[c] > widths[widest] {
				widest = c
			}
		}
		if widths[widest] <= least {
			break
		}
		widths[widest]--
	}
	for _, row := range texts {
		for c, n := range widths {
			row[c] = shortened(row[c], n)
		}
	}
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
