package supervise

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// exitInfo is what waitid says of a child.
type exitInfo struct {
	pid    int
	code   int // -1 when ended by a signal
	signal syscall.Signal
}

// wait asks after one child, or any for P_ALL, without waiting. With
// unix.WNOWAIT it stays to be reaped.
func wait(idType, id, options int, usage *unix.Rusage) (exitInfo, error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(idType, id, &info, unix.WEXITED|unix.WNOHANG|options, usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return exitInfo{}, err
		}
		return decode(&info), nil
	}
}

// decode reads the part of siginfo that stands for SIGCHLD: after signo, errno
// and code, and what aligns a pointer, come pid, uid and status.
func decode(info *unix.Siginfo) exitInfo {
	const at = 8 + unsafe.Sizeof(uintptr(0))
	base := unsafe.Pointer(info)
	e := exitInfo{pid: int(*(*int32)(unsafe.Add(base, at)))}
	status := *(*int32)(unsafe.Add(base, at+8))
	const exited = 1 // CLD_EXITED; the others are killed and dumped
	if info.Code == exited {
		e.code = int(status)
	} else {
		e.code, e.signal = -1, syscall.Signal(status)
	}
	return e
}

// Reap collects what has ended among the processes that commands left behind:
// detached ones and, for a subreaper, orphans. Run does so too; a program that
// runs for long without a Run may call it from time to time.
func (s *Supervisor) Reap() {
	s.reapLeft()
	if s.opts.Subreaper {
		s.reapOrphans()
	}
}

func (s *Supervisor) reapLeft() {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.left[:0]
	for _, l := range s.left {
		got, err := wait(unix.P_PIDFD, l.pidfd, 0, nil)
		if err == nil && got.pid == 0 {
			kept = append(kept, l)
			continue
		}
		closefd(l.pidfd)
	}
	clear(s.left[len(kept):])
	s.left = kept
}

// reapOrphans looks at what has ended before it reaps: the children of a Run
// are its own, and those that other parts of the program wait for are in the
// program's process group.
func (s *Supervisor) reapOrphans() {
	if got, err := wait(unix.P_ALL, 0, unix.WNOWAIT, nil); err != nil || got.pid == 0 {
		return
	}
	s.starting.Lock()
	defer s.starting.Unlock()
	p, err := openProc()
	if err != nil {
		return
	}
	defer p.close()
	group := unix.Getpgrp()
	for range 1 << 16 {
		got, err := wait(unix.P_ALL, 0, unix.WNOWAIT, nil)
		if err != nil || got.pid == 0 {
			return
		}
		if !s.reapOne(p, got.pid, group) {
			break
		}
	}
	// One that is not ours to reap hides those behind it.
	for _, pid := range children() {
		s.reapOne(p, pid, group)
	}
}

func (s *Supervisor) reapOne(p *proc, pid, group int) bool {
	s.mu.Lock()
	_, ours := s.active[pid]
	for i := range s.left {
		ours = ours || s.left[i].pid == pid
	}
	s.mu.Unlock()
	if ours {
		return false
	}
	st, ok := p.stat(pid)
	if !ok || st.ppid != s.self || st.group == group || !st.dead() {
		return false
	}
	_, err := wait(unix.P_PID, pid, 0, nil)
	return err == nil
}

// children lists those of all threads of this process.
func children() []int {
	var pids []int
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	for _, t := range threads {
		b, err := os.ReadFile("/proc/self/task/" + t.Name() + "/children")
		if err != nil {
			continue
		}
		for field := range bytes.FieldsSeq(b) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

const reapEvery = 100 * time.Millisecond

// reapMeanwhile reaps orphans until what it gives is called. The command that
// runs may stop a daemon that an earlier one has started, and wait until it has
// gone: to kill -0 it is there until this process has reaped it.
func (s *Supervisor) reapMeanwhile() (stop func()) {
	var mu sync.Mutex
	var timer *time.Timer
	over := false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(reapEvery, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			s.Reap()
			timer.Reset(reapEvery)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		timer.Stop()
	}
}
