package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"opslua/internal/units"
	"opslua/luabind"
)

const (
	maxRetries   = 100
	longestPause = time.Minute
	maxKey       = 1 << 10
	longestTime  = 24 * time.Hour // of timeout and backoff
)

// options are those of all functions.
type options struct {
	key     luabind.Opt[string]
	within  time.Duration
	retries int
	backoff time.Duration
}

func defaults() *options {
	return &options{within: time.Hour, retries: 3, backoff: time.Second}
}

// pairs are the arguments of Unpack, those of the function first.
func (o *options) pairs(own ...any) []any {
	return append(own, "key?", &o.key, "within?", &o.within, "retries?", &o.retries, "backoff?", &o.backoff)
}

func (o *options) check(c *luabind.Call) error {
	switch {
	case o.retries < 0 || o.retries > maxRetries:
		return c.Usage("retries", "got %d, want 0 to %d", o.retries, maxRetries)
	case o.backoff > longestTime:
		return c.Usage("backoff", "got %s, want at most 24h", units.FormatDuration(o.backoff))
	case !o.key.Set || o.key.Off:
		return nil
	case o.key.V == "":
		return c.Usage("key", "it is empty; leave it out to tell each time")
	case len(o.key.V) > maxKey:
		return c.Usage("key", "it has %d bytes, want at most %d", len(o.key.V), maxKey)
	case c.StateDir() == "":
		return luabind.Errorf(luabind.KindUnsupported,
			"%s: key: this run has no folder to remember in: start it with a state folder, or leave out the key", c.Name())
	}
	return nil
}

// keyed says that there is one delivery for a key.
func (o *options) keyed() bool { return o.key.Set && !o.key.Off && o.within > 0 }

func checkTimeout(c *luabind.Call, d time.Duration) error {
	if d <= 0 || d > longestTime {
		return c.Usage("timeout", "got %s, want more than 0 and at most 24h", units.FormatDuration(d))
	}
	return nil
}

// passing is a failure that may be over a little later.
type passing struct {
	err   error
	after time.Duration // what the other side asked for, or 0
}

func (p *passing) Error() string { return p.err.Error() }
func (p *passing) Unwrap() error { return p.err }

// delivery is one call of a function. For the script's goroutine.
type delivery struct {
	c     *luabind.Call
	opts  *options
	shown string // what is told where, for a person
	// send tries once; a passing error is tried again.
	send func(context.Context) error
	// told says that send itself tells who watches changes.
	told bool
}

// run tells, once for a key. The policy has granted it.
func (d *delivery) run() error {
	if d.c.DryRun() {
		return d.plan()
	}
	if !d.opts.keyed() {
		if err := d.deliver(); err != nil {
			return err
		}
		return d.c.Return(true)
	}
	now, err := d.once()
	if err != nil {
		return err
	}
	return d.c.Return(now)
}

// plan plans the delivery, unless it was told before.
func (d *delivery) plan() error {
	c := d.c
	if d.opts.keyed() {
		before, err := d.toldBefore()
		if err != nil {
			return d.memoryFailed(err, false)
		}
		if before || !d.planOnce() {
			return c.Return(false)
		}
	}
	c.Plan(luabind.Change{Op: "notify", Text: d.shown})
	return c.Return(c.NewPlanned("the result of `" + c.Mask(d.shown) + "`"))
}

// deliver tries until it is told.
func (d *delivery) deliver() error {
	c := d.c
	change := luabind.Change{Op: "notify", Text: d.shown}
	if !d.told {
		if err := c.Changing(change); err != nil {
			return err
		}
	}
	n, err := d.attempts()
	if err != nil {
		return d.gaveUp(n, err)
	}
	if !d.told {
		c.Changed(change)
	}
	return nil
}

// reason is an error without what the label of the progress says already: the
// line is short.
func (d *delivery) reason(err error) string {
	_, place, _ := strings.Cut(d.shown, " ")
	text := strings.TrimPrefix(err.Error(), d.c.Name()+": ")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "POST "), place)
	return strings.TrimLeft(text, ": ")
}

func (d *delivery) attempts() (n int, err error) {
	c := d.c
	progress := luabind.Progress{ID: new(int), Label: d.shown, Total: d.opts.retries + 1}
	defer func() {
		if n > 1 {
			progress.Done, progress.Over = n, true
			c.Progress(progress)
		}
	}()
	for n = 1; ; n++ {
		err = d.send(c.Context())
		var p *passing
		if !errors.As(err, &p) || n > d.opts.retries || c.Context().Err() != nil {
			return n, err
		}
		progress.Done, progress.Note = n, "attempt "+strconv.Itoa(n)+" failed: "+d.reason(p)
		c.Progress(progress)
		if rest(c.Context(), max(d.pause(n), p.after)) != nil {
			return n, err
		}
	}
}

// pause is how long to wait after attempt n.
func (d *delivery) pause(n int) time.Duration {
	wait := d.opts.backoff
	for i := 1; i < n && wait < longestPause; i++ {
		wait *= 2
	}
	if n > 1 {
		wait = min(wait, max(longestPause, d.opts.backoff))
	}
	return time.Duration(float64(wait) * (0.5 + rand.Float64()/2))
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

// gaveUp is the last error, with the number of attempts.
func (d *delivery) gaveUp(n int, err error) error {
	if ended := d.c.Context().Err(); ended != nil {
		return ended
	}
	var e *luabind.Error
	if !errors.As(err, &e) {
		return err
	}
	if n == 1 {
		return e
	}
	cp := *e
	cp.Message = fmt.Sprintf("%s (%d attempts)", e.Message, n)
	return &cp
}
