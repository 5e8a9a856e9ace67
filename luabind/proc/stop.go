package proc

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/proctable"
	"opslua/internal/supervise"
	"opslua/luabind"
	"opslua/policy"
)

// expectation is what a script is sure of before it stops anything.
type expectation struct {
	name string
	max  luabind.Opt[int]
}

func (*expectation) LuaType() string { return "table of name, max" }

func (e *expectation) UnpackLua(c *luabind.Call, v lua.LValue) error {
	next := expectation{}
	if _, ok := v.(*lua.LTable); !ok {
		return errWant(v, `a table such as {name = "worker", max = 5}`)
	}
	if err := c.UnpackValue("expect", v, "name?", &next.name, "max?", &next.max); err != nil {
		return err
	}
	if next.max.Off || next.max.Set && next.max.V < 0 {
		return errText("max: want a number from 0")
	}
	*e = next
	return nil
}

// stopping is one call of proc.stop.
type stopping struct {
	c      *luabind.Call
	p      targets
	tree   bool
	force  bool
	signal signalName
	grace  luabind.Opt[time.Duration]
	expect expectation

	above map[int]bool
	rows  map[proctable.Identity]*lua.LTable // of those that the script named; nil for a number
	procs map[proctable.Identity]*proctable.Proc
	ids   []proctable.Identity
	ended map[proctable.Identity]bool // before anything was sent
	gone  []*lua.LTable               // named, and not there any more
}

// stop ends processes, and all below them with tree.
func stop(c *luabind.Call) error {
	s := &stopping{c: c, ended: map[proctable.Identity]bool{}, rows: map[proctable.Identity]*lua.LTable{}, procs: map[proctable.Identity]*proctable.Proc{}}
	if err := c.Unpack("p", &s.p, "tree?", &s.tree, "grace?", &s.grace, "signal?", &s.signal,
		"expect?", &s.expect, "force?", &s.force); err != nil {
		return err
	}
	if s.grace.Off {
		return c.Usage("grace", "got false, want a duration; 0 sends KILL at once")
	}
	if err := c.Require(policy.Read{Path: "/proc"}); err != nil {
		return err
	}
	if err := s.gather(); err != nil {
		return err
	}
	if err := s.allowed(); err != nil {
		return err
	}
	return s.run()
}

// gather finds out which processes are meant and what they are.
func (s *stopping) gather() (err error) {
	if s.above, err = ancestorsOfSelf(s.c); err != nil {
		return err
	}
	for _, it := range s.p.items {
		if err := safe(s.c, it.id.PID, s.force, s.above); err != nil {
			return err
		}
		id, err := confirm(s.c, it.id)
		var e *luabind.Error
		if errors.As(err, &e) && e.Kind == luabind.KindGone {
			s.gone = append(s.gone, namedRow(s.c, it))
			continue
		}
		if err != nil {
			return err
		}
		s.rows[id] = it.row
		if err := s.add(id); err != nil {
			return err
		}
		if !s.tree {
			continue
		}
		below, err := proctable.Descendants(s.c.Context(), id.PID)
		if err != nil && !errors.Is(err, proctable.ErrGone) {
			return tableError(s.c, err)
		}
		for _, d := range below {
			if err := s.add(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// named says that the script itself named the process, not a descendant of it.
func (s *stopping) named(id proctable.Identity) bool {
	_, ok := s.rows[id]
	return ok
}

// add reads one process that is to go.
func (s *stopping) add(id proctable.Identity) error {
	if s.procs[id] != nil {
		return nil
	}
	if err := safe(s.c, id.PID, s.force, s.above); err != nil {
		return err
	}
	p, err := proctable.Get(s.c.Context(), provider(s.c), id.PID, proctable.DefaultFields)
	if err != nil && !errors.Is(err, proctable.ErrGone) {
		return tableError(s.c, err)
	}
	if err != nil || p.StartedTicks != id.StartedTicks {
		if !s.named(id) {
			return nil // a descendant that has gone by itself
		}
		p = &proctable.Proc{Have: proctable.FieldPID, PID: id.PID, StartedTicks: id.StartedTicks}
	}
	if p.State == "zombie" && !s.named(id) {
		s.ended[id] = true // and waits for its parent to notice
		return nil
	}
	s.procs[id] = p
	s.ids = append(s.ids, id)
	return nil
}

// allowed looks at all of them before the first one is signalled.
func (s *stopping) allowed() error {
	if e := s.expect; e.max.Set && len(s.ids) > e.max.V {
		return denied(s.c, "%d processes would be stopped, expected at most %d: %s", len(s.ids), e.max.V, s.describe())
	}
	for _, id := range s.ids {
		p := s.procs[id]
		if p.Name == "" {
			continue
		}
		if s.expect.name != "" && p.Name != s.expect.name {
			return denied(s.c, "process %d is %q, expected %q", id.PID, p.Name, s.expect.name)
		}
		if err := s.c.Require(policy.Signal{Name: p.Name, PID: id.PID}); err != nil {
			return err
		}
	}
	return nil
}

// describe names the processes, the first few.
func (s *stopping) describe() string {
	var b strings.Builder
	for i, id := range s.ids {
		if i == 8 {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %q", id.PID, s.procs[id].Name)
	}
	return b.String()
}

func (s *stopping) run() error {
	o := supervise.StopOptions{Signal: syscall.Signal(s.signal), Grace: defaultGrace, Tree: s.tree}
	if s.grace.Set {
		o.Grace = s.grace.V
	}
	change := s.change()
	if len(s.ids) > 0 {
		if s.c.DryRun() {
			s.c.Plan(change)
			return s.c.Return(s.c.NewPlanned("the result of stopping processes, which was only planned"))
		}
		if err := s.c.Changing(change); err != nil {
			return err
		}
		defer s.c.Changed(change)
	}
	ends, err := supervise.StopProcesses(s.c.Context(), s.ids, o)
	// One that could not be signalled is alive, which the result says; only
	// where nothing at all was allowed is that the answer.
	if err != nil && len(ends.Gone) == 0 && len(s.gone) == 0 && errors.Is(err, os.ErrPermission) {
		return luabind.Errorf(luabind.KindAccess, "%s: %w", s.c.Name(), err)
	}
	if s.c.Context().Err() != nil {
		return s.c.Context().Err()
	}
	out := s.c.L().CreateTable(0, 3)
	out.RawSetString("gone", s.tables(ends.Gone, s.gone))
	out.RawSetString("alive", s.tables(ends.Alive, nil))
	out.RawSetString("forced", s.tables(ends.Forced, nil))
	return s.c.Return(out)
}

// tables gives the rows that the script named, and makes those that it did not.
func (s *stopping) tables(ids []proctable.Identity, more []*lua.LTable) *lua.LTable {
	out := s.c.L().CreateTable(len(ids)+len(more), 0)
	for _, t := range more {
		out.Append(t)
	}
	for _, id := range ids {
		if s.ended[id] {
			continue
		}
		t := s.rows[id]
		if t == nil {
			t = s.make(id)
			s.rows[id] = t
		}
		out.Append(t)
	}
	return out
}

func (s *stopping) make(id proctable.Identity) *lua.LTable {
	p := s.procs[id]
	if p == nil { // it came up while the tree was being stopped
		p = &proctable.Proc{Have: proctable.FieldPID | proctable.FieldStartedTicks, PID: id.PID, StartedTicks: id.StartedTicks}
	}
	r := newRows(s.c, proctable.DefaultFields, &proctable.Snapshot{Procs: []proctable.Proc{*p}, BootID: id.BootID}, "")
	t, err := r.row(p, 0)
	if err != nil {
		t = namedRow(s.c, item{id: id})
	}
	return t
}

// namedRow is the row of a process of which nothing but the number is known.
func namedRow(c *luabind.Call, it item) *lua.LTable {
	if it.row != nil {
		return it.row
	}
	t := c.L().CreateTable(0, 1)
	t.RawSetString("pid", lua.LNumber(it.id.PID))
	return t
}

// change is what stopping the processes changes.
func (s *stopping) change() luabind.Change {
	sig := syscall.Signal(s.signal)
	if sig == 0 {
		sig = syscall.SIGTERM
	}
	return luabind.Change{Op: "signal", Text: fmt.Sprintf("stop %s with %s", s.describe(), luabind.SignalName(sig))}
}
