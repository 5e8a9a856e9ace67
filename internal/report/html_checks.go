package report

import (
	"fmt"

	"opslua/internal/units"
)

type htmlFinding struct {
	Badge     htmlBadge
	Name      string
	Text      string
	Soft      string
	Attempts  string
	Skipped   string
	Needs     []string
	Duration  string
	Lines     []htmlLine
	LinesMore string
	Values    []htmlValue // those with a bar or thresholds, then the others
	ValsMore  string
	Before    *htmlFinding
}

type htmlLine struct {
	Badge htmlBadge
	Text  string
}

type htmlValue struct {
	Badge    htmlBadge
	Label    string
	Number   string
	Was      string // the number before the fixes
	Note     string
	Limits   []htmlLimit
	Bar      *htmlBar
	Unjudged bool // measured without a threshold
}

// htmlLimit is a threshold in words: "warning above 80%".
type htmlLimit struct{ Class, Word, Range string }

const htmlUnitBytes = 40

func (p *htmlPage) checks(c *htmlClip, r *Report) {
	findings, more := htmlTake(c, r.worstFirst(), 1000)
	for _, f := range findings {
		p.Checks = append(p.Checks, c.finding(f))
	}
	p.ChecksMore = htmlMore(more, "check", "checks")
}

func (c *htmlClip) finding(f *Finding) htmlFinding {
	v := htmlFinding{
		Badge: htmlBadgeOf(f), Name: c.line(f.Name), Text: c.line(f.Text),
		Skipped: c.line(f.Skipped), Duration: htmlSeconds(f.Seconds),
	}
	if f.Name == "" {
		v.Name = "(no name)"
	}
	if f.Soft != nil {
		v.Soft = fmt.Sprintf("soft %d/%d", f.Soft.N, f.Soft.Of)
	} else if f.Attempts > 1 && f.State != OK {
		v.Attempts = fmt.Sprintf("%d runs in a row", f.Attempts)
	}
	if f.Skipped == "" { // else the reason names them
		needs, _ := htmlTake(c, f.Needs, 50)
		v.Needs = c.lines(needs)
	}
	v.Lines, v.LinesMore = c.statements(f)
	v.Values, v.ValsMore = c.values(f)
	if b := f.was(); b != nil {
		before := *b
		before.Before = nil // there is one state before, not a chain
		shown := c.finding(&before)
		v.Before = &shown
	}
	return v
}

// statements are the lines of a check beside the one that stands in its text.
func (c *htmlClip) statements(f *Finding) ([]htmlLine, string) {
	lines := f.Lines
	if len(lines) > 0 && lines[0].Text == f.Text {
		lines = lines[1:]
	}
	lines, more := htmlTake(c, lines, 200)
	var list []htmlLine
	for _, l := range lines {
		if l.Text != f.Text {
			list = append(list, htmlLine{htmlState(l.State), c.line(l.Text)})
		}
	}
	return list, htmlMore(more, "line", "lines")
}

func (c *htmlClip) values(f *Finding) ([]htmlValue, string) {
	var list []htmlValue
	judged, more := htmlTake(c, f.Values, 200)
	for i := range judged {
		list = append(list, c.value(&judged[i], f.before(&judged[i]), false))
	}
	measured, left := htmlTake(c, f.Metrics, 200)
	for i := range measured {
		list = append(list, c.value(&measured[i], nil, true))
	}
	return list, htmlMore(more+left, "value", "values")
}

// before finds the same value as it was before the fixes.
func (f *Finding) before(v *Value) *Value {
	if f.Before == nil {
		return nil
	}
	for i := range f.Before.Values {
		if old := &f.Before.Values[i]; old.Label == v.Label && old.Unit == v.Unit {
			return old
		}
	}
	return nil
}

func (c *htmlClip) value(v, was *Value, unjudged bool) htmlValue {
	if len(v.Unit) > htmlUnitBytes { // it stands behind each number
		short := *v
		short.Unit = cut(v.Unit, htmlUnitBytes) + "…"
		v = &short
	}
	shown := htmlValue{
		Badge: htmlState(v.State), Label: c.line(v.Label), Number: c.line(NumberText(v.Value, v.Unit)),
		Note: c.line(v.Note), Bar: c.bar(v, was), Unjudged: unjudged,
	}
	if was != nil && was.Value != v.Value {
		shown.Was = c.line(NumberText(was.Value, v.Unit))
	}
	if v.Warn != nil {
		shown.Limits = append(shown.Limits, htmlLimit{"warn", "warning", c.line(htmlRange(v.Warn, v))})
	}
	if v.Crit != nil {
		shown.Limits = append(shown.Limits, htmlLimit{"crit", "critical", c.line(htmlRange(v.Crit, v))})
	}
	return shown
}

// htmlRange says in words where a range alerts. That 0..80 also alerts below 0
// is said only where the value could be there.
func htmlRange(r *units.Range, v *Value) string {
	num := func(f float64) string { return NumberText(f, v.Unit) }
	low, high := finite(r.Start), finite(r.End)
	positive := v.Value >= 0 && (v.Min == nil || *v.Min >= 0)
	switch {
	case !low && !high && r.Inside:
		return "always"
	case !low && !high:
		return "never"
	case r.Inside && !low:
		return "at or below " + num(r.End)
	case r.Inside && !high:
		return "at or above " + num(r.Start)
	case r.Inside && r.Start == r.End:
		return "at " + num(r.Start)
	case r.Inside:
		return "from " + num(r.Start) + " to " + num(r.End)
	case !low, high && r.Start == 0 && positive && r.End > 0:
		return "above " + num(r.End)
	case !high:
		return "below " + num(r.Start)
	case r.Start == r.End:
		return "other than " + num(r.Start)
	}
	return "outside " + num(r.Start) + " to " + num(r.End)
}
