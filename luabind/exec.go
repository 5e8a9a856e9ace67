package luabind

import (
	"context"
	"time"

	"opslua/internal/supervise"
)

// Command is one command on its way through the exec chain: plain data. A link
// that changes it hands on a copy.
type Command struct {
	supervise.Cmd
	// Label is the script's name for it, in progress, audit and errors.
	Label string
	// Probe says that it only reads: it runs in a dry run too.
	Probe bool
	// Told says that whoever runs it tells of the change that it makes, with
	// Changing and Changed: it is not told of once more as a command.
	Told bool
	// Where is the place in the script that runs it, "check.lua:12".
	Where string
	// Masked says that secrets are known: what the command writes must not reach
	// a file or a descriptor of ours but through the mask.
	Masked bool
}

// Result is what is known of a command that was started. A link that answers
// a command itself makes one.
type Result = supervise.Result

// ExecFunc runs a command. The error is nil when there is an exit status,
// whatever it is.
type ExecFunc func(ctx context.Context, c *Command) (*Result, error)

// chain builds the links around the last one; the first of the options is the outermost.
func chain(links []func(ExecFunc) ExecFunc, last ExecFunc) ExecFunc {
	for i := len(links) - 1; i >= 0; i-- {
		last = links[i](last)
	}
	return last
}

// start gives the exec chain. What runs commands starts with the first that
// the run wants.
func (s *Session) start() (ExecFunc, error) {
	s.execOnce.Do(func() {
		cfg := &s.host.cfg
		s.super, s.superErr = supervise.New(supervise.Options{
			Subreaper: cfg.own, RunDir: cfg.runDir,
			Stdin: file(cfg.stdin), Stdout: s.stdout, Stderr: s.stderr,
		})
		if s.superErr != nil {
			return
		}
		if cfg.hurry != nil {
			go s.watchHurry()
		}
		last := s.runCommand
		if cfg.plan != nil {
			last = s.planLink(last)
		}
		s.exec = chain(cfg.links, last)
	})
	return s.exec, s.superErr
}

// runCommand is the end of the chain. A stream that a command inherits is the
// file itself, where it is one, unless a secret could pass through it unseen: a
// terminal is seen by the person at it alone, and programs that talk to a
// person need it.
func (s *Session) runCommand(ctx context.Context, c *Command) (*Result, error) {
	own := c.Cmd
	direct(&own.Stdout, s.host.cfg.stdout, c.Masked)
	direct(&own.Stderr, s.host.cfg.stderr, c.Masked)
	return s.super.Run(ctx, &own)
}

func direct(o *supervise.Output, stream any, masked bool) {
	if f := file(stream); f != nil && o.Inherit && (!masked || isDevice(f)) {
		*o = supervise.Output{Fd: f}
	}
}

// Exec sends a granted command through the exec chain. Safe for concurrent use.
func (c *Call) Exec(ctx context.Context, cmd *Command) (*Result, error) {
	run, err := c.s.start()
	if err != nil {
		return nil, Errorf(KindResource, "cannot run commands: %w", err)
	}
	if cmd.Masked = c.s.mask.Active(); cmd.Masked && (cmd.Stdout.Inherit || cmd.Stderr.Inherit) {
		// What the masks hold back comes before what the command writes.
		if err := joined(c.s.stdout.Flush(), c.s.stderr.Flush()); err != nil {
			return nil, err
		}
	}
	made, err := c.s.changingCommand(cmd)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	r, err := run(ctx, cmd)
	c.s.auditOutcome(cmd, r, err, time.Since(started))
	if r != nil {
		made()
	}
	return r, err
}

// watchHurry waits for the second interrupt.
func (s *Session) watchHurry() {
	select {
	case <-s.host.cfg.hurry:
		s.super.Hurry()
	case <-s.closed:
	}
}
