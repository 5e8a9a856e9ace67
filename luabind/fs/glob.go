package fs

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// globMost is how many results one call gives.
const globMost = 1_000_000

func glob(c *luabind.Call) error {
	var pattern string
	var hidden, partial bool
	if err := c.Unpack("pattern", &pattern, "hidden?", &hidden, "partial?", &partial); err != nil {
		return err
	}
	if pattern == "" || strings.IndexByte(pattern, 0) >= 0 {
		return c.Usage("pattern", "%q is no pattern", pattern)
	}
	if !doublestar.ValidatePattern(pattern) {
		return luabind.Errorf(luabind.KindParse, "fs.glob: %s is no pattern: a bracket or brace without its end, or a backslash at the end", shown(pattern))
	}
	patterns, ok := expand(pattern)
	if !ok {
		return c.Usage("pattern", "its braces stand for more than %d patterns", globBraces)
	}
	g := &globber{c: c, hidden: hidden, partial: partial, seen: map[string]bool{}}
	for _, p := range patterns {
		base := ""
		if strings.HasPrefix(p, "/") {
			base = "/"
		}
		if err := g.walk(base, segments(p)); err != nil {
			return err
		}
	}
	slices.Sort(g.out)
	return c.Return(slices.Compact(g.out))
}

// globber collects what fits one call's patterns. For the script's goroutine.
type globber struct {
	c       *luabind.Call
	hidden  bool
	partial bool // leave out what may not be read
	out     []string
	seen    map[string]bool // folder and rest of the pattern
}

// walk finds what fits the rest of a pattern below a path, as the script sees it.
func (g *globber) walk(base string, rest []string) error {
	for len(rest) > 0 && isLiteral(rest[0]) {
		base, rest = base+unescape(rest[0]), rest[1:]
		if len(rest) == 0 {
			return g.addIfThere(base)
		}
		base += "/"
	}
	if len(rest) == 0 {
		return nil
	}
	key := base + "\x00" + strings.Join(rest, "/")
	if g.seen[key] {
		return nil
	}
	g.seen[key] = true
	if rest[0] == "**" {
		return g.walkAll(base, rest)
	}
	entries, err := g.list(base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !g.shows(e.name, rest[0]) || !fits(rest[0], e.name) {
			continue
		}
		if err := g.take(base, e, rest[1:]); err != nil {
			return err
		}
	}
	return nil
}

// take goes on with a name that fits: links to folders are followed, as a shell does.
func (g *globber) take(base string, e dirent, rest []string) error {
	if len(rest) == 0 {
		return g.add(base + e.name)
	}
	if e.typ != typeDir && e.typ != typeLink {
		return nil
	}
	return g.walk(base+e.name+"/", rest)
}

// walkAll is ** : any number of folders. Links are not followed, so it ends.
func (g *globber) walkAll(base string, rest []string) error {
	if len(rest) > 1 {
		if err := g.walk(base, rest[1:]); err != nil {
			return err
		}
	}
	entries, err := g.list(base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !g.shows(e.name, "*") {
			continue
		}
		if len(rest) == 1 {
			if err := g.add(base + e.name); err != nil {
				return err
			}
		}
		if e.typ == typeDir {
			if err := g.walk(base+e.name+"/", rest); err != nil {
				return err
			}
		}
	}
	return nil
}

// shows is the rule of hidden names: a wildcard at the beginning does not stand
// for a dot.
func (g *globber) shows(name, pattern string) bool {
	return g.hidden || name[0] != '.' || pattern[0] == '.' || strings.HasPrefix(pattern, `\.`)
}

func (g *globber) add(path string) error {
	if len(g.out) >= globMost {
		return luabind.Errorf(luabind.KindIO, "fs.glob: more than %d names fit", globMost)
	}
	g.out = append(g.out, path)
	return nil
}

// addIfThere is for a pattern that ends in a plain name; a link counts, also
// one that leads nowhere.
func (g *globber) addIfThere(p string) error {
	parent, name := path.Split(p)
	if name == "" || name == "." || name == ".." {
		parent = p
	}
	if p == "" {
		return nil
	}
	t, err := g.locate(parent)
	if t == nil || err != nil {
		return err
	}
	real := path.Join(t.real, name)
	if parent == p {
		real = t.real
	}
	in, err := wait(g.c, func(context.Context) (info, error) { return t.v.stat(real) }, nil)
	if err != nil {
		return g.unreadable(t, err)
	}
	if name == "" && in.typ != typeDir {
		return nil
	}
	return g.add(p)
}

// locate is the folder with a path, if it is there and may be listed.
func (g *globber) locate(dir string) (*target, error) {
	if dir == "" {
		dir = "."
	}
	t, err := locate(g.c, "pattern", dir, true)
	if err != nil {
		return nil, g.unreadable(nil, err)
	}
	return t, t.mayRead()
}

func (g *globber) list(dir string) ([]dirent, error) {
	t, err := g.locate(dir)
	if t == nil || err != nil {
		return nil, err
	}
	entries, err := wait(g.c, func(context.Context) ([]dirent, error) { return t.v.list(t.real) }, nil)
	if err != nil {
		return nil, g.unreadable(t, err)
	}
	return entries, nil
}

// unreadable is nil for what is not there, or has gone meanwhile.
func (g *globber) unreadable(t *target, err error) error {
	if g.c.Context().Err() != nil {
		return err
	}
	denied := errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
	if isMissing(err) || errors.Is(err, unix.ELOOP) || g.partial && denied {
		return nil
	}
	if t == nil {
		return err
	}
	after := ""
	if denied {
		after = "partial = true leaves out what may not be read"
	}
	return t.failed(err, after)
}
