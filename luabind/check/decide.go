package check

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"opslua/internal/report"
	"opslua/internal/store"
	"opslua/luabind"
)

// act goes from the question whether the fix has to act to its end.
func (a *attempt) act() error {
	if err := a.remember(); err != nil {
		return err
	}
	if a.fix.Status == report.FixBlocked || !a.wanted() {
		return nil
	}
	if a.e.dry {
		if ok, err := a.withinLimit(); err != nil || !ok {
			return err
		}
		return a.plan()
	}
	release, err := a.lock()
	if err != nil || release == nil {
		return err
	}
	defer release()
	again, err := a.overtaken()
	if err != nil || a.fix.Status == report.FixBlocked || again && !a.wanted() {
		return err
	}
	if ok, err := a.withinLimit(); err != nil || !ok {
		return err
	}
	return a.run()
}

// block ends the fix before it has begun.
func (a *attempt) block(reason string) {
	a.fix.Status, a.fix.Reason = report.FixBlocked, oneLine(reason)
}

// remember reads what is owed. State that cannot be read blocks the fix.
func (a *attempt) remember() error {
	if !a.e.mem.there() {
		return nil
	}
	err := a.e.mem.view(a.ctx, func(tx store.Tx) error {
		a.owed = debts{}
		return a.owed.read(tx, a.d.name)
	})
	if err == nil {
		a.found = maps.Clone(a.owed)
		return nil
	}
	if a.ctx.Err() != nil {
		return err
	}
	a.block("state cannot be read: " + err.Error())
	return nil
}

// wanted says whether the fix has to act: on a hard WARNING or CRITICAL, or
// where an earlier run still owes something; never on UNKNOWN.
func (a *attempt) wanted() bool {
	f := a.fix
	owes := ""
	if len(a.owed) > 0 && a.follows {
		owes = "owed from an earlier run: " + a.owed.String()
	}
	if a.d.on == "" {
		f.Reason = owes
		return true
	}
	found := a.e.finding(a.d.on)
	state := a.d.on + " is " + found.State.String()
	switch {
	case found.Skipped != "":
		f.Reason = a.d.on + " was skipped: " + found.Skipped
		return false
	case a.e.unsure[a.d.on] != "":
		a.block(state + ", and nobody can say whether that is hard: " + a.e.unsure[a.d.on])
		return false
	case found.State == report.Unknown:
		f.Reason = state + ": a fix does not act on what is not known"
		return false
	case owes != "":
		f.Reason = state + "; " + owes
		return true
	case found.State == report.OK:
		f.Reason = state
		return false
	case found.Soft != nil:
		f.Reason = fmt.Sprintf("%s (soft %d/%d): it is not hard yet", state, found.Soft.N, found.Soft.Of)
		return false
	}
	f.Reason = state
	return true
}

// lock takes the lock of the fix; without an error and without a function to
// release it, the fix is blocked.
func (a *attempt) lock() (release func(), err error) {
	if a.d.lock == "" {
		return func() {}, nil
	}
	if !a.e.mem.there() {
		a.block("lock needs a state directory")
		return nil, nil
	}
	a.e.c.Progress(luabind.Progress{ID: a, Label: "fix " + a.d.name, Note: "lock " + a.d.lock})
	l, err := a.e.mem.st.Lock(a.ctx, a.d.lock, a.d.wait)
	switch {
	case err == nil:
		return func() { _ = l.Unlock() }, nil
	case a.ctx.Err() != nil:
		return nil, err
	case errors.Is(err, store.ErrLocked):
		a.block(strings.TrimSuffix(err.Error(), ": "+store.ErrLocked.Error()))
	default:
		a.block(fmt.Sprintf("lock %q cannot be taken: %v", a.d.lock, err))
	}
	return nil, nil
}
