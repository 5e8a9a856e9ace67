package luabind

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"
)

// Progress is how far something long has got: plain data.
type Progress struct {
	ID    any    // what is told of; equal for all that is told of one thing
	Label string // what is done, for a person
	Done  int    // of Total, or 0
	Total int    // 0: not known
	Note  string // what is done just now, or waited for
	Over  bool   // it has ended
}

// WithProgress is told how far long work has got, from the run's goroutines.
func WithProgress(f func(Progress)) Option {
	return func(c *config) error { c.progress = f; return nil }
}

// Progress tells how far something has got. Safe for concurrent use.
func (c *Call) Progress(p Progress) {
	if f := c.s.host.cfg.progress; f != nil {
		p.Label, p.Note = c.s.shown(p.Label), c.s.shown(p.Note)
		f(p)
	}
}

// WithLog is where scripts log to. Default: text on standard error.
func WithLog(h slog.Handler) Option {
	return func(c *config) error { c.log = h; return nil }
}

// Logger is where the script logs to. Secrets in what reaches a handler of the
// embedder are its own to hide.
func (c *Call) Logger() *slog.Logger {
	if h := c.s.host.cfg.log; h != nil {
		return slog.New(h)
	}
	return slog.New(slog.NewTextHandler(c.s.stderr, nil))
}

// WithStateDir is the folder in which scripts keep what they remember from one
// run to the next, and their locks. Default: none, and what needs it raises.
func WithStateDir(dir string) Option {
	return func(c *config) error { c.stateDir = dir; return nil }
}

// StateDir is where scripts remember, or empty.
func (c *Call) StateDir() string { return c.s.host.cfg.stateDir }

// Script is the script as it was named to Run.
func (c *Call) Script() string { return c.s.script }

// ScriptKey identifies the script from one run to the next: its absolute path,
// or the name of a text.
func (c *Call) ScriptKey() string {
	if !c.s.file || c.s.host.cfg.scripts != nil {
		return c.s.script
	}
	path, err := filepath.Abs(c.s.script)
	if err != nil {
		return c.s.script
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// OnFinish registers what runs after the script's own text has come to its end
// without an error: what the text has declared. The function gets a call of its
// own, and may use Lua.
func (c *Call) OnFinish(f func(*Call) error) { c.s.finishers = append(c.s.finishers, f) }

// finish runs what was registered by OnFinish.
func (s *Session) finish() error {
	for len(s.finishers) > 0 {
		f := s.finishers[0]
		s.finishers = s.finishers[1:]
		if err := s.protected("finish", f); err != nil {
			return err
		}
		if s.exit != nil {
			return nil
		}
	}
	return nil
}

// Scope runs a part of the script, such as one check: with a deadline of its
// own, where d is not 0, and with failures of its own to look at (MustLook),
// which count if it runs to its end. A deadline that passed is an error of kind
// timeout; only that of the script itself cannot be survived. What names the
// part in the error.
func (c *Call) Scope(what string, d time.Duration, f func() error) error {
	s, outer, failures := c.s, c.s.ctx, c.s.failures
	own := outer
	if d > 0 {
		var cancel context.CancelFunc
		own, cancel = context.WithTimeout(outer, d)
		defer cancel()
	}
	s.setContext(c, own)
	s.failures = ledger{}
	defer func() { // after a panic, too: the script goes on after that
		s.failures = failures
		s.setContext(c, outer)
	}()
	err := f()
	if err == nil && s.exit == nil {
		err = s.failures.settle()
	}
	if own.Err() != nil && outer.Err() == nil && errors.Is(own.Err(), context.DeadlineExceeded) && s.exit == nil {
		return Errorf(KindTimeout, "%s: its deadline of %s passed", what, d)
	}
	return err
}

func (s *Session) setContext(c *Call, ctx context.Context) {
	s.ctx = ctx
	c.l.SetContext(ctx)
}
