package check_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/internal/store"
)

// clocked is a bench whose clock stands still.
func clocked(t *testing.T) *bench {
	b := newBench(t)
	b.now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return b
}

func TestLimit(t *testing.T) {
	b := clocked(t)
	good := `fix("f", {limit = "3/1h"}, function(f) f:evidence("e", "x") f:step("x", function() end) end)`
	bad := strings.Replace(good, "function() end", "function() error('boom', 0) end", 1)
	at := func(minutes int, script, want string) {
		t.Helper()
		b.now = time.Date(2026, 1, 1, 0, minutes, 0, 0, time.UTC)
		same(t, "minute", told(b.ok(script).Fixes[0]), want)
	}
	const done, failed = "ok [] | x done", "failed [] {boom} | x failed (boom)"
	blocked := func(until string) string {
		return "blocked [limit 3/1h is reached; the next attempt is let through at 2026-01-01T" + until + ":00Z]"
	}
	at(0, good, done)
	at(1, bad, failed) // failed ones count too
	b.dry(good)        // dry ones do not
	at(2, good, done)
	at(3, good, blocked("01:02"))
	at(61, good, blocked("01:02"))
	at(62, bad, failed) // let through, failed: the window starts again
	at(63, good, blocked("02:02"))
	at(121, good, blocked("02:02"))
	at(122, good, done) // let through, and well: the others are forgotten, it counts
	at(123, good, done)
	at(124, bad, failed)
	at(125, good, blocked("03:04"))
}

// The attempts of the window count, not those before.
func TestLimitSlides(t *testing.T) {
	b := clocked(t)
	script := `fix("f", {limit = "2/1h"}, function(f) f:step("x", function() end) end)`
	for i, ok := range []bool{true, true, true, true} { // one each 61 minutes
		b.now = b.now.Add(61 * time.Minute)
		if f := b.ok(script).Fixes[0]; (f.Status == report.FixOK) != ok {
			t.Error(i, told(f))
		}
	}
}

// Without a step nothing is counted, but a change outside of one is.
func TestWhatCounts(t *testing.T) {
	b := clocked(t)
	path := filepath.Join(t.TempDir(), "x")
	for range 3 {
		same(t, "nothing", told(b.ok(`fix("f", {limit = "1/1h"}, function(f) f:evidence("e", 1) end)`).Fixes[0]), "ok []")
	}
	change := `fix("f", {limit = "1/1h"}, function(f) disk.write("` + path + `", "x") end)`
	same(t, "change", strings.ReplaceAll(told(b.ok(change).Fixes[0]), path, "PATH"), "changed [] | write PATH done write:write PATH")
	if f := b.ok(change).Fixes[0]; f.Status != report.FixBlocked {
		t.Error(told(f))
	}
	if f := b.ok(strings.Replace(change, "1/1h", "5/1h", 1)).Fixes[0]; f.Status != report.FixOK {
		t.Error("a wider limit", told(f))
	}
}

// A clock that was set back does not block for longer than the window.
func TestLimitAndTheClock(t *testing.T) {
	b := clocked(t)
	script := `fix("f", {limit = "1/1h"}, function(f) f:step("x", function() end) end)`
	b.now = b.now.AddDate(10, 0, 0)
	b.ok(script)
	b.now = b.now.AddDate(-10, 0, 0)
	if f := b.ok(script).Fixes[0]; f.Status != report.FixBlocked || !strings.Contains(f.Reason, "2026-01-01T01:00:00Z") {
		t.Error(told(f))
	}
	b.now = b.now.Add(time.Hour)
	same(t, "later", told(b.ok(script).Fixes[0]), "ok [] | x done")
}

// Two runs that overlap: both have looked, one counts.
func TestLimitOfOverlappingRuns(t *testing.T) {
	b := clocked(t)
	inner := `fix("f", {limit = "1/1h"}, function(f) f:step("x", function() end) end)`
	first := clocked(t)
	first.dir = b.dir
	var other report.Fix
	second := clocked(t)
	second.dir = b.dir
	first.opts = hook("second", func() { other = second.ok(inner).Fixes[0] })
	got := first.ok(`fix("f", {limit = "1/1h"}, function(f) hook.second() pcall(f.step, f, "x", function() print("acted") end) end)`).Fixes[0]
	same(t, "second", told(other), "ok [] | x done")
	same(t, "first", told(got), "blocked [limit 1/1h is reached; the next attempt is let through at 2026-01-01T01:00:00Z]")
	same(t, "out", first.out.String(), "")
}

func TestLock(t *testing.T) {
	b := newBench(t)
	l, err := store.New(b.dir).Lock(t.Context(), "web", 0)
	if err != nil {
		t.Fatal(err)
	}
	script := `fix("f", {lock = "web"}, function(f) f:step("x", function() end) end)`
	f := b.ok(script).Fixes[0]
	if f.Status != report.FixBlocked || !strings.Contains(f.Reason, `the lock "web" is held by `) || strings.HasSuffix(f.Reason, "locked") {
		t.Error(told(f))
	}
	go func() {
		time.Sleep(100 * time.Millisecond)
		_ = l.Unlock()
	}()
	waiting := strings.Replace(script, `"web"`, `"web", wait = "20s"`, 1)
	same(t, "waited", told(b.ok(waiting).Fixes[0]), "ok [] | x done")
	same(t, "released", told(b.ok(script).Fixes[0]), "ok [] | x done")
}

// A run that gets the lock after another one has put things right does not act.
func TestOvertaken(t *testing.T) {
	b := newBench(t)
	prelude, path := conf(t, b, "bad")
	script := prelude + strings.Replace(repair, `on = "conf"`, `on = "conf", lock = "conf"`, 1)
	second := newBench(t)
	second.dir = b.dir
	var other report.Fix
	b.opts = hook("second", func() { other = second.ok(script).Fixes[0] })
	// The second run comes between the check and the fix of the first.
	r := b.ok(prelude + `collect("m", function(m) hook.second() end)` + strings.TrimPrefix(script, prelude))
	if other.Status != report.FixChanged || content(t, path) != "good" {
		t.Fatal(told(other))
	}
	same(t, "first", told(r.Fixes[0]), "ok [conf is OK]")
	same(t, "finding", states(r), "conf OK: good")
}

// What is kept and cannot be understood blocks.
func TestDamagedHistory(t *testing.T) {
	b := newBench(t)
	err := store.New(b.dir).Update(t.Context(), "t.lua", func(tx store.Tx) error {
		if err := tx.Put("soft", "s", []byte("{")); err != nil {
			return err
		}
		return tx.Put("limit", "f", []byte(`{"limit":5}`))
	})
	if err != nil {
		t.Fatal(err)
	}
	r := b.ok(`check("s", {soft = 2}, function(c) c:ok("x") end)
fix("f", {limit = "1/1h"}, function(f) print("acted") end)`)
	if f := r.Fixes[0]; f.Status != report.FixBlocked || !strings.HasPrefix(f.Reason, `state cannot be read: what was kept of limit "f" cannot be understood`) {
		t.Error(told(f))
	}
	if !strings.HasPrefix(states(r), `s UNKNOWN: soft: state cannot be kept: what was kept of soft "s"`) || b.out.Len() > 0 {
		t.Error(states(r))
	}
}
