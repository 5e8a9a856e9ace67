package report

import (
	"strconv"
	"sync"
	"testing"
)

func TestExit(t *testing.T) {
	check := func(s State) *Report { return &Report{Findings: []Finding{{State: s}}} }
	fix := func(s State, st FixStatus) *Report {
		r := check(s)
		r.Fixes = []Fix{{Status: st}}
		return r
	}
	planned := fix(Warning, FixPlanned)
	planned.Fixes[0].Steps = []Step{{Status: StepPlanned}}
	idle := fix(Warning, FixPlanned)
	idle.Fixes[0].Steps = []Step{{Status: StepSkipped}}
	stopped := check(OK)
	stopped.Incomplete = "cannot predict past line 3"
	broken := check(Critical)
	broken.Error = "line 3: no"
	skipped := &Report{Findings: []Finding{{State: Critical, Skipped: "needs x"}}}
	both := &Report{Findings: []Finding{{State: Critical}, {State: Unknown}}}
	unsure := fix(Unknown, FixChanged)
	mixed := fix(OK, FixFailed)
	mixed.Fixes = append(mixed.Fixes, Fix{Status: FixChanged})
	for i, c := range []struct {
		r                *Report
		simple, detailed int
	}{
		{&Report{}, 0, 0}, {check(OK), 0, 0}, {check(Warning), 1, 1}, {check(Critical), 2, 2}, {check(Unknown), 3, 3},
		{both, 2, 2}, {skipped, 0, 0}, {broken, 3, 3}, {stopped, 1, 1},
		{fix(OK, FixOK), 0, 0}, {fix(OK, FixChanged), 0, 2}, {fix(OK, FixFailed), 1, 1}, {fix(OK, FixRolledBack), 1, 1},
		{fix(OK, FixBlocked), 0, 0}, {fix(Critical, FixBlocked), 2, 2}, {fix(Critical, FixFailed), 2, 2},
		{planned, 1, 2}, {idle, 1, 1}, {unsure, 3, 3}, {mixed, 1, 2},
		{&Report{DryRun: true, Changes: []Change{{Op: "write"}}}, 0, 2},
	} {
		if got := c.r.Exit(false); got != c.simple {
			t.Errorf("case %d: exit %d, want %d", i, got, c.simple)
		}
		if got := c.r.Exit(true); got != c.detailed {
			t.Errorf("case %d: detailed exit %d, want %d", i, got, c.detailed)
		}
	}
}

func TestRecorderTakesFromManyAndIsBounded(t *testing.T) {
	r := &Report{}
	rec := NewRecorder(r)
	var wg sync.WaitGroup
	const each = maxCommands/4 + 25
	for range 4 {
		wg.Go(func() {
			for i := range each {
				rec.Command(Command{Argv: []string{strconv.Itoa(i)}})
			}
			rec.Change(Change{Op: "write"})
		})
	}
	wg.Wait()
	if len(r.Commands) != maxCommands || r.CommandsOmitted != 100 || len(r.Changes) != 4 {
		t.Errorf("%d commands, %d omitted, %d changes", len(r.Commands), r.CommandsOmitted, len(r.Changes))
	}
}
