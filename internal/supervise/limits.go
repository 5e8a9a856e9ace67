package supervise

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// limitGroup is a control group that bounds a tree: of one controller, made
// for one run.
type limitGroup struct {
	group *group
	base  string
	slot  int // of its note
}

func (l *limitGroup) close(n *notes) {
	n.clear(l.slot)
	if !l.group.empty() && !l.group.release(l.base) {
		closefd(l.group.dir)
		closefd(l.group.procs)
		return
	}
	l.group.remove()
}

// limit bounds the stopped child. A resource limit is never raised.
func (r *running) limit(pid int) error {
	l := &r.c.Limits
	seconds := uint64((l.CPU + time.Second - 1) / time.Second)
	set := []struct {
		on         bool
		what       int
		name       string
		soft, hard uint64
	}{
		{l.Memory > 0, unix.RLIMIT_DATA, "memory", uint64(l.Memory), uint64(l.Memory)},
		// At the soft one comes SIGXCPU, which may be caught, then SIGKILL.
		{l.CPU > 0, unix.RLIMIT_CPU, "cpu", seconds, seconds + 1},
		{l.Files > 0, unix.RLIMIT_NOFILE, "files", uint64(l.Files), uint64(l.Files)},
	}
	for _, one := range set {
		if one.on {
			if err := lower(pid, one.what, one.soft, one.hard); err != nil {
				return &Error{Kind: KindAccess, Op: "limit", Name: one.name, Err: err}
			}
		}
	}
	if l.Memory > 0 && !r.bound(pid, "memory", l.Memory, "memory.max", "memory.limit_in_bytes") {
		r.res.Degraded = append(r.res.Degraded, "limits.memory")
	}
	if l.Processes > 0 && !r.bound(pid, "pids", l.Processes, "pids.max", "pids.max") {
		r.res.Degraded = append(r.res.Degraded, "limits.processes")
		return r.limitUser(pid, l.Processes)
	}
	return nil
}

func lower(pid, what int, soft, hard uint64) error {
	var old unix.Rlimit
	if err := unix.Prlimit(pid, what, nil, &old); err != nil {
		return err
	}
	now := unix.Rlimit{Cur: min(soft, old.Max), Max: min(hard, old.Max)}
	return unix.Prlimit(pid, what, &now, nil)
}

// limitUser is the second best: the kernel counts all threads of the user, so
// those that are there already are added. It does nothing for root.
func (r *running) limitUser(pid int, n int64) error {
	var st unix.Stat_t
	if err := unix.Stat("/proc/"+strconv.Itoa(pid), &st); err != nil || st.Uid == 0 {
		return nil
	}
	p, err := openProc()
	if err != nil {
		return nil
	}
	defer p.close()
	there := int64(0)
	for _, s := range p.all() {
		var owner unix.Stat_t
		if unix.Fstatat(p.dir, strconv.Itoa(s.pid), &owner, 0) == nil && owner.Uid == st.Uid && s.pid != pid {
			there += int64(s.threads)
		}
	}
	if err := lower(pid, unix.RLIMIT_NPROC, uint64(there+n), uint64(there+n)); err != nil {
		return &Error{Kind: KindAccess, Op: "limit", Name: "processes", Err: err}
	}
	return nil
}

// bound puts the child under a limit of a controller, and says whether that
// could be done: in the run's own group of version 2 where the controller is
// on, else in one of version 1. Both end with Run, so they are not for a
// detached command.
func (r *running) bound(pid int, controller string, n int64, v2, v1 string) bool {
	if r.c.Detach {
		return false
	}
	value := strconv.FormatInt(n, 10)
	if r.group != nil {
		if file := r.group.path + "/" + v2; unix.Access(file, unix.W_OK) == nil {
			if writeAt(r.group.dir, v2, value) == nil {
				r.group.limited = append(r.group.limited, v2)
				return true
			}
		}
	}
	base := writableGroup(controller, "cgroup")
	if base == "" {
		return false
	}
	name := r.s.groups.prefix + strconv.FormatUint(r.s.serial.Add(1), 10) + "." + controller
	l := limitGroup{base: base, slot: r.s.notes.group(base, name)}
	g, err := makeGroup(base, name)
	if err != nil {
		r.s.notes.clear(l.slot)
		return false
	}
	l.group = g
	if writeAt(g.dir, v1, value) != nil || writeAt(g.dir, "cgroup.procs", strconv.Itoa(pid)) != nil {
		l.close(&r.s.notes)
		return false
	}
	r.limits = append(r.limits, l)
	return true
}
