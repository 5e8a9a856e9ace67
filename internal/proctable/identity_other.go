//go:build !linux

package proctable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// New gives the provider for the processes of this system.
func New() Provider { return Portable() }

// Identify says which process has this pid now. The error is ErrGone where
// none has, and wraps errors.ErrUnsupported where the system does not say when
// a process began in a way that holds.
func Identify(pid int) (Identity, error) {
	if pid <= 0 {
		return Identity{}, ErrGone
	}
	from, err := originOf(pid)
	if errors.Is(err, ErrGone) {
		return Identity{}, ErrGone
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Identity{BootID: systemBootID(), PID: pid, StartedTicks: from.ticks}, nil
}

// Descendants gives the identities of all processes below pid, itself left out.
// The error is ErrGone where there is no such process.
func Descendants(ctx context.Context, pid int) ([]Identity, error) {
	if _, err := Identify(pid); err != nil {
		return nil, err
	}
	snap, err := New().Snapshot(ctx, Query{Fields: FieldPID | FieldPPID | FieldStartedTicks, Under: &pid, Kernel: true})
	if err != nil {
		return nil, err
	}
	out := make([]Identity, 0, len(snap.Procs))
	for i := range snap.Procs {
		out = append(out, Identity{BootID: snap.BootID, PID: snap.Procs[i].PID, StartedTicks: snap.Procs[i].StartedTicks})
	}
	return out, nil
}

// Handle is one process, from Open until Close. It is safe for concurrent use.
//
// This system has no descriptor for a process of others: the identity is
// compared before each signal, and a pid that changes hands between the two is
// signalled wrongly. The window is some microseconds; it is not nothing.
type Handle struct {
	id     Identity
	closed atomic.Bool
}

// Open makes sure that the process is the one meant. The error is ErrGone where
// that one has ended.
func Open(id Identity) (*Handle, error) {
	h := &Handle{id: id}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Handle) check() error {
	if h.closed.Load() {
		return fmt.Errorf("process %d: %w", h.id.PID, os.ErrClosed)
	}
	now, err := Identify(h.id.PID)
	if err != nil {
		return err
	}
	if now != h.id {
		return ErrGone
	}
	return nil
}

// Identity is the one that Open was given.
func (h *Handle) Identity() Identity { return h.id }

// Signal compares the identity and sends sig. The error is ErrGone where the
// process has ended, and wraps fs.ErrPermission where the system refuses.
func (h *Handle) Signal(sig syscall.Signal) error {
	if err := h.check(); err != nil {
		return err
	}
	p, err := os.FindProcess(h.id.PID)
	if err != nil {
		return fmt.Errorf("signal process %d: %w", h.id.PID, err)
	}
	defer func() { _ = p.Release() }()
	err = p.Signal(sig)
	switch {
	case errors.Is(err, os.ErrProcessDone):
		return ErrGone
	case err != nil:
		return fmt.Errorf("signal process %d: %w", h.id.PID, err)
	}
	return nil
}

// Wait returns nil when the process has ended and been reaped, and the error of
// ctx where that ends before. It looks every 50 ms.
func (h *Handle) Wait(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := h.check(); errors.Is(err, ErrGone) {
			return nil
		} else if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close lets go of the process; one that waits is woken with an error that
// wraps os.ErrClosed.
func (h *Handle) Close() error {
	h.closed.Store(true)
	return nil
}
