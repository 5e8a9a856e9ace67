package supervise

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// stat is what /proc/PID/stat says that trees are made of.
type stat struct {
	pid, ppid, group int
	threads          int
	state            byte
	flags            uint64 // of the task, as the kernel has them
	ticks            uint64 // clock ticks after boot when it started
}

// noExec says that it has not executed anything since it was forked.
func (s *stat) noExec() bool {
	const forkNoExec = 0x40 // PF_FORKNOEXEC
	return s.flags&forkNoExec != 0
}

func (s *stat) dead() bool { return s.state == 'Z' || s.state == 'X' }

// proc reads the process table: by one goroutine, with one buffer.
type proc struct {
	dir int
	buf []byte
}

func openProc() (*proc, error) {
	dir, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/proc", Err: err}
	}
	return &proc{dir: dir, buf: make([]byte, 128<<10)}, nil
}

func (p *proc) close() { closefd(p.dir) }

func (p *proc) read(pid int, name string) []byte {
	fd, err := unix.Openat(p.dir, strconv.Itoa(pid)+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer closefd(fd)
	n, err := unix.Read(fd, p.buf)
	if err != nil || n <= 0 {
		return nil
	}
	return p.buf[:n]
}

func (p *proc) stat(pid int) (stat, bool) {
	return parseStat(p.read(pid, "/stat"))
}

// parseStat finds the end of the name from behind: it may hold anything.
func parseStat(b []byte) (stat, bool) {
	var s stat
	end := bytes.LastIndexByte(b, ')')
	begin := bytes.IndexByte(b, ' ')
	if end < 0 || begin <= 0 || end+2 > len(b) {
		return s, false
	}
	var err error
	if s.pid, err = strconv.Atoi(string(b[:begin])); err != nil {
		return s, false
	}
	i := 2
	for field := range bytes.FieldsSeq(b[end+1:]) {
		i++
		switch i {
		case 3:
			s.state = field[0]
		case 4:
			s.ppid, err = strconv.Atoi(string(field))
		case 5:
			s.group, err = strconv.Atoi(string(field))
		case 9:
			s.flags, err = strconv.ParseUint(string(field), 10, 64)
		case 20:
			s.threads, err = strconv.Atoi(string(field))
		case 22:
			s.ticks, err = strconv.ParseUint(string(field), 10, 64)
			return s, err == nil
		}
		if err != nil {
			return s, false
		}
	}
	return s, false
}

// all reads every process.
func (p *proc) all() []stat {
	var out []stat
	for _, pid := range p.pids() {
		if s, ok := p.stat(pid); ok {
			out = append(out, s)
		}
	}
	return out
}

func (p *proc) pids() []int {
	var pids []int
	if _, err := unix.Seek(p.dir, 0, 0); err != nil {
		return nil
	}
	var names []string
	for {
		n, err := unix.ReadDirent(p.dir, p.buf)
		if err != nil || n <= 0 {
			break
		}
		_, _, names = unix.ParseDirent(p.buf[:n], -1, names[:0])
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// tree finds the processes of one run: those in its control group, and those
// that the table shows to be below it, or that bear its mark. What was found
// once stays a member when it changes its parent.
type tree struct {
	self   int // never a member
	leader int // of the process group, as long as it is not reaped; or 0
	since  uint64
	group  *group
	mark   string         // in the environment, where there is no control group
	seen   map[int]uint64 // pid to start ticks
	unsure bool           // the last scan met a process in the middle of an exec
	strays bool           // members were seen outside of the control group
}

// scan gives the living members. It reads the whole table.
func (t *tree) scan() []stat {
	p, err := openProc()
	if err != nil {
		return nil
	}
	defer p.close()
	if t.seen == nil {
		t.seen = make(map[int]uint64)
	}
	inside := make(map[int]bool)
	if t.group != nil {
		for _, pid := range t.group.members() {
			inside[pid] = true
		}
	}
	all := p.all()
	t.unsure = false
	member := make(map[int]bool)
	for i := range all {
		s := &all[i]
		ticks, known := t.seen[s.pid]
		switch {
		case s.pid == t.self || s.pid == 1:
		case s.pid == t.leader, t.leader > 0 && s.group == t.leader, inside[s.pid], known && ticks == s.ticks,
			t.mark != "" && s.ticks >= t.since && s.ppid != 2 && !s.dead() && t.marked(p, s.pid):
			member[s.pid] = true
		}
	}
	below(all, member, t.self)
	var out []stat
	for i := range all {
		if s := &all[i]; member[s.pid] {
			t.seen[s.pid] = s.ticks
			if !s.dead() {
				t.strays = t.strays || !inside[s.pid]
				out = append(out, *s)
			}
		}
	}
	return out
}

// below adds the descendants. The table is not one moment and not in the order
// of links, so it is gone through until nothing is added.
func below(all []stat, member map[int]bool, self int) {
	for range 1000 {
		added := false
		for i := range all {
			s := &all[i]
			if member[s.ppid] && !member[s.pid] && s.pid != self && s.pid != 1 {
				member[s.pid] = true
				added = true
			}
		}
		if !added {
			return
		}
	}
}

// marked looks for the mark in the environment that the process was given.
// While a process executes something there is a moment without any.
func (t *tree) marked(p *proc, pid int) bool {
	environ := p.read(pid, "/environ")
	t.unsure = t.unsure || environ == nil
	return hasMark(environ, t.mark)
}

func hasMark(environ []byte, mark string) bool {
	for pair := range bytes.SplitSeq(environ, []byte{0}) {
		value, ok := bytes.CutPrefix(pair, []byte(markName+"="))
		if ok && slices.ContainsFunc(bytes.Fields(value), func(w []byte) bool { return string(w) == mark }) {
			return true
		}
	}
	return false
}

// signal sends sig to every process in list that is not in the group skip,
// each held by a descriptor and known by its start: never to another one that
// got its number. It says whether one could not be signalled.
func signalEach(list []stat, skip int, sig syscall.Signal) (refused bool) {
	p, err := openProc()
	if err != nil {
		return true
	}
	defer p.close()
	for i := range list {
		if s := &list[i]; skip == 0 || s.group != skip {
			if err := p.signal(s.pid, s.ticks, sig); err == unix.EPERM || err == unix.EACCES {
				refused = true
			}
		}
	}
	return refused
}

func (p *proc) signal(pid int, ticks uint64, sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer closefd(fd)
	now, ok := p.stat(pid)
	if !ok || now.ticks != ticks {
		return unix.ESRCH
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}
