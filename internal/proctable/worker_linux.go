package proctable

import (
	"bytes"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// worker reads processes, one after the other. It is for one goroutine; its
// buffers outlive the snapshot.
type worker struct {
	files
	s     *scan
	names map[string]string // names repeat: one string for all of them
	empty []Proc            // room that nothing was kept in
	owner unix.Stat_t
	line  statLine
}

// maxNames bounds the names remembered from one snapshot to the next.
const maxNames = 4096

func (s *scan) worker() *worker {
	w, ok := s.from.workers.Get().(*worker)
	if !ok {
		w = &worker{files: files{buf: make([]byte, 16<<10), path: make([]byte, 0, 64)}}
	}
	if w.names == nil || len(w.names) > maxNames {
		w.names = make(map[string]string)
	}
	w.s = s
	return w
}

// release gives a worker back, without what belongs to its snapshot.
func (w *worker) release() {
	from := w.s.from
	w.s = nil
	from.workers.Put(w)
}

func (w *worker) spare(n int) []Proc {
	room := w.empty
	w.empty = nil
	if cap(room) >= n {
		return room[:0]
	}
	return make([]Proc, 0, n)
}

func (w *worker) keep(room []Proc) { w.empty = room }

func (w *worker) intern(b []byte) string {
	if name, ok := w.names[string(b)]; ok {
		return name
	}
	name := string(b)
	w.names[name] = name
	return name
}

// row fills p with the process and says whether it is there and selected.
func (w *worker) row(pid int, p *Proc) bool {
	s := w.s
	p.PID = pid
	statOnly := s.need&^(FieldPID|statGroup) == 0
	if !s.direct && (statOnly || s.q.Name != "" || s.q.State != "" || s.q.PPID != nil) {
		// By path: one file is one moment, nothing can be mixed up.
		b, e := w.short(s.root, w.pid(pid, "/stat\x00"))
		line, ok := parseStat(b)
		switch {
		case e != 0 && !denied(e):
			return w.lost(e)
		case e == 0 && ok && !w.likely(pid, &line):
			return false
		case e == 0 && ok && statOnly && (len(line.comm) != commMax || s.need&FieldName == 0):
			w.stat(p, &line)
			p.Have |= s.want & FieldPID
			return true
		}
	}
	// Through its folder: a descriptor stays with the process when the pid
	// goes to another one between two reads.
	dir, e := openat(s.root, w.pid(pid, "\x00"), unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		return w.lost(e)
	}
	defer closefd(dir)
	return w.full(dir, p)
}

// lost notes why nothing can be said of a process; the row is left out.
func (w *worker) lost(e syscall.Errno) bool {
	if starved(e) {
		w.s.failed.CompareAndSwap(0, uintptr(e))
	}
	return false
}

// refused notes that f could not be read, and says whether the process is
// still there.
func (w *worker) refused(dir int, p *Proc, f Field, e syscall.Errno) bool {
	switch {
	case denied(e):
		p.Denied |= w.s.want & f
		return true
	case starved(e):
		return w.lost(e)
	case gone(e):
		// The file may be one that this kernel does not have.
		_, e := w.short(dir, cpath("stat\x00"))
		return e == 0 || denied(e)
	}
	return true
}

// undecided leaves a row out: the system refused what the selector f looks at.
func (w *worker) undecided(f Field) bool {
	w.s.undecided.Or(uint64(f))
	return false
}

// full reads what is needed, the cheap before the dear, and stops at the first
// selector that says no.
func (w *worker) full(dir int, p *Proc) bool {
	s := w.s
	p.Have |= s.want & FieldPID
	if s.need&ownerGroup != 0 && !w.ownerOf(dir, p) {
		return false
	}
	if s.direct && !w.leader(dir, cpath("status\x00"), p.PID) {
		return false
	}
	line, there := w.statOf(dir, p)
	if !there {
		return false
	}
	if line == nil {
		if f := s.q.statSelectors(); f != 0 {
			return w.undecided(f)
		}
		return w.cmdline(dir, p, nil) && w.more(dir, p, 0)
	}
	if !w.likely(p.PID, line) || !w.cmdline(dir, p, line) {
		return false
	}
	lacks := Field(0)
	switch {
	case line.zombie():
		lacks = noFiles
	case line.kernel():
		lacks = noMemory
	}
	return w.more(dir, p, lacks)
}

// likely compares with what stat alone can say. Of a name of 15 bytes the
// rest is compared when it is known.
func (w *worker) likely(pid int, l *statLine) bool {
	q := w.s.q
	if l.kernel() && !q.Kernel || q.PPID != nil && l.ppid != *q.PPID || q.State != "" && stateWord(l.state) != q.State {
		return false
	}
	if want, ok := w.s.ticks[pid]; ok && want != l.start {
		return false
	}
	if q.Name == "" {
		return true
	}
	if len(l.comm) != commMax { // those of kernel workers are longer
		return string(l.comm) == q.Name
	}
	return strings.HasPrefix(q.Name, string(l.comm))
}

// ownerOf takes the owner of the folder, which is the effective user always:
// the kernel makes the files of a process that may not be dumped root's, but
// not its folder (task_dump_owner, for the sake of ps).
func (w *worker) ownerOf(dir int, p *Proc) bool {
	if err := unix.Fstat(dir, &w.owner); err != nil {
		e, _ := err.(syscall.Errno)
		return w.refused(dir, p, ownerGroup, e) && (w.s.q.User == "" || w.undecided(FieldUID))
	}
	p.UID = w.owner.Uid
	if w.s.q.User != "" && p.UID != w.s.uid {
		return false
	}
	if w.s.want&FieldUser != 0 {
		p.User = w.s.users.name(p.UID)
	}
	p.Have |= w.s.want & ownerGroup
	return true
}

// statOf reads stat and fills what it says; the line is nil where it cannot be
// read. It is valid until the next process, the bytes of its name until the next read.
func (w *worker) statOf(dir int, p *Proc) (line *statLine, there bool) {
	b, e := w.short(dir, cpath("stat\x00"))
	if e != 0 {
		return nil, w.refused(dir, p, statGroup, e)
	}
	var ok bool
	if w.line, ok = parseStat(b); !ok {
		return nil, true
	}
	w.stat(p, &w.line)
	return &w.line, true
}

// stat fills what the line says, the name as far as the kernel keeps it.
func (w *worker) stat(p *Proc, l *statLine) {
	c := &w.s.clock
	p.PPID, p.StartedTicks, p.Kernel = l.ppid, l.start, l.kernel()
	p.Name, p.State = w.intern(l.comm), stateWord(l.state)
	p.RSS, p.VSize, p.Threads, p.Nice = l.rss*c.page, l.vsize, l.threads, l.nice
	p.CPUTime = c.seconds(l.utime + l.stime)
	p.Started, p.Age = c.started(l.start), c.age(l.start)
	has := w.s.want & statGroup
	if p.State == "" {
		has &^= FieldState
	}
	if has&FieldTTY != 0 {
		if p.TTY = ttyName(l.tty); p.TTY == "" {
			has &^= FieldTTY
		}
	}
	p.Have |= has
}

// leader says, by its status, that pid is a process and not one of its
// threads, whose folder can be opened as well.
func (w *worker) leader(dir int, status *byte, pid int) bool {
	b, e := w.whole(dir, status)
	if e != 0 {
		return denied(e) || w.lost(e)
	}
	tgid, ok := statusNumber(b, "Tgid")
	return !ok || tgid == int64(pid)
}

// cmdline reads the command line and completes the name, as far as either is
// needed, and compares both. l is nil where stat is not known.
func (w *worker) cmdline(dir int, p *Proc, l *statLine) bool {
	s := w.s
	cut := l != nil && len(l.comm) == commMax && s.need&(FieldName|FieldCmd) != 0
	if s.need&cmdGroup == 0 && !cut {
		return true
	}
	var raw []byte
	e := syscall.Errno(0)
	if l == nil || !l.kernel() && !l.zombie() {
		if raw, e = w.short(dir, cpath("cmdline\x00")); e != 0 && !w.refused(dir, p, cmdGroup, e) {
			return false
		}
	}
	raw = trimCmdline(raw)
	if cut {
		p.Name = w.wholeName(dir, p.Name, raw)
	}
	if s.q.Name != "" && p.Name != s.q.Name {
		return e != 0 && w.undecided(FieldName)
	}
	if s.need&cmdGroup == 0 || e != 0 {
		return s.q.Match == nil || w.undecided(FieldCmd)
	}
	p.Cmdline, p.Cmd = splitCmdline(raw)
	if len(p.Cmdline) == 0 {
		p.Cmd = "[" + p.Name + "]"
	}
	p.Have |= s.want & cmdGroup
	return s.q.Match == nil || s.q.Match.MatchString(p.Cmd)
}

// wholeName continues a name that may have been cut, by argv[0] or else by the
// executable. A command line is gone after another file was read: raw is kept.
func (w *worker) wholeName(dir int, comm string, raw []byte) string {
	arg, _, _ := bytes.Cut(raw, []byte{0})
	if name := continued(comm, arg); name != "" {
		return name
	}
	if len(raw) == 0 {
		return comm
	}
	link := files{buf: make([]byte, 4<<10)}
	exe, e := link.link(dir, cpath("exe\x00"))
	if e != 0 {
		return comm
	}
	if name := continued(comm, bytes.TrimSuffix(exe, []byte(deletedMark))); name != "" {
		return name
	}
	return comm
}
