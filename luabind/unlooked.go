package luabind

import (
	"slices"
	"strconv"
)

// unlooked is a failure that the script has to look at.
type unlooked struct {
	err  *Error
	seen bool
}

// ledger are the failures of a part of the script that it may not have looked
// at. It is for the goroutine of the run.
type ledger struct {
	open []*unlooked
	tidy int // length at which those seen are taken out
}

// MustLook notes a failure that the part of the script which runs now, a Scope
// or the whole, has to look at before it has run to its end without an error.
// Otherwise e becomes its error. The function it gives is called at the look.
// The message is that of the failure alone.
func (c *Call) MustLook(e *Error) (look func()) {
	u := &unlooked{err: e}
	c.s.failures.add(u)
	return func() { u.seen = true }
}

func (l *ledger) add(u *unlooked) {
	l.open = append(l.open, u)
	if len(l.open) < max(l.tidy, 64) {
		return
	}
	l.open = slices.DeleteFunc(l.open, func(u *unlooked) bool { return u.seen })
	l.tidy = 2 * len(l.open)
}

// settle gives the error of what was not looked at, if anything.
func (l *ledger) settle() error {
	open := slices.DeleteFunc(l.open, func(u *unlooked) bool { return u.seen })
	if len(open) == 0 {
		return nil
	}
	e := *open[0].err
	e.Message += `; the script never looked at its result (ok = "any" says that it does not matter)`
	if more := len(open) - 1; more > 0 {
		e.Message += ", and " + strconv.Itoa(more) + " more like it"
	}
	return &e
}
