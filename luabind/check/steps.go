package check

import (
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/luabind"
)

func attemptOf(c *luabind.Call) (*attempt, error) {
	if o, ok := c.Self().(*fixObject); ok && o.a != nil {
		return o.a, nil
	}
	return nil, c.Usage("", "the fix has ended: this is of use only while its function runs")
}

// start opens a step; what changes from now on belongs to it.
func (a *attempt) start(title string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.fix.Steps)
	a.fix.Steps = append(a.fix.Steps, report.Step{Title: a.e.c.Mask(oneLine(title)), Status: report.StepDone})
	a.open = append(a.open, n)
	return n
}

// end closes a step and says how it ended. Coroutines may close them in any order.
func (a *attempt) end(n int, started time.Time, status, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open = slices.DeleteFunc(a.open, func(i int) bool { return i == n })
	s := &a.fix.Steps[n]
	s.Status, s.Text, s.Seconds = status, text, time.Since(started).Seconds()
	a.pending = a.pending || status == report.StepPlanned
}

// changes says how much a step has changed so far.
func (a *attempt) changes(n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.fix.Steps[n].Changes)
}

// hear is told of every change while the fix runs. An error keeps the change
// from being made: one that cannot be noted before must not be made.
func (a *attempt) hear(ch luabind.Change, stage luabind.Stage) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return nil
	}
	if stage == luabind.Before {
		if err := a.beginLocked(); err != nil {
			return err
		}
		if a.follows && ch.Op == "write" && ch.Path != "" {
			return a.owe(ch.Path)
		}
		return nil
	}
	a.changed = true
	made := report.Change{Op: ch.Op, Text: ch.Text, Argv: ch.Argv, Path: ch.Path, Diff: ch.Diff, Where: ch.Where}
	if n := len(a.open); n > 0 {
		step := &a.fix.Steps[a.open[n-1]]
		step.Changes = append(step.Changes, made)
		return nil
	}
	status := report.StepDone // a change outside of a step is one by itself
	if stage == luabind.Planned {
		status = report.StepPlanned
	}
	a.fix.Steps = append(a.fix.Steps, report.Step{Title: ch.Text, Status: status, Changes: []report.Change{made}})
	return nil
}

// begin counts the attempt, once, as its first step begins.
func (a *attempt) begin() error {
	if a.e.dry {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.beginLocked()
}

func step(c *luabind.Call) error {
	var title string
	var fn, back *lua.LFunction
	if err := c.Unpack("title", &title, "fn", &fn, "undo?", &back); err != nil {
		return err
	}
	if title == "" {
		return c.Usage("title", "an empty text, want a title")
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	return a.step(c, title, fn, back, nil)
}

// step runs a function as a step and gives its results, or those named.
func (a *attempt) step(c *luabind.Call, title string, fn, back *lua.LFunction, results []any) error {
	if err := a.begin(); err != nil {
		return err
	}
	c.Progress(luabind.Progress{ID: a, Label: "fix " + a.d.name, Note: title})
	n := a.start(title)
	started := time.Now()
	var out []lua.LValue
	err := c.Scope("step "+title, 0, func() error {
		var err error
		out, err = c.Invoke(fn)
		return err
	})
	if err != nil {
		status := report.StepFailed
		if kindOf(err) == luabind.KindPlanned {
			status = report.StepPlanned
		}
		a.end(n, started, status, a.e.textOf(err))
		return err
	}
	switch {
	case a.e.dry && a.changes(n) > 0:
		a.end(n, started, report.StepPlanned, "")
	case a.e.dry:
		a.end(n, started, report.StepSkipped, "nothing would change")
	default:
		a.end(n, started, report.StepDone, "")
		if back != nil {
			a.undos = append(a.undos, undo{title, back})
		}
	}
	if results != nil {
		return c.Return(results...)
	}
	for _, v := range out {
		results = append(results, v)
	}
	return c.Return(results...)
}

// skip notes a step that does not run.
func (a *attempt) skip(title, status, text string) {
	a.end(a.start(title), time.Now(), status, text)
}
