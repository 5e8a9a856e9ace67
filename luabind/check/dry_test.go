package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/internal/report"
	"opslua/luabind"
)

// hook is a module with one function of the test's.
func hook(name string, f func()) []luabind.Option {
	return []luabind.Option{luabind.WithModules(luabind.Module{Name: "hook", Doc: "For a test.", Funcs: []luabind.Func{
		{Name: name, Doc: name + "()", Impl: func(c *luabind.Call) error {
			if err := c.Unpack(); err != nil {
				return err
			}
			f()
			return nil
		}},
	}})}
}

func TestDryRun(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	r := b.dry(prelude + `fix("conf", {on = "conf", limit = "1/1h", lock = "l", verify = {within = "5s"}}, function(f)
  f:evidence("e", "x")
  local w = f:step("write", function() return disk.write(path, "good") end, {undo = function() end})
  f:on_change(w, function() proc.check{"touch", path .. ".reloaded"} end)
  f:step("same", function() disk.write(path, "bad") end)
  f:wait("up", {within = "1m"}, function() error("not called") end)
  disk.write(path, "other")
  f:on_change(disk.unknown(path), function() error("not called") end)
end)`)
	same(t, "fix", strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"),
		"planned [conf is CRITICAL; would verify conf within 5s] | write planned write:write PATH | on change of PATH planned command:touch PATH.reloaded"+
			" | same skipped (nothing would change) | up planned (would wait up to 1m) | write PATH planned write:write PATH"+
			" | change PATH planned write:change PATH | on change planned (depends on a write that was only planned)")
	if content(t, path) != "bad" || len(r.Findings) != 1 || r.Findings[0].Before != nil || !r.DryRun || r.Incomplete != "" || len(b.planned) != 4 {
		t.Error(asJSON(t, r))
	}
	if r.Exit(false) != 2 { // as the checks found the host
		t.Error(r.Exit(false))
	}
	if entries, err := os.ReadDir(b.dir); err != nil || len(entries) > 0 {
		t.Errorf("a dry run left %v in the state", entries)
	}
	if _, err := os.Stat(path + ".reloaded"); err == nil {
		t.Error("a planned command ran")
	}
}

func TestDryRunWithNothingToDo(t *testing.T) {
	b := newBench(t)
	_, path := conf(t, b, "good")
	r := b.dry(`fix("f", {}, function(f) f:step("w", function() disk.write("` + path + `", "good") end) end)`)
	same(t, "fix", told(r.Fixes[0]), "ok [] | w skipped (nothing would change)")
	if r.Exit(true) != 0 {
		t.Error(r.Exit(true))
	}
	r = b.dry(`fix("f", {}, function(f) f:step("w", function() disk.write("` + path + `", "new") end) end)`)
	if r.Exit(true) != 2 || r.Exit(false) != 0 {
		t.Error(r.Exit(true), r.Exit(false))
	}
}

// A plan that reads a planned result ends there, and the next fix is planned.
func TestDryRunThatCannotGoOn(t *testing.T) {
	b := newBench(t)
	r := b.dry(`check("c", {}, function(c) local r = proc.run{"git", "pull"} c:ok(r.stdout) end)
check("d", {}, function(c) c:ok(proc.run{"git", "pull"}) end)
check("e", {}, function(c) c:expect("x", proc.run{"git", "pull"}):eq(1) end)
check("f", {}, function(c) c:value("x", proc.run{"git", "pull"}) end)
fix("a", {}, function(f)
  f:step("pull", function()
    local r = proc.run{"git", "pull"}
    if r.ok then f:step("no", function() end) end
  end, {undo = function() print("undone") end})
  print("not reached")
end)
fix("b", {}, function(f) local v = f:wait("up", {}, function() end) print(v.x) end)
fix("c", {}, function(f) error("boom", 0) end)`)
	const cannot = "it reads the output of `git pull`, which was only planned (probe = true if it changes nothing)"
	for i, line := range []string{"1", "2", "3", "4"} {
		if f := r.Findings[i]; f.State != report.Unknown || f.Text != "cannot predict past line "+line+": "+cannot {
			t.Error(f.Name, f.State, f.Text)
		}
	}
	same(t, "a", told(r.Fixes[0]), "planned [] {cannot predict past line 8: "+cannot+"} | pull planned (cannot predict past line 8: "+cannot+") command:git pull")
	same(t, "incomplete", r.Incomplete, r.Fixes[0].Error)
	if f := r.Fixes[1]; f.Status != report.FixPlanned || !strings.HasPrefix(f.Error, "cannot predict past line 12: it reads what `up` waits for") {
		t.Error(told(f))
	}
	same(t, "c", told(r.Fixes[2]), "failed [] {boom}")
	same(t, "out", b.out.String(), "")
}

// A dry run acts on the same states as a run.
func TestDryRunDecides(t *testing.T) {
	b := newBench(t)
	prelude, _ := conf(t, b, "?")
	same(t, "unknown", told(b.dry(prelude + repair).Fixes[0]), "ok [conf is UNKNOWN: a fix does not act on what is not known]")
	if entries, _ := filepath.Glob(b.dir + "/*"); len(entries) > 0 {
		t.Error(entries)
	}
}
