package proctable

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// origin is when a process began: what gopsutil mixes with the clock.
type origin struct {
	ticks   uint64
	started int64
	age     float64
	kernel  bool
}

func originOf(pid int) (origin, error) {
	f := files{buf: make([]byte, 4<<10)}
	b, e := f.short(unix.AT_FDCWD, cpath(fmt.Sprintf("/proc/%d/stat\x00", pid)))
	if gone(e) {
		return origin{}, ErrGone
	}
	if e != 0 {
		return origin{}, e
	}
	l, ok := parseStat(b)
	if !ok {
		return origin{}, fmt.Errorf("/proc/%d/stat cannot be understood", pid)
	}
	c := newClock()
	return origin{ticks: l.start, started: c.started(l.start), age: c.age(l.start), kernel: l.kernel()}, nil
}

func exists(pid int) bool {
	_, err := originOf(pid)
	return err != ErrGone
}

func systemBootID() string {
	fd, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer closefd(fd)
	return bootID(fd)
}

func systemPartial() bool { return partialView("/proc") }

// portableNice undoes that gopsutil gives what the system call gives: 20 less
// the nice value.
func portableNice(n int) int { return 20 - n }

func (r *portableReader) smaps() {
	maps, err := r.g.MemoryMapsWithContext(r.ctx, true)
	if err == nil && (maps == nil || len(*maps) == 0) || !r.got(smapsGroup, err) {
		return
	}
	for _, m := range *maps { // in KiB
		r.p.USS += int64(m.PrivateClean+m.PrivateDirty) << 10
		r.p.PSS += int64(m.Pss) << 10
		r.p.Swap += int64(m.Swap) << 10
	}
}
