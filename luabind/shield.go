package luabind

import (
	"context"
	"errors"
)

// WithHold is told of a part of a run that an interrupt does not end, so that
// whoever ended the run waits for it. Release is called when that part is over.
func WithHold(hold func() (release func())) Option {
	return func(c *config) error { c.hold = hold; return nil }
}

// Shield runs a part of the script that an interrupt must not cut in half, such
// as what takes a change back: it is not ended by one, and begins after one too.
// A second one ends it, a deadline, or the limit of memory. Without WithHurry,
// which tells of the second, nobody could end it: then f is only called.
func (c *Call) Shield(f func() error) error {
	s, outer := c.s, c.s.ctx
	if s.beyondHelp(outer) {
		return f()
	}
	if hold := s.host.cfg.hold; hold != nil {
		defer hold()()
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(outer))
	defer cancel(nil)
	if d, ok := outer.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, d)
		defer stop()
	}
	go func() {
		select {
		case <-s.host.cfg.hurry:
			cancel(context.Canceled)
		case <-ctx.Done():
		}
	}()
	own, stop := s.bound(ctx)
	defer stop()
	s.setContext(c, own)
	defer s.setContext(c, outer)
	return f()
}

// beyondHelp says that a context was ended by more than one interrupt.
func (s *Session) beyondHelp(ctx context.Context) bool {
	if s.host.cfg.hurry == nil {
		return true
	}
	select {
	case <-s.host.cfg.hurry:
		return true
	default:
	}
	var limit *Error
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || ctx.Err() != nil && errors.As(context.Cause(ctx), &limit)
}
