package proc

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"opslua/internal/proctable"
	"opslua/internal/supervise"
	"opslua/luabind"
)

// handle is a command in the background, from spawn until the run's end. Its
// methods are for the script's goroutine; what the command's own goroutine
// touches is guarded by mu or handed over by closing a channel.
type handle struct {
	w       *work
	ctx     context.Context // of the run that spawned it
	started chan struct{}   // closed after exec
	done    chan struct{}   // closed when r and err are set
	r       *luabind.Result
	err     error
	feed    *feed
	stdin   *os.File // nil where there is no pipe
	cancel  context.CancelFunc

	mu   sync.Mutex
	proc *supervise.Process
	id   proctable.Identity // of proc, where it could be read: numbers are used again

	stopped bool // by the script: its end is no failure
	result  any  // what poll and wait give, once it has ended
}

// background are the handles of a run.
type background struct{ live []*handle }

type backgroundKey struct{}

// spawn starts a command and does not wait for it.
func (p *preset) spawn(c *luabind.Call) error {
	o := p.base
	var argv []string
	if err := c.Unpack(append(o.with("argv...", &argv), "detach?", &o.detach)...); err != nil {
		return err
	}
	if err := spawnRules(c, &o); err != nil {
		return err
	}
	w, err := prepare(c, argv, &o)
	if err != nil {
		return err
	}
	h, err := newHandle(c, w)
	if err != nil {
		return err
	}
	switch err := h.start(c); {
	case errors.Is(err, luabind.ErrPlanned):
		return c.Return(plannedResult(c, supervise.Quote(w.cmd.Argv)))
	case err != nil:
		return err
	}
	return c.Return(c.NewObject("handle", h))
}

func spawnRules(c *luabind.Call, o *options) error {
	if o.retries > 0 {
		return c.Usage("retries", "a command in the background is not tried again")
	}
	if o.stdout.fn != nil {
		return c.Usage("stdout", "got function: read a command in the background with h:lines()")
	}
	if err := o.noFunctions(c, "a command in the background cannot call the script"); err != nil {
		return err
	}
	switch {
	case !o.detach:
	case o.timeout.Set && !o.timeout.Off:
		return c.Usage("timeout", "nobody stays to end a detached command; timeout = false says so")
	case o.idleTimeout.Set && !o.idleTimeout.Off:
		return c.Usage("idle_timeout", "nobody stays to end a detached command")
	case o.echo:
		return c.Usage("echo", "nobody reads the output of a detached command")
	}
	if !o.timeout.Set {
		o.timeout = luabind.Opt[time.Duration]{Set: true, Off: true}
	}
	if !o.detach {
		return nil
	}
	if o.input.set && o.input.file == "" {
		return c.Usage("input", "a detached command reads a file or nothing: nobody stays to write to it")
	}
	for _, m := range []*outputMode{&o.stdout, &o.stderr} {
		if m.captured() {
			m.discard = true
		}
	}
	return nil
}

// newHandle connects the streams of a command that the script talks to.
func newHandle(c *luabind.Call, w *work) (*handle, error) {
	h := &handle{w: w, ctx: c.Context(), started: make(chan struct{}), done: make(chan struct{})}
	w.cmd.Detach = w.opts.detach
	w.cmd.OnStart = func(p *supervise.Process) {
		// Nobody has reaped it yet: the number is still its own.
		id, err := proctable.Identify(p.PID)
		if err != nil {
			id = proctable.Identity{PID: p.PID}
		}
		h.mu.Lock()
		h.proc, h.id = p, id
		h.mu.Unlock()
		close(h.started)
	}
	if w.opts.stdout.captured() {
		h.feed = newFeed(w.cmd.Stdout.Tee, int64(w.opts.maxOutput.V), w.cmd.Truncate)
		// A line function has no limit on its output; the copy has the bytes as they are.
		w.cmd.Stdout = supervise.Output{Line: h.feed.line, Tee: h.feed}
	}
	if w.opts.detach || w.opts.input.set || w.opts.stdin != "" {
		return h, nil
	}
	r, wr, err := os.Pipe()
	if err != nil {
		return nil, luabind.Errorf(luabind.KindResource, "%s: %w", c.Name(), err)
	}
	w.cmd.Stdin.Fd, h.stdin = r, wr
	return h, nil
}

// start returns once the program runs, or why it does not.
func (h *handle) start(c *luabind.Call) error {
	// The command outlives a statement of the REPL: the run's end stops it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.Context()))
	h.cancel = cancel
	go h.run(ctx)
	select {
	case <-h.started:
	case <-h.done:
	case <-h.ctx.Done():
		cancel()
		<-h.done
	}
	if h.w.cmd.Stdin.Fd != nil {
		_ = h.w.cmd.Stdin.Fd.Close()
	}
	if h.ended() && h.err != nil && !h.hasStarted() {
		h.closeInput()
		out, err := h.w.ended(h.r, h.err)
		if err != nil {
			return err
		}
		if out.planned() {
			return luabind.ErrPlanned
		}
		return out.failure()
	}
	if !h.w.opts.detach {
		backgroundOf(c).add(h)
	}
	return nil
}

// run is the command's own goroutine.
func (h *handle) run(ctx context.Context) {
	defer close(h.done)
	defer h.cancel()
	if h.feed == nil {
		h.r, h.err = h.w.exec(ctx)
		return
	}
	if d := h.w.opts.deadline(); d > 0 {
		// At its deadline the command must not wait for a script that is busy.
		timer := time.AfterFunc(d, h.feed.drop)
		defer timer.Stop()
	}
	h.r, h.err = h.w.exec(ctx)
	h.feed.end()
}

func (h *handle) ended() bool      { return closed(h.done) }
func (h *handle) hasStarted() bool { return closed(h.started) }

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func backgroundOf(c *luabind.Call) *background {
	b, ok := c.Local(backgroundKey{}).(*background)
	if !ok {
		b = &background{}
		c.SetLocal(backgroundKey{}, b)
		c.OnClose(b.stopAll)
	}
	return b
}

func (b *background) add(h *handle) {
	kept := b.live[:0]
	for _, old := range b.live {
		if !old.ended() {
			kept = append(kept, old)
		}
	}
	b.live = append(kept, h)
}

// hurriedGrace is what a command gets when the script's deadline has passed.
const hurriedGrace = 150 * time.Millisecond

// stopAll is the end of a run: what nobody waited for is stopped, all at once.
func (b *background) stopAll() {
	var wg sync.WaitGroup
	for _, h := range b.live {
		grace := h.w.opts.graceTime()
		if cause := context.Cause(h.ctx); errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, supervise.ErrNow) {
			grace = min(grace, hurriedGrace)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			h.stop(h.w.opts.termSignal(), grace)
		}()
	}
	wg.Wait()
}
