package check_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
)

// conf gives a script with a check of a file's content and the path of the file.
func conf(t *testing.T, b *bench, text string) (prelude, path string) {
	t.Helper()
	path = filepath.Join(b.t.TempDir(), "conf")
	put(t, path, text)
	return "local path = '" + path + "'\n" + `check("conf", {}, function(c)
  local text = disk.read(path)
  if text == "good" then c:ok("good") elseif text == "?" then c:unknown("?") elseif text == "meh" then c:warn("meh") else c:crit("it is " .. text) end
end)
`, path
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const repair = `fix("conf", {on = "conf", verify = {within = 0}}, function(f)
  f:evidence("was", disk.read(path))
  local old = disk.read(path)
  local w = f:step("write", function() return disk.write(path, "good") end, {undo = function() disk.write(path, old) end})
  f:on_change(w, function() proc.run{"true"} end)
end)
`

func TestAFixActs(t *testing.T) {
	for text, want := range map[string]string{
		"good": "ok [conf is OK]",
		"?":    "ok [conf is UNKNOWN: a fix does not act on what is not known]",
		"bad":  "changed [conf is CRITICAL] | write done write:write PATH | on change of PATH done command:true",
		"meh":  "changed [conf is WARNING] | write done write:write PATH | on change of PATH done command:true",
	} {
		b := newBench(t)
		prelude, path := conf(t, b, text)
		r := b.ok(prelude + repair)
		same(t, text, strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"), want)
		f := r.Findings[0]
		if strings.HasPrefix(want, "changed") {
			if f.State != report.OK || f.Before == nil || f.Before.State == report.OK || r.Exit(true) != 2 || r.Exit(false) != 0 {
				t.Error(asJSON(t, f))
			}
			same(t, "evidence", asJSON(t, r.Fixes[0].Evidence), `[{"Name":"was","Text":"`+text+`"}]`)
			if d := r.Fixes[0].Steps[0].Changes[0]; d.Diff == "" || d.Path != path || d.Where == "" {
				t.Error(asJSON(t, d))
			}
		} else if f.Before != nil || r.Fixes[0].Steps != nil {
			t.Error(asJSON(t, r))
		}
	}
}

func TestAFixWithoutACheck(t *testing.T) {
	b := newBench(t)
	_, path := conf(t, b, "old")
	script := `fix("f", function(f) f:step("w", function() disk.write("` + path + `", "new") end) end)`
	same(t, "first", strings.ReplaceAll(told(b.ok(script).Fixes[0]), path, "PATH"), "changed [] | w done write:write PATH")
	same(t, "second", told(b.ok(script).Fixes[0]), "ok [] | w done")
}

// Undos run in reverse, of completed steps only; the rest follows.
func TestUndo(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	fixed := func(body string) report.Fix {
		t.Helper()
		r := b.ok(prelude + `fix("f", {on = "conf"}, function(f) ` + body + ` end)`)
		return r.Fixes[0]
	}
	same(t, "reverse", told(fixed(`
f:step("one", function() end, {undo = function() print("undo one") end})
f:step("two", function() end)
f:step("three", function() end, {undo = function() print("undo three") end})
f:step("four", function() error("boom", 0) end, {undo = function() print("undo four") end})`)),
		"rolled_back [conf is CRITICAL] {boom} | one done | two done | three done | four failed (boom) | three undone | one undone")
	same(t, "order", b.out.String(), "undo three\nundo one\n")
	same(t, "none", told(fixed(`f:step("one", function() end) f:step("two", function() error("boom", 0) end)`)),
		"failed [conf is CRITICAL] {boom} | one done | two failed (boom)")
	b.out.Reset()
	same(t, "undo raises", told(fixed(`
f:step("one", function() end, {undo = function() print("undone") end})
f:step("two", function() end, {undo = function() error("bang", 0) end})
error("boom", 0)`)),
		`failed [conf is CRITICAL] {boom; the undo of "two" failed: bang} | one done | two done | two undo failed (bang) | one undone`)
	same(t, "others", b.out.String(), "undone\n")
	same(t, "caught", told(fixed(`pcall(f.step, f, "one", function() error("boom", 0) end)`)),
		"ok [conf is CRITICAL] | one failed (boom)")
	same(t, "unread", strings.SplitAfter(told(fixed(`f:step("one", function() proc.run{"false"} end) f:step("two", function() end)`)), "exit 1")[0],
		"failed [conf is CRITICAL] {false: exit 1")
	_ = path
}

func TestVerification(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	r := b.ok(prelude + `fix("f", {on = "conf", verify = {within = "150ms", every = "50ms"}}, function(f)
  local old = disk.read(path)
  f:step("write", function() disk.write(path, "worse") end, {undo = function() disk.write(path, old) end})
end)`)
	same(t, "fix", strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"), "rolled_back [conf is CRITICAL] {not verified: conf is CRITICAL after 150ms: it is worse}"+
		" | write done write:write PATH | write undone write:write PATH")
	same(t, "last state", states(r), "conf CRITICAL: it is bad")
	if r.Findings[0].Before == nil || r.Findings[0].Before.Text != "it is bad" || content(t, path) != "bad" || r.Exit(false) != 2 {
		t.Error(asJSON(t, r.Findings))
	}
	// It may come back late.
	put(t, path, "bad")
	r = b.ok(prelude + `fix("f", {on = "conf", verify = {check = "conf", within = "10s", every = "10ms"}}, function(f)
  f:step("later", function() proc.sh("(sleep 0.2; printf good > $1) >/dev/null 2>&1 &", {path}) end)
end)`)
	if r.Fixes[0].Status != report.FixChanged || r.Findings[0].State != report.OK {
		t.Error(asJSON(t, r))
	}
	// Without a verification the check of the fix still runs once more.
	put(t, path, "bad")
	r = b.ok(prelude + `fix("f", {on = "conf"}, function(f) f:step("write", function() disk.write(path, "meh") end) end)`)
	if r.Fixes[0].Status != report.FixChanged || states(r) != "conf WARNING: meh" || r.Findings[0].Before.State != report.Critical {
		t.Error(asJSON(t, r))
	}
}

func TestTimeoutOfAFix(t *testing.T) {
	b := newBench(t)
	r := b.ok(`fix("f", {timeout = "100ms"}, function(f)
  f:step("one", function() end, {undo = function() print("undone") end})
  f:step("two", function() while true do end end)
end)
fix("g", {}, function(f) f:step("g", function() end) end)`)
	same(t, "fix", told(r.Fixes[0]), "rolled_back [] {fix f: its deadline of 100ms passed} | one done | two failed (not finished: the deadline passed) | one undone")
	same(t, "next", told(r.Fixes[1]), "ok [] | g done")
}

// The end of the script ends the fix where it is: no undo, and what it owes stays.
func TestInterruptedFix(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	script := prelude + `fix("f", {on = "conf"}, function(f)
  local w = f:step("write", function() return disk.write(path, "good") end, {undo = function() print("undone") end})
  if arg[1] then time.sleep(20) end
  f:on_change(w, function() print("reloaded") end)
end)`
	slow := strings.Replace(script, "arg[1]", "true", 1)
	r, err := b.do(ctx, false, slow, nil)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindTimeout || len(r.Fixes) != 1 || r.Fixes[0].Status != report.FixFailed || b.out.Len() != 0 {
		t.Fatalf("%v %s %s", err, asJSON(t, r.Fixes), b.out.String())
	}
	r = b.ok(script) // the check is OK now, but the reload is owed
	same(t, "owed", strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"),
		"ok [conf is OK; owed from an earlier run: PATH] | write done | on change of PATH done")
	same(t, "reload", b.out.String(), "reloaded\n")
	same(t, "paid", told(b.ok(script).Fixes[0]), "ok [conf is OK]")
}

// What a run that dies between note and change owes is done by the next; where
// the check cannot tell, nothing is.
func TestOwed(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	script := prelude + `fix("f", {on = "conf"}, function(f)
  local w = disk.write(path, "good")
  f:on_change({w}, function() print("reloaded") end)
end)`
	// A watcher behind that of the fix, that stands for the end of the process.
	died := errors.New("died")
	dying := luabind.Module{Name: "dying", Doc: "x", Funcs: []luabind.Func{{Name: "arm", Doc: "arm()", Impl: func(c *luabind.Call) error {
		if err := c.Unpack(); err != nil {
			return err
		}
		c.WatchChanges(func(_ luabind.Change, s luabind.Stage) error {
			if s == luabind.Before {
				return died
			}
			return nil
		})
		return nil
	}}}}
	b.opts = []luabind.Option{luabind.WithModules(dying)}
	r := b.ok("dying.arm()\n" + script)
	if r.Fixes[0].Status != report.FixFailed || content(t, path) != "bad" {
		t.Fatal(asJSON(t, r.Fixes))
	}
	put(t, path, "?")
	same(t, "unknown", told(b.ok(script).Fixes[0]), "ok [conf is UNKNOWN: a fix does not act on what is not known]")
	put(t, path, "good")
	if d := b.dry(script).Fixes[0]; d.Status != report.FixOK || b.out.String() != "reloaded\n" {
		t.Error(asJSON(t, d), b.out.String()) // print is no change
	}
	b.out.Reset()
	b.ok(script)
	same(t, "done", b.out.String(), "reloaded\n")
	b.ok(script)
	same(t, "once", b.out.String(), "reloaded\n")
}

// A fix that failed owes; one that was rolled back does not.
func TestOwedAfterFailure(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	script := func(undo, then string) string {
		return prelude + `fix("f", {on = "conf"}, function(f)
  local w = f:step("write", function() return disk.write(path, "good") end, {undo = ` + undo + `})
  f:on_change(w, function() ` + then + ` end)
end)`
	}
	r := b.ok(script(`function() disk.write(path, "bad") end`, `error("boom", 0)`))
	if r.Fixes[0].Status != report.FixRolledBack {
		t.Fatal(asJSON(t, r.Fixes))
	}
	put(t, path, "good")
	same(t, "rolled back", told(b.ok(script(`nil`, ``)).Fixes[0]), "ok [conf is OK]")
	put(t, path, "bad")
	r = b.ok(script(`nil`, `error("boom", 0)`))
	if r.Fixes[0].Status != report.FixFailed || r.Exit(false) != 1 {
		t.Fatal(asJSON(t, r.Fixes))
	}
	r = b.ok(script(`nil`, `print("reloaded")`))
	same(t, "failed", b.out.String(), "reloaded\n")
	same(t, "paid", told(b.ok(script(`nil`, ``)).Fixes[0]), "ok [conf is OK]")
	_ = r
}

func TestSoft(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(t.TempDir(), "s")
	run := func(state string) string {
		t.Helper()
		put(t, path, state)
		r := b.ok(`check("s", {soft = 3}, function(c) local s = disk.read("` + path + `") c[s](c, "%s", s) end)
fix("f", {on = "s"}, function(f) f:step("x", function() end) end)`)
		return states(r) + " " + string(rune('0'+r.Findings[0].Attempts)) + " " + told(r.Fixes[0])
	}
	for i, c := range [][2]string{
		{"crit", "s CRITICAL: crit (soft 1/3) 1 ok [s is CRITICAL (soft 1/3): it is not hard yet]"},
		{"unknown", "s UNKNOWN: unknown 0 ok [s is UNKNOWN: a fix does not act on what is not known]"},
		{"warn", "s WARNING: warn (soft 2/3) 2 ok [s is WARNING (soft 2/3): it is not hard yet]"},
		{"crit", "s CRITICAL: crit 3 ok [s is CRITICAL] | x done"},
		{"crit", "s CRITICAL: crit 4 ok [s is CRITICAL] | x done"},
		{"ok", "s OK: ok 1 ok [s is OK]"},
		{"ok", "s OK: ok 2 ok [s is OK]"},
		{"crit", "s CRITICAL: crit (soft 1/3) 1 ok [s is CRITICAL (soft 1/3): it is not hard yet]"},
	} {
		same(t, string(rune('0'+i)), run(c[0]), c[1])
	}
	// A dry run counts itself but keeps nothing.
	for range 2 {
		put(t, path, "crit")
		r := b.dry(`check("s", {soft = 3}, function(c) c:crit("x") end)`)
		same(t, "dry", states(r), "s CRITICAL: x (soft 2/3)")
	}
}

// A check that a fix has brought back is counted from the start.
func TestSoftAfterAFix(t *testing.T) {
	b := newBench(t)
	_, path := conf(t, b, "bad")
	script := `check("s", {soft = 2}, function(c) if disk.read("` + path + `") ~= "good" then c:crit("bad") end end)
fix("f", {on = "s", verify = "s"}, function(f) f:step("x", function() disk.write("` + path + `", "good") end) end)`
	same(t, "first", states(b.ok(script)), "s CRITICAL: bad (soft 1/2)")
	same(t, "second", states(b.ok(script)), "s OK")
	put(t, path, "bad")
	same(t, "again", states(b.ok(script)), "s CRITICAL: bad (soft 1/2)")
}

func TestWithoutState(t *testing.T) {
	b := newBench(t)
	b.dir = ""
	r := b.ok(`check("s", {soft = 2}, function(c) c:crit("bad") end)
check("w", {soft = 2}, function(c) c:warn("bad") end)
check("u", {soft = 2}, function(c) c:unknown("bad") end)
fix("a", {on = "s"}, function(f) print("acted") end)
fix("b", {limit = "1/1h"}, function(f) print("acted") end)
fix("c", {lock = "x"}, function(f) print("acted") end)
fix("d", {}, function(f) f:step("x", function() end) end)`)
	same(t, "findings", states(r), "s CRITICAL: bad, soft needs a state directory: this run cannot be counted; "+
		"w UNKNOWN: soft needs a state directory: this run cannot be counted, bad; u UNKNOWN: bad")
	same(t, "a", told(r.Fixes[0]), "blocked [s is CRITICAL, and nobody can say whether that is hard: soft needs a state directory: this run cannot be counted]")
	same(t, "b", told(r.Fixes[1]), "blocked [limit needs a state directory]")
	same(t, "c", told(r.Fixes[2]), "blocked [lock needs a state directory]")
	same(t, "d", told(r.Fixes[3]), "ok [] | x done")
	same(t, "out", b.out.String(), "")
}

// State that cannot be read blocks fixes and says so.
func TestUnreadableState(t *testing.T) {
	b := newBench(t)
	b.dir = filepath.Join(t.TempDir(), "file")
	put(t, b.dir, "no folder")
	r := b.ok(`check("s", {soft = 2}, function(c) c:warn("bad") end)
check("w", {}, function(c) c:warn("bad") end)
fix("a", {on = "w"}, function(f) print("acted") end)`)
	if f := r.Fixes[0]; f.Status != report.FixBlocked || !strings.HasPrefix(f.Reason, "state cannot be read: ") || b.out.Len() > 0 {
		t.Error(told(f))
	}
	if f := r.Findings[0]; f.State != report.Unknown || !strings.HasPrefix(f.Text, "soft: state cannot be kept: ") {
		t.Error(states(r))
	}
	if r.Exit(false) != 3 {
		t.Error(r.Exit(false))
	}
}

func TestWait(t *testing.T) {
	b := newBench(t)
	fixed := func(body string) string {
		t.Helper()
		return told(b.ok(`fix("f", {}, function(f) ` + body + ` end)`).Fixes[0])
	}
	same(t, "true", fixed(`local n = 0 print(f:wait("up", {within = "5s", every = "5ms"}, function() n = n + 1 return n > 3 and n end))`), "ok [] | up done")
	same(t, "value", b.out.String(), "4\n")
	same(t, "never", fixed(`f:wait("up", {within = "30ms", every = "10ms"}, function() end)`),
		"failed [] {up: not within 30ms} | up failed (not within 30ms)")
	same(t, "raises", strings.SplitAfter(fixed(`f:wait("up", {within = "50ms", every = "10ms"}, function() proc.check{"false"} end)`), "exit 1")[0],
		"failed [] {up: not within 50ms: false: exit 1")
	same(t, "mistake", fixed(`f:wait("up", {within = "20s"}, function() error("boom", 0) end)`), "failed [] {boom} | up failed (boom)")
	same(t, "hangs", strings.SplitAfter(fixed(`f:wait("up", {within = "50ms"}, function() time.sleep(20) end)`), "50ms")[0],
		"failed [] {up: not within 50ms")
	told := 0
	for _, p := range b.progress {
		if p.Label == "up" {
			told++
		}
	}
	if told < 8 {
		t.Error("progress was told", told, "times")
	}
}

func TestOnChange(t *testing.T) {
	b := newBench(t)
	fixed := func(body string) string {
		t.Helper()
		return told(b.ok(`fix("f", {}, function(f) ` + body + ` end)`).Fixes[0])
	}
	same(t, "unchanged", fixed(`print(f:on_change({changed = false, path = "/a"}, function() print("no") end))`), "ok [] | on change of /a skipped (nothing changed)")
	same(t, "changed", fixed(`print(f:on_change({changed = true, path = "/a"}, function() return 5 end, {title = "reload"}))`), "ok [] | reload done")
	same(t, "list", fixed(`f:on_change({{changed = false, path = "/a"}, {changed = true, path = "/b"}}, function() print("yes") end)`), "ok [] | on change of /a, /b done")
	same(t, "undo", fixed(`f:on_change({changed = true}, function() end, {undo = function() print("undone") end}) error("boom", 0)`),
		"rolled_back [] {boom} | on change done | on change undone")
	same(t, "out", b.out.String(), "false\ntrue\nyes\nundone\n")
	for _, wrong := range []string{`true`, `{}`, `{path = "/a"}`, `{{changed = true}, 5}`, `"x"`} {
		if got := fixed(`f:on_change(` + wrong + `, function() end)`); !strings.Contains(got, "f:on_change: write: got ") {
			t.Error(wrong, got)
		}
	}
}

func TestEvidence(t *testing.T) {
	b := newBench(t)
	r := b.ok(`fix("f", {}, function(f)
  f:evidence("text", "a\nb") f:evidence("number", 5) f:evidence("nil", nil) f:evidence("table", {a = {1, 2}})
  f:evidence("long", ("x"):rep(2^20 + 5)) f:evidence("error", select(2, pcall(proc.check, {name = "no such process"})))
end)`)
	e := r.Fixes[0].Evidence
	if len(e) != 6 || e[0].Text != "a\nb" || e[1].Text != "5" || e[2].Text != "nil" || e[3].Text != "{\n  \"a\": [\n    1,\n    2\n  ]\n}" ||
		!strings.HasSuffix(e[4].Text, "x\n… 5 bytes more") || !strings.Contains(e[5].Text, "no such process") {
		t.Error(asJSON(t, e[:4]), asJSON(t, e[5:]))
	}
}

// Evidence takes what it gets: a fix must not fail because of what it would keep.
func TestEvidenceOfAnything(t *testing.T) {
	r := newBench(t).ok(`fix("f", {}, function(f)
  f:evidence("odd", {nan = 0/0, inf = 1/0, call = print, co = coroutine.create(print), n = 1.5})
  f:evidence("cut", ("x"):rep(2^20 - 1) .. "é")
end)`)
	e := r.Fixes[0].Evidence
	if len(e) != 2 {
		t.Fatal(told(r.Fixes[0]))
	}
	for _, part := range []string{`"nan": "nan"`, `"inf": "inf"`, `"call": "function: `, `"co": "thread: `, `"n": 1.5`} {
		if !strings.Contains(e[0].Text, part) {
			t.Errorf("no %s in %s", part, e[0].Text)
		}
	}
	if !strings.HasSuffix(e[1].Text, "x\n… 2 bytes more") {
		t.Errorf("%q", e[1].Text[len(e[1].Text)-30:])
	}
}

func TestObjectOfAFixThatHasEnded(t *testing.T) {
	r := newBench(t).ok(`local kept
fix("a", {}, function(f) kept = f end)
fix("b", {}, function(f) kept:step("x", function() end) end)`)
	same(t, "b", told(r.Fixes[1]), "failed [] {f:step: the fix has ended: this is of use only while its function runs}")
}

// A path that was not there before is the same one afterwards, through links too.
func TestOwedOfANewFile(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	if err := os.Symlink(t.TempDir(), dir+"/link"); err != nil {
		t.Fatal(err)
	}
	path := dir + "/link/new"
	script := `fix("f", {}, function(f)
  local w = disk.write("` + path + `", "x")
  FAIL
  f:on_change(w, function() print("reloaded") end)
end)`
	b.ok(strings.Replace(script, "FAIL", `error("boom", 0)`, 1))
	b.ok(strings.Replace(script, "FAIL", "", 1))
	b.ok(strings.Replace(script, "FAIL", "", 1))
	same(t, "out", b.out.String(), "reloaded\n")
}

// A step within a step takes its own changes, and is taken back after it.
func TestNestedSteps(t *testing.T) {
	b := newBench(t)
	_, path := conf(t, b, "old")
	r := b.ok(`fix("f", {}, function(f)
  f:step("outer", function()
    f:step("inner", function() disk.write("` + path + `", "new") end, {undo = function() print("inner") end})
  end, {undo = function() print("outer") end})
  error("boom", 0)
end)`)
	same(t, "fix", strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"),
		"rolled_back [] {boom} | outer done | inner done write:write PATH | outer undone | inner undone")
	same(t, "out", b.out.String(), "outer\ninner\n")
}

// What changed nothing has nothing to follow, also where the same run has
// changed the same file before.
func TestOnChangeOnlyOfAChange(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	script := prelude + `fix("f", {on = "conf"}, function(f)
  f:on_change(disk.write(path, "good"), function() print("first") end)
  f:on_change(disk.write(path, "good"), function() print("second") end)
end)`
	same(t, "steps", strings.ReplaceAll(told(b.ok(script).Fixes[0]), path, "PATH"),
		"changed [conf is CRITICAL] | write PATH done write:write PATH | on change of PATH done | on change of PATH skipped (nothing changed)")
	same(t, "out", b.out.String(), "first\n")
}
