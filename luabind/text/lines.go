package text

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// lineWalk calls f with each line of a text, without its end, and its number.
// It ends when the context does, or with the error of f.
func lineWalk(c *luabind.Call, s string, f func(n int, line string) error) error {
	sc := newScanner(c, s, "\n", nil)
	for n := 1; sc.next(); n++ {
		if err := sc.stopped(); err != nil {
			return err
		}
		if err := f(n, sc.field(0)); err != nil {
			return err
		}
	}
	return nil
}

func lines(c *luabind.Call) error {
	var s string
	if err := c.Unpack("s", &s); err != nil {
		return err
	}
	out := c.L().CreateTable(strings.Count(s, "\n")+1, 0)
	err := lineWalk(c, s, func(_ int, line string) error {
		out.Append(lua.LString(line))
		return nil
	})
	if err != nil {
		return err
	}
	return c.Return(out)
}

func trim(c *luabind.Call) error {
	var s string
	if err := c.Unpack("s", &s); err != nil {
		return err
	}
	return c.Return(trimBlanks(s))
}

func trimBlanks(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func split(c *luabind.Call) error {
	var s string
	var sep separator
	most := -1
	if err := c.Unpack("s", &s, "sep", &sep, "[max]", &most); err != nil {
		return err
	}
	if c.NArgs() > 2 && c.Arg(2) != lua.LNil && most < 1 {
		return c.Usage("max", "got %d, want from 1", most)
	}
	return splitAt(c, s, string(sep), most)
}

// splitAt gives at most so many pieces; all where most is negative.
func splitAt(c *luabind.Call, s, sep string, most int) error {
	out := c.L().NewTable()
	for n, look := 1, len(s); n != most; n++ {
		if len(s) < look {
			look = len(s) - lookEvery
			if err := c.Context().Err(); err != nil {
				return err
			}
		}
		piece, rest, found := strings.Cut(s, sep)
		if !found {
			break
		}
		out.Append(lua.LString(piece))
		s = rest
	}
	out.Append(lua.LString(s))
	return c.Return(out)
}

func dedent(c *luabind.Call) error {
	var s string
	if err := c.Unpack("s", &s); err != nil {
		return err
	}
	margin, first := "", true
	err := eachRaw(c, s, func(line string) {
		if trimBlanks(line) == "" {
			return
		}
		if first {
			margin, first = indent(line), false
			return
		}
		margin = common(margin, line)
	})
	if err != nil {
		return err
	}
	var out strings.Builder
	out.Grow(len(s))
	err = eachRaw(c, s, func(line string) {
		if trimBlanks(line) == "" {
			out.WriteString(lineEnd(line))
			return
		}
		out.WriteString(line[len(margin):])
	})
	if err != nil {
		return err
	}
	return c.Return(out.String())
}

// eachRaw goes over the lines with their ends.
func eachRaw(c *luabind.Call, s string, f func(line string)) error {
	for look := len(s); s != ""; {
		if len(s) <= look {
			look = len(s) - lookEvery
			if err := c.Context().Err(); err != nil {
				return err
			}
		}
		line := s
		if k := strings.IndexByte(s, '\n'); k >= 0 {
			line = s[:k+1]
		}
		f(line)
		s = s[len(line):]
	}
	return nil
}

// indent is what a line begins with: spaces and tabs.
func indent(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

func common(a, b string) string {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return a[:i]
		}
	}
	return a[:n]
}

func lineEnd(line string) string {
	switch {
	case strings.HasSuffix(line, "\r\n"):
		return "\r\n"
	case strings.HasSuffix(line, "\n"):
		return "\n"
	}
	return ""
}
