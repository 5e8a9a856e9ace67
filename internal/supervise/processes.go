package supervise

import (
	"context"
	"errors"
	"syscall"
	"time"

	"opslua/internal/proctable"
)

// StopOptions say how processes are stopped. The zero value is SIGKILL at
// once, for the processes named alone.
type StopOptions struct {
	Signal syscall.Signal // default SIGTERM
	Grace  time.Duration  // until SIGKILL; 0 means at once
	Tree   bool           // all their descendants too
}

// StopResult is plain data: what has become of every process that was to go.
type StopResult struct {
	Gone, Alive, Forced []proctable.Identity
}

// target is one process that is to go.
type target struct {
	id     proctable.Identity
	handle *proctable.Handle
	gone   bool
	forced bool
}

// StopProcesses ends processes that need not be children. Each is held by a
// descriptor before anything is sent, so that no stranger with its number is
// hit; one that is gone already counts as gone. What refuses to be signalled is
// alive and named by the error. When ctx ends the grace does, and SIGKILL
// follows at once.
func StopProcesses(ctx context.Context, ids []proctable.Identity, o StopOptions) (StopResult, error) {
	if o.Signal == 0 {
		o.Signal = syscall.SIGTERM
	}
	s := &stopper{seen: make(map[proctable.Identity]bool)}
	defer s.close()
	for _, id := range ids {
		s.add(id)
	}
	if o.Tree {
		s.descend(ctx)
	}
	if o.Grace > 0 {
		s.signal(o.Signal, false)
		if o.Signal != syscall.SIGSTOP {
			s.signal(syscall.SIGCONT, false)
		}
		s.wait(ctx, o.Grace)
	}
	for begun := time.Now(); s.alive() && time.Since(begun) < killBound; {
		if o.Tree {
			s.descend(context.WithoutCancel(ctx))
		}
		s.signal(syscall.SIGKILL, true)
		s.wait(context.WithoutCancel(ctx), 20*time.Millisecond)
		if s.hopeless() {
			break
		}
	}
	return s.result()
}

type stopper struct {
	all  []*target
	seen map[proctable.Identity]bool
	errs []error
	held map[proctable.Identity]bool // refused
}

func (s *stopper) add(id proctable.Identity) {
	if s.seen[id] {
		return
	}
	s.seen[id] = true
	t := &target{id: id}
	h, err := proctable.Open(id)
	switch {
	case errors.Is(err, proctable.ErrGone):
		t.gone = true
	case err != nil:
		s.refuse(id, err)
	default:
		t.handle = h
	}
	s.all = append(s.all, t)
}

func (s *stopper) refuse(id proctable.Identity, err error) {
	if s.held == nil {
		s.held = make(map[proctable.Identity]bool)
	}
	if !s.held[id] {
		s.held[id] = true
		s.errs = append(s.errs, err)
	}
}

// descend adds what is below the processes that live. A handle that is still
// good afterwards proves that it was this process whose descendants were read.
func (s *stopper) descend(ctx context.Context) {
	for _, t := range s.all[:len(s.all):len(s.all)] {
		if t.handle == nil || t.gone {
			continue
		}
		below, err := proctable.Descendants(ctx, t.id.PID)
		if err != nil {
			if !errors.Is(err, proctable.ErrGone) && ctx.Err() == nil {
				s.errs = append(s.errs, err)
			}
			continue
		}
		if t.handle.Signal(0) != nil {
			continue
		}
		for _, id := range below {
			s.add(id)
		}
	}
}

func (s *stopper) signal(sig syscall.Signal, force bool) {
	for _, t := range s.all {
		if t.gone || t.handle == nil {
			continue
		}
		switch err := t.handle.Signal(sig); {
		case errors.Is(err, proctable.ErrGone):
			t.gone = true
		case err != nil:
			s.refuse(t.id, err)
		case force:
			t.forced = true
		}
	}
}

func (s *stopper) wait(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for _, t := range s.all {
		if t.gone || t.handle == nil || s.held[t.id] {
			continue
		}
		if t.handle.Wait(ctx) == nil {
			t.gone = true
		}
	}
	for _, t := range s.all { // those after one that stayed
		if !t.gone && t.handle != nil && errors.Is(t.handle.Signal(0), proctable.ErrGone) {
			t.gone = true
		}
	}
}

func (s *stopper) alive() bool {
	for _, t := range s.all {
		if !t.gone && t.handle != nil {
			return true
		}
	}
	return false
}

// hopeless says that all that live have refused to be signalled.
func (s *stopper) hopeless() bool {
	for _, t := range s.all {
		if !t.gone && t.handle != nil && !s.held[t.id] {
			return false
		}
	}
	return true
}

func (s *stopper) result() (StopResult, error) {
	var r StopResult
	for _, t := range s.all {
		switch {
		case t.gone:
			r.Gone = append(r.Gone, t.id)
		default:
			r.Alive = append(r.Alive, t.id)
		}
		if t.forced {
			r.Forced = append(r.Forced, t.id)
		}
	}
	return r, errors.Join(s.errs...)
}

func (s *stopper) close() {
	for _, t := range s.all {
		if t.handle != nil {
			_ = t.handle.Close()
		}
	}
}
