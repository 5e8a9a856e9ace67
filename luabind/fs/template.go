package fs

import (
	"fmt"
	"strings"
)

// fillIn replaces every {{name}} in a text; {{{{ stands for two braces. Any
// other {{ is a mistake, since a name that is misspelt must not be left in a file.
func fillIn(text string, value func(name string) (string, error)) (string, error) {
	var out strings.Builder
	line := 1
	for {
		before, rest, ok := strings.Cut(text, "{{")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		line += strings.Count(before, "\n")
		if after, ok := strings.CutPrefix(rest, "{{"); ok {
			out.WriteString("{{")
			text = after
			continue
		}
		name, after, ok := strings.Cut(rest, "}}")
		name = strings.Trim(name, " \t")
		if !ok || !isName(name) {
			return "", fmt.Errorf("line %d: {{ stands before no name and }}; write {{{{ for two braces", line)
		}
		v, err := value(name)
		if err != nil {
			return "", err
		}
		out.WriteString(v)
		text = after
	}
}

// isName says that s is letters, digits and _, and begins with no digit.
func isName(s string) bool {
	for i := range len(s) {
		switch b := s[i]; {
		case b == '_', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', i > 0 && b >= '0' && b <= '9':
		default:
			return false
		}
	}
	return s != ""
}
