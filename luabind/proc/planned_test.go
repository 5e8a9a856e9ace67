package proc_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"opslua/luabind"
)

// planner collects what a dry run plans.
type planner struct {
	mu      sync.Mutex
	changes []luabind.Change
}

func (p *planner) option() luabind.Option {
	return luabind.WithDryRun(func(_ context.Context, c luabind.Change) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changes = append(p.changes, c)
	})
}

func (p *planner) text() string {
	var b strings.Builder
	for _, c := range p.changes {
		b.WriteString(c.Op + " " + c.Text + " at " + c.Where + "\n")
	}
	return b.String()
}

// In a dry run probes run, and all other commands are planned and do nothing.
func TestDryRunOfCommands(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "mark")
	var p planner
	out, err := run(t, "dry.lua", `
local mark = `+strconvQuote(mark)+`
assert(proc.run{"echo", "seen", probe = true}.stdout == "seen\n")
assert(proc.read{"echo", "seen"} == "seen")
local held = {
  proc.run{"touch", mark},
  proc.check{"touch", mark},
  proc.try{"touch", mark},
  proc.sh("touch $1", {mark}),
  proc.pipe({{"echo", "x", probe = true}, {"tee", mark}}),
  proc.spawn{"touch", mark},
  proc.run{"no such program"},
}
for i, r in ipairs(proc.parallel({{"touch", mark}, {"echo", "p", probe = true}})) do held[#held + 1] = r end
assert(held[9].stdout == "p\n")
for i, r in ipairs(held) do
  if i ~= 9 then
    for name, f in pairs{
      field = function() return r.ok end, method = function() return r:lines() end, len = function() return #r end,
      concat = function() return "x" .. r end, tostring = function() return tostring(r) end, eq = function() return r == held[1 + i % 2] end,
      pairs = function() return pairs(r) end, ipairs = function() return ipairs(r) end, print = function() print(r) end,
      set = function() r.x = 1 end, arg = function() proc.read{"echo", r} end,
    } do
      if not (name == "eq" and (i == 1 or i == 2) and rawequal(r, held[1 + i % 2])) then
        local ok, err = pcall(f)
        assert(not ok and err.kind == "planned", name .. " of " .. i .. ": " .. tostring(err))
        assert(err.message:find("^cannot predict past line %d+: it reads the output of `+"`"+`"), err.message)
      end
    end
  end
end
print("done")
`, p.option())
	if err != nil || out != "done\n" {
		t.Fatalf("%v, %s", err, out)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a planned command ran")
	}
	want := 8 // seven of touch and tee, one that does not exist
	if got := strings.Count(p.text(), "command "); got != want {
		t.Errorf("planned %d commands, want %d:\n%s", got, want, p.text())
	}
	if !strings.Contains(p.text(), "command touch "+mark+" at dry.lua:6") {
		t.Errorf("planned:\n%s", p.text())
	}
}

// The line that reads is the one that is named, uncaught.
func TestDryRunStopsWhereItIsRead(t *testing.T) {
	var p planner
	_, err := run(t, "dry.lua", "local r = proc.run{\"git\", \"pull\"}\nlocal x = 1\nif r.ok then x = 2 end\n", p.option())
	want := "dry.lua:3: cannot predict past line 3: it reads the output of `git pull`, which was only planned (probe = true if it changes nothing)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestDryRunOfSignals(t *testing.T) {
	child := exec.Command("sleep", "100")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	pid := strconv.Itoa(child.Process.Pid)
	var p planner
	_, err := run(t, "dry.lua", `
proc.signal(`+pid+`, "KILL")
local s = proc.stop(`+pid+`)
local ok, err = pcall(function() return s.gone end)
assert(not ok and err.kind == "planned", tostring(err))
assert(proc.get(`+pid+`))
`, p.option())
	if err != nil {
		t.Fatal(err)
	}
	want := "signal send KILL to sleep (" + pid + ") at dry.lua:2\nsignal stop " + pid + " \"sleep\" with TERM at dry.lua:3\n"
	if p.text() != want {
		t.Errorf("planned:\n%swant:\n%s", p.text(), want)
	}
}
