package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// size sets the terminal's width.
func (s *session) size(columns uint16) {
	s.t.Helper()
	if err := pty.Setsize(s.term.(*os.File), &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		s.t.Fatal(err)
	}
}

// lastScreen is what stands on the screen in the end, as far as lines that are
// taken back by a carriage return go.
func lastScreen(seen string) string {
	var lines []string
	for _, l := range strings.Split(seen, "\n") {
		l = strings.TrimSuffix(l, "\r")
		if i := strings.LastIndexByte(l, '\r'); i >= 0 {
			l = l[i+1:]
		}
		lines = append(lines, strings.TrimPrefix(l, "\x1b[K"))
	}
	return strings.Join(lines, "\n")
}

func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.lua")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// Long work shows how far it is, on one line that goes away.
func TestProgressLine(t *testing.T) {
	file := script(t, `
check("fast", {}, function(c) c:ok("fine") end)
check("slow", {}, function(c) proc.run{"sleep", "1.2"} c:ok("done") end)
check("last", {}, function(c) print("printed") proc.run{"sleep", "0.4"} end)
`)
	s := onTerminal(t, "opslua", "--color", "never", file)
	s.await("checks 1/3 slow")
	s.await("printed")
	s.await("checks 2/3 last")
	seen := s.exits(0)
	screen := lastScreen(seen)
	if strings.Contains(screen, "checks 1/3") || !strings.HasPrefix(screen, "printed\nOK    ") {
		t.Errorf("left on the screen: %q of %q", screen, seen)
	}
}

// What is short, quiet, redirected, or on a terminal that cannot take a line
// back shows none.
func TestProgressNone(t *testing.T) {
	slow := script(t, `check("slow", {}, function(c) proc.run{"sleep", "1"} end)`)
	fast := script(t, `check("fast", {}, function(c) proc.run{"sleep", "0.1"} end)`)
	for name, s := range map[string]*session{
		"short": onTerminal(t, "opslua", fast),
		"quiet": onTerminal(t, "opslua", "--quiet", slow),
		"dumb":  onTerminal(t, "sh", "-c", "TERM=dumb exec opslua "+slow),
		"file":  onTerminal(t, "sh", "-c", "exec opslua "+slow+" 2>/dev/null"),
	} {
		if seen := s.exits(0); strings.Contains(seen, "checks") && strings.Contains(seen, "/1") || strings.Contains(seen, "\x1b[K") {
			t.Errorf("%s: %q", name, seen)
		}
	}
}

// A narrow terminal is never filled to its edge, whatever the name, and a name
// cannot do anything to the terminal.
func TestProgressNarrow(t *testing.T) {
	file := script(t, `check("名前名前名前名前名前 \226\128\174 very long name of a check", {}, function(c) proc.run{"sleep", "1.5"} end)`)
	s := onTerminal(t, "opslua", "--color", "never", file)
	s.size(24)
	s.await("checks 0/1")
	seen := s.exits(0)
	for _, l := range regexp.MustCompile(`\rchecks 0/1[^\x1b\r]*`).FindAllString(seen, -1) {
		cells := 0
		for _, r := range l[1:] {
			if cells++; r > 0x2e80 {
				cells++
			}
		}
		if cells > 23 && !strings.Contains(l, "very") { // the first may have been drawn before the size was set
			t.Errorf("%d cells: %q", cells, l)
		}
		if strings.Contains(l, "\u202e") {
			t.Errorf("not escaped: %q", l)
		}
	}
}

// A line that is still open is not drawn over; a command that has the terminal
// has it alone.
func TestProgressLeavesOthersAlone(t *testing.T) {
	file := script(t, `
check("a", {}, function(c) proc.run{"sh", "-c", "sleep 1; printf 'question? '; sleep 1; echo answered", stdout = "inherit"} end)
check("b", {}, function(c) proc.run{"sleep", "0.3"} end)
`)
	s := onTerminal(t, "opslua", file)
	s.await("answered")
	seen := s.exits(0)
	if !strings.Contains(seen, "question? answered") {
		t.Errorf("drawn over: %q", seen)
	}
	file = script(t, `
check("a", {}, function(c) proc.run{"sh", "-c", "sleep 0.8; echo one; sleep 0.3; echo two", echo = true} end)
`)
	s = onTerminal(t, "opslua", file)
	s.await("two")
	screen := lastScreen(s.exits(0))
	if strings.Count(screen, "one") != 1 || strings.Count(screen, "two") != 1 || strings.Contains(screen, "0/1") {
		t.Errorf("echo: %q", screen)
	}
}

// Secrets are hidden in the line too.
func TestProgressSecret(t *testing.T) {
	file := script(t, `secret.env("TOKEN") check("for " .. os.getenv("TOKEN"), {}, function(c) proc.run{"sleep", "1"} end)`)
	s := onTerminal(t, "env", "TOKEN=s3cr3t-value", "opslua", file)
	s.await("for ***")
	if seen := s.exits(0); strings.Contains(seen, "s3cr3t") {
		t.Errorf("seen: %q", seen)
	}
}

// A terminal that was stopped with Ctrl-S holds nobody up beyond the deadline.
func TestProgressStoppedTerminal(t *testing.T) {
	file := script(t, `
check("a", {}, function(c) proc.run{"sleep", "60"} end)
`)
	s := onTerminal(t, "opslua", "--timeout", "2s", file)
	started := time.Now()
	s.await("checks 0/1")
	s.keys("\x13")
	done := make(chan int, 1)
	go func() { done <- codeOf(s.cmd.Wait()) }()
	select {
	case code := <-done:
		if took := time.Since(started); code != 3 || took > 4*time.Second {
			t.Errorf("exit %d after %s", code, took)
		}
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		t.Error("still there 8 s after the deadline")
	}
}

// With both on one terminal, an error is told once, below the report.
func TestTerminalReport(t *testing.T) {
	file := script(t, "check('a', {}, function(c) c:crit('bad') end)\nerror('boom')\n")
	seen := onTerminal(t, "opslua", "--color", "never", file).exits(3)
	if strings.Count(seen, "boom") != 1 {
		t.Errorf("an error after checks: %q", seen)
	}
	file = script(t, "local r = proc.run{'touch', '/nowhere/x'}\nprint(r.code)\n")
	seen = onTerminal(t, "opslua", "--color", "never", "--dry-run", file).exits(1)
	if strings.Count(seen, "cannot predict past line 2") != 1 {
		t.Errorf("a plan that ends: %q", seen)
	}
	file = script(t, "print('\\27[31mred')\ncheck('a', {}, function(c) c:crit('\\27[31mred') end)\n")
	for _, args := range [][]string{{file}, {file, "--format", "json"}, {file, "--format", "nagios"}, {"--color", "never", file}} {
		if seen := onTerminal(t, "opslua", args...).exits(2); strings.Contains(seen, "\x1b[31mred") || !strings.Contains(seen, `\x1b[31mred`) {
			t.Errorf("%v: not escaped: %q", args, seen)
		}
	}
	file = script(t, "check('a', {}, function(c) c:crit('bad') end)\n")
	if seen := onTerminal(t, "opslua", file).exits(2); !strings.Contains(seen, "\x1b[") {
		t.Errorf("no colours: %q", seen)
	}
	if seen := onTerminal(t, "env", "NO_COLOR=1", "opslua", file).exits(2); strings.Contains(seen, "\x1b[") {
		t.Errorf("colours in spite of NO_COLOR: %q", seen)
	}
}

// Commands that run side by side are counted, within a check and without.
func TestProgressParallel(t *testing.T) {
	file := script(t, `
local list = {}
for i = 1, 12 do list[i] = {"sleep", "0.3"} end
check("many", {}, function(c) proc.parallel(list, {limit = 2}) end)
`)
	s := onTerminal(t, "opslua", file)
	s.await("checks 0/1 many · proc.parallel 6/12")
	if screen := lastScreen(s.exits(0)); strings.Contains(screen, "proc.parallel") {
		t.Errorf("left on the screen: %q", screen)
	}
}

// Commands are shown as long as they run, by their label where they have one,
// and so is the wait for another attempt.
func TestProgressCommands(t *testing.T) {
	file := script(t, `
proc.run{"sleep", "1", label = "warming up"}
proc.try{"false", retries = 1, backoff = "1s"}
proc.run{"sleep", "0.4"}
`)
	s := onTerminal(t, "opslua", file)
	s.await("warming up")
	s.await("false failed, attempt 2 of 2 follows in ")
	s.await("sleep 0.4")
	if screen := lastScreen(s.exits(0)); strings.TrimSpace(screen) != "" {
		t.Errorf("left on the screen: %q", screen)
	}
}
