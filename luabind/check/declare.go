package check

import (
	"time"
	"unicode"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/luabind"
)

// registry is what one run of a script has declared. It lives as long as the
// run and is for the script's goroutine.
type registry struct {
	run      *Run
	own      bool // nobody handed a run over: what is found fails the script
	begun    bool // the checks run: it is too late to declare
	checks   []*checkDecl
	collects []*collectDecl
	fixes    []*fixDecl
}

// declared is what checks, collectors and fixes have in common.
type declared struct {
	name    string
	where   string // the place in the script
	timeout time.Duration
	fn      *lua.LFunction
	obj     *lua.LUserData // what fn gets
}

type checkDecl struct {
	declared
	needs []string
	soft  int // 0: every state is hard
	live  *checkObject
}

type registryKey struct{}

// registryOf gives the registry of the run. The first to ask for it has the
// declarations run at the end of the script's text.
func registryOf(c *luabind.Call) *registry {
	if g, ok := c.Local(registryKey{}).(*registry); ok {
		return g
	}
	g := &registry{run: fromContext(c.Context())}
	if g.run == nil {
		g.run, g.own = &Run{}, true
	}
	if g.run.Report == nil {
		g.run.Report = &report.Report{}
	}
	c.SetLocal(registryKey{}, g)
	c.OnFinish(g.finish)
	return g
}

func (g *registry) anything() bool { return len(g.checks)+len(g.collects)+len(g.fixes) > 0 }

// declaring begins a declaration. A script that tries to declare a check is one
// with checks, also where the first of them is refused.
func declaring(c *luabind.Call) {
	if !c.Describing() {
		registryOf(c).run.declare()
	}
	withoutOptions(c)
}

// withoutOptions lets the options between a name and a function be left out:
// check(name, fn).
func withoutOptions(c *luabind.Call) {
	if c.Describing() || c.NArgs() != 2 {
		return
	}
	if fn, ok := c.Arg(1).(*lua.LFunction); ok {
		c.L().Pop(1)
		c.L().Push(c.L().NewTable())
		c.L().Push(fn)
	}
}

// admit looks at a new declaration; placeOf finds an older one of that name.
func (g *registry) admit(c *luabind.Call, d *declared, placeOf func(string) (string, bool)) error {
	if g.begun {
		return c.Usage("", "called while checks run; declare everything in the text of the script")
	}
	if d.name == "" {
		return c.Usage("name", "an empty text, want a name")
	}
	for _, r := range d.name {
		if unicode.IsControl(r) {
			return c.Usage("name", "%q has control characters", d.name)
		}
	}
	if place, dup := placeOf(d.name); dup {
		return c.Usage("name", "there is a %s %q already, at %s", c.Name(), d.name, place)
	}
	d.where = c.Where()
	return nil
}

func check(c *luabind.Call) error {
	declaring(c)
	d := &checkDecl{live: &checkObject{}}
	var soft luabind.Opt[int]
	if err := c.Unpack("name", &d.name, "timeout?", &d.timeout, "needs?", &d.needs, "soft?", &soft, "fn", &d.fn); err != nil {
		return err
	}
	if soft.Set && !soft.Off {
		if d.soft = soft.V; d.soft < 1 {
			return c.Usage("soft", "got %d, want a number of runs from 1", d.soft)
		}
	}
	g := registryOf(c)
	if err := g.admit(c, &d.declared, func(name string) (string, bool) { return placeOf(g.checks, name) }); err != nil {
		return err
	}
	d.obj = c.NewObject("c", d.live)
	g.checks = append(g.checks, d)
	return nil
}

type declaration interface{ common() *declared }

func (d *declared) common() *declared { return d }

// find gives the declaration of a name, or nil.
func find[T declaration](list []T, name string) (found T, ok bool) {
	for _, d := range list {
		if d.common().name == name {
			return d, true
		}
	}
	return found, false
}

func placeOf[T declaration](list []T, name string) (string, bool) {
	if d, ok := find(list, name); ok {
		return d.common().where, true
	}
	return "", false
}

func names[T declaration](list []T) []string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d.common().name
	}
	return out
}
