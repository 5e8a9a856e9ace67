package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/internal/supervise"
	"opslua/luabind"
	"opslua/policy"
)

// denied is a refusal by a rule of safety rather than by the policy.
func denied(c *luabind.Call, format string, args ...any) *luabind.Error {
	return luabind.Errorf(luabind.KindDenied, "%s: refused: %s", c.Name(), fmt.Sprintf(format, args...))
}

// safe refuses what nobody means to signal. force lifts it for numbers that
// can be processes.
func safe(c *luabind.Call, pid int, force bool, above map[int]bool) error {
	switch {
	case pid == notAPID:
		return denied(c, "a fraction, or a number too large, is no process")
	case pid == 0:
		return denied(c, "0 means a whole process group, not a process")
	case pid < 0:
		return denied(c, "%d: a negative number means a process group, not a process", pid)
	case force:
		return nil
	case pid == 1:
		return denied(c, "process 1 is the system's first process; force = true does it nevertheless")
	case pid == os.Getpid():
		return denied(c, "process %d is opslua itself; force = true does it nevertheless", pid)
	case above[pid]:
		return denied(c, "process %d is one that opslua runs under; force = true does it nevertheless", pid)
	}
	return nil
}

// ancestorsOfSelf are the processes that started this one.
func ancestorsOfSelf(c *luabind.Call) (map[int]bool, error) {
	procs, err := proctable.Ancestors(c.Context(), provider(c), os.Getpid(), proctable.FieldPID)
	if err != nil && !errors.Is(err, proctable.ErrGone) {
		return nil, tableError(c, err)
	}
	above := map[int]bool{os.Getppid(): true}
	for _, p := range procs {
		above[p.PID] = true
	}
	return above, nil
}

// grantSignal asks the policy, which knows processes by name.
func grantSignal(c *luabind.Call, id proctable.Identity) error {
	p, err := proctable.Get(c.Context(), provider(c), id.PID, proctable.FieldName)
	switch {
	case errors.Is(err, proctable.ErrGone):
		return goneError(c, id.PID)
	case err != nil:
		return tableError(c, err)
	case p.StartedTicks != id.StartedTicks:
		return goneError(c, id.PID)
	}
	return c.Require(policy.Signal{Name: p.Name, PID: id.PID})
}

// send is proc.signal.
func send(c *luabind.Call) error {
	var p target
	var sig signalName
	force := false
	if err := c.Unpack("p", &p, "sig", &sig, "force?", &force); err != nil {
		return err
	}
	id := p.items[0].id
	above, err := ancestorsOfSelf(c)
	if err != nil {
		return err
	}
	if err := safe(c, id.PID, force, above); err != nil {
		return err
	}
	if id, err = confirm(c, id); err != nil {
		return err
	}
	h, err := proctable.Open(id)
	if err != nil {
		return handleError(c, id.PID, err)
	}
	defer func() { _ = h.Close() }()
	if err := grantSignal(c, id); err != nil {
		return err
	}
	change := signalChange(syscall.Signal(sig), nameOf(c, id), id.PID)
	if c.DryRun() {
		c.Plan(change)
		return nil
	}
	if err := c.Changing(change); err != nil {
		return err
	}
	if err := h.Signal(syscall.Signal(sig)); err != nil {
		return handleError(c, id.PID, err)
	}
	c.Changed(change)
	return nil
}

// signalDetached reaches a command that nobody waits for.
func signalDetached(id proctable.Identity, sig syscall.Signal) error {
	h, err := proctable.Open(id)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	return h.Signal(sig)
}

func handleError(c *luabind.Call, pid int, err error) error {
	switch {
	case errors.Is(err, proctable.ErrGone):
		return goneError(c, pid)
	case errors.Is(err, os.ErrPermission):
		return luabind.Errorf(luabind.KindAccess, "%s: process %d: %w", c.Name(), pid, err)
	}
	return tableError(c, err)
}

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

// wait is proc.wait.
func wait(c *luabind.Call) error {
	var p targets
	var limit luabind.Opt[time.Duration]
	if err := c.Unpack("p", &p, "[timeout]", &limit); err != nil {
		return err
	}
	if err := c.Require(policy.Read{Path: "/proc"}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Context())
	if limit.Set && !limit.Off {
		ctx, cancel = context.WithTimeout(c.Context(), limit.V)
	}
	defer cancel()
	w := &waiting{c: c, ends: make([]bool, len(p.items)), items: p.items}
	defer w.close()
	if err := w.open(); err != nil {
		return err
	}
	w.all(ctx)
	if c.Context().Err() != nil {
		return c.Context().Err()
	}
	gone, alive := c.L().NewTable(), c.L().NewTable()
	for i := range w.items {
		list := alive
		if w.ends[i] {
			list = gone
		}
		luatable.Append(c.L(), list, namedRow(c, w.items[i]))
	}
	return c.Return(gone, alive)
}

// waiting holds the processes that are waited for.
type waiting struct {
	c       *luabind.Call
	items   []item
	handles []*proctable.Handle
	ends    []bool
}

// open takes hold of all before it waits for the first.
func (w *waiting) open() error {
	w.handles = make([]*proctable.Handle, len(w.items))
	for i := range w.items {
		it := &w.items[i]
		if it.id.PID <= 0 {
			return w.c.Usage("p", "want the numbers of processes, from 1")
		}
		id, err := confirm(w.c, it.id)
		var e *luabind.Error
		if err == nil {
			w.describe(it, id)
			w.handles[i], err = proctable.Open(id)
		}
		switch {
		case err == nil:
		case errors.Is(err, proctable.ErrGone), errors.As(err, &e) && e.Kind == luabind.KindGone:
			w.ends[i] = true
		default:
			return handleError(w.c, it.id.PID, err)
		}
	}
	return nil
}

// describe makes the row for a bare number, while there is something to see.
func (w *waiting) describe(it *item, id proctable.Identity) {
	if it.row != nil {
		return
	}
	p, err := proctable.Get(w.c.Context(), provider(w.c), id.PID, proctable.DefaultFields)
	if err != nil || p.StartedTicks != id.StartedTicks {
		return
	}
	r := newRows(w.c, proctable.DefaultFields, &proctable.Snapshot{Procs: []proctable.Proc{*p}, BootID: id.BootID}, "")
	if t, err := r.row(p, 0); err == nil {
		it.row = t
	}
}

// all waits for one after the other; once the time is up, each is looked at.
func (w *waiting) all(ctx context.Context) {
	for i, h := range w.handles {
		if h == nil {
			continue
		}
		if h.Wait(ctx) == nil || errors.Is(h.Signal(0), proctable.ErrGone) {
			w.ends[i] = true
		}
	}
}

func (w *waiting) close() {
	for _, h := range w.handles {
		if h != nil {
			_ = h.Close()
		}
	}
}
