package supervise

import (
	"context"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const busyBound = 500 * time.Millisecond // how long a program that is being written is tried again

// running is one command under way. What Process may do to it from other
// goroutines is under mu; all else belongs to the goroutine of Run.
type running struct {
	s      *Supervisor
	c      *Cmd
	ctx    context.Context
	pid    int
	pidfd  int
	io     *plumbing
	group  *group
	mark   string
	slot   int // of the note of mark
	limits []limitGroup
	tty    int // the terminal that was handed to the child, or -1
	res    Result
	tree   tree

	mu      sync.Mutex
	event   int // wakes the loop; -1 once it is over
	request *request
	hurried bool
	leaving bool  // it was asked to go
	broken  error // of the reader of standard input

	state
}

// request is what Process.Stop asks for.
type request struct {
	signal syscall.Signal
	grace  time.Duration
}

// start runs all that comes before the loop.
func (s *Supervisor) start(ctx context.Context, c *Cmd) (*running, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	path, err := program(c)
	if err != nil {
		return nil, err
	}
	r := &running{s: s, c: c, ctx: ctx, pidfd: -1, event: -1, slot: -1, tty: -1}
	r.res = Result{Argv: slices.Clone(c.Argv), Path: path, Dir: c.Dir, Attempts: 1, Code: -1}
	if r.io, err = s.open(c); err != nil {
		return nil, err
	}
	if r.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		r.io.closeAll()
		return nil, &Error{Kind: KindResource, Op: "eventfd", Name: name(c), Err: err}
	}
	r.confine()
	if err := r.spawn(path); err != nil {
		r.io.closeAll()
		r.finish()
		return nil, err
	}
	r.io.started()
	r.tree = tree{self: s.self, leader: r.pid, group: r.group, mark: r.mark}
	r.noteProcess()
	r.res.PID = r.pid
	return r, nil
}

// confine gets the control group, or the mark where there is none.
func (r *running) confine() {
	s := r.s
	if r.c.Detach {
		return
	}
	if r.group = s.groups.take(&s.notes); r.group != nil {
		return
	}
	r.marked()
}

func (r *running) marked() {
	s := r.s
	r.mark = strconv.Itoa(s.self) + "." + strconv.FormatInt(time.Now().UnixNano(), 36) + "." + strconv.FormatUint(s.serial.Add(1), 10)
	r.slot = s.notes.command(-1, r.mark, 0, 0)
}

func (r *running) noteProcess() {
	if r.mark == "" {
		return
	}
	p, err := openProc()
	if err != nil {
		return
	}
	defer p.close()
	if st, ok := p.stat(r.pid); ok {
		r.tree.since = st.ticks
		if r.slot >= 0 {
			r.slot = r.s.notes.command(r.slot, r.mark, r.pid, st.ticks)
		}
	}
}

// environment adds the mark, in front: the first of a name counts. A mark that
// a supervisor further up has set is kept beside.
func (r *running) environment() []string {
	mark := r.mark
	if mark == "" {
		if !r.c.Detach {
			return r.c.Env
		}
		mark = markDetached
		if !r.s.groups.none() {
			return r.c.Env
		}
	}
	if outer, ok := variable(r.c.Env, markName); ok && mark != markDetached {
		mark += " " + outer
	}
	env := append(make([]string, 0, len(r.c.Env)+1), markName+"="+mark)
	for _, pair := range r.c.Env {
		if _, ok := variable([]string{pair}, markName); !ok {
			env = append(env, pair)
		}
	}
	return env
}

func (g *groups) none() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.looked && g.base == ""
}

// spawn forks and executes; a program that somebody is still writing is tried
// again, and a control group that cannot be forked into is done without.
func (r *running) spawn(path string) error {
	for begun, pause := time.Now(), time.Millisecond; ; {
		err := r.fork(path)
		if err == nil {
			return nil
		}
		if err == errStillborn {
			r.ungroup()
			continue
		}
		errno, _ := err.(syscall.Errno)
		switch {
		case errno == syscall.ETXTBSY && time.Since(begun) < busyBound:
			if r.ctx.Err() != nil {
				return stopError(r.ctx, r.c, time.Since(begun))
			}
			if r.c.Timeout > 0 && time.Since(begun) >= r.c.Timeout {
				return timedOut(r.c)
			}
			time.Sleep(pause)
			pause = min(2*pause, 20*time.Millisecond)
			continue
		case r.group != nil && (errno == syscall.EBUSY || errno == syscall.EOPNOTSUPP || errno == syscall.ENODEV || errno == syscall.EBADF || errno == syscall.ENOSYS || errno == syscall.EINVAL):
			r.ungroup()
			continue
		}
		return diagnose(r.c, path, err)
	}
}

// ungroup does without control groups from here on.
func (r *running) ungroup() {
	r.s.groups.give(r.group, &r.s.notes)
	r.s.groups.off()
	r.group = nil
	r.marked()
}

// errStillborn is not seen outside.
const errStillborn = constError("killed before it executed anything")

// stillborn looks at the first children that are forked into a control group. In
// a process whose own group was once killed (and which was put there later)
// the kernel kills each such child before its exec: see group.kill.
func (r *running) stillborn() bool {
	g := &r.s.groups
	if g.proven.Load() {
		return false
	}
	p, err := openProc()
	if err != nil {
		return false
	}
	defer p.close()
	st, ok := p.stat(r.pid)
	if !ok || !st.noExec() {
		g.proven.Store(ok)
		return false
	}
	_, _ = syscall.Wait4(r.pid, nil, 0, nil)
	closefd(r.pidfd)
	r.pidfd = -1
	return true
}

func (g *groups) off() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.base, g.looked = "", true
}

func (r *running) fork(path string) error {
	c := r.c
	sys := &syscall.SysProcAttr{PidFD: &r.pidfd, Setpgid: !c.Detach, Setsid: c.Detach}
	if r.group != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, r.group.dir
	}
	if u := c.User; u != nil && !same(u) {
		sys.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
	}
	if c.Stdin.Inherit && !c.Detach && foreground(r.io.child[0]) {
		sys.Foreground, sys.Ctty = true, r.io.child[0]
	}
	attr := &syscall.ProcAttr{Dir: c.Dir, Env: r.environment(), Sys: sys,
		Files: []uintptr{uintptr(r.io.child[0]), uintptr(r.io.child[1]), uintptr(r.io.child[2])}}
	r.s.starting.RLock()
	defer r.s.starting.RUnlock()
	r.res.Started = time.Now()
	var err error
	if special(c) {
		r.pid, err = r.forkSpecial(path, attr)
	} else {
		r.pid, _, err = syscall.StartProcess(path, c.Argv, attr)
	}
	if err != nil {
		if sys.Foreground { // the child had it before it failed
			reclaim(r.io.child[0])
		}
		return err
	}
	if r.group != nil && r.stillborn() {
		return errStillborn
	}
	if sys.Foreground {
		r.tty = r.io.child[0]
	}
	if r.pidfd < 0 {
		// A kernel that is too old: nothing was promised, nothing is left.
		_ = syscall.Kill(-r.pid, syscall.SIGKILL)
		_, _ = syscall.Wait4(r.pid, nil, 0, nil)
		return &Error{Kind: KindSpawn, Op: "exec", Name: name(c), Err: constError("this system has no process descriptors (Linux 5.4 has)")}
	}
	r.s.mu.Lock()
	r.s.active[r.pid] = r
	r.s.mu.Unlock()
	return nil
}

// same says that u is who this process is already, so that nothing needs a
// permission to change it.
func same(u *Credential) bool {
	if os.Geteuid() == 0 || int(u.UID) != os.Geteuid() || int(u.UID) != os.Getuid() || int(u.GID) != os.Getegid() || int(u.GID) != os.Getgid() {
		return false
	}
	groups, err := os.Getgroups()
	if err != nil {
		return false
	}
	for _, g := range u.Groups {
		if int(g) != os.Getegid() && !slices.Contains(groups, int(g)) {
			return false
		}
	}
	return true
}

// program finds the executable.
func program(c *Cmd) (string, error) {
	path := c.Path
	if path == "" {
		var err error
		if path, err = LookPath(c.Argv[0], c.Dir, c.Env); err != nil {
			if bad := badDir(c); bad != nil {
				return "", bad
			}
			return "", err
		}
		if c.Dir != "" && path[0] != '/' {
			// Below a relative directory: the child is there already.
			wd, err := os.Getwd()
			if err != nil {
				return "", &Error{Kind: KindBadDir, Op: "getwd", Name: c.Dir, Err: err}
			}
			path = under(wd, path)
		}
	}
	return path, nil
}

// finish lets go of all that a run holds, once its child is reaped or was never
// there.
func (r *running) finish() {
	r.mu.Lock()
	closefd(r.event)
	r.event = -1
	r.mu.Unlock()
	r.s.mu.Lock()
	delete(r.s.active, r.pid)
	r.s.mu.Unlock()
	r.s.notes.clear(r.slot)
	r.slot = -1
	if r.group != nil {
		r.group.unlimit()
		r.s.groups.give(r.group, &r.s.notes)
		r.group = nil
	}
	for _, l := range r.limits {
		l.close(&r.s.notes)
	}
	r.limits = nil
}
