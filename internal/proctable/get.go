package proctable

import (
	"context"
	"slices"
	"sort"
)

// Get gives one process. The error is ErrGone where there is none with this
// pid, or none that may be seen.
func Get(ctx context.Context, p Provider, pid int, f Field) (*Proc, error) {
	snap, err := p.Snapshot(ctx, Query{PIDs: []int{pid}, Fields: f, Kernel: true})
	if err != nil {
		return nil, err
	}
	if len(snap.Procs) == 0 {
		return nil, ErrGone
	}
	return &snap.Procs[0], nil
}

// Ancestors gives the parent of pid, its parent, and so on to pid 1, or as far
// as they can be seen. The error is ErrGone where there is no such process.
func Ancestors(ctx context.Context, p Provider, pid int, f Field) ([]Proc, error) {
	if f == 0 {
		f = DefaultFields
	}
	child, err := Get(ctx, p, pid, StatFields)
	if err != nil {
		return nil, err
	}
	var out []Proc
	seen := map[int]bool{pid: true}
	for child.PPID > 0 && !seen[child.PPID] {
		parent, err := Get(ctx, p, child.PPID, f)
		if err == ErrGone || err == nil && parent.StartedTicks > child.StartedTicks {
			// It ended meanwhile: another one has adopted the child.
			parent, err = adopted(ctx, p, child, f)
		}
		if err == ErrGone {
			break
		}
		if err != nil {
			return nil, err
		}
		out = append(out, *parent)
		seen[parent.PID] = true
		child = parent
	}
	return out, nil
}

// adopted looks once more for the parent of child.
func adopted(ctx context.Context, p Provider, child *Proc, f Field) (*Proc, error) {
	again, err := Get(ctx, p, child.PID, StatFields)
	if err != nil {
		return nil, err
	}
	if again.StartedTicks != child.StartedTicks || again.PPID == child.PPID {
		return nil, ErrGone
	}
	parent, err := Get(ctx, p, again.PPID, f)
	if err == nil && parent.StartedTicks > again.StartedTicks {
		return nil, ErrGone
	}
	return parent, err
}

// Subtree gives pid and all below it as a tree. The error is ErrGone where
// there is no such process. A small tree is read without looking at the rest of
// the host. The tree of pid 0 is that of the whole host.
func Subtree(ctx context.Context, p Provider, pid int, f Field) (*Node, error) {
	if f == 0 {
		f = StatFields
	}
	if pid == 0 {
		snap, err := p.Snapshot(ctx, Query{Fields: f})
		if err != nil {
			return nil, err
		}
		return Tree(snap, 0), nil
	}
	root, err := Get(ctx, p, pid, f)
	if err != nil {
		return nil, err
	}
	snap, err := p.Snapshot(ctx, Query{Fields: f, Under: &pid, Kernel: root.Kernel})
	if err != nil {
		return nil, err
	}
	at := sort.Search(len(snap.Procs), func(i int) bool { return snap.Procs[i].PID >= pid })
	snap.Procs = slices.Insert(snap.Procs, at, *root)
	return Tree(snap, pid), nil
}
