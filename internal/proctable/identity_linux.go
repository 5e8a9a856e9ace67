package proctable

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Identify says which process has this pid now. The error is ErrGone where
// none has, a thread's number included, and wraps fs.ErrPermission where the
// kernel hides it.
func Identify(pid int) (Identity, error) {
	if pid <= 0 || pid > 1<<31-1 {
		return Identity{}, ErrGone
	}
	id, err := identify(pid)
	if err != ErrGone {
		return id, err
	}
	fd, e := unix.PidfdOpen(pid, 0)
	if e != nil {
		return id, ErrGone // or the system cannot say
	}
	defer closefd(fd)
	// It may have begun just now; what lives afterwards lived meanwhile.
	if id, err = identify(pid); err == ErrGone && !exited(fd) {
		err = identifyError(pid, unix.EACCES)
	}
	return id, err
}

func identify(pid int) (id Identity, err error) {
	root, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return id, fmt.Errorf("identify process %d: %w", pid, &os.PathError{Op: "open", Path: "/proc", Err: err})
	}
	defer closefd(root)
	f := files{buf: make([]byte, 4<<10), path: make([]byte, 0, 32)}
	dir, e := openat(root, f.pid(pid, "\x00"), unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		return id, identifyError(pid, e)
	}
	defer closefd(dir)
	b, e := f.whole(dir, cpath("status\x00"))
	if e != 0 {
		return id, identifyError(pid, e)
	}
	if tgid, ok := statusNumber(b, "Tgid"); ok && tgid != int64(pid) {
		return id, ErrGone
	}
	if b, e = f.short(dir, cpath("stat\x00")); e != 0 {
		return id, identifyError(pid, e)
	}
	l, ok := parseStat(b)
	if !ok {
		return id, fmt.Errorf("identify process %d: /proc/%d/stat cannot be understood", pid, pid)
	}
	return Identity{BootID: bootID(root), PID: pid, StartedTicks: l.start}, nil
}

func identifyError(pid int, e syscall.Errno) error {
	if gone(e) {
		return ErrGone
	}
	return fmt.Errorf("identify process %d: %w", pid, e)
}

// Handle is one process, held by a descriptor that never comes to mean another
// one: from Open until Close. It is safe for concurrent use.
type Handle struct {
	id    Identity
	file  *os.File
	waits chan struct{} // held by the one that waits
	once  sync.Once
	shut  atomic.Bool
	err   error
}

// Open takes hold of the process and then makes sure that it is the one meant.
// The error is ErrGone where that one has ended, wraps fs.ErrPermission where
// the kernel hides it, and errors.ErrUnsupported before Linux 5.3.
func Open(id Identity) (*Handle, error) {
	if id.PID <= 0 || id.PID > 1<<31-1 { // the kernel would look at its lower half
		return nil, ErrGone
	}
	fd, err := unix.PidfdOpen(id.PID, 0)
	switch {
	case err == unix.ESRCH || err == unix.EINVAL || err == unix.ENOENT: // the last two: of a thread
		return nil, ErrGone
	case err != nil:
		return nil, fmt.Errorf("open process %d: %w", id.PID, err)
	}
	if err := check(fd, id); err != nil {
		closefd(fd)
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		closefd(fd)
		return nil, fmt.Errorf("open process %d: %w", id.PID, err)
	}
	// A file whose descriptor does not block is watched by the runtime: to
	// wait takes no thread.
	h := &Handle{id: id, file: os.NewFile(uintptr(fd), "pidfd"), waits: make(chan struct{}, 1)}
	return h, nil
}

// check compares while fd is held. As long as the process behind fd has not
// been reaped its pid cannot be another's: so what stat said was about it if it
// is alive afterwards.
func check(fd int, id Identity) error {
	now, err := Identify(id.PID)
	switch {
	case exited(fd) || err == nil && now != id:
		return ErrGone
	case err != nil:
		return err
	}
	return nil
}

// exited says that the process of a pidfd has ended, reaped or not.
func exited(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && n > 0
		}
	}
}

// Identity is the one that Open was given.
func (h *Handle) Identity() Identity { return h.id }

// Signal sends sig to this process and no other. The error is ErrGone where it
// has ended, even if its parent has not noticed yet, and wraps
// fs.ErrPermission where the system refuses.
func (h *Handle) Signal(sig syscall.Signal) error {
	conn, err := h.file.SyscallConn()
	if err != nil {
		return h.failed("signal", err)
	}
	var sent error
	err = conn.Control(func(fd uintptr) {
		if exited(int(fd)) {
			sent = ErrGone
			return
		}
		sent = unix.PidfdSendSignal(int(fd), sig, nil, 0)
	})
	switch {
	case err != nil:
		return h.failed("signal", err)
	case sent == ErrGone || sent == unix.ESRCH:
		return ErrGone
	case sent != nil:
		return h.failed("signal", sent)
	}
	return nil
}

// Wait returns nil when the process has ended, whether its parent has reaped
// it or not, and the error of ctx where that ends before.
func (h *Handle) Wait(ctx context.Context) error {
	select {
	case h.waits <- struct{}{}:
		defer func() { <-h.waits }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := h.file.SyscallConn()
	if err != nil {
		return h.failed("wait for", err)
	}
	if err := h.file.SetReadDeadline(time.Time{}); err != nil {
		return h.failed("wait for", err)
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		_ = h.file.SetReadDeadline(time.Unix(1, 0))
	})
	err = conn.Read(func(fd uintptr) bool { return exited(int(fd)) })
	if !stop() {
		<-woken // or the next one that waits would be woken by it
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.failed("wait for", err)
}

// Close lets go of the process; one that waits is woken with an error that
// wraps os.ErrClosed.
func (h *Handle) Close() error {
	h.once.Do(func() {
		h.shut.Store(true)
		h.err = h.file.Close()
	})
	return h.err
}

func (h *Handle) failed(what string, err error) error {
	if h.shut.Load() { // the error of a raw descriptor does not say so
		err = os.ErrClosed
	}
	return fmt.Errorf("%s process %d: %w", what, h.id.PID, err)
}
