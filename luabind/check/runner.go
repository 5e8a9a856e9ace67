package check

import (
	"fmt"
	"slices"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
)

// engine runs what a script has declared. It lives for the call that does so
// and is for the script's goroutine.
type engine struct {
	g       *registry
	c       *luabind.Call
	run     *Run
	rep     *report.Report
	mem     memory
	dry     bool
	todo    []*checkDecl         // the checks of this run, in their order
	at      map[string]int       // where in the report the finding of a check is
	looked  map[string]time.Time // when the check began to look, by the run's clock
	streaks map[string]streak    // what this run has counted
	unsure  map[string]string    // why nobody can say whether a check is hard
	metrics *series
	rows    map[string]bool // names that are taken
}

// finish is called when the text of the script has come to its end.
func (g *registry) finish(c *luabind.Call) error {
	if err := g.run.Unused(); err != nil {
		return err
	}
	if g.run.Describe {
		g.describe()
		return nil
	}
	if !g.anything() {
		return nil
	}
	if err := g.validate(); err != nil {
		return err
	}
	order, err := g.ordered()
	if err != nil {
		return err
	}
	sel, err := g.selected()
	if err != nil {
		return err
	}
	g.begun = true
	e := &engine{
		g: g, c: c, run: g.run, rep: g.run.Report, mem: memoryOf(c), dry: c.DryRun(),
		at: map[string]int{}, looked: map[string]time.Time{},
		streaks: map[string]streak{}, unsure: map[string]string{},
		metrics: newSeries(), rows: map[string]bool{},
	}
	e.rep.DryRun = e.dry
	if err := e.all(order, sel); err != nil {
		return err
	}
	if g.own {
		return e.verdict()
	}
	return nil
}

func (g *registry) describe() {
	if g.run.Description == nil {
		g.run.Description = &Description{}
	}
	d := g.run.Description
	d.Checks, d.Collect, d.Fixes = names(g.checks), names(g.collects), names(g.fixes)
}

// all runs checks, collectors and fixes. An error ends the script.
func (e *engine) all(order []*checkDecl, sel selection) error {
	if err := e.checks(order, sel); err != nil {
		return err
	}
	if err := e.collectors(sel); err != nil {
		return err
	}
	for _, d := range e.g.fixes {
		if sel.fixes[d.name] {
			if err := e.fix(d); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *engine) checks(order []*checkDecl, sel selection) error {
	e.todo = slices.DeleteFunc(order, func(d *checkDecl) bool { return !sel.checks[d.name] })
	p := luabind.Progress{ID: e, Label: "checks", Total: len(e.todo)}
	defer func() { p.Note, p.Over = "", true; e.c.Progress(p) }()
	for i, d := range e.todo {
		p.Done, p.Note = i, d.name
		e.c.Progress(p)
		if reason := e.skips(d); reason != "" {
			e.note(report.Finding{Name: d.name, Needs: d.needs, State: report.Unknown, Skipped: reason})
			continue
		}
		f, err := e.check(d)
		e.note(f)
		if err != nil {
			return err
		}
	}
	p.Done = len(e.todo)
	return nil
}

// note puts the first finding of a check into the report.
func (e *engine) note(f report.Finding) {
	e.at[f.Name] = len(e.rep.Findings)
	e.rep.Findings = append(e.rep.Findings, f)
	e.run.found(f)
}

// finding gives the last finding of a check.
func (e *engine) finding(name string) *report.Finding { return &e.rep.Findings[e.at[name]] }

// skips says why a check does not run: what it needs is not there.
func (e *engine) skips(d *checkDecl) string {
	for _, n := range d.needs {
		switch f := e.finding(n); {
		case f.Skipped != "":
			return fmt.Sprintf("needs %q, which was skipped", n)
		case f.State == report.Critical || f.State == report.Unknown:
			return fmt.Sprintf("needs %q, which is %s", n, f.State)
		}
	}
	return ""
}

// check runs one check and counts it. An error ends the script; the finding is
// good also then.
func (e *engine) check(d *checkDecl) (report.Finding, error) {
	started := time.Now()
	e.looked[d.name] = e.run.clock()
	r := &record{}
	d.live.r = r
	err := e.c.Scope("check "+d.name, d.timeout, func() error {
		_, err := e.c.Invoke(d.fn, d.obj)
		return err
	})
	d.live.r = nil
	if err != nil {
		r.say(stateOf(err), e.textOf(err))
	} else {
		r.unasked(e.c)
	}
	f := r.finding()
	f.Name, f.Needs, f.Seconds = d.name, d.needs, time.Since(started).Seconds()
	if err != nil && e.over(err) {
		return f, err
	}
	return f, e.soften(&f, d.soft)
}
