package proctable

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// reading is one field, or group of fields, read through the folder of a
// process. It fills p and says which fields there are.
type reading struct {
	fields Field
	read   func(w *worker, dir int, p *Proc) (Field, syscall.Errno)
	wanted func(q *Query, p *Proc) bool
}

// readings are in the order of their cost, those that select first.
func readings() [13]reading {
	return [13]reading{
		{FieldExe, (*worker).exe, func(q *Query, p *Proc) bool { return q.Exe == "" || sameExe(p.Exe, q.Exe) }},
		{unitGroup, (*worker).unit, func(q *Query, p *Proc) bool { return q.Unit == "" || SameUnit(p.Unit, q.Unit) }},
		{sockGroup, (*worker).sockets, func(q *Query, p *Proc) bool { return q.Port == 0 || slices.Contains(p.Ports, q.Port) }},
		{FieldCwd, (*worker).cwd, nil}, {FieldRoot, (*worker).rootDir, nil},
		{FieldEnviron, (*worker).environ, nil}, {FieldFds, (*worker).fds, nil}, {FieldIO, (*worker).io, nil},
		{smapsGroup, (*worker).smaps, nil}, {FieldWchan, (*worker).wchan, nil}, {FieldLimits, (*worker).limits, nil},
		{FieldIDs, (*worker).ids, nil}, {FieldNamespaces, (*worker).namespaces, nil},
	}
}

// more reads what is not in stat, owner and command line; lacks is what such a
// process does not have.
func (w *worker) more(dir int, p *Proc, lacks Field) bool {
	s := w.s
	if s.need&^(FieldPID|FieldCPU|statGroup|ownerGroup|cmdGroup) == 0 {
		return true
	}
	unsure := Field(0) // selectors whose field was refused
	for _, r := range readings() {
		need := r.fields & s.need
		if need == 0 || unsure != 0 && r.wanted == nil {
			continue
		}
		e := syscall.Errno(0)
		if need&^lacks != 0 {
			var has Field
			if has, e = r.read(w, dir, p); e == 0 {
				p.Have |= has & s.want
			} else if !w.refused(dir, p, r.fields, e) {
				return false
			}
		}
		if r.wanted != nil && !r.wanted(s.q, p) {
			if !denied(e) {
				return false
			}
			unsure |= need & s.q.needs()
		}
	}
	return unsure == 0 || w.undecided(unsure)
}

func (w *worker) exe(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.link(dir, cpath("exe\x00"))
	p.Exe = string(b)
	return FieldExe, e
}

func (w *worker) cwd(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.link(dir, cpath("cwd\x00"))
	p.Cwd = string(b)
	return FieldCwd, e
}

func (w *worker) rootDir(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.link(dir, cpath("root\x00"))
	p.Root = string(b)
	return FieldRoot, e
}

func (w *worker) unit(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("cgroup\x00"))
	if e != 0 {
		return 0, e
	}
	places := parseCgroup(b)
	p.Cgroup, p.Unit, p.Container = places.path(), places.unit(), places.container()
	var has Field
	for _, f := range []struct {
		field Field
		text  string
	}{{FieldCgroup, p.Cgroup}, {FieldUnit, p.Unit}, {FieldContainer, p.Container}} {
		if f.text != "" {
			has |= f.field
		}
	}
	return has, 0
}

func (w *worker) environ(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("environ\x00"))
	if e != 0 {
		return 0, e
	}
	p.Environ = splitEnviron(b)
	return FieldEnviron, 0
}

// fds takes the size of the folder, which is the number of descriptors since
// Linux 6.2 and may be seen by everybody, and counts before that.
func (w *worker) fds(dir int, p *Proc) (Field, syscall.Errno) {
	var st unix.Stat_t
	if unix.Fstatat(dir, "fd", &st, 0) == nil && st.Size > 0 {
		p.Fds = int(st.Size)
		return FieldFds, 0
	}
	fd, e := openat(dir, cpath("fd\x00"), unix.O_RDONLY|unix.O_DIRECTORY)
	if e != 0 {
		return 0, e
	}
	defer closefd(fd)
	n := 0
	e = entries(fd, w.buf, func([]byte) { n++ })
	p.Fds = n
	return FieldFds, e
}

func (w *worker) io(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("io\x00"))
	if e != 0 {
		return 0, e
	}
	for _, f := range []struct {
		name string
		to   *int64
	}{{"rchar", &p.IO.ReadChars}, {"wchar", &p.IO.WriteChars}, {"read_bytes", &p.IO.ReadBytes}, {"write_bytes", &p.IO.WriteBytes}} {
		*f.to, _ = statusNumber(b, f.name)
	}
	return FieldIO, 0
}

// smaps adds up what the kernel has added up already, or, before Linux 4.14,
// what it says of each mapping.
func (w *worker) smaps(dir int, p *Proc) (Field, syscall.Errno) {
	add := func(b []byte) {
		uss, pss, swap := sumSmaps(b)
		p.USS, p.PSS, p.Swap = p.USS+uss, p.PSS+pss, p.Swap+swap
	}
	e := w.lines(dir, cpath("smaps_rollup\x00"), add)
	if e == unix.ENOENT {
		e = w.lines(dir, cpath("smaps\x00"), add)
	}
	return smapsGroup, e
}

// wchan is "0" for what runs and where the kernel does not tell.
func (w *worker) wchan(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("wchan\x00"))
	if e != 0 || len(b) == 0 || string(b) == "0" {
		return 0, e
	}
	p.Wchan = w.intern(b)
	return FieldWchan, 0
}

func (w *worker) limits(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("limits\x00"))
	if e != 0 {
		return 0, e
	}
	p.Limits = parseLimits(b)
	return FieldLimits, 0
}

func (w *worker) ids(dir int, p *Proc) (Field, syscall.Errno) {
	b, e := w.whole(dir, cpath("status\x00"))
	if e != 0 {
		return 0, e
	}
	var ok bool
	if p.IDs, ok = parseIDs(b); !ok {
		return 0, 0
	}
	return FieldIDs, 0
}

func (w *worker) namespaces(dir int, p *Proc) (Field, syscall.Errno) {
	found := make(map[string]uint64, 8)
	for _, kind := range [...]string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
		b, e := w.link(dir, cpath("ns/"+kind+"\x00"))
		if e == unix.ENOENT {
			continue // not in this kernel
		}
		if e != 0 {
			return 0, e
		}
		if n, ok := namespaceInode(b); ok {
			found[kind] = n
		}
	}
	if len(found) == 0 {
		return 0, unix.ENOENT
	}
	p.Namespaces = found
	return FieldNamespaces, 0
}

// namespaceInode reads "net:[4026531840]".
func namespaceInode(b []byte) (uint64, bool) {
	_, rest, ok := bytes.Cut(b, []byte(":["))
	rest, closed := bytes.CutSuffix(rest, []byte("]"))
	if !ok || !closed {
		return 0, false
	}
	return number[uint64](rest)
}

// ttyName names a terminal by its device number, and is empty for none.
func ttyName(dev uint64) string {
	major, minor := dev>>8&0xfff, dev&0xff|dev>>12&0xfff00
	n := int(minor)
	switch {
	case dev == 0:
		return ""
	case major >= 136 && major <= 143:
		return "/dev/pts/" + strconv.Itoa(int(major-136)<<8+n)
	case major == 4 && n < 64:
		return "/dev/tty" + strconv.Itoa(n)
	case major == 4:
		return "/dev/ttyS" + strconv.Itoa(n-64)
	}
	f := files{buf: make([]byte, 256)}
	link := "/sys/dev/char/" + strconv.Itoa(int(major)) + ":" + strconv.Itoa(n) + "\x00"
	if b, e := f.link(unix.AT_FDCWD, cpath(link)); e == 0 {
		return "/dev/" + path.Base(string(b))
	}
	return ""
}
