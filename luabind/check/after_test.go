package check_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
)

// What was skipped because of a check that a fix has put right runs then, before
// the next fix: the last state counts.
func TestSkippedChecksRunAfterAFix(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	script := prelude + `
check("page", {needs = {"conf"}, soft = 2}, function(c) c:crit("page is down") end)
check("deep", {needs = {"page"}}, function(c) c:ok("deep") end)
check("leaf", {needs = {"conf"}}, function(c) c:ok("leaf") end)
fix("early", {on = "leaf"}, function(f) f:step("x", function() end) end)
fix("conf", {on = "conf"}, function(f) f:step("write", function() disk.write(path, "good") end) end)
fix("page", {on = "page"}, function(f) f:step("x", function() end) end)`
	same(t, "dry", states(b.dry(script)), `conf CRITICAL: it is bad; page skipped (needs "conf", which is CRITICAL); `+
		`deep skipped (needs "page", which was skipped); leaf skipped (needs "conf", which is CRITICAL)`)
	r := b.ok(script)
	same(t, "findings", states(r), `conf OK: good; page CRITICAL: page is down (soft 1/2); deep skipped (needs "page", which is CRITICAL); leaf OK: leaf`)
	same(t, "early", told(r.Fixes[0]), `ok [leaf was skipped: needs "conf", which is CRITICAL]`)
	same(t, "page", told(r.Fixes[2]), `ok [page is CRITICAL (soft 1/2): it is not hard yet]`)
	if f := r.Findings[3]; f.Before == nil || f.Before.Skipped == "" {
		t.Error(asJSON(t, f))
	}
	put(t, path, "bad")
	same(t, "next run", states(b.ok(script)), `conf OK: good; page CRITICAL: page is down; deep skipped (needs "page", which is CRITICAL); leaf OK: leaf`)
}

// A problem that a fix causes is as new as it is: no fix for it acts at once.
func TestSoftOfACheckThatAFixBroke(t *testing.T) {
	for _, first := range []string{"ok", "unknown"} {
		b := newBench(t)
		_, path := conf(t, b, first)
		script := `local path = "` + path + `"
check("s", {soft = 3}, function(c) local s = disk.read(path) c[s](c, "%s", s) end)
fix("breaks", {verify = {check = "s", within = 0}}, function(f) f:step("x", function() disk.write(path, "crit") end) end)
fix("s", {on = "s"}, function(f) f:step("x", function() end) end)`
		r := b.ok(script)
		same(t, first, states(r)+" "+told(r.Fixes[1]), "s CRITICAL: crit (soft 1/3) ok [s is CRITICAL (soft 1/3): it is not hard yet]")
		same(t, first+", again", states(b.ok(script)), "s CRITICAL: crit (soft 2/3)")
	}
}

// An undo may wait, keep evidence and have steps of its own.
func TestUndoUsesTheFix(t *testing.T) {
	b := newBench(t)
	r := b.ok(`fix("f", {}, function(f)
  f:step("one", function() end, {undo = function()
    f:evidence("e", "x")
    f:step("again", function() end, {undo = function() print("no undo of an undo") end})
    f:wait("up", function() return true end)
  end})
  error("boom", 0)
end)`)
	same(t, "fix", told(r.Fixes[0]), "rolled_back [] {boom} | one done | one undone | again done | up done")
	if len(r.Fixes[0].Evidence) != 1 || b.out.Len() > 0 {
		t.Error(asJSON(t, r.Fixes[0].Evidence), b.out.String())
	}
}

// Who ends a run is told what it leaves behind.
func TestInterruptedFixSaysWhatIsLeft(t *testing.T) {
	interrupted := func(script string) string {
		t.Helper()
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		b.opts = hook("interrupt", cancel)
		r, err := b.do(ctx, false, script, nil)
		if err == nil || len(r.Fixes) != 1 {
			t.Fatal(err, asJSON(t, r.Fixes))
		}
		return told(r.Fixes[0])
	}
	same(t, "between", interrupted(`fix("f", {}, function(f)
  f:step("one", function() end, {undo = function() end})
  f:step("two", function() end, {undo = function() end})
  f:step("three", function() hook.interrupt() time.sleep(20) end, {undo = function() end})
end)`), `failed [] {not finished: interrupted; not taken back: "two", "one"} | one done | two done | three failed (not finished: interrupted)`)
	same(t, "in the undo", interrupted(`fix("f", {}, function(f)
  f:step("one", function() end, {undo = function() end})
  f:step("two", function() end, {undo = function() hook.interrupt() while true do end end})
  error("boom", 0)
end)`), `failed [] {boom; the undo of "two" failed: not finished: interrupted; not taken back: "one"} | one done | two done | two undo failed (not finished: interrupted)`)
	same(t, "exit", interrupted(`fix("f", {}, function(f)
  f:step("one", function() end, {undo = function() end})
  exit(3)
end)`), `failed [] {the script ended itself: exit(3); not taken back: "one"} | one done`)
}

// An interrupt does not cut the undos: they run, and their outcome is kept. A
// second one does.
func TestUndoOfAnInterruptedFix(t *testing.T) {
	for _, c := range []struct{ second, want string }{
		{"", `rolled_back [conf is CRITICAL] {not finished: interrupted} | write done write:write PATH | slow failed (not finished: interrupted) | write undone write:write PATH.note write:write PATH`},
		{"hook.hurry()", `failed [conf is CRITICAL] {not finished: interrupted; the undo of "write" failed: not finished: interrupted; not taken back: "first"}` +
			` | first done | write done write:write PATH | slow failed (not finished: interrupted) | write undo failed (not finished: interrupted)`},
	} {
		b := newBench(t)
		prelude, path := conf(t, b, "bad")
		ctx, cancel := context.WithCancel(t.Context())
		hurry := make(chan struct{})
		b.opts = append(hook("interrupt", cancel), luabind.WithHurry(hurry))
		if c.second != "" {
			b.opts = append(hook("hurry", func() { close(hurry) }), luabind.WithHurry(hurry))
			time.AfterFunc(time.Second, cancel)
		}
		script := prelude + `fix("f", {on = "conf"}, function(f)
  if hook_second then f:step("first", function() end, {undo = function() end}) end
  local w = f:step("write", function() return disk.write(path, "good") end, {undo = function()
    if hook_second then hook.hurry() end
    for i = 1, 1e5 do end
    disk.write(path .. ".note", "taken back")
    disk.write(path, "bad")
  end})
  f:step("slow", function() if not hook_second then hook.interrupt() end time.sleep(20) end)
  f:on_change(w, function() end)
end)`
		r, err := b.do(ctx, false, strings.ReplaceAll(script, "hook_second", map[bool]string{true: "true", false: "false"}[c.second != ""]), nil)
		if err == nil || len(r.Fixes) != 1 {
			t.Fatal(err, asJSON(t, r.Fixes))
		}
		same(t, c.second, strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"), c.want)
		b.opts = nil
		next := told(b.ok(prelude + `fix("f", {on = "conf"}, function(f) f:on_change({changed = false, path = path}, function() end) end)`).Fixes[0])
		if owes := strings.Contains(next, "owed"); owes != (c.second != "") {
			t.Error(c.second, next)
		}
	}
}

// A run that ends while it waits for a lock has done nothing, and says so.
func TestInterruptedWaitForALock(t *testing.T) {
	b, other := newBench(t), newBench(t)
	other.dir = b.dir
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var waited report.Fix
	b.opts = hook("second", func() {
		r, err := other.do(ctx, false, `fix("f", {lock = "l", wait = "20s"}, function() end)`, nil)
		if err == nil || len(r.Fixes) != 1 {
			t.Fatal(err, asJSON(t, r.Fixes))
		}
		waited = r.Fixes[0]
	})
	b.ok(`fix("f", {lock = "l"}, function() hook.second() end)`)
	same(t, "fix", told(waited), "blocked [not finished: the deadline passed]")
}

// A dry run says what a run would do, and that would be blocked.
func TestDryRunAtTheLimit(t *testing.T) {
	b := clocked(t)
	script := `fix("f", {limit = "1/1h"}, function(f) f:step("x", function() proc.run({"touch", "/nonexistent/x"}, {ok = "any"}) end) end)`
	for range 3 {
		if f := b.dry(script).Fixes[0]; f.Status != report.FixPlanned {
			t.Fatal(told(f))
		}
	}
	b.ok(script)
	b.now = b.now.Add(-time.Minute) // a clock that was set back is not set right by a dry run
	for range 2 {
		if f := b.dry(script).Fixes[0]; f.Status != report.FixBlocked || !strings.HasPrefix(f.Reason, "limit 1/1h is reached; ") {
			t.Error(told(f))
		}
	}
}

// An option that was left empty by mistake must not read as one that is not there.
func TestEmptyOptionsOfAFix(t *testing.T) {
	for option, want := range map[string]string{
		`on = ""`:    `fix: on: an empty text, want the name of a check; without on, the fix acts in every run`,
		`on = false`: `fix: on: `,
		`lock = ""`:  `fix: lock: an empty text, want a name`,
	} {
		newBench(t).refused(`fix("f", {`+option+`}, function() end)`, "usage", want, nil)
	}
}

// Coroutines may leave steps in any order.
func TestStepsInCoroutines(t *testing.T) {
	b := newBench(t)
	_, path := conf(t, b, "x")
	r := b.ok(`local path = "` + path + `"
fix("f", {}, function(f)
  local co = coroutine.create(function() f:step("a", function() coroutine.yield() end) end)
  coroutine.resume(co)
  f:step("b", function()
    coroutine.resume(co)
    disk.write(path, "y")
  end)
end)`)
	same(t, "fix", strings.ReplaceAll(told(r.Fixes[0]), path, "PATH"), "changed [] | a done | b done write:write PATH")
}

// A fix from whose changes nothing follows owes nothing: where it failed and the
// check has come back by itself, it does not act.
func TestNothingFollows(t *testing.T) {
	for text, owes := range map[string]bool{
		``:                                     false,
		`local x = {}`:                         false,
		`f:on_change({}, print)`:               true,
		`local g = f.on_change`:                true,
		`helper(f)`:                            true,
		`lib.deep.helper(f)`:                   true,
		`later(f)`:                             true,
		`loadstring("x:on_change()")`:          true,
		`local function y() f.on_change() end`: true,
	} {
		b := newBench(t)
		prelude, path := conf(t, b, "bad")
		script := prelude + `
local lib = {deep = {helper = function(f) return f.on_change end}}
local function helper(f) return f.on_change end
fix("f", {on = "conf"}, function(f) disk.write(path, "worse") error("boom", 0) ` + text + ` end)`
		if text == "later(f)" {
			script += "\nfunction later(f) f:on_change() end"
		}
		b.ok(script)
		put(t, path, "good")
		want := "ok [conf is OK]"
		if owes {
			want = "failed [conf is OK; owed from an earlier run: PATH] {boom} | write PATH done write:write PATH"
		}
		same(t, text, strings.ReplaceAll(told(b.ok(script).Fixes[0]), path, "PATH"), want)
	}
}

// An undo that does not end is ended by the time of the fix, and the others run.
func TestUndoThatHangs(t *testing.T) {
	r := newBench(t).ok(`fix("f", {timeout = "100ms"}, function(f)
  f:step("one", function() end, {undo = function() end})
  f:step("two", function() end, {undo = function() while true do end end})
  error("boom", 0)
end)`)
	same(t, "fix", told(r.Fixes[0]), `failed [] {boom; the undo of "two" failed: its deadline of 100ms passed}`+
		` | one done | two done | two undo failed (its deadline of 100ms passed) | one undone`)
}
