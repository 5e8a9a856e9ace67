package supervise

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slow is a line function that takes its time.
func slow(d time.Duration) Output {
	return Output{Line: func([]byte) error { time.Sleep(d); return nil }}
}

// TestBackgroundThatWritesOn: a child that never stops writing holds up a
// command that succeeded for the drain and no longer, however slow the reader.
func TestBackgroundThatWritesOn(t *testing.T) {
	s := supervisor(t, Options{})
	begun := time.Now()
	r := ok(t, s, sh("yes "+unique(t)+" & sleep 0.1").with(func(c *Cmd) {
		n := 0
		c.Stdout = Output{Line: func([]byte) error {
			if n++; n%1000 == 0 {
				time.Sleep(time.Millisecond)
			}
			return nil
		}}
	}))
	if took := time.Since(begun); took > 3*time.Second || !r.PipeHeld {
		t.Errorf("took %v, held %v", took, r.PipeHeld)
	}
}

// TestExitBehindSlowReader: a command that ended in time has not timed out
// because the reader of its output took longer.
func TestExitBehindSlowReader(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		r := ok(t, s, sh("echo a; sleep 0.1; exit 3").with(func(c *Cmd) {
			c.Timeout = 300 * time.Millisecond
			c.Stdout = slow(500 * time.Millisecond)
		}))
		if r.Code != 3 {
			t.Errorf("exit status %d", r.Code)
		}
	})
}

// TestStopTwice: the second Stop does not prolong the grace of the first, also
// when both come before the loop has seen either.
func TestStopTwice(t *testing.T) {
	s := supervisor(t, Options{})
	begun := time.Now()
	ok(t, s, sh(`trap "" TERM; sleep 4`).with(func(c *Cmd) {
		c.OnStart = func(p *Process) {
			p.Stop(syscall.SIGTERM, 0)
			p.Stop(syscall.SIGTERM, time.Minute)
		}
	}))
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestHurryAfterStop: a command that was asked to go is hurried also when its
// context has not ended.
func TestHurryAfterStop(t *testing.T) {
	for _, why := range []string{"stop", "timeout"} {
		t.Run(why, func(t *testing.T) {
			s := supervisor(t, Options{})
			begun := time.Now()
			_, _ = s.Run(t.Context(), sh(`trap "" TERM; echo up; sleep 6 & wait; wait`).with(func(c *Cmd) {
				c.Grace = 5 * time.Second
				if why == "timeout" {
					c.Timeout = 100 * time.Millisecond
				}
				c.OnStart = func(p *Process) {
					if why == "stop" {
						time.AfterFunc(100*time.Millisecond, func() { p.Stop(syscall.SIGTERM, 5*time.Second) })
					}
					time.AfterFunc(400*time.Millisecond, s.Hurry)
				}
			}))
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestDetachedLimits: a limit that would end with Run is named as missing.
func TestDetachedLimits(t *testing.T) {
	s := supervisor(t, Options{})
	r := ok(t, s, sh("sleep 0.3").with(func(c *Cmd) {
		c.Detach, c.Limits = true, Limits{Processes: 5, Memory: 1 << 30}
	}))
	if !slices.Contains(r.Degraded, "limits.processes") || !slices.Contains(r.Degraded, "limits.memory") {
		t.Errorf("degraded: %v", r.Degraded)
	}
	eventually(t, "it has ended", func() bool { s.Reap(); return !exists(fmt.Sprintf("/proc/%d", r.PID)) })
}

// TestSweepSamePid: what a dead supervisor has left is found also by one that
// got its number, as is usual in containers.
func TestSweepSamePid(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	left := exec.Command("sleep", "60")
	left.Env = []string{markName + "=left.by.one"}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	self := os.Getpid()
	note := make([]byte, headSize, headSize+slotSize)
	copy(note, fmt.Sprintf("%s\n%s\n%d 1\n", noteMagic, bootID(), self))
	note = append(note, "mark left.by.one 0 0\n"...)
	if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(self)+"-x"+noteExt), note, 0o600); err != nil {
		t.Fatal(err)
	}
	s := supervisor(t, Options{RunDir: dir})
	ok(t, s, sh("true")) // has a note of its own, which is left alone
	if n, err := s.Sweep(); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	_ = left.Process.Kill()
	if err := <-ended; err == nil || err.Error() != "signal: terminated" {
		t.Errorf("ended with %v", err)
	}
}

// TestTextBusyUntil: the deadline holds while a program is being written.
func TestTextBusyUntil(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busy")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := supervisor(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Run(ctx, &Cmd{Argv: []string{path}})
	kind(t, err, KindTimeout)
	begun := time.Now()
	_, err = s.Run(t.Context(), &Cmd{Argv: []string{path}, Timeout: 50 * time.Millisecond})
	kind(t, err, KindTimeout)
	if took := time.Since(begun); took > 300*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// TestReapedByOthers: once somebody else has reaped the command, its number
// may be a stranger's process group: nothing is sent there.
func TestReapedByOthers(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		stranger := exec.Command("sleep", "60")
		stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		c := sh("exit 0")
		c.OnStart = func(p *Process) {
			if _, err := syscall.Wait4(p.PID, nil, 0, nil); err != nil {
				t.Error(err)
			}
			p.run.pid, p.run.tree.leader = stranger.Process.Pid, stranger.Process.Pid
		}
		_, err := s.Run(t.Context(), c)
		kind(t, err, KindSpawn)
		if syscall.Kill(stranger.Process.Pid, syscall.SIGUSR1) != nil {
			t.Error("it is not there")
		}
		if err := stranger.Wait(); err == nil || err.Error() != "signal: user defined signal 1" {
			t.Errorf("the stranger ended with %v", err)
		}
	})
}

// TestKillWithoutGroupKill: where the kernel cannot kill a control group, its
// members are killed one by one until none is left.
func TestKillWithoutGroupKill(t *testing.T) {
	base := writableGroup("", "cgroup2")
	if base == "" {
		t.Skip("no control groups can be made here")
	}
	g, err := makeGroup(base, groupPrefix+"test."+strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer g.remove()
	start := func(group bool) *exec.Cmd {
		c := exec.Command("sleep", "20")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, UseCgroupFD: group, CgroupFD: g.dir}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	leader := start(false)
	dir, err := unix.Open(t.TempDir(), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	old := &group{path: g.path, dir: dir, procs: g.procs}
	defer closefd(dir)
	r := &running{s: supervisor(t, Options{}), pid: leader.Process.Pid, group: old}
	r.tree = tree{self: os.Getpid(), leader: r.pid, group: old}
	r.exited = true
	r.kill(time.Now())
	late := start(true) // forked while the first round was under way
	for begun := time.Now(); r.phase == phaseKill && time.Since(begun) < 10*time.Second; {
		r.killing(time.Now())
		time.Sleep(time.Millisecond)
	}
	if len(r.res.Survivors) != 0 {
		t.Errorf("survivors %v", r.res.Survivors)
	}
	_ = late.Process.Signal(syscall.SIGTERM)
	if err := late.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("ended with %v", err)
	}
	_ = leader.Wait()
}
