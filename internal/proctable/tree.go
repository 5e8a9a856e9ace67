package proctable

import (
	"cmp"
	"slices"
	"sort"
)

// Tree hangs the processes of s under each other and gives the node of root,
// nil where s has no such process. Root 0 is the whole host: under a node of
// pid 0, which is no process and not counted, come those whose parent is not
// in s.
//
// A snapshot is not one moment, so that its links may be those of several: a
// parent that is younger than its child is not its parent, and what hangs in a
// circle hangs under 0. No process is lost and none stands twice.
func Tree(s *Snapshot, root int) *Node {
	b := newTreeBuilder(s.Procs)
	b.link()
	b.breakCircles()
	b.addUp()
	if root == 0 {
		return b.top
	}
	return b.node(root)
}

type treeBuilder struct {
	top   *Node
	all   []Node  // by pid
	order []*Node // each after its parent
}

func newTreeBuilder(rows []Proc) *treeBuilder {
	b := &treeBuilder{all: make([]Node, 0, len(rows)), order: make([]*Node, 0, len(rows)+1)}
	b.top = &Node{Proc: Proc{Have: FieldPID}}
	sorted := true
	for i := range rows {
		if rows[i].PID == 0 { // some systems show the kernel as a process
			b.top.Proc = rows[i]
			continue
		}
		n := len(b.all)
		sorted = sorted && (n == 0 || b.all[n-1].PID < rows[i].PID)
		b.all = b.all[:n+1]
		b.all[n].Proc = rows[i]
	}
	if !sorted {
		slices.SortStableFunc(b.all, func(a, c Node) int { return cmp.Compare(a.PID, c.PID) })
		b.all = slices.CompactFunc(b.all, func(a, c Node) bool { return a.PID == c.PID })
	}
	return b
}

// node finds pid, nil where there is none.
func (b *treeBuilder) node(pid int) *Node {
	// sort.Search: a node is large, and slices would copy it to compare.
	i := sort.Search(len(b.all), func(i int) bool { return b.all[i].PID >= pid })
	if i == len(b.all) || b.all[i].PID != pid {
		return nil
	}
	return &b.all[i]
}

func (b *treeBuilder) link() {
	for i := range b.all {
		n := &b.all[i]
		parent := b.node(n.PPID)
		if parent == nil || parent == n || parent.StartedTicks > n.StartedTicks {
			parent = b.top
		}
		parent.Children = append(parent.Children, n)
	}
	b.order = append(b.order, b.top)
	b.reach(0)
}

// reach adds to order all below those that stand there from i on.
func (b *treeBuilder) reach(i int) {
	for ; i < len(b.order); i++ {
		b.order = append(b.order, b.order[i].Children...)
	}
}

// breakCircles takes what no way from the top leads to: circles, and what hangs
// below them. The oldest of those left is hung under the top until none is.
func (b *treeBuilder) breakCircles() {
	if len(b.order) == len(b.all)+1 {
		return
	}
	reached := make(map[*Node]bool, len(b.order))
	mark := func(from int) {
		for _, n := range b.order[from:] {
			reached[n] = true
		}
	}
	mark(0)
	left := make([]*Node, 0, len(b.all)+1-len(b.order))
	for i := range b.all {
		if n := &b.all[i]; !reached[n] {
			left = append(left, n)
		}
	}
	slices.SortFunc(left, func(a, c *Node) int {
		return cmp.Or(cmp.Compare(a.StartedTicks, c.StartedTicks), cmp.Compare(a.PID, c.PID))
	})
	for _, n := range left {
		if reached[n] || !b.circular(n) {
			continue
		}
		parent := b.node(n.PPID)
		parent.Children = slices.DeleteFunc(parent.Children, func(c *Node) bool { return c == n })
		b.top.Children = append(b.top.Children, n)
		from := len(b.order)
		b.order = append(b.order, n)
		b.reach(from)
		mark(from)
	}
}

// circular says that the way up from n comes back to n.
func (b *treeBuilder) circular(n *Node) bool {
	at := b.node(n.PPID)
	for range b.all {
		if at == n || at == nil {
			return at == n
		}
		at = b.node(at.PPID)
	}
	return false
}

// addUp goes from the leaves up.
func (b *treeBuilder) addUp() {
	for _, n := range slices.Backward(b.order) {
		t := &n.Totals
		if n != b.top {
			*t = Totals{Count: 1, RSS: n.RSS, CPUTime: n.CPUTime}
		}
		slices.SortFunc(n.Children, func(a, c *Node) int { return cmp.Compare(a.PID, c.PID) })
		for _, c := range n.Children {
			t.Count += c.Totals.Count
			t.RSS += c.Totals.RSS
			t.CPUTime += c.Totals.CPUTime
		}
	}
}
