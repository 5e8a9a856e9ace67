package check

import (
	"slices"
	"strings"

	"opslua/luabind"
)

// usageAt is a mistake in a declaration, with the place of that.
func usageAt(d *declared, format string, args ...any) error {
	e := luabind.Errorf(luabind.KindUsage, format, args...)
	e.Where = d.where
	return e
}

// known looks whether a check of that name is declared.
func (g *registry) known(d *declared, what, option, name string) error {
	if _, ok := find(g.checks, name); ok {
		return nil
	}
	return usageAt(d, "%s %q: %s: there is no check %q%s", what, d.name, option, name, nearest(name, names(g.checks)))
}

func nearest(name string, names []string) string {
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	return luabind.DidYouMean(name, known)
}

// validate looks at every name that a declaration mentions.
func (g *registry) validate() error {
	for _, d := range g.checks {
		for _, n := range d.needs {
			if err := g.known(&d.declared, "check", "needs", n); err != nil {
				return err
			}
		}
	}
	for _, d := range g.fixes {
		if d.on != "" {
			if err := g.known(&d.declared, "fix", "on", d.on); err != nil {
				return err
			}
		}
		if d.verify != nil {
			if err := g.known(&d.declared, "fix", "verify", d.verify.check); err != nil {
				return err
			}
		}
	}
	return nil
}

// ordered gives the checks so that each comes after those that it needs, and
// otherwise as they were declared.
func (g *registry) ordered() ([]*checkDecl, error) {
	o := ordering{g: g, state: map[*checkDecl]int{}}
	for _, d := range g.checks {
		if err := o.visit(d); err != nil {
			return nil, err
		}
	}
	return o.out, nil
}

const (
	onPath = 1
	placed = 2
)

type ordering struct {
	g     *registry
	state map[*checkDecl]int
	path  []*checkDecl
	out   []*checkDecl
}

// visit places a check behind those that it needs. The way is kept here and
// not on Go's stack alone, for the circle that an error names.
func (o *ordering) visit(d *checkDecl) error {
	switch o.state[d] {
	case placed:
		return nil
	case onPath:
		return o.circle(d)
	}
	o.state[d] = onPath
	o.path = append(o.path, d)
	for _, n := range d.needs {
		if other, ok := find(o.g.checks, n); ok {
			if err := o.visit(other); err != nil {
				return err
			}
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.state[d] = placed
	o.out = append(o.out, d)
	return nil
}

func (o *ordering) circle(d *checkDecl) error {
	way := names(o.path[slices.Index(o.path, d):])
	return usageAt(&d.declared, "check %q: needs: a circle: %s", d.name, strings.Join(append(way, d.name), " -> "))
}

// selection is what a run runs, by name.
type selection struct{ checks, collects, fixes map[string]bool }

// selected follows Run.Only: what a name that was asked for depends on runs too.
func (g *registry) selected() (selection, error) {
	s := selection{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	only := g.run.Only
	if len(only) == 0 {
		only = g.all()
	}
	for _, name := range only {
		hit := false
		if d, ok := find(g.checks, name); ok {
			hit = true
			g.needed(s.checks, d.name)
		}
		if _, ok := find(g.collects, name); ok {
			hit = true
			s.collects[name] = true
		}
		if d, ok := find(g.fixes, name); ok {
			hit = true
			s.fixes[name] = true
			g.needed(s.checks, d.on)
			if d.verify != nil {
				g.needed(s.checks, d.verify.check)
			}
		}
		if !hit {
			all := g.all()
			return s, askedError("--only %s: there is no check, collector or fix of that name%s; there are: %s",
				oneLine(name), nearest(name, all), strings.Join(all, ", "))
		}
	}
	return s, nil
}

// needed marks a check and all that it needs. Circles were refused before.
func (g *registry) needed(marked map[string]bool, name string) {
	d, ok := find(g.checks, name)
	if !ok || marked[name] {
		return
	}
	marked[name] = true
	for _, n := range d.needs {
		g.needed(marked, n)
	}
}

// all are the names of all declarations, each once.
func (g *registry) all() []string {
	var out []string
	for _, n := range slices.Concat(names(g.checks), names(g.collects), names(g.fixes)) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
