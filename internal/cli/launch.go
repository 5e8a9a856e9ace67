package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"opslua/internal/escape"
	"opslua/internal/store"
	"opslua/internal/supervise"
	"opslua/luabind"
	"opslua/luabind/check"
	"opslua/stdlib"
)

const (
	defaultMemory = 512 << 20
	largestScript = 8 << 20
)

// job is what is run: a file, or a text.
type job struct {
	name   string
	source string
	file   bool // name is a path
	stdin  bool // the text comes from standard input
	args   []string
}

// launch runs a job to its end, and everything that it started.
func (p *program) launch(j job) error {
	stop := newStopper()
	defer stop.close()
	prepared := make(chan struct{})
	if p.env.OwnProcess {
		stop.listen()
		defer time.AfterFunc(tuneAfter, p.tune).Stop()
	}
	go func() { // beside what is made below, which takes as long
		defer close(prepared)
		p.sweep()
	}()
	prog := newProgress(p.env, p.set.quiet)
	defer prog.close()
	out := newOutput(p.env.Stdout, isTerminal(p.env.Stdout), stop.cancel)
	if prog != nil && isTerminal(p.env.Stdout) {
		out.writing = prog.writing
	}
	d := p.newDocument(j)
	host, err := p.host(stop, out, d, prog)
	<-prepared
	if err != nil {
		return err
	}
	release, err := p.takeLock(stop.ctx)
	if err != nil {
		p.left = d.empty() // with the script's name
		return err
	}
	defer release()
	restore := saveTerminal(p.env.Stdin)
	defer restore()
	var ended error // of the run, once done is closed
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer recovered(&ended)
		failed := p.perform(check.NewContext(stop.ctx, d.run), host, j)
		prog.close()
		failed = p.finish(stop, out, j, failed)
		ended = p.conclude(stop, out, d, failed)
	}()
	late := &stopError{code: codeDeadline, msg: deadlineText(p.set.timeout)}
	var failed error
	if stop.wait(done, p.deadline(), late, out.giveUp) {
		failed = ended
	} else {
		failed = p.leave(stop, d)
	}
	if stop.ctx.Err() != nil {
		p.term.until = time.Now().Add(lastWords)
	}
	return failed
}

// recovered makes a panic of ours an error like others.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = newPanicError(v)
	}
}

// finish writes what is left of the output, which may fail what went well.
func (p *program) finish(stop *stopper, out *output, j job, failed error) error {
	err := out.Flush()
	why := stop.why()
	var lost *outputError
	switch {
	case err == nil || errors.As(failed, &lost):
		return failed
	case why == nil:
		return errors.Join(failed, err)
	case failed == nil: // the deadline, a signal, or the reader going away took it
		return why.of(j.name)
	}
	return failed
}

// deadline is when the run's time is over, or nil.
func (p *program) deadline() <-chan time.Time {
	if p.set.timeout == 0 {
		return nil
	}
	return time.After(time.Until(p.started.Add(p.set.timeout)))
}

// perform runs the script.
func (p *program) perform(ctx context.Context, host *luabind.Host, j job) (err error) {
	defer recovered(&err)
	switch {
	case j.file:
		return host.Run(ctx, j.name, j.args...)
	case j.stdin:
		data, err := io.ReadAll(io.LimitReader(p.env.Stdin, largestScript+1))
		if err != nil {
			return &unableError{stdinText(err)}
		}
		if len(data) > largestScript {
			return &luabind.LoadError{Script: j.name, Msg: sizeText(largestScript)}
		}
		j.source = string(data)
	}
	return host.RunText(ctx, j.name, j.source, j.args...)
}

// host makes the host for one run.
func (p *program) host(stop *stopper, out *output, d *document, prog *progress) (*luabind.Host, error) {
	limits := luabind.Limits{Memory: p.set.limit(), Source: largestScript}
	stdout, stderr := io.Writer(out), io.Writer(p.env.Stderr)
	if prog != nil {
		stderr = &aside{p.env.Stderr, prog}
	}
	if p.set.machine() {
		if stdout = stderr; isTerminal(p.env.Stderr) {
			stdout = escape.NewWriter(stderr)
		}
	}
	options := []luabind.Option{
		luabind.WithModules(stdlib.Modules()...),
		luabind.WithPolicy(p.set.policy),
		luabind.WithEnviron(p.env.Environ),
		luabind.WithStdio(p.env.Stdin, stdout, stderr),
		luabind.WithMask(d.mask),
		luabind.WithLog(p.logHandler(stderr, d.mask)),
		luabind.WithStateDir(stateDir(p.env.Environ, os.Getuid())),
		luabind.WithLimits(limits),
		luabind.WithHurry(stop.hurry),
		luabind.WithHold(stop.hold),
		luabind.WithExec(d.link),
		luabind.WithExec(p.link(stop, out, d, prog)),
	}
	if prog != nil {
		options = append(options, luabind.WithProgress(prog.tell))
	}
	if p.set.dryRun {
		options = append(options, luabind.WithDryRun(d.plan))
	}
	if p.env.OwnProcess {
		options = append(options, luabind.WithOwnProcess(runDir(p.env.Environ, os.Getuid())))
	}
	return luabind.New(options...)
}

// lockName keeps the locks of runs apart from those of fixes: a run may hold the
// lock by whose name one of its fixes has another.
func lockName(name string) string { return "run " + name }

// takeLock holds the lock of --lock until the run has ended.
func (p *program) takeLock(ctx context.Context) (release func(), err error) {
	if p.set.lock == "" {
		return func() {}, nil
	}
	dir := stateDir(p.env.Environ, os.Getuid())
	if dir == "" {
		return nil, usagef(lockNeedsState)
	}
	l, err := store.New(dir).Lock(ctx, lockName(p.set.lock), 0)
	if err != nil {
		return nil, &unableError{lockText(p.set.lock, err)}
	}
	return func() { _ = l.Unlock() }, nil // the system takes it back in any case
}

// link keeps the commands under way in sight, and puts what was printed before
// a command in front of what the command itself writes to the same file.
func (p *program) link(stop *stopper, out *output, d *document, prog *progress) func(luabind.ExecFunc) luabind.ExecFunc {
	terminal := isTerminal(p.env.Stdin)
	stdout := p.env.Stdout
	if p.set.machine() {
		stdout = p.env.Stderr
	}
	return func(next luabind.ExecFunc) luabind.ExecFunc {
		return func(ctx context.Context, c *luabind.Command) (*luabind.Result, error) {
			stop.heard()
			own := *c
			if c.Stdout.Inherit || c.Stderr.Inherit {
				if err := out.Flush(); err != nil {
					return nil, err
				}
				inherit(&own.Stdout, stdout, c.Masked)
				inherit(&own.Stderr, p.env.Stderr, c.Masked)
			}
			if own.Stdout.Fd != nil || own.Stderr.Fd != nil || c.Stdin.Inherit {
				defer prog.pause()()
			}
			defer prog.command(c, d.mask)()
			if !c.Detach {
				defer stop.watch(&own.Cmd)()
			}
			r, err := next(ctx, &own)
			if r != nil && r.Signal == syscall.SIGINT && c.Stdin.Inherit && terminal {
				// It had the terminal, so that the Ctrl-C reached it and not us.
				stop.cancel(&stopError{code: codeSignal + int(syscall.SIGINT), msg: signalText(syscall.SIGINT)})
			}
			return r, err
		}
	}
}

// inherit hands a command the file itself, unless a secret could pass through it
// unseen: a terminal is seen by the person at it alone.
func inherit(o *supervise.Output, f *os.File, masked bool) {
	if o.Inherit && (!masked || isTerminal(f)) {
		*o = supervise.Output{Fd: f}
	}
}

// tuneAfter is when the collector is told about the run: to tell it stops the
// whole program for a moment, which scripts that end before need not wait for.
const tuneAfter = 2 * time.Millisecond

// tune fits the collector to the run.
func (p *program) tune() {
	// The collector works harder as the limit comes near, so that what counts
	// there is what the script holds.
	debug.SetMemoryLimit(p.set.limit())
	// Scripts are short and their heaps small: most end before they would fill
	// what a collection frees. Listings take a quarter less time so.
	debug.SetGCPercent(400)
}

// sweep ends what a killed run of this user has left.
func (p *program) sweep() {
	if !p.env.OwnProcess {
		return
	}
	sweeper, err := supervise.New(supervise.Options{RunDir: runDir(p.env.Environ, os.Getuid())})
	n := 0
	if err == nil {
		n, err = sweeper.Sweep()
	}
	if p.set.quiet {
		return
	}
	if err != nil {
		p.term.notice(sweepFailedText(err))
	}
	if n > 0 {
		p.term.notice(sweptText(n))
	}
}
