package policy

import (
	"path"
	"strings"
)

// rest stands at the end of a command pattern for all further arguments.
const rest = "..."

type argKind int

const (
	argText argKind = iota
	argAny          // *, one that does not begin with "-"
	argDash         // -*, one that does
	argRest         // ...
)

type arg struct {
	kind argKind
	text string
}

func (a arg) matches(s string) bool {
	switch a.kind {
	case argText:
		return a.text == s
	case argAny:
		return !strings.HasPrefix(s, "-")
	}
	return a.kind == argDash && strings.HasPrefix(s, "-")
}

// command is a pattern of probe or change.
type command struct {
	program string // as written
	isPath  bool
	real    string // with links followed; empty where it is not on the host
	args    []arg
	open    bool // ends in ...
}

func parseCommand(entry string, o Options) (*command, error) {
	words, err := splitWords(entry)
	if err != nil {
		return nil, err
	}
	c := &command{program: words[0].text, args: words[1:]}
	if words[0].kind != argText || c.program == "" {
		return nil, errText("it begins with no program; a wildcard is none")
	}
	for i, a := range c.args {
		if a.kind == argRest && i < len(c.args)-1 {
			return nil, errText(`... stands at the end only; quote it where it is meant as text: '...'`)
		}
	}
	if n := len(c.args); n > 0 && c.args[n-1].kind == argRest {
		c.args, c.open = c.args[:n-1], true
	}
	return c, c.resolve(o)
}

func (c *command) resolve(o Options) error {
	c.isPath = strings.Contains(c.program, "/")
	switch {
	case c.isPath && !strings.HasPrefix(c.program, "/"):
		return errText("the path of the program is not absolute; ~ and variables are not replaced")
	case c.isPath && hasDotDot(c.program):
		return errText("the path of the program has .. in it")
	case c.isPath && !isClean(c.program), c.program == "/", c.program == ".", c.program == "..":
		return errText("the path of the program is not in its shortest form")
	case o.LookPath != nil:
		real, err := o.LookPath(c.program)
		if err != nil {
			return err
		}
		if real != "" && !isClean(real) {
			return errorf("the program is found at %s, which is not absolute", quotePath(real))
		}
		c.real = real
	case !c.isPath:
		return errText("there is no PATH to find the program in; write its absolute path")
	default:
		c.real = c.program
	}
	return nil
}

func (c *command) matches(a Action, deny bool) bool {
	run, ok := a.(Command)
	if !ok || !c.isProgram(run, deny) {
		return false
	}
	argv := run.Argv[1:]
	if len(argv) < len(c.args) || len(argv) > len(c.args) && !c.open {
		return false
	}
	for i, want := range c.args {
		if !want.matches(argv[i]) {
			return false
		}
	}
	return true
}

// isProgram compares file and name; for a denial one of them is enough.
func (c *command) isProgram(run Command, deny bool) bool {
	file := c.real != "" && c.real == run.Real
	name := path.Base(run.Argv[0]) == path.Base(c.program)
	if deny {
		return file || name && (!c.isPath || c.real == "" || run.Real == "") || c.isPath && c.program == run.Path
	}
	return file && name
}

// splitWords cuts a pattern into arguments; there is at least one.
func splitWords(s string) ([]arg, error) {
	var out []arg
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" {
			break
		}
		a, n, err := cutWord(s)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
		s = s[n:]
	}
	if len(out) == 0 {
		return nil, errText("it is empty")
	}
	return out, nil
}

// cutWord reads one argument off the front of s.
func cutWord(s string) (arg, int, error) {
	var b strings.Builder
	quoted, star := false, false
	i := 0
	for i < len(s) && s[i] != ' ' {
		switch c := s[i]; c {
		case '\'', '"', '\\':
			n, err := cutQuoted(&b, s[i:])
			if err != nil {
				return arg{}, 0, err
			}
			quoted = true
			i += n
			continue
		case '*':
			star = true
		}
		b.WriteByte(s[i])
		i++
	}
	switch text := b.String(); {
	case !quoted && text == "*":
		return arg{kind: argAny}, i, nil
	case !quoted && text == "-*":
		return arg{kind: argDash}, i, nil
	case !quoted && text == rest:
		return arg{kind: argRest}, i, nil
	case star:
		return arg{}, 0, errorf(`* stands for a whole argument; quote it where it is meant as text: '%s'`, shorten(s[:i]))
	default:
		return arg{text: text}, i, nil
	}
}

// cutQuoted reads a quoted piece, or a backslash and what follows it. Within
// '…' all stands for itself.
func cutQuoted(b *strings.Builder, s string) (int, error) {
	switch s[0] {
	case '\\':
		text, n, err := unescape(s[1:])
		b.WriteString(text)
		return n + 1, err
	case '\'':
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return 0, errText(`a ' is not closed`)
		}
		b.WriteString(s[1 : 1+end])
		return end + 2, nil
	}
	for i := 1; i < len(s); {
		switch s[i] {
		case '"':
			return i + 1, nil
		case '\\':
			text, n, err := unescape(s[i+1:])
			if err != nil {
				return 0, err
			}
			b.WriteString(text)
			i += n + 1
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return 0, errText(`a " is not closed`)
}
