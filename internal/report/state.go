package report

import "slices"

// State is what a check found. Its number is the exit code of a monitoring
// plugin; the order by badness is that of Worse.
type State int

// The four states.
const (
	OK       State = 0
	Warning  State = 1
	Critical State = 2
	Unknown  State = 3
)

// String gives the word that every format uses.
func (s State) String() string {
	switch s {
	case OK:
		return "OK"
	case Warning:
		return "WARNING"
	case Critical:
		return "CRITICAL"
	}
	return "UNKNOWN"
}

// badness orders the states: a known CRITICAL is never hidden by an UNKNOWN.
func (s State) badness() int {
	switch s {
	case OK:
		return 0
	case Warning:
		return 1
	case Critical:
		return 3
	}
	return 2
}

// Worse gives the worse of two states: OK, WARNING, UNKNOWN, CRITICAL.
func Worse(a, b State) State {
	if b.badness() > a.badness() {
		return b
	}
	return a
}

// State is the worst of the findings that count. A report that could not be
// evaluated is UNKNOWN unless something CRITICAL is known.
func (r *Report) State() State {
	worst := OK
	if r.Error != "" {
		worst = Unknown
	}
	for i := range r.Findings {
		if r.Findings[i].Skipped == "" {
			worst = Worse(worst, r.Findings[i].State)
		}
	}
	return worst
}

// tally is how many findings are in which state.
type tally struct {
	states     [4]int // by State
	skipped    int
	collectors int // of all of them, those of collectors
}

func (r *Report) tally() (t tally) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Collector {
			t.collectors++
		}
		switch {
		case f.Skipped != "":
			t.skipped++
		case f.State >= OK && f.State <= Unknown:
			t.states[f.State]++
		default:
			t.states[Unknown]++
		}
	}
	return t
}

// worstFirst are the findings in the order in which one reads them in need, the
// skipped ones last; within one state it is that of the script.
func (r *Report) worstFirst() []*Finding {
	list := make([]*Finding, len(r.Findings))
	for i := range r.Findings {
		list[i] = &r.Findings[i]
	}
	rank := func(f *Finding) int {
		if f.Skipped != "" {
			return -1
		}
		return f.State.badness()
	}
	slices.SortStableFunc(list, func(a, b *Finding) int { return rank(b) - rank(a) })
	return list
}
