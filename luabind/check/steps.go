package check

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/luabind"
)

// maxEvidence is how many bytes of one evidence are kept.
const maxEvidence = 1 << 20

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

// end closes the innermost step and says how it ended.
func (a *attempt) end(n int, started time.Time, status, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open = a.open[:len(a.open)-1]
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
		if ch.Op == "write" && ch.Path != "" {
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
		a.end(n, started, status, c.ErrorText(err))
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

// writes is what fs.write and its kind returned, or a list of it.
type writes struct {
	changed bool
	planned bool
	paths   []string
}

func (w *writes) LuaType() string { return "result of a write, or a list of them" }

func (w *writes) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return w.one(c, v)
	}
	n := luatable.Len(t)
	if n == 0 || t.RawGetString("changed") != lua.LNil {
		return w.one(c, v)
	}
	for i := 1; i <= n; i++ {
		if err := w.one(c, luatable.Get(t, lua.LNumber(i))); err != nil {
			return err
		}
	}
	return nil
}

func (w *writes) one(c *luabind.Call, v lua.LValue) error {
	wrong := fmt.Errorf("got %s, want what fs.write and its kind return, {changed, path, diff}, or a list of such", inShort(c, v))
	if _, ok := v.(*lua.LUserData); ok {
		if _, err := c.Plain(v); kindOf(err) == luabind.KindPlanned {
			w.planned = true
			return nil
		}
		return wrong
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return wrong
	}
	changed, ok := t.RawGetString("changed").(lua.LBool)
	if !ok {
		return wrong
	}
	w.changed = w.changed || bool(changed)
	if path, ok := t.RawGetString("path").(lua.LString); ok && path != "" {
		w.paths = append(w.paths, string(path))
	}
	return nil
}

func onChange(c *luabind.Call) error {
	var w writes
	var fn, back *lua.LFunction
	var title string
	if err := c.Unpack("write", &w, "fn", &fn, "undo?", &back, "title?", &title); err != nil {
		return err
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	if title == "" {
		title = joinWith(" of ", "on change", strings.Join(w.paths, ", "))
	}
	if w.planned && !w.changed {
		a.skip(title, report.StepPlanned, "depends on a write that was only planned")
		return c.Return(false)
	}
	if !w.changed && !a.owes(w.paths) {
		a.skip(title, report.StepSkipped, "nothing changed")
		return c.Return(false)
	}
	return a.step(c, title, fn, back, []any{true})
}

// clean is a path as it is compared.
func clean(path string) string {
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func waitFor(c *luabind.Call) error {
	var title string
	var fn *lua.LFunction
	within, every := 30*time.Second, 500*time.Millisecond
	if err := c.Unpack("title", &title, "within?", &within, "every?", &every, "fn", &fn); err != nil {
		return err
	}
	if every <= 0 {
		return c.Usage("every", "got 0, want a duration above 0")
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	if a.e.dry {
		a.skip(title, report.StepPlanned, "would wait up to "+units.FormatDuration(within))
		return c.Return(c.NewPlanned("what `" + title + "` waits for, which was only planned"))
	}
	n := a.start(title)
	started := time.Now()
	v, err := a.poll(c, title, within, every, fn)
	if err != nil {
		a.end(n, started, report.StepFailed, c.ErrorText(err))
		return err
	}
	a.end(n, started, report.StepDone, "")
	return c.Return(v)
}

// lastTry is how long the function of a wait has when the time is almost over.
const lastTry = 100 * time.Millisecond

// poll calls a function until what it returns is true. What is not there yet may
// also be told by a raise.
func (a *attempt) poll(c *luabind.Call, title string, within, every time.Duration, fn *lua.LFunction) (lua.LValue, error) {
	deadline := time.Now().Add(within)
	p := luabind.Progress{ID: fn, Label: title, Total: int(within / time.Second)}
	defer func() { p.Over = true; c.Progress(p) }()
	last := ""
	for {
		p.Done, p.Note = int((within-time.Until(deadline))/time.Second), last
		c.Progress(p)
		var out []lua.LValue
		err := c.Scope("wait for "+title, max(time.Until(deadline), lastTry), func() error {
			var err error
			out, err = c.Invoke(fn)
			return err
		})
		switch {
		case err != nil && (a.e.over(err) || !notYet(err)):
			return nil, err
		case err != nil:
			if last == "" || kindOf(err) != luabind.KindTimeout || time.Now().Before(deadline) {
				last = c.ErrorText(err) // the end of the last try says less than the one before
			}
		case len(out) > 0 && lua.LVAsBool(out[0]):
			return out[0], nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, luabind.Errorf(luabind.KindAssert, "%s",
				joinWith(": ", title+": not within "+units.FormatDuration(within), last))
		}
		if err := pause(c.Context(), min(every, left)); err != nil {
			return nil, err
		}
	}
}

// notYet says that an error may pass by waiting.
func notYet(err error) bool {
	switch kindOf(err) {
	case luabind.KindExit, luabind.KindSignal, luabind.KindAssert, luabind.KindTimeout, luabind.KindNet,
		luabind.KindNotFound, luabind.KindGone, luabind.KindAccess, luabind.KindIO:
		return true
	}
	return false
}

func evidence(c *luabind.Call) error {
	var name string
	var v lua.LValue
	if err := c.Unpack("name", &name, "value", &v); err != nil {
		return err
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	text, err := evidenceText(c, v)
	if err != nil {
		return err
	}
	if len(text) > maxEvidence {
		text = text[:maxEvidence] + fmt.Sprintf("\n… %d bytes more", len(text)-maxEvidence)
	}
	a.fix.Evidence = append(a.fix.Evidence, report.Evidence{Name: c.Mask(oneLine(name)), Text: text})
	return nil
}

// evidenceText is a text as it is, and a table as data or as it says itself.
func evidenceText(c *luabind.Call, v lua.LValue) (string, error) {
	t, ok := v.(*lua.LTable)
	if !ok || luabind.HasToString(t) {
		if err := notPlanned(c, v); err != nil {
			return "", err
		}
		return c.Mask(c.String(v)), nil
	}
	data, err := c.Plain(t)
	if err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(masked(c, data), "", "  ")
	return string(out), err
}
