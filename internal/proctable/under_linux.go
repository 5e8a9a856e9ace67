package proctable

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// walkLimit is up to how many processes a walk from child to child is cheaper
// than reading the stat of all.
const walkLimit = 128

var errWalk = errors.New("the tree is read better by a scan")

// under gives the pids below root and notes their start ticks. Small trees are
// walked through task/*/children, the others come from one scan of all.
func (s *scan) under(ctx context.Context, root int) ([]int, error) {
	var found []Identity
	err := errWalk
	if root > 1 {
		found, err = s.walk(ctx, root)
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrGone):
		return []int{}, nil
	case !errors.Is(err, errWalk):
		return nil, err
	default:
		rows, err := s.scanBelow(ctx, root)
		if err != nil {
			return nil, err
		}
		if s.plain() {
			s.ready = slices.DeleteFunc(rows, func(p Proc) bool { return p.Kernel && !s.q.Kernel })
			return nil, nil
		}
		found = identities(rows, "")
	}
	pids := make([]int, 0, len(found))
	s.ticks = make(map[int]uint64, len(found))
	for _, id := range found {
		pids = append(pids, id.PID)
		s.ticks[id.PID] = id.StartedTicks
	}
	slices.Sort(pids)
	return pids, nil
}

// plain says that stat answers the whole query, and no selector but Under is
// set: then one scan finds the tree and is the result.
func (s *scan) plain() bool {
	only := Query{Under: s.q.Under}
	return s.q.PIDs == nil && s.need&^(FieldPID|statGroup) == 0 && s.q.needs() == only.needs()
}

// scanBelow reads stat of every process and gives those below root.
func (s *scan) scanBelow(ctx context.Context, root int) ([]Proc, error) {
	pids, err := s.list()
	if err != nil {
		return nil, err
	}
	all := scan{from: s.from, root: s.root, q: &Query{Kernel: true}, want: FieldPPID | FieldStartedTicks, clock: s.clock}
	if s.plain() {
		all.want = s.want
	}
	all.need = all.want
	rows, err := all.rows(ctx, pids, (*worker).row)
	if all.left {
		s.left = true
		s.out.Go(all.out.Wait)
	}
	if err != nil {
		return nil, err
	}
	found := below(rows, root)
	return slices.DeleteFunc(rows, func(p Proc) bool { _, ok := slices.BinarySearch(found, p.PID); return !ok }), nil
}

func identities(rows []Proc, boot string) []Identity {
	out := make([]Identity, 0, len(rows))
	for i := range rows {
		out = append(out, Identity{BootID: boot, PID: rows[i].PID, StartedTicks: rows[i].StartedTicks})
	}
	return out
}

// walk goes from child to child. The list of children that the kernel gives is
// complete only if no child was reaped meanwhile: when one of those listed is
// gone, the list is read again.
func (s *scan) walk(ctx context.Context, root int) ([]Identity, error) {
	w := s.worker()
	defer w.release()
	first, ok := w.ticksOf(root)
	if !ok || !w.leader(s.root, w.pid(root, "/status\x00"), root) {
		return nil, ErrGone
	}
	queue := []Identity{{PID: root, StartedTicks: first}}
	seen := map[int]bool{root: true}
	for i := 0; i < len(queue); i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		children, ok := w.childrenOf(queue[i])
		if !ok || len(queue)+len(children) > walkLimit {
			return nil, errWalk
		}
		for _, child := range children {
			if !seen[child.PID] {
				seen[child.PID] = true
				queue = append(queue, child)
			}
		}
	}
	return queue[1:], nil
}

// childrenOf gives the children of a process; none if it is gone. It is not ok
// if the kernel does not tell or the children change too fast.
func (w *worker) childrenOf(parent Identity) (children []Identity, ok bool) {
	for range 4 {
		pids, e := w.childPIDs(parent.PID)
		if gone(e) {
			if ticks, there := w.ticksOf(parent.PID); !there || ticks != parent.StartedTicks {
				return nil, true
			}
			continue
		}
		if e != 0 {
			return nil, false
		}
		children = children[:0]
		stable := true
		for _, pid := range pids {
			b, e := w.short(w.s.root, w.pid(pid, "/stat\x00"))
			l, parsed := parseStat(b)
			if e != 0 || !parsed || l.ppid != parent.PID || l.start < parent.StartedTicks {
				stable = false
				break
			}
			children = append(children, Identity{PID: pid, StartedTicks: l.start})
		}
		if stable {
			return children, true
		}
	}
	return nil, false
}

// childPIDs lists the children of all threads of pid. ENOENT says that the
// process, one of its threads or the file is not there.
func (w *worker) childPIDs(pid int) ([]int, syscall.Errno) {
	fd, e := openat(w.s.root, w.pid(pid, "/task\x00"), unix.O_RDONLY|unix.O_DIRECTORY)
	if e != 0 {
		return nil, e
	}
	defer closefd(fd)
	threads, e := pidsOf(fd, w.buf, nil)
	if e != 0 {
		return nil, e
	}
	var pids []int
	for _, thread := range threads {
		b, e := w.whole(fd, w.pid(thread, "/children\x00"))
		if e != 0 {
			return nil, e
		}
		for field := range bytes.FieldsSeq(b) {
			if child, ok := number[int](field); ok {
				pids = append(pids, child)
			}
		}
	}
	return pids, 0
}

func (w *worker) ticksOf(pid int) (uint64, bool) {
	b, e := w.short(w.s.root, w.pid(pid, "/stat\x00"))
	l, ok := parseStat(b)
	return l.start, e == 0 && ok
}

// Descendants gives the identities of all processes below pid, itself left
// out, the nearest first or in order of pids. The error is ErrGone where there
// is no such process.
func Descendants(ctx context.Context, pid int) ([]Identity, error) {
	l := &linux{root: "/proc"}
	q := Query{Kernel: true}
	s, err := l.begin(&q)
	if err != nil {
		return nil, err
	}
	defer s.close()
	found, err := s.walk(ctx, pid)
	if errors.Is(err, errWalk) {
		var rows []Proc
		rows, err = s.scanBelow(ctx, pid)
		found = identities(rows, "")
	}
	if err != nil {
		return nil, err
	}
	boot := bootID(s.root)
	for i := range found {
		found[i].BootID = boot
	}
	return found, nil
}
