package proc

import (
	"context"
	"errors"
	"time"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/luabind"
	"opslua/policy"
)

// wait is proc.wait.
func wait(c *luabind.Call) error {
	var p targets
	var limit luabind.Opt[time.Duration]
	if err := c.Unpack("p", &p, "[timeout]", &limit); err != nil {
		return err
	}
	if err := c.Require(policy.Read{Path: "/proc"}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Context())
	if limit.Set && !limit.Off {
		ctx, cancel = context.WithTimeout(c.Context(), limit.V)
	}
	defer cancel()
	w := &waiting{c: c, ends: make([]bool, len(p.items)), items: p.items}
	defer w.close()
	if err := w.open(); err != nil {
		return err
	}
	w.all(ctx)
	if c.Context().Err() != nil {
		return c.Context().Err()
	}
	gone, alive := c.L().NewTable(), c.L().NewTable()
	for i := range w.items {
		list := alive
		if w.ends[i] {
			list = gone
		}
		luatable.Append(c.L(), list, namedRow(c, w.items[i]))
	}
	return c.Return(gone, alive)
}

// waiting holds the processes that are waited for.
type waiting struct {
	c       *luabind.Call
	items   []item
	handles []*proctable.Handle
	ends    []bool
}

// open takes hold of all before it waits for the first.
func (w *waiting) open() error {
	w.handles = make([]*proctable.Handle, len(w.items))
	for i := range w.items {
		it := &w.items[i]
		if it.id.PID <= 0 {
			return w.c.Usage("p", "want the numbers of processes, from 1")
		}
		id, err := confirm(w.c, it.id)
		var e *luabind.Error
		if err == nil {
			w.describe(it, id)
			w.handles[i], err = proctable.Open(id)
		}
		switch {
		case err == nil:
		case errors.Is(err, proctable.ErrGone), errors.As(err, &e) && e.Kind == luabind.KindGone:
			w.ends[i] = true
		default:
			return handleError(w.c, it.id.PID, err)
		}
	}
	return nil
}

// describe makes the row for a bare number, while there is something to see.
func (w *waiting) describe(it *item, id proctable.Identity) {
	if it.row != nil {
		return
	}
	p, err := proctable.Get(w.c.Context(), provider(w.c), id.PID, proctable.DefaultFields)
	if err != nil || p.StartedTicks != id.StartedTicks {
		return
	}
	r := newRows(w.c, proctable.DefaultFields, &proctable.Snapshot{Procs: []proctable.Proc{*p}, BootID: id.BootID}, "")
	if t, err := r.row(p, 0); err == nil {
		it.row = t
	}
}

// all waits for one after the other; once the time is up, each is looked at.
func (w *waiting) all(ctx context.Context) {
	for i, h := range w.handles {
		if h == nil {
			continue
		}
		if h.Wait(ctx) == nil || errors.Is(h.Signal(0), proctable.ErrGone) {
			w.ends[i] = true
		}
	}
}

func (w *waiting) close() {
	for _, h := range w.handles {
		if h != nil {
			_ = h.Close()
		}
	}
}
