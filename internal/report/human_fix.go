package report

import (
	"slices"
	"strings"
)

const statusColumn = 11

func (s FixStatus) style() style {
	switch s {
	case FixOK, FixChanged:
		return green
	case FixPlanned:
		return cyan
	case FixBlocked, FixRolledBack:
		return yellow
	}
	return red
}

func (s FixStatus) words() string { return strings.ReplaceAll(string(s), "_", " ") }

func (h *human) fixes() {
	if len(h.r.Fixes) == 0 {
		return
	}
	h.section()
	for i := range h.r.Fixes {
		h.fix(&h.r.Fixes[i])
	}
}

func (h *human) fix(f *Fix) {
	line := []piece{{pad(f.Status.words(), statusColumn), f.Status.style()}, {"  " + f.Name, bold}}
	if f.Reason != "" {
		line = append(line, piece{"  " + f.Reason, plain})
	}
	if f.Status != FixOK && f.Status != FixBlocked && f.Status != FixPlanned {
		line = append(line, piece{"  " + took(f.Seconds), dim})
	}
	h.full(statusColumn+2, line...)
	for i := range f.Steps {
		h.step(&f.Steps[i])
	}
	if f.Error != "" && !f.stepTells() {
		h.full(statusColumn+4, indent(statusColumn+2), piece{"error: ", red}, piece{f.Error, plain})
	}
	for i := range f.Evidence {
		h.evidence(&f.Evidence[i])
	}
}

// stepTells says that the error is that of a step, which tells it.
func (f *Fix) stepTells() bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Text == f.Error })
}

func (h *human) step(s *Step) {
	looks := dim
	switch s.Status {
	case StepDone:
		looks = green
	case StepFailed, StepUndoFailed:
		looks = red
	case StepUndone:
		looks = yellow
	case StepPlanned:
		looks = cyan
	}
	line := []piece{indent(statusColumn + 2), {pad(s.Status, len(StepUndoFailed)) + "  ", looks}, {s.Title, plain}}
	if s.Text != "" {
		line = append(line, piece{": " + s.Text, plain})
	}
	h.full(statusColumn+2+len(StepUndoFailed)+2, line...)
	for i := range s.Changes {
		h.change(&s.Changes[i], statusColumn+4, s.Status == StepPlanned || h.r.DryRun)
	}
}

// evidence is told with its last lines; all of it is in JSON.
func (h *human) evidence(e *Evidence) {
	const most = 3
	lines := strings.Split(strings.TrimRight(e.Text, "\n"), "\n")
	size := counted(len(lines), "line", "lines")
	if e.Text == "" {
		size = "empty"
	}
	h.line(indent(statusColumn+2), piece{"evidence: " + e.Name + " (" + size + ")", dim})
	if e.Text == "" {
		return
	}
	for _, l := range lines[max(0, len(lines)-most):] {
		h.line(indent(statusColumn+4), piece{ellipsis(l, 400), dim})
	}
}

// otherChanges are those planned outside of the steps of fixes.
func (r *Report) otherChanges() []Change {
	if len(r.Changes) == 0 {
		return nil
	}
	type id struct{ op, text, path, where, diff string }
	inFixes := make(map[id]int)
	for i := range r.Fixes {
		for k := range r.Fixes[i].Steps {
			for _, c := range r.Fixes[i].Steps[k].Changes {
				inFixes[id{c.Op, c.Text, c.Path, c.Where, c.Diff}]++
			}
		}
	}
	var others []Change
	for _, c := range r.Changes {
		key := id{c.Op, c.Text, c.Path, c.Where, c.Diff}
		if inFixes[key] > 0 {
			inFixes[key]--
			continue
		}
		others = append(others, c)
	}
	return others
}

func (h *human) planned(changes []Change) {
	if len(changes) == 0 {
		return
	}
	h.section()
	for i := range changes {
		h.change(&changes[i], 0, true)
	}
}

// change tells of one change; planned says that it was not made.
func (h *human) change(c *Change, margin int, planned bool) {
	text := c.Text
	switch {
	case text == "" && len(c.Argv) > 0:
		text = commandLine(c.Argv)
	case text == "":
		text = c.Path
	}
	if c.Op == "command" {
		text = "run " + text
	} else if text == "" || strings.HasPrefix(text, "/") {
		text = strings.TrimRight(c.Op+" "+text, " ")
	}
	line := []piece{indent(margin)}
	if planned {
		line = append(line, piece{"would ", cyan})
	}
	line = append(line, piece{text, plain})
	if c.Where != "" {
		line = append(line, piece{"  " + c.Where, dim})
	}
	h.line(line...)
	h.diff(c.Diff, margin+2)
}

func (h *human) diff(diff string, margin int) {
	if diff == "" {
		return
	}
	inHunk := false
	for l := range strings.Lines(diff) {
		looks := plain
		switch class := diffClass(l, inHunk); class {
		case "file":
			looks = bold
		case "add":
			looks = green
		case "del":
			looks = red
		case "hunk":
			looks, inHunk = cyan, true
		}
		h.line(indent(margin), piece{strings.TrimSuffix(l, "\n"), looks})
	}
}
