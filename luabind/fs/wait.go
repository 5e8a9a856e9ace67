package fs

import (
	"context"
	"sync/atomic"
	"time"

	"opslua/luabind"
)

// wait runs f beside the script and waits until it is done or the script's time
// is over: a file on a mount that hangs cannot be given up, but it can be left
// alone. What f then still gives, undo takes back. It costs a few
// microseconds. F must not use the call.
func wait[T any](c *luabind.Call, f func(ctx context.Context) (T, error), undo func(T)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	var none T
	ctx := c.Context()
	if err := ctx.Err(); err != nil {
		return none, err
	}
	var decided atomic.Bool // by whoever comes first: the answer or the deadline
	got := make(chan answer, 1)
	go func() {
		v, err := f(ctx)
		if decided.CompareAndSwap(false, true) {
			got <- answer{v, err}
		} else if err == nil && undo != nil {
			undo(v)
		}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		if decided.CompareAndSwap(false, true) {
			return none, ctx.Err()
		}
		a := <-got
		return a.v, a.err
	}
}

// do is wait for what gives nothing.
func do(c *luabind.Call, f func(ctx context.Context) error) error {
	_, err := wait(c, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) }, nil)
	return err
}

// leaveWithin is how long a script whose time is over still waits until what
// it began is tidied up.
const leaveWithin = 200 * time.Millisecond

// tidy removes what is left of work that failed. It does so even after the
// script's deadline, but then does not wait for long.
func tidy(f func()) {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	timer := time.NewTimer(leaveWithin)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
