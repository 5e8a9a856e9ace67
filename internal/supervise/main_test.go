package supervise

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

const helperVar = "SUPERVISE_TEST_HELPER"

// TestMain also serves as the programs that tests need: a supervisor that is
// killed, and one that is a subreaper.
func TestMain(m *testing.M) {
	if words := strings.Split(os.Getenv(helperVar), "|"); len(words) > 1 {
		os.Exit(helper(words))
	}
	// What started the tests may have left descriptors open.
	if err := unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

func helper(words []string) int {
	switch words[0] {
	case "killed": // DIR, BARE: runs until it is killed
		s, err := New(Options{Subreaper: true, RunDir: words[1], Stdout: os.Stdout})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if words[2] == "bare" {
			s.groups.off()
		}
		_, err = s.Run(context.Background(), sh(`echo up; exec >/dev/null; setsid sh -c 'setsid sleep 4711 & sleep 4711' & sleep 4712`).with(func(c *Cmd) {
			c.Stdout = Output{Inherit: true}
		}))
		fmt.Println("not killed", err)
	case "orphans":
		return orphans(words[1] == "bare")
	case "detach":
		s, err := New(Options{RunDir: words[1]})
		if err != nil {
			return 1
		}
		r, err := s.Run(context.Background(), sh("sleep 4713").with(func(c *Cmd) { c.Detach = true }))
		if err != nil {
			fmt.Println(err)
			return 1
		}
		_, _ = s.Run(context.Background(), sh("true"))
		fmt.Println(r.PID)
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	}
	return 0
}

// sh is a Cmd of a shell script.
func sh(script string, args ...string) *Cmd {
	return &Cmd{Argv: append([]string{"/bin/sh", "-c", script, "sh"}, args...), Env: []string{"PATH=/usr/bin:/bin"}, Grace: 2 * time.Second}
}

func (c *Cmd) with(change func(*Cmd)) *Cmd {
	change(c)
	return c
}

// both runs a test with control groups and without.
func both(t *testing.T, test func(t *testing.T, s *Supervisor)) {
	for _, mode := range []string{"groups", "bare"} {
		t.Run(mode, func(t *testing.T) {
			s := supervisor(t, Options{})
			if mode == "bare" {
				s.groups.off()
			} else if s.groups.base = writableGroup("", "cgroup2"); s.groups.base == "" {
				t.Skip("no control groups can be made here")
			}
			test(t, s)
		})
	}
}

func supervisor(t testing.TB, o Options) *Supervisor {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func ok(t testing.TB, s *Supervisor, c *Cmd) *Result {
	t.Helper()
	r, err := s.Run(context.Background(), c)
	if err != nil {
		t.Fatalf("%s: %v", Quote(c.Argv), err)
	}
	return r
}

func kind(t testing.TB, err error, want Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("error %v, want kind %s", err, want)
	}
	return e
}

// living counts the processes whose command line has all of words as arguments.
func living(words ...string) []int {
	var found []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		b, _ := os.ReadFile(dir + "/cmdline")
		if strings.TrimRight(string(b), "\x00") == strings.Join(words, "\x00") {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			found = append(found, pid)
		}
	}
	return found
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begun) > 5*time.Second {
			t.Fatalf("not after 5 s: %s", what)
		}
	}
}

// unique is a number of seconds for sleep that no other process sleeps.
func unique(t testing.TB) string {
	return fmt.Sprintf("%d.%d", 4000+os.Getpid()%1000, time.Now().UnixNano()%1e9)
}

func endAll(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func firstLine(t testing.TB, f *os.File) string {
	t.Helper()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
