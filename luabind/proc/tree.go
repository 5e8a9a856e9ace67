package proc

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/luabind"
)

func treeMethods() []luabind.Func {
	return []luabind.Func{
		{Name: "walk", Doc: docWalk, Impl: walk},
		{Name: "find", Doc: docFind, Impl: find},
		{Name: "__tostring", Doc: docTreeText, Impl: treeText},
	}
}

// tree gives a process, or all that selectors choose, with all below.
func tree(c *luabind.Call) error {
	var root lua.LValue = lua.LNil
	var fields fieldList
	s := &selectors{}
	if err := c.Unpack("[root]", &root, "fields?", &fields, "sample?", &s.sample, "kernel?", &s.kernel); err != nil {
		return err
	}
	own, err := treeRoot(c, root, s, &fields)
	if err != nil {
		return err
	}
	shown := proctable.Field(fields)
	if shown == 0 {
		shown = proctable.StatFields
	}
	// Totals are sums of these, whether they are shown or not.
	q, err := s.query(c, shown|proctable.FieldRSS|proctable.FieldCPUTime|proctable.FieldPPID)
	if err != nil {
		return err
	}
	nodes, snap, err := growTree(c, own, s, q)
	if err != nil {
		return err
	}
	slices.SortFunc(snap.Procs, func(a, b proctable.Proc) int { return a.PID - b.PID })
	t, err := treeTables(newRows(c, shown, snap, "node"), nodes)
	if err != nil {
		return err
	}
	return c.Return(t)
}

// treeRoot says whose tree is meant: one process, or those of a table of
// selectors, which may hold the options as well.
func treeRoot(c *luabind.Call, v lua.LValue, s *selectors, fields *fieldList) (*proctable.Identity, error) {
	t, isTable := v.(*lua.LTable)
	switch {
	case v == lua.LNil:
		return nil, nil
	case isTable && luatable.Metatable(t) == lua.LNil:
		err := c.UnpackValue("root", t, s.with("fields?", fields)...)
		if err == nil && s.pid.set && len(s.pid.list) == 1 && s.onlyPID() {
			return &proctable.Identity{PID: s.pid.list[0]}, nil
		}
		return nil, err
	}
	it, err := itemOf(v)
	if err != nil {
		return nil, c.Usage("root", "%s", err)
	}
	if it.id.PID == notAPID {
		return nil, c.Usage("root", "want the whole number of a process")
	}
	return &it.id, nil
}

// onlyPID says that a pid is all that was asked for.
func (s *selectors) onlyPID() bool {
	return !s.ppid.Set && s.name == "" && s.match == "" && s.exe == "" && s.user == "" && s.state == "" &&
		s.unit == "" && s.port == 0 && !s.under.Set && s.where == nil
}

// growTree reads and links. A small tree of one process is read without a look
// at the rest of the host; everything else is one scan.
func growTree(c *luabind.Call, own *proctable.Identity, s *selectors, q proctable.Query) (*proctable.Node, *proctable.Snapshot, error) {
	if own == nil || own.PID == 0 {
		chosen := q
		bare := proctable.Query{Fields: q.Fields, Kernel: q.Kernel, Sample: q.Sample}
		snap, err := look(c, bare)
		if err != nil {
			return nil, nil, err
		}
		top := proctable.Tree(snap, 0)
		if s.onlyPID() && !s.pid.set {
			return top, snap, nil
		}
		return chosenTrees(c, top, snap, s, chosen)
	}
	id, err := confirm(c, *own)
	if err != nil {
		return nil, nil, err
	}
	if id.PID == 1 {
		// Almost everything is below: one scan is cheaper than a search.
		snap, err := look(c, proctable.Query{Fields: q.Fields, Kernel: q.Kernel, Sample: q.Sample})
		if err != nil {
			return nil, nil, err
		}
		if n := proctable.Tree(snap, 1); n != nil {
			return n, snap, nil
		}
	}
	q.PIDs, q.Under, q.Kernel = []int{id.PID}, nil, true
	snap, err := look(c, q)
	if err != nil {
		return nil, nil, err
	}
	if len(snap.Procs) == 0 || snap.Procs[0].StartedTicks != id.StartedTicks {
		return nil, nil, goneError(c, id.PID)
	}
	below := proctable.Query{Fields: q.Fields, Sample: q.Sample, Under: &id.PID, Kernel: snap.Procs[0].Kernel}
	rest, err := look(c, below)
	if err != nil {
		return nil, nil, err
	}
	rest.Procs = append(rest.Procs, snap.Procs[0])
	return proctable.Tree(rest, id.PID), rest, nil
}

// chosenTrees are the trees of what selectors choose, less those that hang in
// another one. Several stand under a node of pid 0.
func chosenTrees(c *luabind.Call, top *proctable.Node, snap *proctable.Snapshot, s *selectors, q proctable.Query) (*proctable.Node, *proctable.Snapshot, error) {
	q.Fields = proctable.StatFields
	if s.where != nil {
		q.Fields |= proctable.DefaultFields
	}
	q.Sample = 0
	found, err := look(c, q)
	if err != nil {
		return nil, nil, err
	}
	procs := make([]*proctable.Proc, len(found.Procs))
	for i := range found.Procs {
		procs[i] = &found.Procs[i]
	}
	if s.where != nil {
		if procs, _, err = filter(newRows(c, q.Fields, found, ""), procs, s.where); err != nil {
			return nil, nil, err
		}
	}
	wanted := map[int]uint64{}
	for _, p := range procs {
		wanted[p.PID] = p.StartedTicks
	}
	roots := highest(top, wanted, nil)
	switch len(roots) {
	case 0:
		return nil, nil, &luabind.Error{Kind: luabind.KindGone, Message: c.Name() + ": no process is like that", Cause: proctable.ErrGone}
	case 1:
		return roots[0], snap, nil
	}
	all := &proctable.Node{Proc: proctable.Proc{Have: proctable.FieldPID}, Children: roots}
	for _, r := range roots {
		all.Totals.Count += r.Totals.Count
		all.Totals.RSS += r.Totals.RSS
		all.Totals.CPUTime += r.Totals.CPUTime
	}
	return all, snap, nil
}

// highest collects the wanted nodes that no other wanted one is above.
func highest(n *proctable.Node, wanted map[int]uint64, out []*proctable.Node) []*proctable.Node {
	stack := []*proctable.Node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if ticks, ok := wanted[n.PID]; ok && ticks == n.StartedTicks && n.PID != 0 {
			out = append(out, n)
			continue
		}
		stack = append(stack, n.Children...)
	}
	slices.SortFunc(out, func(a, b *proctable.Node) int { return a.PID - b.PID })
	return out
}

// maxDepth bounds walks over tables that a script may have hung in a circle.
const maxDepth = 100_000

// treeTables makes tables of nodes: each for itself, then linked.
func treeTables(r *rows, root *proctable.Node) (*lua.LTable, error) {
	nodes := []*proctable.Node{root}
	for i := 0; i < len(nodes); i++ {
		nodes = append(nodes, nodes[i].Children...)
	}
	L := r.c.L()
	tables := make([]*lua.LTable, len(nodes))
	err := sideBySide(len(nodes), func(i int) (err error) {
		if tables[i], err = r.row(&nodes[i].Proc, 2); err != nil {
			return err
		}
		totals := L.CreateTable(0, 3)
		totals.RawSetString("count", lua.LNumber(nodes[i].Totals.Count))
		totals.RawSetString("rss", lua.LNumber(nodes[i].Totals.RSS))
		totals.RawSetString("cpu_time", lua.LNumber(nodes[i].Totals.CPUTime))
		tables[i].RawSetString("totals", totals)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Children stand behind their parents, those of one together.
	next := 1
	for i, n := range nodes {
		children := L.CreateTable(len(n.Children), 0)
		for range n.Children {
			children.Append(tables[next])
			next++
		}
		tables[i].RawSetString("children", children)
	}
	return tables[0], nil
}

// step is a node on the way of a walk.
type step struct {
	node  *lua.LTable
	depth int
}

// walker goes depth first over the tables as they are, whatever the script has
// made of them: a circle ends at maxDepth.
type walker struct{ stack []step }

func (w *walker) next() (step, bool) {
	if len(w.stack) == 0 {
		return step{}, false
	}
	s := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	children := childrenOf(s.node)
	if s.depth < maxDepth {
		for _, child := range slices.Backward(children) {
			w.stack = append(w.stack, step{child, s.depth + 1})
		}
	}
	return s, true
}

func childrenOf(t *lua.LTable) []*lua.LTable {
	list, ok := luatable.Get(t, lua.LString("children")).(*lua.LTable)
	if !ok {
		return nil
	}
	out := make([]*lua.LTable, 0, luatable.Len(list))
	for i := 1; i <= luatable.Len(list); i++ {
		if child, ok := luatable.Get(list, lua.LNumber(i)).(*lua.LTable); ok {
			out = append(out, child)
		}
	}
	return out
}

// walk iterates over node and depth.
func walk(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	w := &walker{stack: []step{{c.Self().(*lua.LTable), 0}}}
	return c.Return(c.Function("walk", func(c *luabind.Call) error {
		s, ok := w.next()
		if !ok {
			return c.Return(nil)
		}
		return c.Return(s.node, s.depth)
	}))
}
