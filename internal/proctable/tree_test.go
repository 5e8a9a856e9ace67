package proctable

import (
	"math/rand"
	"slices"
	"testing"
)

func proc(pid, ppid int, ticks uint64) Proc {
	return Proc{PID: pid, PPID: ppid, StartedTicks: ticks, RSS: 1, CPUTime: 0.5}
}

// shape lists pid and depth, depth first.
func shape(n *Node, depth int) [][2]int {
	out := [][2]int{{n.PID, depth}}
	for _, c := range n.Children {
		out = append(out, shape(c, depth+1)...)
	}
	return out
}

func TestTree(t *testing.T) {
	for _, c := range []struct {
		what string
		rows []Proc
		root int
		want [][2]int
	}{
		{"nothing", nil, 0, [][2]int{{0, 0}}},
		{"host", []Proc{proc(1, 0, 1), proc(2, 1, 2), proc(3, 1, 2), proc(4, 3, 9)}, 0, [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}}},
		{"part", []Proc{proc(1, 0, 1), proc(2, 1, 2), proc(4, 2, 9)}, 2, [][2]int{{2, 0}, {4, 1}}},
		{"orphan", []Proc{proc(1, 0, 1), proc(5, 4, 3)}, 0, [][2]int{{0, 0}, {1, 1}, {5, 1}}},
		{"a parent that is younger", []Proc{proc(1, 0, 1), proc(5, 6, 3), proc(6, 1, 8)}, 0, [][2]int{{0, 0}, {1, 1}, {6, 2}, {5, 1}}},
		{"its own parent", []Proc{proc(7, 7, 1)}, 0, [][2]int{{0, 0}, {7, 1}}},
		{"a circle", []Proc{proc(5, 6, 3), proc(6, 7, 3), proc(7, 5, 3), proc(8, 6, 4)}, 0, [][2]int{{0, 0}, {5, 1}, {7, 2}, {6, 3}, {8, 4}}},
		{"twice", []Proc{proc(1, 0, 1), proc(2, 1, 2), proc(2, 0, 3)}, 0, [][2]int{{0, 0}, {1, 1}, {2, 2}}},
		{"no order", []Proc{proc(3, 2, 3), proc(1, 0, 1), proc(2, 1, 2)}, 0, [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
		{"the kernel as a process", []Proc{proc(0, 0, 1), proc(1, 0, 2)}, 0, [][2]int{{0, 0}, {1, 1}}},
	} {
		got := shape(Tree(&Snapshot{Procs: c.rows}, c.root), 0)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.what, got, c.want)
		}
	}
	if n := Tree(&Snapshot{Procs: []Proc{proc(1, 0, 1)}}, 9); n != nil {
		t.Errorf("a tree of nobody: %v", n)
	}
	n := Tree(&Snapshot{Procs: []Proc{proc(1, 0, 1), proc(2, 1, 2), proc(3, 2, 2)}}, 0)
	if n.Totals != (Totals{3, 3, 1.5}) || n.Children[0].Children[0].Totals != (Totals{2, 2, 1}) {
		t.Errorf("totals: %+v, %+v", n.Totals, n.Children[0].Children[0].Totals)
	}
}

// TestTreeLosesNothing hangs processes at random: each stands once.
func TestTreeLosesNothing(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 2000 {
		n := 1 + random.Intn(12)
		rows := make([]Proc, n)
		for i := range rows {
			rows[i] = proc(i+1, random.Intn(n+2), uint64(random.Intn(3)))
		}
		seen := map[int]int{}
		tree := Tree(&Snapshot{Procs: rows}, 0)
		for _, s := range shape(tree, 0) {
			seen[s[0]]++
		}
		if len(seen) != n+1 || tree.Totals.Count != n {
			t.Fatalf("%v: %v", rows, seen)
		}
		for pid, times := range seen {
			if times != 1 {
				t.Fatalf("%d stands %d times: %v", pid, times, rows)
			}
		}
	}
}
