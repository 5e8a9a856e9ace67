package proc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/supervise"
	"opslua/internal/units"
	"opslua/luabind"
)

const (
	maxRetries     = 1000
	defaultBackoff = time.Second
	maxBackoff     = time.Hour
)

func formatNumber(f float64) string { return luacode.FormatNumber(f) }

// outcome is how a command ended: plain data, complete once made.
type outcome struct {
	w        *work
	r        *luabind.Result // nil where nothing was started
	err      error           // why there is no exit status
	attempts int
	// hadEnough says that a death by SIGPIPE is none: in a pipe, the reader ended.
	hadEnough bool
}

// kind is empty for a command that ended as wanted.
func (o *outcome) kind() luabind.Kind {
	switch {
	case o.planned():
		return ""
	case o.err != nil:
		return kindOf(o.err)
	case o.hadEnough:
		return ""
	case o.r.Signal != 0:
		return luabind.KindSignal
	case !o.w.opts.ok.accepts(o.r.Code):
		return luabind.KindExit
	}
	return ""
}

// kindOf translates the supervisor's words, and those of links that answer in
// its place.
func kindOf(err error) luabind.Kind {
	var own *luabind.Error
	if errors.As(err, &own) {
		return own.Kind
	}
	var e *supervise.Error
	if !errors.As(err, &e) {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return luabind.KindTimeout
		case errors.Is(err, context.Canceled):
			return luabind.KindCancelled
		}
		return luabind.KindSpawn
	}
	switch e.Kind {
	case supervise.KindFileMissing:
		return luabind.KindNotFound
	case supervise.KindCallback:
		return luabind.KindSpawn // the error of the line function is raised in its place
	}
	return luabind.Kind(e.Kind) // the words are the same
}

// callback is the error that a line function raised, or nil.
func callback(err error) error {
	var e *supervise.Error
	if errors.As(err, &e) && e.Kind == supervise.KindCallback {
		return e.Err
	}
	return nil
}

// run runs the command until it succeeds or its retries are used up. The error
// is that of a Lua function, to be raised as it is.
func (w *work) run(ctx context.Context) (*outcome, error) {
	return w.repeat(ctx, func() (*outcome, error) {
		r, err := w.exec(ctx)
		return w.ended(r, err)
	})
}

// ended makes the outcome of one attempt.
func (w *work) ended(r *luabind.Result, err error) (*outcome, error) {
	if cause := callback(err); cause != nil {
		return nil, cause
	}
	var e *supervise.Error
	if r == nil && errors.As(err, &e) {
		r = e.Result
	}
	if r == nil && err == nil {
		err = luabind.Errorf(luabind.KindSpawn, "the exec chain gave neither a result nor an error")
	}
	return &outcome{w: w, r: r, err: err, attempts: 1}, nil
}

// repeat makes attempts, as the retry options of w say.
func (w *work) repeat(ctx context.Context, attempt func() (*outcome, error)) (*outcome, error) {
	for n := 1; ; n++ {
		o, err := attempt()
		if err != nil {
			return nil, err
		}
		o.attempts = n
		if o.kind() == "" || n > w.opts.retries || ctx.Err() != nil {
			return o, nil
		}
		again, err := w.opts.retryOn.wants(w.c, o)
		if err != nil {
			return nil, err
		}
		if !again || !w.waitFor(ctx, n) {
			return o, nil
		}
	}
}

// waitFor waits for attempt n+1, and shows that it does. It says false when ctx
// ended before.
func (w *work) waitFor(ctx context.Context, n int) bool {
	d := w.opts.wait(n)
	p := luabind.Progress{ID: w, Label: w.opts.label, Note: fmt.Sprintf("failed, attempt %d of %d follows in %s", n+1, w.opts.retries+1, units.FormatDuration(d))}
	if p.Label == "" {
		p.Label = shorten(supervise.Quote(w.shownArgv()), maxShownCommand)
	}
	w.c.Progress(p)
	ok := pause(ctx, d)
	p.Over = true
	w.c.Progress(p)
	return ok
}

// wait is the time before attempt n+1: it doubles, and its jitter keeps many
// hosts that failed together from coming back together.
func (o *options) wait(n int) time.Duration {
	d := defaultBackoff
	if o.backoff.Set {
		d = o.backoff.V
	}
	for ; n > 1 && d < maxBackoff; n-- {
		d *= 2
	}
	return time.Duration((0.5 + rand.Float64()/2) * float64(min(d, maxBackoff)))
}

// pause says false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retryOn says which failures are worth another attempt; all, unless set.
type retryOn struct {
	kinds []luabind.Kind
	codes []int
	fn    *lua.LFunction
}

func (*retryOn) LuaType() string { return "list of kinds and exit codes, or function" }

func (r *retryOn) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	if fn, ok := v.(*lua.LFunction); ok {
		*r = retryOn{fn: fn}
		return nil
	}
	next := retryOn{}
	err := eachItem(v, func(item lua.LValue) error {
		switch x := item.(type) {
		case lua.LNumber:
			if x >= 0 && x <= 255 && x == lua.LNumber(int(x)) {
				next.codes = append(next.codes, int(x))
				return nil
			}
		case lua.LString:
			if failureKind(luabind.Kind(x)) {
				next.kinds = append(next.kinds, luabind.Kind(x))
				return nil
			}
		}
		return errWant(item, `kinds such as "timeout" and exit codes, or a function`)
	})
	if err == nil && next.kinds == nil && next.codes == nil {
		err = errText(`got an empty list, want kinds such as "timeout" and exit codes, or a function`)
	}
	if err == nil {
		*r = next
	}
	return err
}

// failureKind knows the kinds that a command can fail with.
func failureKind(k luabind.Kind) bool {
	switch k {
	case luabind.KindExit, luabind.KindSignal, luabind.KindTimeout, luabind.KindIdleTimeout, luabind.KindOutputLimit,
		luabind.KindNotFound, luabind.KindNotExecutable, luabind.KindBadCwd, luabind.KindTooLong, luabind.KindSpawn,
		luabind.KindResource, luabind.KindAccess, luabind.KindIO:
		return true
	}
	return false
}

// wants decides about a failure. What cannot be another time, a mistake in the
// script or an interrupt, is not tried again.
func (r *retryOn) wants(c *luabind.Call, o *outcome) (bool, error) {
	kind := o.kind()
	switch {
	case !failureKind(kind):
		return false, nil
	case r.fn != nil:
		return r.ask(c, o)
	case r.kinds == nil && r.codes == nil:
		return true, nil
	}
	for _, k := range r.kinds {
		if k == kind {
			return true, nil
		}
	}
	for _, code := range r.codes {
		if kind == luabind.KindExit && code == o.r.Code {
			return true, nil
		}
	}
	return false, nil
}

// ask hands the script the failure as an error value.
func (r *retryOn) ask(c *luabind.Call, o *outcome) (bool, error) {
	got, err := c.Invoke(r.fn, o.failure())
	if err != nil {
		return false, err
	}
	return len(got) > 0 && lua.LVAsBool(got[0]), nil
}
