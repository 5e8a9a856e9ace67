package proctable

import (
	"time"

	"golang.org/x/sys/unix"
)

// origin is when a process began: what gopsutil mixes with other things.
type origin struct {
	ticks   uint64 // microseconds since 1970: this system counts no ticks
	started int64
	age     float64
	kernel  bool
}

func originOf(pid int) (origin, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		return origin{}, ErrGone // the kernel answers with nothing for a pid that nobody has
	}
	start := time.Unix(k.Proc.P_starttime.Unix())
	return origin{
		ticks:   uint64(start.UnixMicro()),
		started: start.Unix(),
		age:     max(0, time.Since(start).Seconds()),
		kernel:  pid == 0,
	}, nil
}

func exists(pid int) bool {
	_, err := originOf(pid)
	return err == nil
}

func systemBootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

// systemPartial: sysctl shows every process to everybody.
func systemPartial() bool { return false }

func portableNice(n int) int { return n }

// smaps: this system does not say what memory is whose.
func (r *portableReader) smaps() {}
