package report

import (
	"strconv"
	"strings"
)

// ending tells what holds for the whole run; the last line counts.
func (h *human) ending() {
	h.section()
	if h.r.Verified != nil {
		v := h.r.Verified
		h.whole(piece{"verified: " + v.Bundle + " " + v.Digest + ", signed by " + strings.Join(v.Signers, ", "), dim})
	}
	for _, what := range h.r.Degraded {
		h.whole(piece{"degraded: " + what, yellow})
	}
	if h.r.Incomplete != "" {
		h.whole(piece{"the plan ends here: ", yellow}, piece{h.r.Incomplete, plain})
	}
	if h.r.Error != "" {
		h.whole(piece{"error: ", red}, piece{h.r.Error, plain})
	}
	h.whole(h.summary()...)
}

// summary counts: "5 checks: 3 OK, 1 WARNING, 1 skipped; 1 fix: 1 changed; 0.4 s".
func (h *human) summary() []piece {
	var line []piece
	add := func(s style, text string) { line = append(line, piece{text, s}) }
	if h.r.DryRun {
		add(cyan, "dry run; ")
	}
	h.countFindings(add)
	h.countFixes(add)
	if n := len(h.r.Metrics); n > 0 {
		add(plain, counted(n, "metric", "metrics")+"; ")
	}
	if n := h.plannedChanges(); h.r.DryRun && n > 0 {
		add(plain, counted(n, "planned change", "planned changes")+"; ")
	}
	add(dim, took(h.r.Seconds))
	return line
}

// plannedChanges counts those of the plan, those within fixes once.
func (h *human) plannedChanges() int {
	n := len(h.r.otherChanges())
	for i := range h.r.Fixes {
		for k := range h.r.Fixes[i].Steps {
			n += len(h.r.Fixes[i].Steps[k].Changes)
		}
	}
	return n
}

func (h *human) countFindings(add func(style, string)) {
	n := len(h.r.Findings)
	if n == 0 {
		return
	}
	t := h.r.tally()
	what := counted(n, "check", "checks")
	if t.collectors > 0 {
		what = counted(n, "finding", "findings")
	}
	add(bold, what)
	sep := ": "
	for _, s := range [4]State{OK, Warning, Critical, Unknown} {
		if t.states[s] > 0 {
			add(plain, sep)
			add(s.style(), strconv.Itoa(t.states[s])+" "+s.String())
			sep = ", "
		}
	}
	if t.skipped > 0 {
		add(plain, sep)
		add(dim, strconv.Itoa(t.skipped)+" skipped")
	}
	add(plain, "; ")
}

func (h *human) countFixes(add func(style, string)) {
	n := len(h.r.Fixes)
	if n == 0 {
		return
	}
	count := make(map[FixStatus]int)
	for i := range h.r.Fixes {
		count[h.r.Fixes[i].Status]++
	}
	add(bold, counted(n, "fix", "fixes"))
	sep := ": "
	for _, s := range [6]FixStatus{FixOK, FixChanged, FixPlanned, FixBlocked, FixRolledBack, FixFailed} {
		if count[s] > 0 {
			add(plain, sep)
			add(s.style(), strconv.Itoa(count[s])+" "+s.words())
			sep = ", "
		}
	}
	add(plain, "; ")
}
