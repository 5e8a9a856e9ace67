package luabind

import (
	"context"
	"errors"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/supervise"
)

// Change is something that a dry run would have done to the host: plain data.
type Change struct {
	Op    string   // "command", "write", "signal", "service", "request", "state", "notify", "lock"
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

// Stage is where a change stands when a watcher hears of it.
type Stage int

// The stages.
const (
	Planned Stage = iota // a dry run: it is not made
	Before               // it is about to be made
	Made                 // it was made
)

// WatchChanges has a part of the script's run, such as a step of a fix, hear of
// every change to the host from now on until the function it gives is called.
// An error of the watcher at stage Before keeps the change from being made.
// Watchers nest: the last one comes first. They are called on the goroutines
// that make the changes.
func (c *Call) WatchChanges(w func(Change, Stage) error) (stop func()) {
	s := c.s
	s.watchMu.Lock()
	defer s.watchMu.Unlock()
	id := new(int)
	s.watchers = append(s.watchers, watcher{id, w})
	return func() {
		s.watchMu.Lock()
		defer s.watchMu.Unlock()
		s.watchers = slices.DeleteFunc(slices.Clone(s.watchers), func(x watcher) bool { return x.id == id })
	}
}

type watcher struct {
	id   *int
	hear func(Change, Stage) error
}

// Changing tells that a change is about to be made: a file that will be
// written, a service that will be restarted. An error keeps it from being made.
func (c *Call) Changing(ch Change) error { return c.s.tell(c.placed(ch), Before) }

// Changed tells that a change was made.
func (c *Call) Changed(ch Change) { _ = c.s.tell(c.placed(ch), Made) }

// changingCommand tells the watchers of a command that is no probe, before it
// runs and, by the function it gives, after.
func (s *Session) changingCommand(cmd *Command) (made func(), err error) {
	s.watchMu.Lock()
	watched := len(s.watchers) > 0
	s.watchMu.Unlock()
	if cmd.Probe || cmd.Told || !watched || s.host.cfg.plan != nil {
		return func() {}, nil
	}
	ch := commandChange(cmd)
	if err := s.tell(ch, Before); err != nil {
		return nil, err
	}
	return func() { _ = s.tell(ch, Made) }, nil
}

func commandChange(cmd *Command) Change {
	return Change{Op: "command", Text: supervise.Quote(cmd.Argv), Argv: cmd.Argv, Where: cmd.Where}
}

func (c *Call) placed(ch Change) Change {
	if ch.Where == "" {
		ch.Where = c.Where()
	}
	return ch
}

// tell tells the watchers, with secrets hidden.
func (s *Session) tell(ch Change, stage Stage) error {
	s.watchMu.Lock()
	watchers := s.watchers
	s.watchMu.Unlock()
	if len(watchers) == 0 {
		return nil
	}
	ch = s.maskChange(ch)
	var errs []error
	for i := len(watchers) - 1; i >= 0; i-- {
		errs = append(errs, watchers[i].hear(ch, stage))
	}
	return joined(errs...)
}

// DryRun says that changes are planned and not made.
func (c *Call) DryRun() bool { return c.s.host.cfg.plan != nil }

// Plan tells of a change that a dry run does not make. The place is filled in.
func (c *Call) Plan(ch Change) { c.s.planned(c.placed(ch)) }

func (s *Session) planned(ch Change) {
	ch = s.maskChange(ch)
	s.host.cfg.plan(s.ctx, ch)
	_ = s.tell(ch, Planned)
}

func (s *Session) maskChange(ch Change) Change {
	if !s.mask.Active() {
		return ch
	}
	ch.Text, ch.Diff = s.shown(ch.Text), s.mask.String(ch.Diff)
	argv := make([]string, len(ch.Argv))
	for i, a := range ch.Argv {
		argv[i] = s.mask.String(a)
	}
	ch.Argv = argv
	return ch
}

// ErrPlanned is what the exec chain gives for a command that a dry run does not run.
var ErrPlanned = errors.New("only planned")

// planLink is the last link of a dry run: probes pass.
func (s *Session) planLink(next ExecFunc) ExecFunc {
	return func(ctx context.Context, cmd *Command) (*Result, error) {
		if cmd.Probe {
			return next(ctx, cmd)
		}
		s.planned(commandChange(cmd))
		s.planFiles(cmd)
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
	for _, event := range readingEvents() {
		mt.RawSetString(event, reads)
	}
	mt.RawSetString("__metatable", lua.LFalse)
	s.metas["planned"] = mt
	return mt
}

// readingEvents are all that Lua does with an object for which it has to know
// what is in it.
func readingEvents() []string {
	return []string{"__index", "__newindex", "__len", "__concat", "__eq", "__lt", "__le", "__call", "__tostring",
		"__pairs", "__ipairs", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm"}
}

// comparePlanned refuses to compare a planned result, with whatever.
func (s *Session) comparePlanned(l *lua.LState, a, b lua.LValue) {
	for _, v := range []lua.LValue{a, b} {
		if what, ok := plannedOf(v); ok {
			c := &Call{s: s, l: l}
			s.raise(c, c.ReadsPlanned(what))
		}
	}
}

func plannedOf(v lua.LValue) (what string, ok bool) {
	if ud, isObject := v.(*lua.LUserData); isObject {
		if p, isPlan := ud.Value.(*plan); isPlan {
			return p.what, true
		}
	}
	return "", false
}

// maxLooked is how many values of the arguments of a call are looked at.
const maxLooked = 10_000

// plannedArg finds a planned result among the arguments of a call that could not
// use them, in their tables too.
func (c *Call) plannedArg() (what string, found bool) {
	if !c.DryRun() {
		return "", false
	}
	var next []lua.LValue
	for i := range max(c.NArgs(), 0) {
		next = append(next, c.Arg(i))
	}
	for i := 0; i < min(len(next), maxLooked) && !found; i++ {
		what, found = plannedOf(next[i])
		t, ok := next[i].(*lua.LTable)
		if !ok {
			continue
		}
		luatable.ForEach(t, func(k, v lua.LValue) bool {
			next = append(next, k, v)
			return len(next) < maxLooked
		})
	}
	return what, found
}
