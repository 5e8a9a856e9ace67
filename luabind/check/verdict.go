package check

import (
	"slices"
	"strings"

	"opslua/internal/report"
	"opslua/luabind"
)

// verdict is the error of a script whose run nobody asked to be told of.
func (e *engine) verdict() error {
	var bad []*report.Finding
	for i := range e.rep.Findings {
		if f := &e.rep.Findings[i]; f.Skipped == "" && f.State != report.OK {
			bad = append(bad, f)
		}
	}
	slices.SortStableFunc(bad, func(a, b *report.Finding) int { return byBadness(a.State, b.State) })
	var texts []string
	for _, f := range bad {
		if f.Collector {
			texts = append(texts, "collect "+f.Name+": "+f.Text)
			continue
		}
		texts = append(texts, joinWith(": ", "check "+f.Name+" is "+f.State.String(), f.Text))
	}
	for i := range e.rep.Fixes {
		if f := &e.rep.Fixes[i]; f.Status == report.FixFailed || f.Status == report.FixRolledBack {
			texts = append(texts, joinWith(": ", "fix "+f.Name+" is "+string(f.Status), f.Error))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return &luabind.Error{Kind: luabind.KindAssert, Message: strings.Join(texts, "; ")}
}

// byBadness orders states, the worst first.
func byBadness(a, b report.State) int {
	switch {
	case a == b:
		return 0
	case report.Worse(a, b) == a:
		return -1
	}
	return 1
}

func joinWith(sep, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + sep + b
}
