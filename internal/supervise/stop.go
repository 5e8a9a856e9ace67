package supervise

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/proctable"
)

const (
	hurryGrace    = 250 * time.Millisecond
	evidenceTime  = 250 * time.Millisecond
	evidenceCount = 256
	firstLook     = 500 * time.Microsecond
	lastLook      = 20 * time.Millisecond
	lastGroupLook = time.Millisecond // a control group is looked at by one read
	// unsureLooks is how often an exec under way is waited for: 31 ms in all.
	// Somebody else's process with an empty environment looks the same.
	unsureLooks = 6
)

// wake makes the loop look at what has changed.
func (r *running) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wakeLocked()
}

func (r *running) wakeLocked() {
	if r.event >= 0 {
		_, _ = unix.Write(r.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (r *running) hurry() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil || r.request != nil || r.leaving {
		r.hurried = true
	}
	r.wakeLocked()
}

func (r *running) inputFailed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = err
	r.wakeLocked()
}

// Signal sends sig to the command itself, not to its children. The error is
// os.ErrProcessDone when it has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	r := p.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.event < 0 {
		return os.ErrProcessDone
	}
	// A child that has ended and is not reaped yet takes every signal.
	pfd := []unix.PollFd{{Fd: int32(r.pidfd), Events: unix.POLLIN}}
	if n, err := unix.Poll(pfd, 0); err == nil && n > 0 {
		return os.ErrProcessDone
	}
	switch err := unix.PidfdSendSignal(r.pidfd, sig, nil, 0); err {
	case nil:
		return nil
	case unix.ESRCH:
		return os.ErrProcessDone
	default:
		return &os.SyscallError{Syscall: "pidfd_send_signal", Err: err}
	}
}

// Stop asks the command and all it has started to go, with sig and after grace
// with SIGKILL. It does not wait; Run returns as for a command that was ended
// by that signal. A second Stop shortens the grace, never prolongs it.
func (p *Process) Stop(sig syscall.Signal, grace time.Duration) {
	r := p.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.event < 0 {
		return
	}
	grace = max(0, grace)
	if r.request != nil {
		grace = min(grace, r.request.grace)
	}
	r.request = &request{signal: sig, grace: grace}
	r.wakeLocked()
}

// asks takes what was asked for since the last time.
func (r *running) asks() (req *request, hurried bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	req, r.request = r.request, nil
	return req, r.hurried
}

func (r *running) brokenInput() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}

// reasons looks whether the command has to go, and asks it to.
func (r *running) reasons(now time.Time) {
	c := r.c
	req, hurried := r.asks()
	grace := c.Grace
	var cause *Error
	switch ran := now.Sub(r.res.Started); {
	case r.ctx.Err() != nil:
		cause = stopError(r.ctx, c, ran)
	case req != nil:
		r.ask(now, req.signal, req.grace)
		return
	case !r.deadline.IsZero() && !now.Before(r.deadline):
		cause = timedOut(c)
	case c.IdleTimeout > 0 && now.Sub(r.last) >= c.IdleTimeout:
		cause = &Error{Kind: KindIdle, Op: "run", Name: name(c), Timeout: c.IdleTimeout, Err: constError("no output")}
	default:
		return
	}
	// It may have ended in time, while the reader of its output took longer.
	if r.lookForExit(); r.exited {
		return
	}
	r.cause = cause
	if hurried || wanted(r.ctx) {
		grace = min(grace, hurryGrace)
	}
	r.ask(now, c.Signal, grace)
}

func timedOut(c *Cmd) *Error {
	return &Error{Kind: KindTimeout, Op: "run", Name: name(c), Timeout: c.Timeout, Err: context.DeadlineExceeded}
}

// wanted says that the one who cancelled wants it now.
func wanted(ctx context.Context) bool {
	return ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrNow)
}

// ask sends the signal to the whole tree.
func (r *running) ask(now time.Time, sig syscall.Signal, grace time.Duration) {
	if sig == 0 {
		sig = unix.SIGTERM
	}
	r.mu.Lock()
	r.leaving = true
	r.mu.Unlock()
	list := r.scan(now)
	if r.cause != nil && (r.cause.Kind == KindTimeout || r.cause.Kind == KindIdle) {
		r.res.Evidence = look(list)
		now = time.Now()
	}
	r.phase, r.asked, r.killAt = phaseAsk, now, now.Add(grace)
	r.lookAt, r.pause = now, 0
	if grace <= 0 {
		r.kill(now)
		return
	}
	r.send(list, sig)
	// What is stopped could not take it.
	r.send(list, unix.SIGCONT)
}

func (r *running) scan(now time.Time) []stat {
	r.scanned = now
	return r.tree.scan()
}

// send signals the process group at once and what is outside of it one by one.
func (r *running) send(list []stat, sig syscall.Signal) {
	r.sendGroup(sig)
	signalEach(list, r.tree.leader, sig)
}

// sendGroup signals the process group, unless its leader is reaped: its number
// may be that of a stranger by now.
func (r *running) sendGroup(sig syscall.Signal) {
	if r.tree.leader > 0 {
		_ = syscall.Kill(-r.tree.leader, sig)
	}
}

// asking waits for the tree to go, until the grace is over.
func (r *running) asking(now time.Time) {
	req, hurried := r.asks()
	if req != nil {
		r.send(r.scan(now), req.signal)
		r.killAt = earlier(r.killAt, now.Add(req.grace))
	}
	if hurried || wanted(r.ctx) {
		r.killAt = earlier(r.killAt, r.asked.Add(hurryGrace))
	}
	if r.exited && !now.Before(r.lookAt) {
		if gone, _ := r.gone(now); gone {
			r.drain(now)
			return
		}
	}
	if !now.Before(r.killAt) {
		r.kill(now)
	}
}

// gone says that nothing of the tree lives. The table is read only once the
// control group, where there is one, is empty; and after a kill, which looks at
// all of it, not at all where nothing was outside of the group.
func (r *running) gone(now time.Time) (bool, []stat) {
	most := lastLook
	if r.group != nil {
		most = lastGroupLook
	}
	r.pause = min(max(firstLook, 2*r.pause), most)
	r.lookAt = now.Add(r.pause)
	if !r.exited || r.group != nil && !r.group.empty() {
		return false, nil
	}
	if r.group != nil && r.phase == phaseKill && !r.tree.strays {
		return true, nil
	}
	list := r.scan(now)
	if len(list) == 0 && r.tree.unsure && r.unsure < unsureLooks {
		r.unsure++
		return false, nil
	}
	return len(list) == 0, list
}

// kill begins to kill. What has left the control group or the process group
// is found before its parents die.
func (r *running) kill(now time.Time) {
	r.phase, r.killed, r.lookAt, r.pause = phaseKill, now, now, 0
	list := r.scan(now)
	r.res.Forced = len(list) > 0
	r.round(list)
}

func (r *running) round(list []stat) {
	r.sendGroup(unix.SIGKILL)
	if r.group != nil && r.group.kill() {
		// One write did it; those outside are in list as well, and few.
		inside := make(map[int]bool)
		for _, pid := range r.group.members() {
			inside[pid] = true
		}
		kept := list[:0]
		for _, s := range list {
			if !inside[s.pid] {
				kept = append(kept, s)
			}
		}
		list = kept
	}
	signalEach(list, r.tree.leader, unix.SIGKILL)
	r.sendGroup(unix.SIGCONT)
}

// killing goes on until the tree is empty, or what is left cannot be ended.
func (r *running) killing(now time.Time) {
	if now.Before(r.lookAt) {
		return
	}
	gone, list := r.gone(now)
	if gone {
		r.drain(now)
		return
	}
	if now.Sub(r.killed) >= killBound {
		r.res.Survivors = look(r.scan(now))
		r.drain(now)
		return
	}
	if len(list) > 0 {
		r.round(list)
		return
	}
	if r.group == nil || r.group.byHand {
		r.round(r.scan(now))
	}
}

// look gives what an error tells of processes. It takes no longer than
// evidenceTime.
func look(list []stat) []proctable.Proc {
	if len(list) == 0 {
		return nil
	}
	pids := make([]int, 0, min(len(list), evidenceCount))
	for i := range list[:cap(pids)] {
		pids = append(pids, list[i].pid)
	}
	ctx, cancel := context.WithTimeout(context.Background(), evidenceTime)
	defer cancel()
	snapshot, err := proctable.New().Snapshot(ctx, proctable.Query{PIDs: pids,
		Fields: proctable.StatFields | proctable.FieldWchan})
	if err != nil {
		return bare(list)
	}
	return snapshot.Procs
}

// bare is what is known without another look.
func bare(list []stat) []proctable.Proc {
	rows := make([]proctable.Proc, 0, min(len(list), evidenceCount))
	for i := range list[:cap(rows)] {
		s := &list[i]
		rows = append(rows, proctable.Proc{Have: proctable.FieldPID | proctable.FieldPPID | proctable.FieldStartedTicks,
			PID: s.pid, PPID: s.ppid, StartedTicks: s.ticks})
	}
	return rows
}
