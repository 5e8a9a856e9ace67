package fs

import (
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// globBraces is how many patterns the {a,b} of one may stand for.
const globBraces = 1000

// segments are the names of a pattern; ** twice in a row is ** once. A last /
// is an empty name, which only folders have.
func segments(p string) []string {
	var out []string
	for _, s := range strings.Split(p, "/") {
		if s != "" && (s != "**" || len(out) == 0 || out[len(out)-1] != "**") {
			out = append(out, s)
		}
	}
	if strings.HasSuffix(p, "/") {
		out = append(out, "")
	}
	return out
}

// expand replaces {a,b} by its alternatives, from the left.
func expand(pattern string) ([]string, bool) {
	todo, done := []string{pattern}, []string(nil)
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		before, options, after, ok := cutBraces(p)
		if !ok {
			done = append(done, p)
		}
		for _, o := range options {
			todo = append(todo, before+o+after)
		}
		if len(todo)+len(done) > globBraces {
			return nil, false
		}
	}
	return done, true
}

// cutBraces finds the first group of alternatives.
func cutBraces(p string) (before string, options []string, after string, ok bool) {
	open, depth, from, class := -1, 0, 0, false
	for i := 0; i < len(p); i++ {
		switch b := p[i]; {
		case b == '\\':
			i++
		case class:
			class = b != ']'
		case b == '[':
			class = true
		case b == '{':
			if depth++; depth == 1 {
				open, from = i, i+1
			}
		case b == ',' && depth == 1:
			options, from = append(options, p[from:i]), i+1
		case b == '}' && depth > 0:
			if depth--; depth == 0 {
				return p[:open], append(options, p[from:i]), p[i+1:], true
			}
		}
	}
	return "", nil, "", false
}

// fits compares one name. The library takes all bytes that are not UTF-8 for
// one character; here each is its own.
func fits(pattern, name string) bool {
	ok, err := doublestar.Match(distinct(pattern), distinct(name))
	return err == nil && ok
}

// distinct gives bytes that are not UTF-8 a character of their own.
func distinct(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			r = 0x10ff00 + rune(s[0]) // the end of the private planes
		}
		b.WriteRune(r)
		s = s[size:]
	}
	return b.String()
}

func isLiteral(segment string) bool {
	for i := 0; i < len(segment); i++ {
		switch segment[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return false
		}
	}
	return true
}

func unescape(segment string) string {
	if !strings.Contains(segment, `\`) {
		return segment
	}
	var b strings.Builder
	for i := 0; i < len(segment); i++ {
		if segment[i] == '\\' && i+1 < len(segment) {
			i++
		}
		b.WriteByte(segment[i])
	}
	return b.String()
}
