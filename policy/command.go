package policy

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// command is a pattern over a list of arguments.
type command struct {
	text    string
	program string // absolute
	args    []word
	rest    bool // "..." at the end
}

// word is one argument of a pattern.
type word struct {
	text string
	any  bool // "*": one argument that does not begin with "-"
	dash bool // "-*": one argument that does
}

func (w word) matches(s string) bool {
	switch {
	case w.any:
		return !strings.HasPrefix(s, "-")
	case w.dash:
		return strings.HasPrefix(s, "-")
	}
	return w.text == s
}

// matches compares the file that is executed, not its name; a refusal also
// covers a program that goes by another path of the same name.
func (c command) matches(a Command, deny bool) bool {
	if len(a.Argv) == 0 || c.program != a.Path && (!deny || filepath.Base(c.program) != filepath.Base(a.Argv[0])) {
		return false
	}
	args := a.Argv[1:]
	if len(args) < len(c.args) || len(args) > len(c.args) && !c.rest {
		return false
	}
	for i, w := range c.args {
		if !w.matches(args[i]) {
			return false
		}
	}
	return true
}

func parseCommand(s string, look LookPath) (command, error) {
	words, err := splitWords(s)
	if err != nil {
		return command{}, err
	}
	if len(words) == 0 {
		return command{}, errors.New("empty")
	}
	prog := words[0]
	if prog.any || prog.dash || prog.text == "..." && !prog.quoted {
		return command{}, errors.New("a program has to be named")
	}
	c := command{text: s, program: prog.text}
	for i, w := range words[1:] {
		if w.text == "..." && !w.quoted {
			if i != len(words)-2 {
				return command{}, errors.New(`"..." stands only at the end`)
			}
			c.rest = true
			break
		}
		c.args = append(c.args, w.word)
	}
	if look != nil {
		if c.program, err = look(prog.text); err != nil {
			return command{}, err
		}
	}
	if !filepath.IsAbs(c.program) {
		return command{}, fmt.Errorf("%s is not an absolute path", c.program)
	}
	return c, nil
}

type quotedWord struct {
	word
	quoted bool
}

// splitWords cuts a pattern at spaces. Double quotes keep spaces and stars as
// they are; in them \" and \\ stand for themselves.
func splitWords(s string) ([]quotedWord, error) {
	var out []quotedWord
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			i++
			continue
		}
		var b strings.Builder
		w := quotedWord{}
		for i < len(s) && s[i] != ' ' {
			if s[i] < ' ' || s[i] == 0x7f {
				return nil, errors.New("a control character outside quotes")
			}
			if s[i] != '"' {
				b.WriteByte(s[i])
				i++
				continue
			}
			w.quoted = true
			n, err := quoted(s[i:], &b)
			if err != nil {
				return nil, err
			}
			i += n
		}
		w.text = b.String()
		if !w.quoted {
			w.any, w.dash = w.text == "*", w.text == "-*"
			if !w.any && !w.dash && strings.Contains(w.text, "*") {
				return nil, errors.New(`"*" stands for one whole argument; in quotes it stands for itself`)
			}
		}
		out = append(out, w)
	}
	return out, nil
}

// quoted reads a part in quotes and gives how long it is.
func quoted(s string, b *strings.Builder) (int, error) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1, nil
		case '\\':
			if i++; i >= len(s) || s[i] != '"' && s[i] != '\\' {
				return 0, errors.New(`in quotes, "\" stands before a quote or another "\"`)
			}
		}
		b.WriteByte(s[i])
	}
	return 0, errors.New("a quote without its end")
}

// quoteWord writes an argument so that splitWords reads it back as just itself.
func quoteWord(s string) string {
	plain := s != "" && s != "..." && !strings.ContainsAny(s, " \"*\\")
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] > ' ' && s[i] != 0x7f
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
