// Package tests holds what is true of the whole program: its behaviour on the
// command line, seen from outside, and the shape of its code.
package tests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"opslua/tests/realhost"
)

// TestMain builds the real binary, as it is shipped, for all tests.
func TestMain(m *testing.M) {
	realhost.RunInit()
	os.Exit(withBinary(m))
}

func withBinary(m *testing.M) int {
	dir, err := os.MkdirTemp("", "opslua-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "opslua"), "../cmd/opslua")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building opslua: %v\n%s", err, out)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { // for tests that run as somebody else
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = os.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return m.Run()
}

func TestProgram(t *testing.T) { runScripts(t, "testdata") }

// What a killed run has left is ended by whatever runs next, so that these
// scripts are by themselves.
func TestLeftBehind(t *testing.T) { runScripts(t, "testdata/alone") }

func runScripts(t *testing.T, dir string) {
	scripts, err := filepath.Abs("../scripts")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SCRIPTS", scripts)
			e.Setenv("LC_ALL", "C.UTF-8")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"within":    within,
			"signalled": signalled,
			"gone":      gone,
			"line":      line,
		},
	})
}

// exits CODE PROGRAM [ARG]... runs a program that has to end with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := codeOf(ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
}

// line checks that standard error of the last command is exactly one line.
func line(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile("stderr")
	if neg || len(args) > 0 || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("want one line on standard error, got %q", text)
	}
	for _, r := range text[:len(text)-1] {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			ts.Fatalf("%q is not escaped", text)
		}
	}
}

func codeOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// within TIME CODE PROGRAM [ARG]... is exits for a program that has a deadline
// of TIME: the process has to be gone 250 ms after it, and not before it. On a
// busy machine the best of three counts.
func within(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: within TIME CODE PROGRAM [ARG]...")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	var took time.Duration
	for range 3 {
		started := time.Now()
		exits(ts, false, args[1:])
		took = time.Since(started)
		if took < limit {
			ts.Fatalf("gone after %s, before its deadline of %s", took, limit)
		}
		if took <= limit+250*time.Millisecond {
			return
		}
	}
	ts.Fatalf("gone after %s, want at most %s and 250ms", took, limit)
}

// signalled CODE SIGNALS PROGRAM [ARG]... starts a program, waits for its first
// line of output, sends it the signals (INT,INT: a tenth of a second between
// them), and checks the exit code. Its output is left in the files out and err.
func signalled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: signalled CODE SIGNALS PROGRAM [ARG]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[2])
	ts.Check(err)
	cmd := exec.Command(path, args[3:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "HOME=/no-home")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	watchdog := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer watchdog.Stop()
	r := bufio.NewReader(pipe)
	first, _ := r.ReadString('\n')
	for i, name := range strings.Split(args[1], ",") {
		if i > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		ts.Check(cmd.Process.Signal(signalByName(ts, name)))
	}
	var rest bytes.Buffer
	_, _ = rest.ReadFrom(r)
	err = cmd.Wait()
	out := first + rest.String()
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), stderr.Bytes(), 0o600))
	if got := codeOf(err); got != want {
		ts.Fatalf("exit %d, want %d; stdout %q, stderr %q", got, want, out, stderr.String())
	}
}

func signalByName(ts *testscript.TestScript, name string) os.Signal {
	switch name {
	case "INT":
		return syscall.SIGINT
	case "TERM":
		return syscall.SIGTERM
	case "HUP":
		return syscall.SIGHUP
	case "QUIT":
		return syscall.SIGQUIT
	case "KILL":
		return syscall.SIGKILL
	case "PIPE":
		return syscall.SIGPIPE
	}
	ts.Fatalf("no signal %q", name)
	return nil
}

// gone TEXT checks that no process has TEXT among its arguments; what was killed
// has a moment to go. "! gone TEXT" waits for one that has.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] gone TEXT")
	}
	tries := 10
	if neg {
		tries = 100
	}
	pids := bearing(args[0])
	for i := 0; neg == (len(pids) == 0) && i < tries; i++ {
		time.Sleep(10 * time.Millisecond)
		pids = bearing(args[0])
	}
	if neg == (len(pids) == 0) {
		ts.Fatalf("processes with %q: %v", args[0], pids)
	}
}

// bearing lists the processes that have an argument that is exactly text.
func bearing(text string) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		data, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		for _, arg := range strings.Split(string(data), "\x00") {
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && arg == text && pid != os.Getpid() {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
