package csv

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// reader takes a table apart. For one goroutine.
type reader struct {
	c     *luabind.Call
	s     string
	sep   string
	i     int
	line  int // from 1
	start int // where the line begins
	look  int // place from which the context is asked again
	row   []string
	at    int // line on which the row begins
}

func decode(c *luabind.Call) error {
	var s string
	header, sep := true, separator(",")
	if err := c.Unpack("text", &s, "header?", &header, "sep?", &sep); err != nil {
		return err
	}
	r := &reader{c: c, s: strings.TrimPrefix(s, bom), sep: string(sep), line: 1}
	out := c.L().NewTable()
	var names []string
	width := -1
	for {
		ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok {
			return c.Return(out)
		}
		if width < 0 {
			width = len(r.row)
			if header {
				names = append(names, r.row...)
				if err := r.checkNames(names); err != nil {
					return err
				}
				continue
			}
		}
		if len(r.row) != width {
			return luabind.Errorf(luabind.KindParse, "%s: line %d: %s, the first row has %d", c.Name(), r.at, count(len(r.row)), width)
		}
		out.Append(r.lua(names))
	}
}

func count(n int) string {
	if n == 1 {
		return "1 field"
	}
	return strconv.Itoa(n) + " fields"
}

func (r *reader) checkNames(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return luabind.Errorf(luabind.KindParse, "%s: line %d: the name %s comes twice in the header; header = false gives lists", r.c.Name(), r.at, short(n))
		}
		seen[n] = true
	}
	return nil
}

// short is a text as an error shows it: quoted, and not the whole of a long one.
func short(text string) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}

// lua makes the row: by name where there are names, else a list.
func (r *reader) lua(names []string) *lua.LTable {
	if names == nil {
		t := r.c.L().CreateTable(len(r.row), 0)
		for _, f := range r.row {
			t.Append(lua.LString(f))
		}
		return t
	}
	t := r.c.L().CreateTable(0, len(names))
	for i, f := range r.row {
		t.RawSetString(names[i], lua.LString(f))
	}
	return t
}

// next reads one row that is not an empty line; false at the end.
func (r *reader) next() (bool, error) {
	r.row = r.row[:0]
	for r.i < len(r.s) && r.lineEnd() > 0 {
		r.newline()
	}
	if r.i >= len(r.s) {
		return false, nil
	}
	r.at = r.line
	for {
		if err := r.stopped(); err != nil {
			return false, err
		}
		if err := r.field(); err != nil {
			return false, err
		}
		if !strings.HasPrefix(r.s[r.i:], r.sep) {
			break
		}
		r.i += len(r.sep)
	}
	if r.i < len(r.s) {
		r.newline()
	}
	return true, nil
}

// stopped looks at the context now and then.
func (r *reader) stopped() error {
	if r.i < r.look {
		return nil
	}
	r.look = r.i + lookEvery
	return r.c.Context().Err()
}

// lineEnd is the length of the line end here, 0 where there is none. A carriage
// return alone is data.
func (r *reader) lineEnd() int {
	switch {
	case r.s[r.i] == '\n':
		return 1
	case r.s[r.i] == '\r' && (r.i+1 == len(r.s) || r.s[r.i+1] == '\n'):
		return min(2, len(r.s)-r.i)
	}
	return 0
}

func (r *reader) newline() {
	r.i += r.lineEnd()
	r.line++
	r.start = r.i
}

// field reads a field, up to the separator, the end of the line or of the text.
func (r *reader) field() error {
	if r.i < len(r.s) && r.s[r.i] == '"' {
		return r.quoted()
	}
	from := r.i
	for r.i < len(r.s) && !strings.HasPrefix(r.s[r.i:], r.sep) && r.lineEnd() == 0 {
		if r.s[r.i] == '"' {
			return r.fail(r.line, r.i, `a quote in a field that does not begin with one; write the field in quotes, and "" for each quote in it`)
		}
		r.i++
	}
	r.row = append(r.row, r.s[from:r.i])
	return nil
}

// quoted reads a field in quotes; where it holds none, it is a part of the text.
func (r *reader) quoted() error {
	line, open, start := r.line, r.i, r.start
	r.i++
	var buf strings.Builder
	for {
		k := strings.IndexByte(r.s[r.i:], '"')
		if k < 0 {
			r.start = start
			return r.fail(line, open, "a field in quotes without its end")
		}
		piece := r.s[r.i : r.i+k]
		if n := strings.Count(piece, "\n"); n > 0 {
			r.line += n
			r.start = r.i + strings.LastIndexByte(piece, '\n') + 1
		}
		r.i += k + 1
		if r.i < len(r.s) && r.s[r.i] == '"' {
			buf.WriteString(piece)
			buf.WriteByte('"')
			r.i++
			if err := r.stopped(); err != nil {
				return err
			}
			continue
		}
		if buf.Len() > 0 {
			buf.WriteString(piece)
			piece = buf.String()
		}
		r.row = append(r.row, piece)
		break
	}
	if r.i < len(r.s) && !strings.HasPrefix(r.s[r.i:], r.sep) && r.lineEnd() == 0 {
		return r.fail(r.line, r.i, "something follows the quote that ends a field")
	}
	return nil
}

func (r *reader) fail(line, at int, what string) error {
	return luabind.Errorf(luabind.KindParse, "%s: line %d, column %d: %s", r.c.Name(), line, at-r.start+1, what)
}
