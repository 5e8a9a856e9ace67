package toml

import "strings"

// beyond finds the place where a document is more than the library can do: it
// recurses for what is nested, takes quadratic time for a key of many parts, and
// loses a level of a list around an inline table with an empty name. It only
// needs to know strings and comments.
func beyond(s string) (at int, what string) {
	depth, dots := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '#':
			i += lineLength(s[i:]) - 1
		case '"', '\'':
			n := stringLength(s[i:])
			if depth > 0 && n == 2 && strings.HasPrefix(strings.TrimLeft(s[i+n:], " \t"), "=") {
				return i, "an empty name in an inline table, which cannot be read here"
			}
			i += n - 1
		case '.':
			if dots++; dots >= maxDepth {
				return i, "a key of more than 100 parts"
			}
		case '[', '{':
			dots = 0
			if depth++; depth > maxDepth {
				return i, "nested deeper than 100"
			}
		case ']', '}':
			dots = 0
			depth = max(depth-1, 0)
		case ',', '=', '\n':
			dots = 0
		}
	}
	return 0, ""
}

// lineLength is how long a text is up to the end of its line.
func lineLength(s string) int {
	if k := strings.IndexByte(s, '\n'); k >= 0 {
		return k
	}
	return len(s)
}

// stringLength is the length of the string that begins here, quotes included; of
// one that does not end, up to where the parser gives up.
func stringLength(s string) int {
	quote := s[:1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(s, long) {
		return longLength(s, long)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\n':
			return i
		case '\\':
			if quote == `"` {
				i++
			}
		case quote[0]:
			return i + 1
		}
	}
	return len(s)
}

// longLength is stringLength for three quotes: up to two more quotes may stand
// directly before the end.
func longLength(s, quotes string) int {
	for i := 3; i < len(s); i++ {
		if s[i] == '\\' && quotes[0] == '"' {
			i++
			continue
		}
		if strings.HasPrefix(s[i:], quotes) {
			i += 3
			for n := 0; n < 2 && i < len(s) && s[i] == quotes[0]; n++ {
				i++
			}
			return i
		}
	}
	return len(s)
}
