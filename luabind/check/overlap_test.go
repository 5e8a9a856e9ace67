package check_test

import (
	"sync"
	"testing"

	"opslua/internal/report"
)

// Runs that overlap lose none of each other's counts, nor let more attempts
// through than the limit.
func TestOverlappingRuns(t *testing.T) {
	dir := t.TempDir()
	const runs = 12
	script := `check("s", {soft = 100}, function(c) c:crit("bad") end)
fix("f", {limit = "5/1h"}, function(f) f:step("x", function() end) end)`
	var mu sync.Mutex
	acted := 0
	var wg sync.WaitGroup
	for range runs {
		b := newBench(t)
		b.dir = dir
		wg.Go(func() {
			r, err := b.do(t.Context(), false, script, nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case r.Fixes[0].Status == report.FixOK:
				acted++
			case r.Fixes[0].Status != report.FixBlocked:
				t.Error(told(r.Fixes[0]))
			}
		})
	}
	wg.Wait()
	if acted != 5 {
		t.Errorf("%d attempts were let through", acted)
	}
	b := newBench(t)
	b.dir = dir
	if f := b.ok(script).Findings[0]; f.Attempts != runs+1 || f.Soft.N != runs+1 {
		t.Error(f.Attempts, f.Soft)
	}
}

// A run crosses out only what it noted itself or found.
func TestDebtsOfOverlappingRuns(t *testing.T) {
	b := newBench(t)
	prelude, _ := conf(t, b, "bad")
	second := newBench(t)
	second.dir = b.dir
	// The second run changes the file after the first has, and fails: it owes.
	failing := prelude + `fix("f", {}, function(f) disk.write(path, "good2") error("boom", 0) f:on_change({}, print) end)`
	b.opts = hook("second", func() { second.ok(failing) })
	b.ok(prelude + `fix("f", {}, function(f) disk.write(path, "good") hook.second() end)`)
	r := second.ok(prelude + `fix("f", {}, function(f) f:on_change({changed = false, path = path}, function() end) end)`)
	if f := r.Fixes[0]; len(f.Steps) != 1 || f.Steps[0].Status != report.StepDone {
		t.Error(told(f))
	}
}
