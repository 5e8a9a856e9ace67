package proc

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/proctable"
	"opslua/internal/supervise"
	"opslua/luabind"
)

func handleMethods() []luabind.Func {
	return []luabind.Func{
		{Name: "lines", Doc: docHandleLines, Impl: handleLines},
		{Name: "write", Doc: docHandleWrite, Impl: handleWrite},
		{Name: "close", Doc: docHandleClose, Impl: handleClose},
		{Name: "poll", Doc: docHandlePoll, Impl: handlePoll},
		{Name: "wait", Doc: docHandleWait, Impl: handleWait},
		{Name: "signal", Doc: docHandleSignal, Impl: handleSignal},
		{Name: "stop", Doc: docHandleStop, Impl: handleStop},
		{Name: "__index", Doc: docHandleIndex, Impl: handleIndex},
	}
}

func handleOf(c *luabind.Call) *handle {
	h, _ := c.Self().(*handle)
	return h
}

// mine refuses what nobody is there for with a detached command.
func (h *handle) mine(c *luabind.Call) error {
	if h.w.opts.detach {
		return luabind.Errorf(luabind.KindUsage, "%s: the command is detached: nobody waits for it or reads it", c.Name())
	}
	return nil
}

// identity is which process the command is; its PID is 0 where a link of the
// exec chain answered.
func (h *handle) identity() proctable.Identity {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id
}

// process is the running command; nil where a link of the exec chain answered.
func (h *handle) process() *supervise.Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proc
}

func handleIndex(c *luabind.Call) error {
	var key lua.LValue
	if err := c.Unpack("key", &key); err != nil {
		return err
	}
	if key != lua.LString("pid") {
		return c.Return(nil)
	}
	h := handleOf(c)
	if p := h.process(); p != nil {
		return c.Return(p.PID)
	}
	if h.ended() && h.r != nil {
		return c.Return(h.r.PID)
	}
	return c.Return(nil)
}

func handleLines(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	h := handleOf(c)
	if h.feed == nil {
		return luabind.Errorf(luabind.KindUsage, "%s: the output was not captured", c.Name())
	}
	return c.Return(c.Function("lines", func(c *luabind.Call) error {
		line, err := h.line(c.Context())
		if err != nil {
			return err
		}
		if line == nil {
			return h.mourn(c)
		}
		return c.Return(line)
	}))
}

// line waits for the next line; nil is the end.
func (h *handle) line(ctx context.Context) ([]byte, error) {
	for {
		line, ok, wait := h.feed.take()
		if ok {
			if line == nil {
				line = []byte{}
			}
			return line, nil
		}
		if wait == nil {
			return nil, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mourn ends an iteration: it raises if the command failed.
func (h *handle) mourn(c *luabind.Call) error {
	select {
	case <-h.done:
	case <-c.Context().Done():
		return c.Context().Err()
	}
	out := h.outcome()
	if h.stopped || out.kind() == "" {
		return c.Return(nil)
	}
	return out.failure()
}

func handleWrite(c *luabind.Call) error {
	var s string
	if err := c.Unpack("s", &s); err != nil {
		return err
	}
	h := handleOf(c)
	if err := h.mine(c); err != nil {
		return err
	}
	if h.stdin == nil {
		return luabind.Errorf(luabind.KindUsage, "%s: its standard input is no pipe, or was closed", c.Name())
	}
	if c.Context().Err() != nil {
		return c.Context().Err()
	}
	if h.feed != nil {
		// A command that answers while it reads must not wait for a script that writes.
		h.feed.more(true)
	}
	stop := context.AfterFunc(c.Context(), func() { _ = h.stdin.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := h.stdin.WriteString(s)
	switch {
	case err == nil:
		return nil
	case c.Context().Err() != nil:
		return c.Context().Err()
	case errors.Is(err, syscall.EPIPE):
		return luabind.Errorf(luabind.KindIO, "%s: %s reads no more: %w", c.Name(), h.name(), err)
	}
	return luabind.Errorf(luabind.KindIO, "%s: %w", c.Name(), err)
}

func (h *handle) name() string {
	return shorten(supervise.Quote(h.w.cmd.Argv), maxShownCommand)
}

func handleClose(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	handleOf(c).closeInput()
	return nil
}

func (h *handle) closeInput() {
	if h.stdin != nil {
		_ = h.stdin.Close()
		h.stdin = nil
	}
}

func handlePoll(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	h := handleOf(c)
	if err := h.mine(c); err != nil {
		return err
	}
	if !h.ended() {
		if h.feed != nil {
			h.feed.more(false)
		}
		return c.Return(nil)
	}
	return h.giveResult(c)
}

func handleWait(c *luabind.Call) error {
	var limit luabind.Opt[time.Duration]
	if err := c.Unpack("[timeout]", &limit); err != nil {
		return err
	}
	h := handleOf(c)
	if err := h.mine(c); err != nil {
		return err
	}
	if h.feed != nil {
		h.feed.more(true)
	}
	var late <-chan time.Time
	if limit.Set && !limit.Off {
		timer := time.NewTimer(limit.V)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-h.done:
		return h.giveResult(c)
	case <-late:
		if h.ended() {
			return h.giveResult(c)
		}
		return c.Return(nil)
	case <-c.Context().Done():
		return c.Context().Err()
	}
}

// outcome is how the command ended, with what nobody read as its output.
func (h *handle) outcome() *outcome {
	r, err := h.r, h.err
	var e *supervise.Error
	if errors.As(err, &e) {
		if r == nil {
			r = e.Result
		}
		var inner *supervise.Error
		if e.Kind == supervise.KindCallback && errors.As(e.Err, &inner) {
			err = inner // the feed's: too much output
		}
	}
	if r == nil && err == nil {
		err = luabind.Errorf(luabind.KindSpawn, "the exec chain gave neither a result nor an error")
	}
	if h.feed != nil && r != nil {
		own := *r
		rest, lost := h.feed.rest()
		if len(rest) > 0 || h.hasStarted() {
			own.Stdout = rest
		}
		own.TruncatedStdout += lost
		r = &own
	}
	return &outcome{w: h.w, r: r, err: err, attempts: 1}
}

// giveResult gives what run gives, and never raises. It is the same table each time.
func (h *handle) giveResult(c *luabind.Call) error {
	if h.result != nil {
		return c.Return(h.result)
	}
	h.closeInput()
	out := h.outcome()
	var t *lua.LTable
	var err error
	if h.stopped || out.r == nil {
		t, err = out.table(c)
	} else {
		t, err = out.result(c)
	}
	if err != nil {
		return err
	}
	if out.err != nil {
		if err := setFields(c, t, []field{{"err", out.failure()}}); err != nil {
			return err
		}
	}
	h.result = t
	return c.Return(t)
}

func handleSignal(c *luabind.Call) error {
	var sig signalName
	if err := c.Unpack("sig", &sig); err != nil {
		return err
	}
	h := handleOf(c)
	p := h.process()
	if p == nil || !h.w.opts.detach && h.ended() {
		return luabind.Errorf(luabind.KindGone, "%s: %s has ended", c.Name(), h.name())
	}
	err := p.Signal(syscall.Signal(sig))
	if h.w.opts.detach {
		err = signalDetached(h.identity(), syscall.Signal(sig))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrProcessDone), errors.Is(err, syscall.ESRCH), errors.Is(err, proctable.ErrGone):
		return luabind.Errorf(luabind.KindGone, "%s: %s has ended", c.Name(), h.name())
	case errors.Is(err, os.ErrPermission):
		return luabind.Errorf(luabind.KindAccess, "%s: %s: %w", c.Name(), h.name(), err)
	}
	return luabind.Errorf(luabind.KindIO, "%s: %s: %w", c.Name(), h.name(), err)
}

func handleStop(c *luabind.Call) error {
	h := handleOf(c)
	var sig signalName
	var grace luabind.Opt[time.Duration]
	if err := c.Unpack("signal?", &sig, "grace?", &grace); err != nil {
		return err
	}
	if err := h.mine(c); err != nil {
		return err
	}
	if !h.ended() {
		h.stopped = true
		how, wait := h.w.opts.termSignal(), h.w.opts.graceTime()
		if sig != 0 {
			how = syscall.Signal(sig)
		}
		if grace.Set {
			wait = grace.V
		}
		h.stop(how, wait)
	}
	return h.giveResult(c)
}

// stop ends the command with all that it started, and waits for that.
func (h *handle) stop(sig syscall.Signal, grace time.Duration) {
	if h.feed != nil {
		h.feed.drop()
	}
	if p := h.process(); p != nil && !h.ended() {
		p.Stop(sig, grace)
	} else {
		h.cancel()
	}
	<-h.done
	h.closeInput()
}
