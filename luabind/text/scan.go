package text

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// separator is what stands between fields; empty where it is not given: blanks.
type separator string

// UnpackLua takes a text that can be found.
func (s *separator) UnpackLua(c *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString, lua.LNumber:
		*s = separator(c.String(x))
	default:
		return fmt.Errorf("got %s, want a string", v.Type())
	}
	if *s == "" {
		return errors.New("an empty text is found everywhere; text.fields without sep cuts at blanks")
	}
	return nil
}

// LuaType names the type.
func (s *separator) LuaType() string { return "string" }

// scanner goes over the lines of a text and finds the wanted fields of each,
// without a copy and without a list of all fields. For one goroutine.
type scanner struct {
	c     *luabind.Call
	s     string
	pos   int
	look  int    // place from which the context is asked again
	sep   string // what fields are cut at; empty: runs of blanks
	want  []int  // 1 is the first field, -1 the last, 0 the whole line
	far   int    // how many fields from the start have to be found
	back  int    // how many from the end
	first []span // the fields of the line, from the first on
	last  []span // and from the last on
	line  span
}

// span is a part of the text.
type span struct{ from, to int }

// lookEvery is how many bytes are read between two looks at the context, by
// which a deadline and the limit of memory reach Go code.
const lookEvery = 1 << 16

func newScanner(c *luabind.Call, s, sep string, want []int) *scanner {
	sc := &scanner{c: c, s: s, sep: sep, want: want}
	for _, n := range want {
		sc.far, sc.back = max(sc.far, n), max(sc.back, -n)
	}
	return sc
}

// next finds the fields of the next line; false at the end of the text.
func (sc *scanner) next() bool {
	if sc.pos >= len(sc.s) {
		return false
	}
	sc.first, sc.last = sc.first[:0], sc.last[:0]
	if sc.sep == "" {
		sc.words()
	} else {
		sc.cuts()
	}
	return true
}

// stopped looks at the context now and then.
func (sc *scanner) stopped() error {
	if sc.pos < sc.look {
		return nil
	}
	sc.look = sc.pos + lookEvery
	return sc.c.Context().Err()
}

// words takes a line whose fields stand between blanks.
func (sc *scanner) words() {
	s, i, start := sc.s, sc.pos, sc.pos
	for i < len(s) && s[i] != '\n' {
		if isBlank(s[i]) {
			i++
			continue
		}
		if len(sc.first) == sc.far {
			break
		}
		from := i
		for i < len(s) && !isBlank(s[i]) {
			i++
		}
		sc.first = append(sc.first, span{from, i})
	}
	sc.endLine(start, i)
	for i := sc.line.to; len(sc.last) < sc.back && i > start; {
		if isBlank(s[i-1]) {
			i--
			continue
		}
		to := i
		for i > start && !isBlank(s[i-1]) {
			i--
		}
		sc.last = append(sc.last, span{i, to})
	}
}

// isBlank says what stands between words: space and the control characters
// from tab to carriage return.
func isBlank(b byte) bool { return b <= ' ' && (b == ' ' || b-'\t' < 5) }

// cuts takes a line whose fields stand between separators.
func (sc *scanner) cuts() {
	sc.endLine(sc.pos, sc.pos)
	far, total := sc.far, 0
	if sc.back > 0 {
		total = strings.Count(sc.s[sc.line.from:sc.line.to], sc.sep) + 1
		far = max(far, total)
	}
	i := sc.line.from
	for n := 1; n <= far; n++ {
		to := sc.line.to
		k := strings.Index(sc.s[i:to], sc.sep)
		if k >= 0 {
			to = i + k
		}
		if n <= sc.far {
			sc.first = append(sc.first, span{i, to})
		}
		if total-n < sc.back && total > 0 {
			sc.last = append(sc.last, span{i, to})
		}
		if k < 0 {
			break
		}
		i = to + len(sc.sep)
	}
	for a, b := 0, len(sc.last)-1; a < b; a, b = a+1, b-1 {
		sc.last[a], sc.last[b] = sc.last[b], sc.last[a]
	}
}

// endLine finds the end of the line, which is not before from, and goes behind it.
func (sc *scanner) endLine(start, from int) {
	end := len(sc.s)
	if k := strings.IndexByte(sc.s[from:], '\n'); k >= 0 {
		end = from + k
	}
	sc.pos = end + 1
	if end > start && end < len(sc.s) && sc.s[end-1] == '\r' {
		end--
	}
	sc.line = span{start, end}
}

// field gives a wanted field of the line, empty where it has none.
func (sc *scanner) field(n int) string {
	if n == 0 {
		return sc.s[sc.line.from:sc.line.to]
	}
	list := sc.first
	if n < 0 {
		list, n = sc.last, -n
	}
	if n > len(list) {
		return ""
	}
	return sc.s[list[n-1].from:list[n-1].to]
}
