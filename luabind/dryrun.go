package luabind

import (
	"context"
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
)

// Change is something that a dry run would have done to the host: plain data.
type Change struct {
	Op    string   // "command", "write", "signal", "service", "request", "state", "notify"
	Text  string   // what would happen, on one line
	Argv  []string // of a command
	Path  string   // of a file
	Diff  string   // of a text file, unified
	Where string   // "fix.lua:12"
}

// WithDryRun makes every run a dry run: what only reads is done, what changes
// the host is told to plan instead, from the run's goroutines.
func WithDryRun(plan func(ctx context.Context, c Change)) Option {
	return func(c *config) error {
		if plan == nil {
			plan = func(context.Context, Change) {}
		}
		c.plan = plan
		return nil
	}
}

// DryRun says that changes are planned and not made.
func (c *Call) DryRun() bool { return c.s.host.cfg.plan != nil }

// Plan tells of a change that a dry run does not make. The place is filled in.
func (c *Call) Plan(ch Change) {
	if ch.Where == "" {
		ch.Where = c.Where()
	}
	c.s.planned(ch)
}

func (s *Session) planned(ch Change) {
	ch.Text, ch.Diff = s.shown(ch.Text), s.mask.String(ch.Diff)
	argv := make([]string, len(ch.Argv))
	for i, a := range ch.Argv {
		argv[i] = s.mask.String(a)
	}
	ch.Argv = argv
	s.host.cfg.plan(s.ctx, ch)
}

// ErrPlanned is what the exec chain gives for a command that a dry run does not run.
var ErrPlanned = errors.New("only planned")

// planLink is the last link of a dry run: probes pass.
func (s *Session) planLink(next ExecFunc) ExecFunc {
	return func(ctx context.Context, cmd *Command) (*Result, error) {
		if cmd.Probe {
			return next(ctx, cmd)
		}
		s.planned(Change{Op: "command", Text: supervise.Quote(cmd.Argv), Argv: cmd.Argv, Where: cmd.Where})
		return nil, ErrPlanned
	}
}

// plan is what a planned result stands for.
type plan struct{ what string }

// NewPlanned makes the value that stands for a result which is not known, since
// the change was only planned. It can be handed on; whatever reads it raises
// planned. What completes "it reads …", such as "the output of `git pull`".
func (c *Call) NewPlanned(what string) *lua.LUserData {
	return &lua.LUserData{Value: &plan{what}, Env: c.s.L.Env, Metatable: c.s.plannedMeta()}
}

// ReadsPlanned is the error of something that would need a planned result.
func (c *Call) ReadsPlanned(what string) *Error {
	line := c.Where()
	if i := strings.LastIndexByte(line, ':'); i >= 0 {
		line = line[i+1:]
	}
	return &Error{Kind: KindPlanned, Message: "cannot predict past line " + line + ": it reads " + what}
}

func (s *Session) plannedMeta() *lua.LTable {
	if mt, ok := s.metas["planned"]; ok {
		return mt
	}
	mt := s.L.NewTable()
	reads := s.L.NewFunction(func(l *lua.LState) int {
		c := &Call{s: s, l: l}
		for i := 1; i <= l.GetTop(); i++ {
			if what, ok := plannedOf(l.Get(i)); ok {
				s.raise(c, c.ReadsPlanned(what))
			}
		}
		return 0
	})
	for _, event := range []string{"index", "newindex", "len", "concat", "eq", "lt", "le", "call", "tostring",
		"pairs", "ipairs", "add", "sub", "mul", "div", "mod", "pow", "unm"} {
		mt.RawSetString("__"+event, reads)
	}
	mt.RawSetString("__metatable", lua.LFalse)
	s.metas["planned"] = mt
	return mt
}

func plannedOf(v lua.LValue) (what string, ok bool) {
	if ud, isObject := v.(*lua.LUserData); isObject {
		if p, isPlan := ud.Value.(*plan); isPlan {
			return p.what, true
		}
	}
	return "", false
}
