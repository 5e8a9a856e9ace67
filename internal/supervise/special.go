package supervise

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// special says that the child needs what fork and exec of package syscall
// cannot give it. Umask and nice are taken from the thread that forks; limits,
// groups for limits and an empty signal mask are set while the child is
// stopped by ptrace at the end of its exec, before its first instruction.
func special(c *Cmd) bool {
	return c.Umask != nil || c.Nice != nil || traced(c)
}

func traced(c *Cmd) bool { return c.Limits != (Limits{}) || masked() }

// masked says that this process was started with signals blocked, which its
// children would be as well.
func masked() bool {
	var set unix.Sigset_t
	if unix.PthreadSigmask(unix.SIG_SETMASK, nil, &set) != nil {
		return false
	}
	return set != unix.Sigset_t{}
}

// forkSpecial forks from a thread that nothing else runs on, before or after:
// it ends with its goroutine, which never unlocks it.
func (r *running) forkSpecial(path string, attr *syscall.ProcAttr) (int, error) {
	if r.c.Limits != (Limits{}) {
		if err := r.setuidRefused(path); err != nil {
			return 0, err
		}
	}
	type result struct {
		pid int
		err error
	}
	got := make(chan result)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == r.s.self {
			// The main thread stands for the process: it is kept busy while
			// another one is found, and let go of as it was.
			defer runtime.UnlockOSThread()
			inner := make(chan result)
			go func() {
				runtime.LockOSThread()
				pid, err := r.forkHere(path, attr)
				inner <- result{pid, err}
			}()
			got <- <-inner
			return
		}
		pid, err := r.forkHere(path, attr)
		got <- result{pid, err}
	}()
	res := <-got
	return res.pid, res.err
}

// setuidRefused: a program that changes its user does not do so while it is
// traced by anyone but root, and would fail in ways hard to understand.
func (r *running) setuidRefused(path string) error {
	var st unix.Stat_t
	if unix.Geteuid() == 0 || unix.Stat(path, &st) != nil || st.Mode&(unix.S_ISUID|unix.S_ISGID) == 0 {
		return nil
	}
	return &Error{Kind: KindUsage, Op: "exec", Name: name(r.c), Err: constError("limits are not possible for a set-user-id program unless run by root")}
}

func (r *running) forkHere(path string, attr *syscall.ProcAttr) (int, error) {
	c := r.c
	if c.Umask != nil {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return 0, &Error{Kind: KindAccess, Op: "umask", Name: name(c), Err: err}
		}
		unix.Umask(*c.Umask & 0o777)
	}
	if c.Nice != nil {
		if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), *c.Nice); err != nil {
			return 0, &Error{Kind: KindAccess, Op: "nice", Name: name(c), Err: err}
		}
	}
	attr.Sys.Ptrace = traced(c)
	pid, _, err := syscall.StartProcess(path, c.Argv, attr)
	if err != nil || !attr.Sys.Ptrace {
		return pid, err
	}
	if err := r.setup(pid); err != nil {
		// By its descriptor: it may be reaped already, its number a stranger's.
		_ = unix.PidfdSendSignal(r.pidfd, unix.SIGKILL, nil, 0)
		_ = unix.Waitid(unix.P_PIDFD, r.pidfd, nil, unix.WEXITED|unix.WALL, nil)
		closefd(r.pidfd)
		r.pidfd = -1
		return 0, err
	}
	return pid, nil
}

// setup works on the stopped child and sets it free.
func (r *running) setup(pid int) error {
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return &Error{Kind: KindSpawn, Op: "wait", Name: name(r.c), Err: err}
		}
		break
	}
	if !ws.Stopped() {
		if r.group != nil && !r.s.groups.proven.Load() {
			return errStillborn
		}
		return &Error{Kind: KindSpawn, Op: "exec", Name: name(r.c), Err: constError("it was killed before its first instruction")}
	}
	if err := r.limit(pid); err != nil {
		return err
	}
	if masked() {
		var none [8]byte // the kernel's set: 64 signals
		_, _, e := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_SETSIGMASK, uintptr(pid), unsafe.Sizeof(none), uintptr(unsafe.Pointer(&none)), 0, 0)
		if e != 0 {
			return &Error{Kind: KindSpawn, Op: "signal mask", Name: name(r.c), Err: e}
		}
	}
	if err := unix.PtraceDetach(pid); err != nil {
		return &Error{Kind: KindSpawn, Op: "start", Name: name(r.c), Err: err}
	}
	return nil
}
