package report

import (
	"path"
	"time"
)

// htmlPage is what the template shows: plain data, already harmless, built and
// written by one goroutine. The types that begin with html are its parts.
type htmlPage struct {
	Title, Script, Host string
	State               htmlBadge
	Headline            string
	Started, StartedISO string
	Duration            string
	DryRun              bool
	Error, Incomplete   htmlBlock
	Degraded            []string
	DegradedMore        string
	Verified            *htmlVerified
	Counts              []htmlTally
	Nav                 []htmlLink

	Checks        []htmlFinding
	ChecksMore    string
	Fixes         []htmlFix
	FixesMore     string
	Planned       []htmlChange
	PlannedMore   string
	Tables        []htmlTable
	TablesMore    string
	Metrics       []htmlMetric
	MetricsMore   string
	Processes     []htmlProcess
	ProcessesMore string
	Commands      []htmlCommand
	CommandsMore  string
}

// htmlBadge is a state: a class for the style, the name of an icon and a word,
// so that nothing is said by colour alone.
type htmlBadge struct{ Class, Icon, Word string }

// htmlTally is how many checks are in one state.
type htmlTally struct {
	Badge htmlBadge
	N     int
}

// htmlLink leads to a section of the page.
type htmlLink struct {
	ID, Title string
	N         int
}

// htmlVerified is who had vetted the bundle.
type htmlVerified struct {
	Bundle, Digest string
	Signers        []string
}

func htmlState(s State) htmlBadge {
	switch s {
	case OK:
		return htmlBadge{"ok", "ok", "OK"}
	case Warning:
		return htmlBadge{"warn", "warn", "WARNING"}
	case Critical:
		return htmlBadge{"crit", "crit", "CRITICAL"}
	}
	return htmlBadge{"unk", "unk", "UNKNOWN"}
}

// htmlVerdict is the state of the whole run. That all checks are OK must not hide
// that a fix failed, or that a plan stopped half way.
func htmlVerdict(r *Report) htmlBadge {
	state := r.State()
	switch {
	case state != OK:
	case r.fixFailed():
		return htmlBadge{"warn", "warn", "FIX FAILED"}
	case r.Incomplete != "":
		return htmlBadge{"warn", "warn", "INCOMPLETE"}
	}
	return htmlState(state)
}

func htmlSkipped() htmlBadge { return htmlBadge{"skip", "skip", "SKIPPED"} }

func newHTMLPage(r *Report) *htmlPage {
	c := newHTMLClip()
	p := &htmlPage{
		Script: c.line(r.Script), Host: c.line(r.Host), State: htmlVerdict(r),
		Duration: htmlSeconds(r.Seconds), DryRun: r.DryRun,
		Error: c.block(r.Error), Incomplete: c.block(r.Incomplete),
	}
	p.Title = c.line(path.Base(r.Script))
	if r.Script == "" {
		p.Title = "opslua"
	}
	if p.Duration == "" {
		p.Duration = "under 1ms"
	}
	if !r.Started.IsZero() {
		p.Started, p.StartedISO = r.Started.Format("2006-01-02 15:04:05 -07:00"), r.Started.Format(time.RFC3339)
	}
	degraded, more := htmlTake(c, r.Degraded, 50)
	p.Degraded, p.DegradedMore = c.lines(degraded), htmlMore(more, "line", "lines")
	if v := r.Verified; v != nil {
		signers, _ := htmlTake(c, v.Signers, 50)
		p.Verified = &htmlVerified{c.line(v.Bundle), c.line(v.Digest), c.lines(signers)}
	}
	p.tally(r)
	p.checks(c, r)
	p.fixes(c, r)
	p.tables(c, r)
	p.metrics(c, r)
	p.processes(c, r)
	p.commands(c, r)
	p.links(r)
	return p
}

// tally counts the checks by state, the worst first.
func (p *htmlPage) tally(r *Report) {
	t := r.tally()
	for _, s := range []State{Critical, Unknown, Warning, OK} {
		if n := t.states[s]; n > 0 {
			p.Counts = append(p.Counts, htmlTally{htmlState(s), n})
		}
	}
	if t.skipped > 0 {
		p.Counts = append(p.Counts, htmlTally{htmlSkipped(), t.skipped})
	}
	if r.Error == "" && len(r.Findings) == 0 {
		p.Headline = "The script declared no checks, or none ran."
	}
}

func htmlBadgeOf(f *Finding) htmlBadge {
	if f.Skipped != "" {
		return htmlSkipped()
	}
	return htmlState(f.State)
}

// links are the sections that are there.
func (p *htmlPage) links(r *Report) {
	add := func(id, title string, n int) {
		if n > 0 {
			p.Nav = append(p.Nav, htmlLink{id, title, n})
		}
	}
	add("checks", "Checks", len(r.Findings))
	add("fixes", "Fixes", len(r.Fixes))
	add("planned", "Planned changes", len(r.otherChanges()))
	add("tables", "Tables", len(r.Rows))
	add("metrics", "Metrics", len(r.Metrics))
	add("processes", "Processes", len(r.Processes))
	add("commands", "Commands", len(r.Commands)+max(r.CommandsOmitted, 0))
}
