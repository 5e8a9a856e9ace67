package report

import (
	"strings"

	"opslua/internal/units"
)

type htmlFix struct {
	Badge     htmlBadge
	Name, On  string
	Reason    string
	Error     htmlBlock
	Duration  string
	Steps     []htmlStep
	StepsMore string
	Evidence  []htmlEvidence
	EvidMore  string
}

type htmlStep struct {
	Badge       htmlBadge
	Title       string
	Text        htmlBlock
	Duration    string
	Changes     []htmlChange
	ChangesMore string
}

type htmlEvidence struct {
	Name, Size string
	Text       htmlBlock
}

type htmlChange struct {
	Op, Text, Path string
	Command        string
	Where          string
	Diff           *htmlDiff
}

func htmlFixBadge(s FixStatus) htmlBadge {
	word := strings.ToUpper(s.words())
	switch s {
	case FixOK:
		return htmlBadge{"ok", "ok", word}
	case FixChanged:
		return htmlBadge{"done", "ok", word}
	case FixFailed:
		return htmlBadge{"crit", "crit", word}
	case FixRolledBack:
		return htmlBadge{"warn", "back", word}
	case FixBlocked:
		return htmlBadge{"unk", "skip", word}
	case FixPlanned:
		return htmlBadge{"plan", "plan", word}
	}
	return htmlBadge{"unk", "unk", "UNKNOWN"}
}

func htmlStepBadge(status string) htmlBadge {
	switch status {
	case StepDone:
		return htmlBadge{"ok", "ok", status}
	case StepFailed, StepUndoFailed:
		return htmlBadge{"crit", "crit", status}
	case StepPlanned:
		return htmlBadge{"plan", "plan", status}
	case StepUndone:
		return htmlBadge{"warn", "back", status}
	case StepSkipped:
		return htmlBadge{"skip", "skip", status}
	}
	return htmlBadge{"unk", "unk", "unknown"}
}

func (p *htmlPage) fixes(c *htmlClip, r *Report) {
	fixes, more := htmlTake(c, r.Fixes, 500)
	for i := range fixes {
		p.Fixes = append(p.Fixes, c.fix(&fixes[i]))
	}
	p.FixesMore = htmlMore(more, "fix", "fixes")
	p.Planned, p.PlannedMore = c.changes(r.otherChanges(), 1000)
}

func (c *htmlClip) fix(f *Fix) htmlFix {
	v := htmlFix{
		Badge: htmlFixBadge(f.Status), Name: c.line(f.Name), On: c.line(f.On),
		Reason: c.line(f.Reason), Error: c.block(f.Error), Duration: htmlSeconds(f.Seconds),
	}
	if f.Name == "" {
		v.Name = "(no name)"
	}
	steps, more := htmlTake(c, f.Steps, 200)
	for i := range steps {
		s := &steps[i]
		shown := htmlStep{Badge: htmlStepBadge(s.Status), Title: c.line(s.Title), Duration: htmlSeconds(s.Seconds)}
		if s.Text != f.Error { // else it stands above
			shown.Text = c.block(s.Text)
		}
		shown.Changes, shown.ChangesMore = c.changes(s.Changes, 200)
		v.Steps = append(v.Steps, shown)
	}
	v.StepsMore = htmlMore(more, "step", "steps")
	evidence, more := htmlTake(c, f.Evidence, 100)
	for _, e := range evidence {
		lines := strings.Count(strings.TrimSuffix(e.Text, "\n"), "\n") + 1
		if e.Text == "" {
			lines = 0
		}
		size := counted(lines, "line", "lines") + ", " + units.FormatBytes(int64(len(e.Text)))
		v.Evidence = append(v.Evidence, htmlEvidence{c.line(e.Name), size, c.block(e.Text)})
	}
	v.EvidMore = htmlMore(more, "piece of evidence", "pieces of evidence")
	return v
}

func (c *htmlClip) changes(list []Change, most int) ([]htmlChange, string) {
	list, more := htmlTake(c, list, most)
	var out []htmlChange
	for i := range list {
		ch := &list[i]
		shown := htmlChange{
			Op: c.line(ch.Op), Text: c.line(ch.Text), Where: c.line(ch.Where),
			Command: c.line(commandLine(ch.Argv)), Diff: c.diff(ch.Diff),
		}
		if !strings.Contains(ch.Text, ch.Path) {
			shown.Path = c.line(ch.Path)
		}
		if shown.Command == shown.Text || strings.Join(ch.Argv, " ") == ch.Text {
			shown.Text = ""
		}
		out = append(out, shown)
	}
	return out, htmlMore(more, "change", "changes")
}

// htmlDiff is a unified diff by lines, with how many it adds and removes.
type htmlDiff struct {
	Added, Removed int
	Lines          []htmlDiffLine
}

type htmlDiffLine struct{ Class, Text string }

const htmlDiffLines = 2000

func (c *htmlClip) diff(text string) *htmlDiff {
	if text == "" {
		return nil
	}
	d := &htmlDiff{}
	inHunk := false
	for line := range strings.Lines(text) {
		class := diffClass(line, inHunk)
		inHunk = inHunk || class == "hunk"
		switch class {
		case "add":
			d.Added++
		case "del":
			d.Removed++
		}
	}
	block := c.block(text)
	lines := c.diffLines(block.Head, false)
	if block.Cut != "" {
		lines = append(lines, htmlDiffLine{"cut", "… " + block.Cut + " …"})
		lines = append(lines, c.diffLines(block.Tail, true)...)
	}
	d.Lines, _ = htmlTake(c, lines, htmlDiffLines)
	if more := len(lines) - len(d.Lines); more > 0 {
		d.Lines = append(d.Lines, htmlDiffLine{"cut", "… " + htmlMore(more, "line", "lines") + " …"})
	}
	return d
}

func (c *htmlClip) diffLines(text string, inHunk bool) []htmlDiffLine {
	var list []htmlDiffLine
	for line := range strings.Lines(text) {
		class := diffClass(line, inHunk)
		inHunk = inHunk || class == "hunk"
		list = append(list, htmlDiffLine{class, strings.TrimSuffix(line, "\n")})
	}
	return list
}
