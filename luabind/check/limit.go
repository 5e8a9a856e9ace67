package check

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"opslua/internal/report"
	"opslua/internal/store"
	"opslua/luabind"
)

// history is what is kept of the attempts of a fix.
type history struct {
	Limit    string      `json:"limit"`
	Attempts []time.Time `json:"attempts"` // those that count, in order
	Full     bool        `json:"full"`     // the limit is reached
	Ended    time.Time   `json:"ended"`    // when the last attempt of a run ended
}

// look brings a history up to date: with the limit as it is now, and without
// times in the future, which a clock that was set back leaves.
func (h *history) look(r *rate, now time.Time) {
	for i, t := range h.Attempts {
		if t.After(now) {
			h.Attempts[i] = now
		}
	}
	if h.Limit != r.String() {
		h.Limit, h.Full = r.String(), false
	}
	if !h.Full {
		h.Attempts = slices.DeleteFunc(h.Attempts, func(t time.Time) bool { return now.Sub(t) >= r.window })
		h.Full = len(h.Attempts) >= r.n
	}
}

// allows says whether an attempt may begin; half: it is the one that is let
// through after the window.
func (h *history) allows(r *rate, now time.Time) (ok, half bool) {
	if !h.Full {
		return true, false
	}
	return now.Sub(h.Attempts[len(h.Attempts)-1]) >= r.window, true
}

// count adds an attempt.
func (h *history) count(r *rate, now time.Time) {
	h.Attempts = append(h.Attempts, now)
	if n := len(h.Attempts) - r.n; n > 0 {
		h.Attempts = slices.Clone(h.Attempts[n:])
	}
	h.Full = len(h.Attempts) >= r.n
}

func (h *history) reason(r *rate) string {
	last := h.Attempts[len(h.Attempts)-1]
	return fmt.Sprintf("limit %s is reached; the next attempt is let through at %s", r, last.Add(r.window).UTC().Format(time.RFC3339))
}

// withinLimit looks at the limit before anything of the fix runs. It counts
// nothing; times that a clock left in the future are set right for good.
func (a *attempt) withinLimit() (bool, error) {
	if a.d.limit == nil {
		return true, nil
	}
	if !a.e.mem.there() {
		a.block("limit needs a state directory")
		return false, nil
	}
	ok, future := false, false
	var h history
	now := a.e.run.clock()
	look := func(tx store.Tx) error {
		h = history{}
		if _, err := load(tx, sectionLimit, a.d.name, &h); err != nil {
			return err
		}
		future = slices.ContainsFunc(h.Attempts, func(t time.Time) bool { return t.After(now) })
		h.look(a.d.limit, now)
		ok, _ = h.allows(a.d.limit, now)
		return nil
	}
	err := a.e.mem.view(a.ctx, look)
	if err == nil && future && !a.e.dry {
		err = a.e.mem.update(a.ctx, func(tx store.Tx) error {
			if err := look(tx); err != nil {
				return err
			}
			return save(tx, sectionLimit, a.d.name, h)
		})
	}
	switch {
	case err != nil && a.ctx.Err() != nil:
		return false, err
	case err != nil:
		a.block("state cannot be read: " + err.Error())
		return false, nil
	case !ok:
		a.block(h.reason(a.d.limit))
	}
	return ok, nil
}

// beginLocked counts the attempt as its first change, or step, begins. Two runs
// that overlap have both looked before: here one of them is refused.
func (a *attempt) beginLocked() error {
	if a.blocked == "" && !a.begun {
		if err := a.countLocked(); err != nil {
			return err
		}
	}
	if a.blocked != "" {
		return luabind.Errorf(luabind.KindDenied, "fix %s: %s", a.d.name, a.blocked)
	}
	a.begun = true
	return nil
}

func (a *attempt) countLocked() error {
	if a.d.limit == nil {
		return nil
	}
	now := a.e.run.clock()
	err := a.e.mem.update(a.ctx, func(tx store.Tx) error {
		a.blocked, a.half = "", false
		var h history
		if _, err := load(tx, sectionLimit, a.d.name, &h); err != nil {
			return err
		}
		h.look(a.d.limit, now)
		ok, half := h.allows(a.d.limit, now)
		if a.half = half; !ok {
			a.blocked = h.reason(a.d.limit)
			return nil
		}
		h.count(a.d.limit, now)
		return save(tx, sectionLimit, a.d.name, &h)
	})
	if err != nil && a.ctx.Err() == nil {
		a.blocked = "the attempt cannot be counted: " + oneLine(err.Error())
		return nil
	}
	return err
}

// settle keeps how the attempt ended. An error ends the script; a memory that
// cannot be written makes the fix a failed one, since the next run would not
// know better.
func (a *attempt) settle() error {
	status := a.fix.Status
	good := status == report.FixChanged || status == report.FixOK
	pay := len(a.owed) > 0 && (good || status == report.FixRolledBack)
	stamp := a.begun && (a.d.limit != nil || a.d.lock != "")
	if !a.e.mem.there() || !pay && !stamp {
		return nil
	}
	err := a.e.mem.update(a.ctx, func(tx store.Tx) error {
		if pay {
			if err := a.payAll(tx); err != nil {
				return err
			}
		}
		if !stamp {
			return nil
		}
		var h history
		if _, err := load(tx, sectionLimit, a.d.name, &h); err != nil {
			return err
		}
		h.Ended = a.e.run.clock()
		if a.half && good && len(h.Attempts) > 0 {
			// What came before is forgotten; this attempt counts as every other.
			h.Attempts = h.Attempts[len(h.Attempts)-1:]
			h.Full = len(h.Attempts) >= a.d.limit.n
		}
		return save(tx, sectionLimit, a.d.name, &h)
	})
	if err == nil || a.ctx.Err() != nil {
		return err
	}
	a.fix.Status = report.FixFailed
	a.fix.Error = joinWith("; ", a.fix.Error, "the end of the fix cannot be kept: "+oneLine(err.Error()))
	return nil
}

// overtaken looks, with the lock in hand, whether another run has ended its own
// attempt since the check looked, and if so runs the check again: what it found
// may be put right.
func (a *attempt) overtaken() (bool, error) {
	if a.d.lock == "" || a.d.on == "" || !a.e.mem.there() {
		return false, nil
	}
	var h history
	owed := debts{}
	err := a.e.mem.view(a.ctx, func(tx store.Tx) error {
		h, owed = history{}, debts{}
		if err := owed.read(tx, a.d.name); err != nil {
			return err
		}
		_, err := load(tx, sectionLimit, a.d.name, &h)
		return err
	})
	if err != nil {
		if a.ctx.Err() != nil {
			return false, err
		}
		a.block("state cannot be read: " + err.Error())
		return true, nil
	}
	a.owed, a.found = owed, maps.Clone(owed)
	if h.Ended.IsZero() || h.Ended.Before(a.e.looked[a.d.on]) {
		return false, nil
	}
	_, err = a.e.rerun(a.d.on)
	return true, err
}
