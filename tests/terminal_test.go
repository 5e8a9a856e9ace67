package tests

import (
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// session is a program on a terminal of its own.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	term io.ReadWriteCloser

	mu   sync.Mutex
	seen strings.Builder
	end  chan struct{}
}

func onTerminal(t *testing.T, program string, args ...string) *session {
	t.Helper()
	s := &session{t: t, cmd: exec.Command(program, args...), end: make(chan struct{})}
	s.cmd.Env = append(s.cmd.Environ(), "TERM=xterm", "NO_COLOR=")
	f, err := pty.Start(s.cmd)
	if err != nil {
		t.Fatal(err)
	}
	s.term = f
	t.Cleanup(func() { _ = f.Close() })
	go func() {
		defer close(s.end)
		buf := make([]byte, 4096)
		for {
			n, err := f.Read(buf)
			s.mu.Lock()
			s.seen.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

func (s *session) await(want string) {
	s.t.Helper()
	for range 1000 {
		if strings.Contains(s.text(), want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("no %q in %q", want, s.text())
}

func (s *session) keys(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.term, text); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the program, and gives all that was seen.
func (s *session) exits(want int) string {
	s.t.Helper()
	watchdog := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer watchdog.Stop()
	if got := codeOf(s.cmd.Wait()); got != want {
		s.t.Errorf("exit %d, want %d: %q", got, want, s.text())
	}
	<-s.end
	return s.text()
}

func TestTerminal(t *testing.T) {
	if got := onTerminal(t, "opslua").exits(0); !strings.Contains(got, "opslua eval 'CODE'") {
		t.Errorf("without arguments: %q", got)
	}
	if got := onTerminal(t, "opslua", "eval", `print("\27[31m", "\255\226\128\174")`).exits(0); got != "\\x1b[31m\t\\xff\\u{202e}\r\n" {
		t.Errorf("hostile output: %q", got)
	}
	if got := onTerminal(t, "opslua", "eval", `error("bad")`).exits(1); got != "\x1b[1meval:1: \x1b[0m\x1b[31mbad\x1b[0m\r\n" {
		t.Errorf("an error: %q", got)
	}
	if got := onTerminal(t, "opslua", "--color", "never", "eval", `error("bad")`).exits(1); got != "eval:1: bad\r\n" {
		t.Errorf("without colours: %q", got)
	}
}

func TestTerminalInterrupt(t *testing.T) {
	s := onTerminal(t, "opslua", "eval", `print("up") proc.run{"sleep", "86501"} print("never")`)
	s.await("up")
	s.keys("\x03")
	if got := s.exits(130); !strings.Contains(got, "interrupted") || strings.Contains(got, "never") {
		t.Errorf("got %q", got)
	}
	if pids := bearing("86501"); len(pids) > 0 {
		t.Errorf("still there: %v", pids)
	}
}

// A command that has the terminal gets the Ctrl-C itself; the script ends with it.
func TestTerminalGivenAway(t *testing.T) {
	s := onTerminal(t, "opslua", "eval",
		`proc.run{"sh", "-c", "stty -echo; echo hidden; sleep 86502", stdin = "inherit", stdout = "inherit"} print("never")`)
	s.await("hidden")
	s.keys("\x03")
	if got := s.exits(130); strings.Contains(got, "never") {
		t.Errorf("got %q", got)
	}

	s = onTerminal(t, "opslua", "eval", `print(proc.run{"cat", stdin = "inherit", stdout = "inherit"}.code)`)
	s.keys("typed\n\x04")
	if got := s.exits(0); strings.Count(got, "typed") != 2 || !strings.HasSuffix(got, "0\r\n") {
		t.Errorf("got %q", got)
	}
}

// The terminal is set as it was, whatever a command has done to it.
func TestTerminalRestored(t *testing.T) {
	s := onTerminal(t, "sh", "-c",
		`trap : INT; opslua eval 'proc.run{"sh", "-c", "stty -echo -icanon; echo hidden; sleep 86503", stdin = "inherit", stdout = "inherit"}'; stty -a`)
	s.await("hidden")
	s.keys("\x03")
	if got := s.exits(0); !strings.Contains(got, " echo ") || !strings.Contains(got, " icanon ") {
		t.Errorf("got %q", got)
	}
}

// A script that is typed is ended by Ctrl-C, too.
func TestTerminalScriptFromStdin(t *testing.T) {
	s := onTerminal(t, "opslua", "-")
	s.keys("print(2 * 21)\n")
	s.await("print(2 * 21)")
	s.keys("\x04")
	if got := s.exits(0); !strings.HasSuffix(got, "42\r\n") {
		t.Errorf("got %q", got)
	}
	s = onTerminal(t, "opslua", "-")
	s.keys("print(1)\n")
	s.await("print(1)")
	time.Sleep(300 * time.Millisecond) // the terminal has shown it, opslua may still be starting
	s.keys("\x03")
	s.exits(130)
}
