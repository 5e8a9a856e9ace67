package policy

import (
	"path"
	"strings"
	"unicode/utf8"
)

// glyph is one byte of a pattern, or a wildcard: * or ?.
type glyph struct {
	b    byte
	wild bool
}

// pathPattern is a pattern of read or write, name by name. The root has none.
type pathPattern struct {
	names [][]glyph
	real  [][]glyph // with links followed; nil where it is the same
}

func parsePath(entry string, o Options) (*pathPattern, error) {
	glyphs, err := parseGlyphs(entry)
	if err != nil {
		return nil, err
	}
	if entry[0] != '/' {
		return nil, errText("the path is not absolute; ~ and variables are not replaced")
	}
	p := &pathPattern{}
	for _, name := range splitNames(glyphs) {
		switch text, isText := plain(name); {
		case text == ".." && isText:
			return nil, errText("the path has .. in it")
		case isText && (text == "" || text == "."):
		case !isText && text == "**":
			return nil, errText("** is not needed: a folder covers all that is below")
		default:
			p.names = append(p.names, name)
		}
	}
	if o.RealPath != nil {
		return p, p.follow(o.RealPath)
	}
	return p, nil
}

// follow replaces the part before the first wildcard by what its links name.
func (p *pathPattern) follow(realPath func(string) string) error {
	dir, n := "/", 0
	for ; n < len(p.names); n++ {
		text, isText := plain(p.names[n])
		if !isText {
			break
		}
		dir = path.Join(dir, text)
	}
	real := realPath(dir)
	if !isClean(real) {
		return errorf("its links lead to %s, which is not absolute", quotePath(real))
	}
	if real == dir {
		return nil
	}
	p.real = [][]glyph{}
	for _, name := range strings.FieldsFunc(real, func(r rune) bool { return r == '/' }) {
		p.real = append(p.real, literal(name))
	}
	p.real = append(p.real, p.names[n:]...)
	return nil
}

// parseGlyphs reads the escapes and wildcards of a path or a name.
func parseGlyphs(s string) ([]glyph, error) {
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return nil, errText(`a space at its begin or end; write it as \x20 where it is meant`)
	}
	var out []glyph
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			text, n, err := unescape(s[i+1:])
			if err != nil {
				return nil, err
			}
			out = append(out, literal(text)...)
			i += n
		case '*', '?':
			out = append(out, glyph{c, true})
		case '[', '{':
			return nil, errorf(`only * and ? are wildcards; write \%c for the character`, c)
		default:
			out = append(out, glyph{b: c})
		}
	}
	return out, nil
}

func literal(s string) []glyph {
	out := make([]glyph, len(s))
	for i := range len(s) {
		out[i].b = s[i]
	}
	return out
}

// plain is the text of a pattern, and whether that has no wildcard.
func plain(g []glyph) (string, bool) {
	text, isText := make([]byte, len(g)), true
	for i := range g {
		text[i] = g[i].b
		isText = isText && !g[i].wild
	}
	return string(text), isText
}

func splitNames(g []glyph) [][]glyph {
	var out [][]glyph
	from := 0
	for i := range g {
		if g[i] == (glyph{b: '/'}) {
			out = append(out, g[from:i])
			from = i + 1
		}
	}
	return append(out, g[from:])
}

// matches compares with the path that links lead to; a denial also holds for
// the path as it is written.
func (p *pathPattern) matches(a Action, deny bool) bool {
	var name string
	switch a := a.(type) {
	case Read:
		name = a.Path
	case Write:
		name = a.Path
	default:
		return false
	}
	if p.real == nil {
		return covers(p.names, name)
	}
	return covers(p.real, name) || deny && covers(p.names, name)
}

// covers says that the absolute clean path, or a folder above it, matches.
func covers(names [][]glyph, p string) bool {
	for _, name := range names {
		p = strings.TrimPrefix(p, "/")
		if p == "" {
			return false
		}
		end := strings.IndexByte(p, '/')
		if end < 0 {
			end = len(p)
		}
		if !matchName(name, p[:end]) {
			return false
		}
		p = p[end:]
	}
	return true
}

// matchName compares one name. It goes back to the last star only, so it takes
// at most pattern times name steps.
func matchName(g []glyph, s string) bool {
	gi, si, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case gi < len(g) && g[gi] == (glyph{'*', true}):
			star, mark = gi, si
			gi++
		case gi < len(g) && g[gi].wild: // ?
			_, size := utf8.DecodeRuneInString(s[si:])
			gi, si = gi+1, si+size
		case gi < len(g) && g[gi].b == s[si]:
			gi, si = gi+1, si+1
		case star >= 0: // the star takes one character more
			_, size := utf8.DecodeRuneInString(s[mark:])
			mark += size
			gi, si = star+1, mark
		default:
			return false
		}
	}
	for gi < len(g) && g[gi] == (glyph{'*', true}) {
		gi++
	}
	return gi == len(g)
}
