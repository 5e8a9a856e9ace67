package toml

import (
	"strconv"
	"strings"
)

// twice finds a name that a document sets again. The library lets some pass,
// such as a.b = 1 before a = 2, and drops a value without a word. It is given a
// document that the library can read, so that it only needs to know names,
// strings, brackets and comments; where it does not know what it sees, it finds
// nothing.
func twice(s string) (at int, what string) {
	n := &names{s: strings.TrimPrefix(s, bom), root: &node{}}
	n.section = n.root
	n.document()
	if n.found == "" {
		return 0, ""
	}
	return n.at + len(s) - len(n.s), "the name " + strconv.Quote(oneLine(n.found)) + " is set twice"
}

// bom is the byte order mark that some programs write before UTF-8.
const bom = "\ufeff"

// names goes over the names of a document. For one goroutine.
type names struct {
	s       string
	i       int
	root    *node
	section *node // of the last header
	at      int
	found   string // the name that is set again, at at
}

// node is a name of the document, and how it came to be one. For one goroutine.
type node struct {
	how how
	sub map[string]*node // of a list of tables: those of its last one
}

// how a name came to be.
type how uint8

const (
	passed how = iota // a header leads through it
	dotted            // a key leads through it
	headed            // it has a header
	listed            // it has headers in double brackets
	fixed             // it has a value
)

// child gives the node of a name, which is made where it is not there.
func (n *node) child(name string, how how) (c *node, isNew bool) {
	if c = n.sub[name]; c != nil {
		return c, false
	}
	if n.sub == nil {
		n.sub = map[string]*node{}
	}
	c = &node{how: how}
	n.sub[name] = c
	return c, true
}

// set gives a name below n its value; false where it has one already.
func (n *node) set(path []string) bool {
	last := len(path) - 1
	for _, name := range path[:last] {
		c, _ := n.child(name, dotted)
		switch c.how {
		case passed:
			c.how = dotted
		case dotted:
		default:
			return false
		}
		n = c
	}
	_, isNew := n.child(path[last], fixed)
	return isNew
}

// header gives the table of a header; nil where its name is taken.
func (n *node) header(path []string, list bool) *node {
	last := len(path) - 1
	for _, name := range path[:last] {
		if n, _ = n.child(name, passed); n.how == fixed {
			return nil
		}
	}
	how := headed
	if list {
		how = listed
	}
	c, isNew := n.child(path[last], how)
	switch {
	case isNew:
	case list && c.how == listed:
		c.sub = nil // of a further table
	case !list && c.how == passed:
		c.how = headed
	default:
		return nil
	}
	return c
}

// document goes on until a name is set again, or the text ends.
func (n *names) document() {
	for n.space() {
		at, ok := n.i, false
		if n.s[n.i] == '[' {
			ok = n.headerLine(at)
		} else {
			ok = n.pair(n.section)
		}
		if !ok {
			return
		}
	}
}

func (n *names) headerLine(at int) bool {
	list := strings.HasPrefix(n.s[n.i:], "[[")
	n.i++
	if list {
		n.i++
	}
	path := n.path()
	if path == nil || !n.take(']') || list && !n.take(']') {
		return false
	}
	if n.section = n.root.header(path, list); n.section == nil {
		return n.again(at, path)
	}
	return true
}

// again notes the name that is set again.
func (n *names) again(at int, path []string) bool {
	n.at, n.found = at, strings.Join(path, ".")
	return false
}

// pair takes a name and its value.
func (n *names) pair(in *node) bool {
	at := n.i
	path := n.path()
	if path == nil || !n.take('=') {
		return false
	}
	if !in.set(path) {
		return n.again(at, path)
	}
	return n.value()
}

// take takes one character.
func (n *names) take(ch byte) bool {
	if n.i >= len(n.s) || n.s[n.i] != ch {
		return false
	}
	n.i++
	return true
}

// space goes to the next thing that means something; false at the end.
func (n *names) space() bool {
	for ; n.i < len(n.s); n.i++ {
		switch n.s[n.i] {
		case ' ', '\t', '\r', '\n':
		case '#':
			n.i += lineLength(n.s[n.i:]) - 1
		default:
			return true
		}
	}
	return false
}

// value passes over a value, and looks at the names in it.
func (n *names) value() bool {
	if !n.space() {
		return false
	}
	switch n.s[n.i] {
	case '"', '\'':
		n.i += stringLength(n.s[n.i:])
		return true
	case '[':
		return n.items(']', n.value)
	case '{':
		table := &node{}
		return n.items('}', func() bool { return n.pair(table) })
	}
	for n.i < len(n.s) && !strings.ContainsRune(",]}#\n", rune(n.s[n.i])) {
		n.i++
	}
	return true
}

// items passes over what stands in brackets, with commas between.
func (n *names) items(end byte, item func() bool) bool {
	n.i++
	for n.space() {
		switch {
		case n.take(end):
			return true
		case n.take(','):
		case !item():
			return false
		}
	}
	return false
}

// path reads a name of one or more parts; nil where there is none.
func (n *names) path() []string {
	var path []string
	for {
		n.blanks()
		part, ok := n.part()
		if !ok {
			return nil
		}
		path = append(path, part)
		n.blanks()
		if !n.take('.') {
			return path
		}
	}
}

func (n *names) blanks() {
	for n.i < len(n.s) && (n.s[n.i] == ' ' || n.s[n.i] == '\t') {
		n.i++
	}
}

func (n *names) part() (string, bool) {
	from := n.i
	if from == len(n.s) {
		return "", false
	}
	if quote := n.s[from]; quote == '"' || quote == '\'' {
		n.i += stringLength(n.s[from:])
		if n.i-from < 2 || n.s[n.i-1] != quote {
			return "", false
		}
		inner := n.s[from+1 : n.i-1]
		if quote == '"' {
			return unescaped(inner), true
		}
		return inner, true
	}
	for n.i < len(n.s) && !strings.ContainsRune(" \t.=]", rune(n.s[n.i])) {
		n.i++
	}
	return n.s[from:n.i], n.i > from
}

// unescaped is a name in double quotes as it is meant, so that "\u0061" is a.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		size := 0
		switch s[i] {
		case 'x':
			size = 2
		case 'u':
			size = 4
		case 'U':
			size = 8
		default:
			out.WriteByte(oneLetter(s[i]))
			continue
		}
		end := min(i+1+size, len(s))
		r, err := strconv.ParseUint(s[i+1:end], 16, 32)
		if err != nil {
			return s // not what the library takes
		}
		out.WriteRune(rune(r))
		i = end - 1
	}
	return out.String()
}

func oneLetter(ch byte) byte {
	if k := strings.IndexByte("btnfre", ch); k >= 0 {
		return "\b\t\n\f\r\x1b"[k]
	}
	return ch
}
