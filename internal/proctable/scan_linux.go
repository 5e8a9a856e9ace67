package proctable

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// linux reads a mounted proc. It is safe for concurrent use and keeps nothing
// but buffers between snapshots.
type linux struct {
	root    string
	workers sync.Pool
}

// New gives the provider for the processes of this system.
func New() Provider { return NewAt("/proc") }

// NewAt gives the provider for a proc file system mounted at root, which may
// be that of another pid namespace.
func NewAt(root string) Provider { return &linux{root: filepath.Clean(root)} }

// scan is the work of one snapshot.
type scan struct {
	from      *linux
	root      int // descriptor of the folder
	q         *Query
	want      Field // what the rows have
	need      Field // what has to be known to fill and to select them
	clock     clock
	users     users
	nets      netTables
	uid       uint32         // of q.User
	ticks     map[int]uint64 // where set, a pid with other start ticks is another process
	failed    atomic.Uintptr // the errno of a reader that ran out of something
	undecided atomic.Uint64  // Snapshot.Undecided
	out       sync.WaitGroup // workers that may still read
	left      bool           // some of them were left behind
	ready     []Proc         // the result, where the search for candidates gave it
	direct    bool           // pids that somebody named: they may be threads
}

func (l *linux) Snapshot(ctx context.Context, q Query) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.fields()&FieldCPU != 0 && q.Sample <= 0 {
		return nil, ErrSample
	}
	s, err := l.begin(&q)
	if err != nil {
		return nil, err
	}
	defer s.close()
	snap := &Snapshot{Time: time.Now(), BootID: bootID(s.root), Partial: partialView(l.root)}
	if q.User != "" {
		var known bool
		if s.uid, known = q.owner(); !known {
			return snap, nil
		}
	}
	if snap.Procs, err = s.run(ctx); err != nil {
		return nil, err
	}
	snap.Undecided = Field(s.undecided.Load())
	return snap, nil
}

func (l *linux) begin(q *Query) (*scan, error) {
	root, err := unix.Open(l.root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", &os.PathError{Op: "open", Path: l.root, Err: err})
	}
	s := &scan{from: l, root: root, q: q, want: q.fields(), clock: newClock()}
	s.need = s.want | q.needs()
	return s, nil
}

// close waits for nobody: workers that hang in a read close the folder when
// they come back.
func (s *scan) close() {
	if !s.left {
		closefd(s.root)
		return
	}
	go func() {
		s.out.Wait()
		closefd(s.root)
	}()
}

func (s *scan) run(ctx context.Context) ([]Proc, error) {
	pids, err := s.candidates(ctx)
	if err != nil || s.ready != nil {
		return s.ready, err
	}
	rows, err := s.rows(ctx, pids, (*worker).row)
	if err != nil || s.want&FieldCPU == 0 {
		return rows, err
	}
	return s.measure(ctx, rows)
}

// candidates lists the pids to look at.
func (s *scan) candidates(ctx context.Context) ([]int, error) {
	if s.q.PIDs != nil {
		s.direct = true
	}
	var pids []int
	switch {
	case s.q.Under != nil:
		var err error
		if pids, err = s.under(ctx, *s.q.Under); err != nil {
			return nil, err
		}
		if s.q.PIDs != nil {
			named := s.q.pids()
			pids = slices.DeleteFunc(pids, func(pid int) bool { _, ok := slices.BinarySearch(named, pid); return !ok })
		}
		return pids, nil
	case s.q.PIDs != nil:
		return s.q.pids(), nil
	}
	return s.list()
}

// list reads the folder. It comes in order of pids, but nobody promises that.
func (s *scan) list() ([]int, error) {
	pids, e := pidsOf(s.root, make([]byte, 64<<10), make([]int, 0, 1024))
	if e != 0 {
		return nil, fmt.Errorf("read the process table: %w", &os.PathError{Op: "readdir", Path: s.from.root, Err: e})
	}
	if !slices.IsSorted(pids) {
		slices.Sort(pids)
	}
	return pids, nil
}

// chunk is how many processes a worker takes at a time.
const chunk = 32

// rows reads pids by read, on all cores, and gives what it kept in order.
func (s *scan) rows(ctx context.Context, pids []int, read func(*worker, int, *Proc) bool) ([]Proc, error) {
	parts := make([][]Proc, (len(pids)+chunk-1)/chunk)
	// Where most are kept, each part is filled at its place in the result.
	var all []Proc
	if s.q.needs() == 0 {
		all = make([]Proc, len(pids))
	}
	err := s.each(ctx, len(parts), func(w *worker, part int) {
		from, to := part*chunk, min(len(pids), (part+1)*chunk)
		var kept []Proc
		if all != nil {
			kept = all[from:from:to]
		}
		for i, pid := range pids[from:to] {
			if kept == nil {
				kept = w.spare(to - from - i)
			}
			kept = append(kept, Proc{})
			if !read(w, pid, &kept[len(kept)-1]) {
				kept = kept[:len(kept)-1]
			}
		}
		if len(kept) == 0 && all == nil {
			w.keep(kept)
			return
		}
		parts[part] = kept
	})
	if err != nil {
		return nil, err
	}
	rows := all[:0]
	for _, part := range parts {
		rows = append(rows, part...) // moves down, or is a copy
	}
	clear(all[min(len(rows), len(all)):])
	return rows, nil
}

// each calls f for 0 to n-1, on all cores. It returns when ctx ends even if a
// worker hangs: the kernel may keep a reader of cmdline waiting for the lock of
// a process that is stuck. What f wrote is then nobody's.
func (s *scan) each(ctx context.Context, n int, f func(w *worker, i int)) error {
	var next atomic.Int64
	workers := min(runtime.GOMAXPROCS(0), n)
	done := make(chan struct{}, workers)
	for range workers {
		s.out.Add(1)
		go func() {
			defer s.out.Done()
			w := s.worker()
			for ctx.Err() == nil && s.failed.Load() == 0 {
				i := int(next.Add(1)) - 1
				if i >= n {
					break
				}
				f(w, i)
			}
			w.release()
			done <- struct{}{}
		}()
	}
	for range workers {
		select {
		case <-done:
		case <-ctx.Done():
			s.left = true
			return ctx.Err()
		}
	}
	if e := s.failed.Load(); e != 0 {
		return fmt.Errorf("read the process table: %w", syscall.Errno(e))
	}
	return ctx.Err()
}

// bootID is empty where the kernel does not say.
func bootID(root int) string {
	f := files{buf: make([]byte, 64)}
	b, e := f.whole(root, cpath("sys/kernel/random/boot_id\x00"))
	if e != 0 {
		return ""
	}
	return strings.TrimSpace(string(b))
}
