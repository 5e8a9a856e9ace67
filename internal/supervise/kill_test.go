package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemons is a script that leaves one process that setsid took out of the
// group and one that a double fork took away from its parents, both sleeping
// for its first argument.
const daemons = `setsid sleep "$1" >/dev/null 2>&1 & (setsid sh -c 'sleep "$1" & exit 0' sh "$1" >/dev/null 2>&1 &); ` +
	`while [ "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -o "sleep $1 " | wc -l)" -lt 2 ]; do sleep 0.01; done; `

func TestFailureTakesTheTree(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		for name, end := range map[string]string{"status": "exit 3", "signal": "kill -9 $$", "timeout": "sleep 30", "cancelled": "echo; sleep 30"} {
			mark := unique(t)
			ctx, cancel := context.WithCancel(context.Background())
			c := sh(daemons+end, mark)
			c.Timeout = 20 * time.Second
			switch name {
			case "timeout":
				c.Timeout = time.Second
			case "cancelled":
				c.Stdout.Line = func([]byte) error { cancel(); return nil }
			}
			_, err := s.Run(ctx, c)
			cancel()
			switch name {
			case "timeout":
				e := kind(t, err, KindTimeout)
				if !errors.Is(e, context.DeadlineExceeded) || e.Timeout != time.Second || len(e.Result.Evidence) < 3 {
					t.Errorf("%+v", e)
				}
			case "cancelled":
				kind(t, err, KindCancelled)
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			default:
				if err != nil {
					t.Error(err)
				}
			}
			if left := living("sleep", mark); len(left) != 0 {
				t.Errorf("%s: left %v", name, left)
				endAll(left)
			}
		}
	})
}

func TestSuccessLeavesItsDaemons(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		r := ok(t, s, sh(daemons+"exit 0", mark))
		defer func() { endAll(living("sleep", mark)) }()
		eventually(t, "both run", func() bool { return len(living("sleep", mark)) == 2 })
		if r.PipeHeld {
			t.Errorf("%+v", r)
		}
		// Neither the next failure nor the end touches them.
		_, err := s.Run(context.Background(), sh("sleep 30").with(func(c *Cmd) { c.Timeout = 50 * time.Millisecond }))
		kind(t, err, KindTimeout)
		ok(t, s, sh("exit 1"))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := len(living("sleep", mark)); n != 2 {
			t.Errorf("%d left later", n)
		}
		mark2 := unique(t)
		c := sh(daemons+"exit 4", mark2)
		c.Success = func(code int) bool { return code == 4 }
		ok(t, s, c)
		defer func() { endAll(living("sleep", mark2)) }()
		eventually(t, "both run after a status that is a success", func() bool { return len(living("sleep", mark2)) == 2 })
	})
}

func TestKillAfterGrace(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		c := sh(`trap '' TERM; sleep ` + mark + `& echo ready; while :; do sleep 1; done`)
		c.Timeout, c.Grace = 300*time.Millisecond, 200*time.Millisecond
		begun := time.Now()
		_, err := s.Run(context.Background(), c)
		took := time.Since(begun)
		e := kind(t, err, KindTimeout)
		if !e.Result.Forced || e.Result.Signal != syscall.SIGKILL || len(e.Result.Survivors) != 0 || took < 500*time.Millisecond || took > 3*time.Second {
			t.Errorf("after %v: %+v", took, e.Result)
		}
		if n := len(living("sleep", mark)); n != 0 {
			t.Errorf("%d left", n)
		}
		c = sh(`trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
		c.Timeout = 300 * time.Millisecond
		_, err = s.Run(context.Background(), c)
		e = kind(t, err, KindTimeout)
		if e.Result.Forced || !strings.HasSuffix(string(e.Result.Stdout), "cleaned\n") || e.Result.Code != 0 {
			t.Errorf("%+v", e.Result)
		}
		// One that is stopped takes TERM as well.
		_, err = s.Run(context.Background(), sh(`kill -STOP $$`).with(func(c *Cmd) { c.Timeout = 100 * time.Millisecond }))
		if e = kind(t, err, KindTimeout); e.Result.Forced || e.Result.Signal != syscall.SIGTERM {
			t.Errorf("%+v", e.Result)
		}
	})
}

func TestThousandThatIgnoreTerm(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		c := sh(`trap '' TERM; i=0; while [ $i -lt 1000 ]; do sleep ` + mark + ` & i=$((i+1)); done; echo ready; wait`)
		c.Grace = 20 * time.Millisecond
		stop := make(chan time.Time, 1)
		var p *Process
		c.OnStart = func(q *Process) { p = q }
		c.Stdout.Line = func([]byte) error {
			p.Stop(syscall.SIGTERM, c.Grace)
			stop <- time.Now()
			return nil
		}
		r := ok(t, s, c)
		t.Logf("gone %v after the grace", time.Since(<-stop)-c.Grace)
		if !r.Forced || len(r.Survivors) != 0 {
			t.Errorf("%+v", r.Survivors)
		}
		if n := len(living("sleep", mark)); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

func TestForkRace(t *testing.T) {
	both(t, func(t *testing.T, s *Supervisor) {
		mark := unique(t)
		c := sh(`trap '' TERM; f() { setsid sh -c 'trap "" TERM; while :; do setsid sleep '"$1"' & sleep 0.02; done' & }; f $1; f $1; f $1; wait`, mark)
		c.Timeout, c.Grace = 300*time.Millisecond, 50*time.Millisecond
		_, err := s.Run(context.Background(), c)
		e := kind(t, err, KindTimeout)
		time.Sleep(100 * time.Millisecond)
		left := living("sleep", mark)
		endAll(left)
		if len(left) != 0 || len(e.Result.Survivors) != 0 {
			t.Errorf("left: %v %v", left, e.Result.Survivors)
		}
	})
}

func TestContext(t *testing.T) {
	s := supervisor(t, Options{})
	stubborn := func() *Cmd {
		return sh(`trap '' TERM; echo; while :; do sleep 1; done`).with(func(c *Cmd) { c.Grace = 20 * time.Second })
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, sh("sleep 30"))
	if e := kind(t, err, KindTimeout); !errors.Is(err, context.DeadlineExceeded) || e.Timeout < 90*time.Millisecond {
		t.Errorf("%+v", e)
	}
	_, err = s.Run(ctx, sh("true"))
	kind(t, err, KindTimeout)
	// The cause says now.
	now, cancelNow := context.WithCancelCause(context.Background())
	c := stubborn()
	var at time.Time
	c.Stdout.Line = func([]byte) error { at = time.Now(); cancelNow(ErrNow); return nil }
	_, err = s.Run(now, c)
	if took := time.Since(at); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if kind(t, err, KindCancelled); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNow) {
		t.Error(err)
	}
	// A second one hurries.
	later, cancelLater := context.WithCancel(context.Background())
	defer cancelLater()
	c = stubborn()
	c.Stdout.Line = func([]byte) error {
		at = time.Now()
		cancelLater()
		time.AfterFunc(50*time.Millisecond, s.Hurry)
		return nil
	}
	_, err = s.Run(later, c)
	if took := time.Since(at); took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if e := kind(t, err, KindCancelled); !e.Result.Forced {
		t.Errorf("%+v", e.Result)
	}
}

func TestIdle(t *testing.T) {
	s := supervisor(t, Options{})
	c := sh(`for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; sleep 30`)
	c.IdleTimeout = 400 * time.Millisecond
	_, err := s.Run(context.Background(), c)
	e := kind(t, err, KindIdle)
	if string(e.Result.Stdout) != "1\n2\n3\n4\n5\n" || len(e.Result.Evidence) == 0 || e.Timeout != c.IdleTimeout {
		t.Errorf("%+v", e)
	}
}

func TestProcess(t *testing.T) {
	s := supervisor(t, Options{})
	started := make(chan *Process, 1)
	c := sh(`trap 'exit 9' HUP; echo; while :; do sleep 0.01; done`)
	c.OnStart = func(p *Process) { started <- p }
	c.Stdout.Line = func([]byte) error { return (<-started).Signal(syscall.SIGHUP) }
	if r := ok(t, s, c); r.Code != 9 {
		t.Errorf("%+v", r)
	}
	// Stop and Signal from everywhere, while and after it ends.
	for range 30 {
		c := sh("sleep 0.01")
		var group sync.WaitGroup
		var late *Process
		c.OnStart = func(p *Process) {
			late = p
			for range 4 {
				group.Go(func() {
					for range 100 {
						if err := p.Signal(0); err != nil && !errors.Is(err, os.ErrProcessDone) {
							t.Error(err)
						}
					}
					p.Stop(syscall.SIGTERM, time.Second)
				})
			}
		}
		if _, err := s.Run(context.Background(), c); err != nil {
			t.Error(err)
		}
		group.Wait()
		if err := late.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("late: %v", err)
		}
		late.Stop(syscall.SIGKILL, 0)
	}
}

func TestDetach(t *testing.T) {
	s := supervisor(t, Options{})
	mark := unique(t)
	c := sh("exec sleep " + mark)
	c.Detach, c.Timeout = true, time.Millisecond
	r := ok(t, s, c)
	eventually(t, "it runs", func() bool { return len(living("sleep", mark)) == 1 })
	time.Sleep(20 * time.Millisecond)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.PID))
	st, parsed := parseStat(b)
	if err != nil || !parsed || st.group != r.PID || st.dead() {
		t.Fatalf("%+v %v", st, err)
	}
	_ = syscall.Kill(r.PID, syscall.SIGKILL)
	eventually(t, "it is reaped", func() bool {
		s.Reap()
		return !exists(fmt.Sprintf("/proc/%d", r.PID))
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// start starts the test program as a helper.
func start(t *testing.T, words ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), helperVar+"="+strings.Join(words, "|"))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { r.Close() })
	return c, r
}
