package proctable

import (
	"bytes"
)

// commMax is how many bytes of a name the kernel keeps (TASK_COMM_LEN less the NUL).
const commMax = 15

// flagKthread is PF_KTHREAD: a thread of the kernel's own.
const flagKthread = 0x00200000

// statLine is what is used of /proc/PID/stat. comm is part of the buffer it
// was parsed from and valid as long as that.
type statLine struct {
	pid, ppid    int
	comm         []byte
	state        byte
	tty          uint64
	flags        uint64
	utime, stime uint64
	nice         int
	threads      int
	start        uint64
	vsize, rss   int64
}

func (l *statLine) kernel() bool { return l.flags&flagKthread != 0 }
func (l *statLine) zombie() bool { return l.state == 'Z' || l.state == 'X' || l.state == 'x' }

// parseStat takes /proc/PID/stat apart. The name is between the first "(" and
// the last ")", whatever it holds.
func parseStat(b []byte) (l statLine, ok bool) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 2 || end < open || len(b) < end+4 || b[end+1] != ' ' {
		return l, false
	}
	if l.pid, ok = number[int](b[:open-1]); !ok {
		return l, false
	}
	l.comm, l.state = b[open+1:end], b[end+2]
	rest := b[end+3:]
	// Fields 4 (ppid) to 24 (rss), counted as in proc(5).
	for field := 4; field <= 24; field++ {
		if len(rest) == 0 || rest[0] != ' ' {
			return l, false
		}
		n, used := leadingInt(rest[1:])
		if used == 0 {
			return l, false
		}
		rest = rest[1+used:]
		switch field {
		case 4:
			l.ppid = int(n)
		case 7:
			l.tty = uint64(uint32(n))
		case 9:
			l.flags = uint64(n)
		case 14:
			l.utime = uint64(n)
		case 15:
			l.stime = uint64(n)
		case 19:
			l.nice = int(n)
		case 20:
			l.threads = int(n)
		case 22:
			l.start = uint64(n)
		case 23:
			l.vsize = n
		case 24:
			l.rss = n
		}
	}
	return l, l.ppid >= 0 && l.rss >= 0 && l.vsize >= 0
}

// leadingInt reads a decimal number, perhaps negative, and says how many bytes
// it took: none where there is no number. What does not fit saturates.
func leadingInt(b []byte) (n int64, used int) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if n > (1<<63-10)/10 {
			n = 1<<63 - 1
			continue
		}
		n = n*10 + int64(b[i]-'0')
	}
	if i == start {
		return 0, 0
	}
	if start == 1 {
		n = -n
	}
	return n, i
}

// number reads b as one decimal number and nothing else.
func number[T int | int64 | uint64 | uint32](b []byte) (T, bool) {
	n, used := leadingInt(b)
	if used == 0 || used != len(b) || n < 0 {
		return 0, false
	}
	return T(n), int64(T(n)) == n
}

// stateWord names the letter of stat, and is empty for one that no kernel has
// had.
func stateWord(c byte) string {
	switch c {
	case 'R', 'W': // W: waking (2.6.33 to 3.13), about to run
		return "running"
	case 'S':
		return "sleeping"
	case 'D', 'K': // K: wake-kill (2.6.33 to 3.13), disk sleep that KILL ends
		return "disk-sleep"
	case 'T':
		return "stopped"
	case 't':
		return "traced"
	case 'Z':
		return "zombie"
	case 'X', 'x':
		return "dead"
	case 'I':
		return "idle"
	case 'P':
		return "parked"
	}
	return ""
}
