package text

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// maxColumns is how many columns a table has at most.
const maxColumns = 1000

func table(c *luabind.Call) error {
	var s string
	var sep separator
	header := true
	var names []string
	if err := c.Unpack("s", &s, "header?", &header, "columns?", &names, "sep?", &sep); err != nil {
		return err
	}
	if !header && names == nil {
		return c.Usage("columns", "missing: without a header there are no other names")
	}
	if err := checkNames(c, names); err != nil {
		return err
	}
	rows := c.L().NewTable()
	err := lineWalk(c, s, func(n int, line string) error {
		if trimBlanks(line) == "" {
			return nil
		}
		if header {
			header = false
			if names != nil {
				return nil
			}
			words := headings(line, string(sep))
			if len(words) > maxColumns {
				return luabind.Errorf(luabind.KindParse, "%s: line %d: a header of %d names, at most %d are read", c.Name(), n, len(words), maxColumns)
			}
			names = columnNames(words)
			return nil
		}
		rows.Append(row(c, names, line, string(sep)))
		return nil
	})
	if err != nil {
		return err
	}
	return c.Return(rows)
}

func checkNames(c *luabind.Call, names []string) error {
	if names != nil && (len(names) == 0 || len(names) > maxColumns) {
		return c.Usage("columns", "got %d names, want from 1 to %d", len(names), maxColumns)
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return c.Usage("columns", "the name %q comes twice", name)
		}
		seen[name] = true
	}
	return nil
}

// row names the fields of a line; the last name takes the rest.
func row(c *luabind.Call, names []string, line, sep string) *lua.LTable {
	t := c.L().CreateTable(0, len(names))
	rest, more := line, true
	if sep == "" {
		rest = trimBlanks(line)
		more = rest != ""
	}
	for i, name := range names {
		if !more {
			break
		}
		word := rest
		if more = i < len(names)-1; more {
			word, rest, more = cutField(rest, sep)
		}
		t.RawSetString(name, lua.LString(word))
	}
	return t
}

// cutField takes the first field off a line.
func cutField(line, sep string) (field, rest string, more bool) {
	if sep != "" {
		return strings.Cut(line, sep)
	}
	i := 0
	for i < len(line) && !isBlank(line[i]) {
		i++
	}
	j := i
	for j < len(line) && isBlank(line[j]) {
		j++
	}
	return line[:i], line[j:], j < len(line)
}

// headings cuts a line of headings.
func headings(line, sep string) []string {
	if sep != "" {
		return strings.Split(line, sep)
	}
	return joinHeadings(strings.FieldsFunc(line, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) }))
}

// joinHeadings puts the two words of a heading that stands over one column
// together, or every name behind it would stand over the wrong one.
func joinHeadings(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		w, next := words[i], ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		// ss leaves no blank between its last two headings: "Peer Address:PortProcess".
		port, isPort := strings.CutPrefix(next, "Address:Port")
		switch {
		case w == "Mounted" && next == "on":
			out = append(out, w)
		case (w == "Local" || w == "Peer") && isPort:
			if out = append(out, w+" Address:Port"); port != "" {
				out = append(out, port)
			}
		case (w == "Local" || w == "Foreign") && next == "Address", w == "PID/Program" && next == "name":
			out = append(out, w+" "+next)
		default:
			out = append(out, w)
			continue
		}
		i++
	}
	return out
}

// columnNames makes names of headings, each only once.
func columnNames(words []string) []string {
	seen := make(map[string]bool, len(words))
	for i, w := range words {
		base := columnName(trimBlanks(w))
		name := base
		for n := 2; seen[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
		}
		seen[name] = true
		words[i] = name
	}
	return words
}

func columnName(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, heading)
}
