package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/luabind"
)

// run runs the function of the fix and what follows. An error ends the script.
func (a *attempt) run() error {
	err := a.call()
	blocked, changed := a.outcome()
	if err == nil && blocked == "" {
		err = a.verify()
	}
	var exit *luabind.ExitError
	switch {
	case errors.As(err, &exit):
		a.fix.Status, a.fix.Error = report.FixFailed, a.e.textOf(err)+a.left(len(a.undos))
		return err
	case blocked != "":
		a.block(blocked)
		return a.e.c.Context().Err()
	case err != nil:
		a.fix.Status, a.fix.Error = report.FixFailed, a.e.textOf(err)
		err = a.shielded(func() error {
			if err := a.back(); err != nil {
				return err
			}
			return a.settle()
		})
	case changed:
		a.fix.Status = report.FixChanged
		fallthrough
	default:
		err = a.settle()
	}
	if err != nil {
		return err
	}
	if err := a.e.c.Context().Err(); err != nil {
		return err
	}
	return a.lookAgain()
}

// call runs the function of the fix, and hears of what it changes.
func (a *attempt) call() error {
	a.d.live.a = a
	stop := a.e.c.WatchChanges(a.hear)
	err := a.e.c.Scope("fix "+a.d.name, a.d.timeout, func() error {
		_, err := a.e.c.Invoke(a.d.fn, a.d.obj)
		return err
	})
	stop()
	a.d.live.a = nil
	return err
}

// outcome says what kept the attempt from beginning, and whether it changed, or
// in a dry run would change, anything.
func (a *attempt) outcome() (blocked string, changed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.blocked, a.changed
}

// lookAgain runs the check of the fix again where the fix changed something and
// no verification has: the last state counts.
func (a *attempt) lookAgain() error {
	names := map[string]bool{}
	verified := a.d.verify != nil && a.fix.Status == report.FixChanged
	if a.d.on != "" && !(verified && a.d.verify.check == a.d.on) {
		names[a.d.on] = true
	}
	if a.d.verify != nil && !verified {
		names[a.d.verify.check] = true
	}
	if _, changed := a.outcome(); !changed {
		return nil
	}
	for _, d := range a.e.g.checks {
		if names[d.name] {
			if _, err := a.e.rerun(d.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// verify runs a check again until it is OK or its time has passed.
func (a *attempt) verify() error {
	v := a.d.verify
	if v == nil {
		return nil
	}
	deadline := time.Now().Add(v.within)
	p := luabind.Progress{ID: a, Label: "fix " + a.d.name, Note: "verify " + v.check}
	for {
		a.e.c.Progress(p)
		state, err := a.e.rerun(v.check)
		if err != nil || state == report.OK {
			return err
		}
		left := time.Until(deadline)
		if left <= 0 {
			f := a.e.finding(v.check)
			return luabind.Errorf(luabind.KindAssert, "not verified: %s",
				joinWith(": ", fmt.Sprintf("%s is %s after %s", v.check, f.State, units.FormatDuration(v.within)), f.Text))
		}
		if err := pause(a.ctx, min(v.every, left)); err != nil {
			return err
		}
	}
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shielded runs what an interrupt must not cut in half.
func (a *attempt) shielded(f func() error) error {
	outer := a.ctx
	use := func(ctx context.Context) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ctx = ctx
	}
	defer func() { use(outer) }()
	return a.e.c.Shield(func() error {
		use(a.e.c.Context())
		return f()
	})
}

// back takes the completed steps back, the last first, and says how that ended.
// An interrupt does not keep it from that, but an error from here ends the script.
func (a *attempt) back() error {
	if err := a.e.c.Context().Err(); err != nil {
		a.fix.Error += a.left(len(a.undos))
		return err
	}
	a.d.live.a = a
	stop := a.e.c.WatchChanges(a.hear)
	defer func() { stop(); a.d.live.a = nil }()
	good := len(a.undos) > 0
	for i := len(a.undos) - 1; i >= 0; i-- {
		u := a.undos[i]
		a.e.c.Progress(luabind.Progress{ID: a, Label: "fix " + a.d.name, Note: "undo of " + u.title})
		n := a.start(u.title)
		started := time.Now()
		err := a.e.c.Scope("undo of "+u.title, a.d.timeout, func() error {
			_, err := a.e.c.Invoke(u.fn)
			return err
		})
		if err == nil {
			a.end(n, started, report.StepUndone, "")
			continue
		}
		good = false
		text := strings.TrimPrefix(a.e.textOf(err), "undo of "+u.title+": ")
		a.end(n, started, report.StepUndoFailed, text)
		a.fix.Error += "; the undo of " + strconv.Quote(u.title) + " failed: " + text
		if a.e.over(err) {
			a.fix.Error += a.left(i)
			return err
		}
	}
	if good {
		a.fix.Status = report.FixRolledBack
	}
	return nil
}

// left names the steps whose undos, the first n, did not run: the host is left
// as they have made it.
func (a *attempt) left(n int) string {
	if n == 0 {
		return ""
	}
	var titles []string
	for i := n - 1; i >= 0; i-- {
		titles = append(titles, strconv.Quote(a.undos[i].title))
	}
	return "; not taken back: " + strings.Join(titles, ", ")
}

// plan runs the function of a fix in a dry run, where changes are only planned.
func (a *attempt) plan() error {
	err := a.call()
	f := a.fix
	if _, changed := a.outcome(); changed || a.pending {
		f.Status = report.FixPlanned
		if v := a.d.verify; v != nil {
			f.Reason = joinWith("; ", f.Reason, fmt.Sprintf("would verify %s within %s", v.check, units.FormatDuration(v.within)))
		}
	}
	if err == nil {
		return nil
	}
	f.Status, f.Error = report.FixFailed, a.e.textOf(err)
	if a.e.over(err) {
		return err
	}
	if kindOf(err) == luabind.KindPlanned {
		f.Status = report.FixPlanned
		if a.e.rep.Incomplete == "" {
			a.e.rep.Incomplete = f.Error
		}
	}
	return nil
}
