package check_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
)

// killedScript puts a file right and then does what follows from that.
const killedScript = `
local conf, applied, want = CONF, APPLIED, WANT
check("conf", {soft = 1}, function(c) c:expect("conf", disk.read(conf)):eq(want) end)
fix("conf", {on = "conf", lock = "conf", limit = "9999/1s", verify = {within = 0}}, function(f)
  local w = f:step("write", function() return disk.write(conf, want) end)
  f:on_change(w, function() disk.write(applied, disk.read(conf)) end)
end)`

// TestKilledRun is the run that TestKills starts and kills.
func TestKilledRun(t *testing.T) {
	dir, want := os.Getenv("CHECK_TEST_DIR"), os.Getenv("CHECK_TEST_WANT")
	if dir == "" {
		t.Skip("only as a child of TestKills")
	}
	h, err := luabind.New(luabind.WithModules(check.Modules()...), luabind.WithModules(disk()), luabind.WithStateDir(filepath.Join(dir, "state")))
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("CONF", fmt.Sprintf("%q", dir+"/conf"), "APPLIED", fmt.Sprintf("%q", dir+"/applied"), "WANT", fmt.Sprintf("%q", want)).Replace(killedScript)
	run := &check.Run{Report: &report.Report{}}
	if err := h.RunText(check.NewContext(t.Context(), run), "t.lua", script); err != nil {
		t.Fatal(err)
	}
	if f := run.Report.Fixes[0]; run.Report.Findings[0].State != report.OK || f.Status != report.FixOK && f.Status != report.FixChanged {
		t.Fatal(states(run.Report), told(f))
	}
}

// Whatever moment a run is killed at, the next one makes up for it: what follows
// from a change that was made is done, though the check is OK by then.
func TestKills(t *testing.T) {
	dir := t.TempDir()
	child := func(want string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledRun$")
		cmd.Env = append(os.Environ(), "CHECK_TEST_DIR="+dir, "CHECK_TEST_WANT="+want)
		return cmd
	}
	started := time.Now()
	if out, err := child("0").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(started)
	const most = 60
	for i := 0; i < most && (i < 10 || time.Since(started) < 3*time.Second); i++ {
		want := fmt.Sprint(i + 1)
		cmd := child(want)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(whole + whole/4))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if out, err := child(want).CombinedOutput(); err != nil {
			t.Fatalf("after kill %d: %v\n%s", i, err, out)
		}
		conf, applied := content(t, dir+"/conf"), content(t, dir+"/applied")
		if conf != want || applied != want {
			t.Fatalf("after kill %d: conf %q, applied %q, want %s", i, conf, applied, want)
		}
	}
}
