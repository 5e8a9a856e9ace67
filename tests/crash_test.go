package tests

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/tests/realhost"
)

var crashes = flag.Int("crashes", 1000, "how many runs are killed")

// crashing changes a file, owes a second one to it, and counts in its memory.
const crashing = `
local p = param{want = {required = true}, dir = {required = true}}
local config, applied = p.dir .. "/config", p.dir .. "/applied"
local text = ("version " .. p.want .. "\n"):rep(2000)
print("begun " .. state.incr("begun"))
check("drift", {soft = 1}, function(c)
  if not fs.exists(config) or fs.read(config) ~= text then c:warn("not at version %s", p.want) else c:ok("at %s", p.want) end
end)
fix("drift", {on = "drift", limit = "5000/1h", lock = "crash-" .. p.dir, verify = {check = "drift", within = "5s"}}, function(f)
  local w
  f:step("write", function() w = fs.write(config, text) end)
  f:on_change(w, function() proc.check{"cp", config, applied} end)
  f:step("count", function() state.incr("fixed") end)
end)
`

// Runs that are killed at any point leave a file that is whole, a memory that
// can be read, a lock that is free, and work that the next run does.
func TestCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand runs")
	}
	// As root, what scripts remember lies in /var, which is better one of its own.
	if os.Geteuid() == 0 && !realhost.Inside(t) {
		return
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "crash.lua")
	mustDo(t, os.WriteFile(script, []byte(crashing), 0o644))
	home := filepath.Join(dir, "home")
	command := func(want int, more ...string) *exec.Cmd {
		args := append([]string{"run", script, "--set", "want=" + strconv.Itoa(want), "--set", "dir=" + dir}, more...)
		cmd := exec.Command("opslua", args...)
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home)
		return cmd
	}
	whole := time.Hour
	for want := range 3 {
		began := time.Now()
		if out, err := command(want, "--detailed-exitcode").CombinedOutput(); exitOf(err) != 2 {
			t.Fatalf("run %d without a kill: %v\n%s", want, err, out)
		}
		whole = min(whole, time.Since(began))
	}
	last, killed, runs := 2, 0, 0
	for ; killed < *crashes && runs < 4**crashes; runs++ {
		if runs%2 == 0 {
			last++ // every version is tried twice: the second run owes what the first may have left
		}
		cmd := command(last)
		mustDo(t, cmd.Start())
		time.Sleep(time.Duration(rand.Int64N(int64(whole))))
		_ = cmd.Process.Kill()
		err := cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			killed++
		} else if exitOf(err) != 0 {
			t.Fatalf("run %d was not killed and ended with %v", runs, err)
		}
		checkWhole(t, filepath.Join(dir, "config"))
	}
	out, err := command(last).CombinedOutput()
	if exitOf(err) != 0 {
		t.Fatalf("the last run: %v\n%s", err, out)
	}
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	mustDo(t, err)
	applied, err := os.ReadFile(filepath.Join(dir, "applied"))
	mustDo(t, err)
	if !strings.HasPrefix(string(config), fmt.Sprintf("version %d\n", last)) {
		t.Errorf("config is at %.20q, want version %d", config, last)
	}
	if string(applied) != string(config) {
		t.Errorf("what was owed to the change was not done: applied is at %.20q, config at %.20q", applied, config)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// Its memory counts every run that came so far, and none twice.
	var begun int
	_, err = fmt.Sscanf(string(out), "begun %d", &begun)
	if whole := runs - killed + 4; err != nil || begun < whole || begun > runs+4 {
		t.Errorf("%d runs are remembered (%v), want from %d to %d", begun, err, whole, runs+4)
	}
	if killed < *crashes {
		t.Errorf("only %d runs were killed in %d", killed, runs)
	}
	t.Logf("%d of %d runs were killed, %d had begun; a whole run takes %v", killed, runs, begun, whole)
}

// checkWhole: the file is one version from its beginning to its end.
func checkWhole(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	mustDo(t, err)
	line, _, _ := strings.Cut(string(data), "\n")
	if string(data) != strings.Repeat(line+"\n", 2000) {
		t.Fatalf("the file is torn: %d bytes, begins with %.40q", len(data), data)
	}
}

func exitOf(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}
