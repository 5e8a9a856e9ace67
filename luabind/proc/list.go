package proc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sync/errgroup"

	"opslua/internal/proctable"
	"opslua/luabind"
	"opslua/policy"
)

// look asks the policy for the process table and gives a snapshot.
func look(c *luabind.Call, q proctable.Query) (*proctable.Snapshot, error) {
	if err := c.Require(policy.Read{Path: "/proc"}); err != nil {
		return nil, err
	}
	snap, err := provider(c).Snapshot(c.Context(), q)
	if err != nil {
		return nil, tableError(c, err)
	}
	return snap, nil
}

type providerKey struct{}

// provider is one a run: it keeps its buffers.
func provider(c *luabind.Call) proctable.Provider {
	p, ok := c.Local(providerKey{}).(proctable.Provider)
	if !ok {
		p = proctable.New()
		c.SetLocal(providerKey{}, p)
	}
	return p
}

// tableError is a process table, or a process, that could not be read.
func tableError(c *luabind.Call, err error) error {
	kind := luabind.KindIO
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, proctable.ErrGone):
		kind = luabind.KindGone
	case errors.Is(err, fs.ErrPermission):
		kind = luabind.KindAccess
	case errors.Is(err, errors.ErrUnsupported):
		kind = luabind.KindUnsupported
	}
	return luabind.Errorf(kind, "%s: %w", c.Name(), err)
}

// listing is what proc.list was asked for.
type listing struct {
	selectors
	fields fieldList
	sort   sortKeys
	limit  luabind.Opt[int]
}

func list(c *luabind.Call) error {
	l := &listing{}
	if err := c.Unpack(l.with("fields?", &l.fields, "sort?", &l.sort, "limit?", &l.limit)...); err != nil {
		return err
	}
	if l.limit.Set && !l.limit.Off && l.limit.V < 0 {
		return c.Usage("limit", "got %d, want a number from 0", l.limit.V)
	}
	shown := proctable.Field(l.fields)
	if shown == 0 {
		shown = proctable.DefaultFields
		if l.sample.Set && !l.sample.Off {
			shown |= proctable.FieldCPU
		}
	}
	q, err := l.query(c, shown|l.sort.fields())
	if err != nil {
		return err
	}
	snap, err := look(c, q)
	if err != nil {
		return err
	}
	out, err := l.tables(newRows(c, shown, snap, ""), snap)
	if err != nil {
		return err
	}
	return c.Return(out)
}

// tables makes the rows that stay after where, sort and limit.
func (l *listing) tables(r *rows, snap *proctable.Snapshot) (*lua.LTable, error) {
	procs := make([]*proctable.Proc, len(snap.Procs))
	for i := range snap.Procs {
		procs[i] = &snap.Procs[i]
	}
	var made map[*proctable.Proc]*lua.LTable
	if l.where != nil {
		var err error
		if procs, made, err = filter(r, procs, l.where); err != nil {
			return nil, err
		}
	}
	l.sort.sort(procs)
	if l.limit.Set && !l.limit.Off && len(procs) > l.limit.V {
		procs = procs[:l.limit.V]
	}
	tables := make([]*lua.LTable, len(procs))
	err := sideBySide(len(procs), func(i int) (err error) {
		if tables[i] = made[procs[i]]; tables[i] == nil {
			tables[i], err = r.row(procs[i], 0)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := r.c.L().CreateTable(len(procs), 1)
	for _, t := range tables {
		out.Append(t)
	}
	out.RawSetString("partial", lua.LBool(snap.Partial))
	return out, nil
}

// rowsAtOnce is how many rows a core makes before it takes the next ones.
const rowsAtOnce = 128

// sideBySide calls f for 0 to n-1, on all cores where it is worth it. It makes
// tables that nobody has seen yet: no other part of the Lua state is touched,
// and the script waits meanwhile. Measured: half of the time of a whole
// listing goes into its tables.
func sideBySide(n int, f func(i int) error) error {
	var next atomic.Int64
	var group errgroup.Group
	work := func() error {
		for {
			from := int(next.Add(rowsAtOnce)) - rowsAtOnce
			for i := from; i < min(from+rowsAtOnce, n); i++ {
				if err := f(i); err != nil {
					return err
				}
			}
			if from >= n {
				return nil
			}
		}
	}
	for range min(runtime.GOMAXPROCS(0), n/rowsAtOnce) - 1 {
		group.Go(work)
	}
	err := work()
	return cmp.Or(group.Wait(), err)
}

// filter keeps the processes for which a Lua function says yes, with their rows.
func filter(r *rows, procs []*proctable.Proc, where *lua.LFunction) ([]*proctable.Proc, map[*proctable.Proc]*lua.LTable, error) {
	kept, made := procs[:0], make(map[*proctable.Proc]*lua.LTable)
	for _, p := range procs {
		t, err := r.row(p, 0)
		if err != nil {
			return nil, nil, err
		}
		answer, err := r.c.Invoke(where, t)
		if err != nil {
			return nil, nil, err
		}
		if len(answer) > 0 && lua.LVAsBool(answer[0]) {
			kept = append(kept, p)
			made[p] = t
		}
	}
	return kept, made, nil
}

// sortKeys are fields in order of weight.
type sortKeys []sortKey

type sortKey struct {
	field proctable.Field
	down  bool
}

func (*sortKeys) LuaType() string { return "string or list of strings" }

func (s *sortKeys) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	next := sortKeys{}
	err := eachItem(v, func(item lua.LValue) error {
		text, ok := item.(lua.LString)
		if !ok {
			return errWant(item, `the name of a field, such as "name", or "-rss" for the largest first`)
		}
		name, down := strings.CutPrefix(string(text), "-")
		field, err := fieldNamed(lua.LString(name))
		if err != nil {
			return err
		}
		if !sortable(field) {
			return errText(fmt.Sprintf("%q has no order", name))
		}
		next = append(next, sortKey{field, down})
		return nil
	})
	if err == nil {
		*s = next
	}
	return err
}

func sortable(f proctable.Field) bool {
	p := &proctable.Proc{}
	_, isText := textField(p, f)
	_, isNumber := numberField(p, f)
	return isText || isNumber
}

func (s sortKeys) fields() proctable.Field {
	f := proctable.Field(0)
	for _, k := range s {
		f |= k.field
	}
	return f
}

// sort orders by the keys, then by pid; what is not known comes last.
func (s sortKeys) sort(procs []*proctable.Proc) {
	if len(s) == 0 {
		return
	}
	slices.SortStableFunc(procs, func(a, b *proctable.Proc) int {
		for _, k := range s {
			if d := k.compare(a, b); d != 0 {
				return d
			}
		}
		return 0
	})
}

func (k sortKey) compare(a, b *proctable.Proc) int {
	hasA, hasB := a.Have&k.field != 0, b.Have&k.field != 0
	switch {
	case !hasA && !hasB:
		return 0
	case !hasA:
		return 1
	case !hasB:
		return -1
	}
	d := 0
	if x, ok := textField(a, k.field); ok {
		y, _ := textField(b, k.field)
		d = cmp.Compare(x, y)
	} else {
		x, _ := numberField(a, k.field)
		y, _ := numberField(b, k.field)
		d = cmp.Compare(x, y)
	}
	if k.down {
		return -d
	}
	return d
}

// identify says why a process cannot be looked at; nil where it can.
func identify(pid int) error {
	_, err := proctable.Identify(pid)
	return err
}

// get gives one process, or nil and why not.
func get(c *luabind.Call) error {
	var p target
	var fields fieldList
	s := &selectors{}
	if err := c.Unpack("p", &p, "fields?", &fields, "sample?", &s.sample); err != nil {
		return err
	}
	id, err := p.one(c)
	if err != nil {
		return err
	}
	s.pid, s.kernel = pids{set: true, list: []int{id.PID}}, true
	shown := proctable.Field(fields)
	if shown == 0 {
		shown = proctable.DefaultFields
		if s.sample.Set && !s.sample.Off {
			shown |= proctable.FieldCPU
		}
	}
	q, err := s.query(c, shown)
	if err != nil {
		return err
	}
	snap, err := look(c, q)
	if err != nil {
		return err
	}
	if len(snap.Procs) == 0 && errors.Is(identify(id.PID), fs.ErrPermission) {
		return c.Return(nil, luabind.Errorf(luabind.KindAccess, "%s: process %d is hidden from this user (hidepid)", c.Name(), id.PID))
	}
	if len(snap.Procs) == 0 || id.StartedTicks != 0 && id.StartedTicks != snap.Procs[0].StartedTicks {
		return c.Return(nil, goneError(c, id.PID))
	}
	t, err := newRows(c, shown, snap, "").row(&snap.Procs[0], 0)
	if err != nil {
		return err
	}
	return c.Return(t)
}

func goneError(c *luabind.Call, pid int) *luabind.Error {
	return &luabind.Error{Kind: luabind.KindGone, Message: fmt.Sprintf("%s: no process %d", c.Name(), pid),
		Fields: map[string]any{"pid": pid}, Where: c.Where(), Cause: proctable.ErrGone}
}

// ancestors gives the parents, nearest first.
func ancestors(c *luabind.Call) error {
	var p target
	var fields fieldList
	if err := c.Unpack("p", &p, "fields?", &fields); err != nil {
		return err
	}
	id, err := p.one(c)
	if err != nil {
		return err
	}
	if err := c.Require(policy.Read{Path: "/proc"}); err != nil {
		return err
	}
	if id, err = confirm(c, id); err != nil {
		return err
	}
	shown := proctable.Field(fields)
	if shown == 0 {
		shown = proctable.DefaultFields
	}
	procs, err := proctable.Ancestors(c.Context(), provider(c), id.PID, shown)
	if err != nil {
		return tableError(c, err)
	}
	out := c.L().CreateTable(len(procs), 0)
	sorted := slices.Clone(procs)
	slices.SortFunc(sorted, func(a, b proctable.Proc) int { return cmp.Compare(a.PID, b.PID) })
	r := newRows(c, shown, &proctable.Snapshot{Procs: sorted, BootID: id.BootID}, "")
	for i := range procs {
		t, err := r.row(&procs[i], 0)
		if err != nil {
			return err
		}
		out.Append(t)
	}
	return c.Return(out)
}
