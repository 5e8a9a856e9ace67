package supervise

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const drainBound = 500 * time.Millisecond // how long a pipe may be held after the end

type phase int

const (
	phaseRun   phase = iota // until the command has ended or has to
	phaseAsk                // it was asked to go
	phaseKill               // it is being killed
	phaseDrain              // it is gone; what is in the pipes is read
)

// state is what the loop knows.
type state struct {
	phase    phase
	cause    *Error // why there will be no exit status; nil if there will
	exited   bool
	exit     exitInfo
	over     bool // the child was reaped or let go of
	last     time.Time
	deadline time.Time
	asked    time.Time
	killAt   time.Time
	killed   time.Time
	lookAt   time.Time
	pause    time.Duration
	scanned  time.Time
	drained  time.Time
	unsure   int   // how often nothing was found but could not be told
	late     int64 // bytes read while draining
	fds      [5]unix.PollFd
}

// The places in fds.
const (
	onOut = iota
	onErr
	onIn
	onExit
	onEvent
)

// wait is the loop: one poll over all that can happen to a command.
func (r *running) wait() (*Result, error) {
	defer r.abandon()
	if r.c.OnStart != nil {
		r.c.OnStart(&Process{PID: r.pid, run: r})
	}
	if r.c.Detach {
		r.over = true
		return r.detached()
	}
	r.last = r.res.Started
	if r.c.Timeout > 0 {
		r.deadline = r.res.Started.Add(r.c.Timeout)
	}
	unhook := context.AfterFunc(r.ctx, r.wake)
	defer unhook()
	if r.io.pump != nil {
		go r.io.pump.run(r.inputFailed)
	}
	for !r.turn(time.Now()) {
		r.poll()
	}
	return r.conclude()
}

// poll waits for the next thing to happen and reads what there is.
func (r *running) poll() {
	r.fds = [5]unix.PollFd{{Fd: -1}, {Fd: -1}, {Fd: -1}, {Fd: -1}, {Fd: int32(r.event), Events: unix.POLLIN}}
	for i, o := range r.io.out {
		if o != nil {
			r.fds[onOut+i] = unix.PollFd{Fd: int32(o.fd), Events: unix.POLLIN}
		}
	}
	if f := r.io.feed; f != nil {
		r.fds[onIn] = unix.PollFd{Fd: int32(f.fd), Events: unix.POLLOUT}
	}
	if !r.exited {
		r.fds[onExit] = unix.PollFd{Fd: int32(r.pidfd), Events: unix.POLLIN}
	}
	var timeout *unix.Timespec
	if at := r.next(); !at.IsZero() {
		ts := unix.NsecToTimespec(max(0, int64(time.Until(at))))
		timeout = &ts
	}
	n, err := unix.Ppoll(r.fds[:], timeout, nil)
	if err != nil || n <= 0 {
		return
	}
	r.serve()
}

func (r *running) serve() {
	if r.fds[onEvent].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(r.event, b[:])
	}
	for i, o := range r.io.out {
		if o != nil && o.fd >= 0 && r.fds[onOut+i].Revents != 0 {
			before, began := o.total, time.Now()
			r.failed(o.read())
			if o.total > before {
				r.last = time.Now()
			}
			// A consumer that takes its time does not use up what a held pipe
			// has, up to what a pipe can hold: somebody may write on for ever.
			if r.phase == phaseDrain && r.late < bigPipe {
				r.late += o.total - before
				r.drained = r.drained.Add(time.Since(began))
			}
		}
	}
	if r.fds[onIn].Revents != 0 {
		r.failed(r.io.feed.write())
	}
	if r.fds[onExit].Revents != 0 {
		r.lookForExit()
	}
}

// lookForExit sees whether the command has ended. It stays to be reaped: as
// long as it does, the number of its process group means no other one.
func (r *running) lookForExit() {
	exit, err := wait(unix.P_PIDFD, r.pidfd, unix.WNOWAIT, nil)
	if err == nil && exit.pid == 0 {
		return
	}
	r.exited, r.exit = true, exit
	r.lookAt, r.pause = time.Time{}, 0
	if err != nil { // somebody else has reaped it
		r.exit.code = -1
		r.tree.leader = 0
		r.failed(&Error{Kind: KindSpawn, Op: "wait", Name: name(r.c), Err: err})
	}
}

// failed ends the command for what went wrong on this side. The first of
// several reasons counts.
func (r *running) failed(err error) {
	if err == nil || r.cause != nil {
		return
	}
	r.cause = r.asError(err)
	if r.phase == phaseRun || r.phase == phaseDrain {
		r.ask(time.Now(), r.c.Signal, r.c.Grace)
	}
}

// turn does what is due and says whether the run is over.
func (r *running) turn(now time.Time) bool {
	switch r.phase {
	case phaseRun:
		// First: a command that had only part of its input has not succeeded.
		if broken := r.brokenInput(); broken != nil {
			r.failed(&Error{Kind: KindFile, Op: "read", Name: "standard input", Err: broken})
			return false
		}
		if r.exited {
			return r.ended(now)
		}
		r.reasons(now)
	case phaseAsk:
		r.asking(now)
	case phaseKill:
		r.killing(now)
	}
	return r.phase == phaseDrain && (r.silent() || !now.Before(r.drained))
}

// silent says that all streams have come to their end.
func (r *running) silent() bool {
	for _, o := range r.io.out {
		if o != nil && o.fd >= 0 {
			return false
		}
	}
	return true
}

// ended decides what happens to what the command has left in the background:
// it stays after a success and goes with a failure.
func (r *running) ended(now time.Time) bool {
	if !r.succeeded() && r.leftSomething() {
		r.ask(now, r.c.Signal, r.c.Grace)
		return false
	}
	r.drain(now)
	return r.silent()
}

func (r *running) drain(now time.Time) {
	r.phase, r.drained = phaseDrain, now.Add(drainBound)
}

func (r *running) succeeded() bool {
	if r.exit.signal != 0 {
		return false
	}
	if r.c.Success != nil {
		return r.c.Success(r.exit.code)
	}
	return r.exit.code == 0
}

func (r *running) leftSomething() bool {
	if r.group != nil {
		return !r.group.empty()
	}
	return len(r.tree.scan()) > 0 || r.tree.unsure
}

// next is when the loop has to look again although nothing happens; zero for
// never.
func (r *running) next() time.Time {
	switch r.phase {
	case phaseRun:
		if r.exited {
			return time.Now()
		}
		at := r.deadline
		if r.c.IdleTimeout > 0 {
			at = earlier(at, r.last.Add(r.c.IdleTimeout))
		}
		return at
	case phaseAsk:
		if r.exited {
			return earlier(r.killAt, r.lookAt)
		}
		return r.killAt
	case phaseKill:
		return earlier(r.lookAt, r.killed.Add(killBound))
	}
	return r.drained
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// conclude reaps the child and makes the result.
func (r *running) conclude() (*Result, error) {
	res := &r.res
	for _, o := range r.io.out {
		if o != nil && o.fd >= 0 {
			held, err := o.rest()
			r.failedLate(err)
			if held {
				res.PipeHeld = true
				o.close()
				r.failedLate(o.end())
			}
		}
	}
	res.Stdout, res.TruncatedStdout = captured(r.io.out[0])
	res.Stderr, res.TruncatedStderr = captured(r.io.out[1])
	r.reap()
	r.s.Reap()
	if r.cause != nil {
		r.cause.Result = res
		return res, r.cause
	}
	return res, nil
}

// failedLate is failed after the end of the command.
func (r *running) failedLate(err error) {
	if err != nil && r.cause == nil {
		r.cause = r.asError(err)
	}
}

func (r *running) asError(err error) *Error {
	var e *Error
	switch {
	case errors.Is(err, errOutputLimit):
		return &Error{Kind: KindOutputLimit, Op: "run", Name: name(r.c), Err: err}
	case errors.As(err, &e):
		return e
	}
	return &Error{Kind: KindFile, Op: "run", Name: name(r.c), Err: err}
}

func captured(o *stream) ([]byte, int64) {
	if o == nil {
		return nil, 0
	}
	if k, ok := o.sink.(*capture); ok {
		return k.bytes(), k.lost
	}
	return nil, 0
}

// reap takes the exit status and lets go of everything.
func (r *running) reap() {
	res := &r.res
	r.over = true
	r.io.closeAll()
	if r.tty >= 0 {
		reclaim(r.tty)
	}
	var usage unix.Rusage
	got, err := wait(unix.P_PIDFD, r.pidfd, 0, &usage)
	if err == nil && got.pid != 0 {
		res.Code, res.Signal = got.code, got.signal
		res.User = time.Duration(usage.Utime.Nano())
		res.System = time.Duration(usage.Stime.Nano())
		res.MaxRSS = int64(usage.Maxrss) << 10
	}
	res.Duration = time.Since(res.Started)
	pidfd := r.pidfd
	r.finish()
	if err == nil && got.pid == 0 {
		r.s.mu.Lock()
		r.s.left = append(r.s.left, leftover{r.pid, pidfd})
		r.s.mu.Unlock()
		return
	}
	closefd(pidfd)
}

// abandon is for a function of the caller that does not return: a panic, or
// the end of its goroutine. Nothing of the command stays.
func (r *running) abandon() {
	if r.over {
		return
	}
	r.io.closeAll()
	r.ask(time.Now(), unix.SIGKILL, 0)
	for begun := time.Now(); !(r.phase == phaseDrain) && time.Since(begun) < killBound; {
		_ = r.turn(time.Now())
		r.poll()
	}
	r.reap()
	r.s.Reap()
}
