package out

import (
	"strings"
	"unicode"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/text/width"

	"opslua/internal/escape"
	"opslua/internal/luacode"
	"opslua/internal/luatable"
	"opslua/luabind"
)

// grid is a table for a person: columns as wide as what is in them. For one goroutine.
type grid struct {
	c       *luabind.Call
	columns []string
	cells   [][]string
	numeric []bool // all values of the column are numbers
}

func (g *grid) fill(rows *lua.LTable) error {
	n := luatable.Len(rows)
	if g.columns == nil && n > 0 {
		if err := g.guess(luatable.Get(rows, lua.LNumber(1))); err != nil {
			return err
		}
	}
	g.numeric = make([]bool, len(g.columns))
	for i := range g.numeric {
		g.numeric[i] = true
	}
	for i := 1; i <= n; i++ {
		if err := g.c.Context().Err(); err != nil {
			return err
		}
		row, ok := luatable.Get(rows, lua.LNumber(i)).(*lua.LTable)
		if !ok {
			return g.c.Usage("rows", "item %d is no table", i)
		}
		if err := g.add(row); err != nil {
			return err
		}
	}
	return nil
}

// guess takes the columns from the first row: its names whose values are no tables.
func (g *grid) guess(first lua.LValue) error {
	row, ok := first.(*lua.LTable)
	if !ok {
		return g.c.Usage("rows", "item 1 is no table")
	}
	return g.c.ForEach(row, func(k, v lua.LValue) bool {
		name, isName := k.(lua.LString)
		if _, nested := v.(*lua.LTable); isName && !nested {
			g.columns = append(g.columns, string(name))
		}
		return true
	})
}

func (g *grid) add(row *lua.LTable) error {
	cells := make([]string, len(g.columns))
	for i, name := range g.columns {
		v := g.c.L().GetField(row, name)
		if n, ok := v.(lua.LNumber); ok {
			cells[i] = luacode.FormatNumber(float64(n))
			continue
		}
		if v != lua.LNil {
			g.numeric[i] = false
			cells[i] = escape.String(g.c.Mask(g.cell(v))) // or the *** would be of another width
		}
	}
	g.cells = append(g.cells, cells)
	return nil
}

// cell is the text of one cell; a list is its items, as a command line is its words.
func (g *grid) cell(v lua.LValue) string {
	t, ok := v.(*lua.LTable)
	if !ok || luatable.Len(t) == 0 {
		return g.c.String(v)
	}
	words := make([]string, 0, luatable.Len(t))
	for i := 1; i <= luatable.Len(t) && i <= 100; i++ {
		words = append(words, g.c.String(luatable.Get(t, lua.LNumber(i))))
	}
	return strings.Join(words, " ")
}

// maxAligned is how wide a column gets; a wider cell moves the rest of its line,
// so that one long command line does not fill all lines with blanks.
const maxAligned = 200

// text lays the table out. A cell may be wide, so that the context is asked at each.
func (g *grid) text() (string, error) {
	if len(g.columns) == 0 {
		return "", nil
	}
	head := make([]string, len(g.columns))
	widths := make([]int, len(g.columns))
	for i, name := range g.columns {
		head[i] = escape.String(strings.ToUpper(g.c.Mask(name))) // no secret is found in capitals
		widths[i] = Width(head[i])
		for _, row := range g.cells {
			if err := g.c.Context().Err(); err != nil {
				return "", err
			}
			widths[i] = max(widths[i], Width(row[i]))
		}
		widths[i] = min(widths[i], maxAligned)
	}
	var b strings.Builder
	g.line(&b, head, widths)
	for _, row := range g.cells {
		if err := g.c.Context().Err(); err != nil {
			return "", err
		}
		g.line(&b, row, widths)
	}
	return b.String(), nil
}

func (g *grid) line(b *strings.Builder, cells []string, widths []int) {
	var l strings.Builder
	for i, text := range cells {
		if i > 0 {
			l.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(widths[i]-Width(text), 0))
		if g.numeric[i] {
			l.WriteString(pad + text)
		} else {
			l.WriteString(text + pad)
		}
	}
	b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
}

// Width is how many cells of a terminal a text takes: two for wide characters,
// none for marks that combine.
func Width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
