package report

import (
	"io"
	"strconv"
	"strings"

	"opslua/internal/escape"
)

const (
	nagiosMost    = 512 << 10 // bytes of the whole document
	nagiosFirst   = 79        // bytes of the text on the first line
	nagiosLongest = 8 << 10   // bytes of any other line
)

// writeNagios writes what a monitoring plugin prints: the state, a text and all
// perfdata on the first line, then a line for each finding, and for each fix
// that did not go well. The samples and tables of collectors have no form here.
//
// Texts are cut so that the first line's is below 80 characters and no line is
// longer than 8 KiB. Where the whole would be larger than 512 KiB, as many OK
// findings as needed are left out, the last first; then perfdata; then the rest.
func (r *Report) writeNagios(w io.Writer) error {
	d := &nagios{first: r.nagiosFirstLine(), perf: r.perfdata()}
	d.whole("error: ", r.Error)
	d.whole("the plan ends here: ", r.Incomplete)
	for i := range r.Findings {
		f := &r.Findings[i]
		d.lines = append(d.lines, nagiosLine{nagiosFinding(f), f.State == OK || f.Skipped != ""})
	}
	for i := range r.Fixes {
		if f := &r.Fixes[i]; f.Status.failed() || f.Status == FixBlocked {
			text := nagiosClean("fix " + f.Name + ": " + fixText(f))
			d.lines = append(d.lines, nagiosLine{ellipsis(text, nagiosLongest), false})
		}
	}
	d.fit(nagiosMost)
	_, err := io.WriteString(w, d.String())
	return err
}

// whole adds what the first line has no room for.
func (d *nagios) whole(what, s string) {
	if text := nagiosClean(s); text != "" && !strings.HasSuffix(d.first, " - "+text) {
		d.lines = append(d.lines, nagiosLine{ellipsis(what+text, nagiosLongest), false})
	}
}

// nagiosFirstLine is the first line without perfdata. Its state is that of the
// exit code.
func (r *Report) nagiosFirstLine() string {
	state := State(r.Exit(false))
	if r.Exited != 0 && r.Error == "" {
		state = State(min(uint(r.Exited), uint(Unknown)))
	}
	text := nagiosClean(r.nagiosText(state))
	if text == "" {
		text = "no text"
	}
	return ellipsis(state.String()+" - "+text, nagiosFirst)
}

func (r *Report) nagiosText(state State) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.State() != OK:
		return r.offenders()
	case r.Exited != 0:
		return "exit(" + strconv.Itoa(r.Exited) + ")"
	case state != OK && r.Incomplete != "":
		return r.Incomplete
	case state != OK:
		return r.failedFixes()
	case len(r.Findings) == 0:
		return "no checks"
	case len(r.Findings) == 1 && r.Findings[0].Skipped == "" && r.Findings[0].Text != "":
		return findingText(&r.Findings[0])
	}
	return r.count()
}

// offenders tells what is wrong, the worst first; as much as a first line holds.
func (r *Report) offenders() string {
	t := r.tally()
	bad := r.worstFirst()[:len(r.Findings)-t.skipped-t.states[OK]]
	if len(r.Findings) == 1 && bad[0].Text != "" {
		return findingText(bad[0])
	}
	var parts []string
	for length := 0; len(bad) > 0 && length < nagiosFirst; bad = bad[1:] {
		part := cut(bad[0].Name, nagiosFirst)
		if bad[0].Text != "" {
			part += ": " + cut(findingText(bad[0]), nagiosFirst)
		}
		parts = append(parts, part)
		length += len(part)
	}
	return strings.Join(parts, "; ")
}

func (r *Report) failedFixes() string {
	var parts []string
	for i := range r.Fixes {
		if f := &r.Fixes[i]; f.Status.failed() {
			parts = append(parts, "fix "+cut(f.Name, nagiosFirst)+": "+fixText(f))
		}
	}
	return strings.Join(parts, "; ")
}

// count is the text of a run in which all is well.
func (r *Report) count() string {
	t := r.tally()
	text := counted(t.states[OK], "check", "checks") + " OK"
	if t.skipped > 0 {
		text += ", " + strconv.Itoa(t.skipped) + " skipped"
	}
	return text
}

func nagiosFinding(f *Finding) string {
	word, text := f.State.String(), findingText(f)
	if f.Skipped != "" {
		word, text = "SKIPPED", f.Skipped
	}
	text = strings.TrimSuffix(word+" "+labelled(f.Name, text), ": ")
	return ellipsis(nagiosClean(text), nagiosLongest)
}

// nagiosClean makes a text one line without the sign that begins perfdata.
func nagiosClean(s string) string {
	s = escape.String(cut(s, nagiosLongest+4))
	return strings.TrimRight(strings.ReplaceAll(s, "|", "/"), " ")
}

// nagios is the document while it is made to fit.
type nagios struct {
	first string
	perf  []string
	lines []nagiosLine
	left  [3]int // what was left out: OK findings, perfdata, other lines
}

type nagiosLine struct {
	text string
	ok   bool
}

// fit leaves out the fewest parts with which the document has at most so many
// bytes.
func (d *nagios) fit(most int) {
	size := d.size()
	fits := func() bool { return size+len(d.note()) <= most }
	for i := len(d.lines) - 1; i >= 0 && !fits(); i-- {
		if d.lines[i].ok {
			size -= len(d.lines[i].text) + 1
			d.lines[i].text = ""
			d.left[0]++
		}
	}
	for n := len(d.perf); n > 0 && !fits(); n-- {
		size -= 1 + len(d.perf[n-1])
		if n == 1 {
			size -= len(" |")
		}
		d.perf = d.perf[:n-1]
		d.left[1]++
	}
	for i := len(d.lines) - 1; i >= 0 && !fits(); i-- {
		if !d.lines[i].ok {
			size -= len(d.lines[i].text) + 1
			d.lines[i].text = ""
			d.left[2]++
		}
	}
}

// size is that of the document without the note, each line with its end.
func (d *nagios) size() int {
	n := len(d.first) + 1
	if len(d.perf) > 0 {
		n += len(" |")
	}
	for _, p := range d.perf {
		n += 1 + len(p)
	}
	for i := range d.lines {
		n += len(d.lines[i].text) + 1
	}
	return n
}

// note is the last line, which says what was left out; empty: nothing was.
func (d *nagios) note() string {
	var parts []string
	for i, what := range [3]string{"OK finding", "value", "other finding"} {
		if n := d.left[i]; n > 0 {
			parts = append(parts, counted(n, what, what+"s"))
		}
	}
	if parts == nil {
		return ""
	}
	return "left out: " + strings.Join(parts, ", ") + "\n"
}

func (d *nagios) String() string {
	var b strings.Builder
	b.WriteString(d.first)
	if len(d.perf) > 0 {
		b.WriteString(" | " + strings.Join(d.perf, " "))
	}
	b.WriteByte('\n')
	for i := range d.lines {
		if text := d.lines[i].text; text != "" {
			b.WriteString(text)
			b.WriteByte('\n')
		}
	}
	b.WriteString(d.note())
	return b.String()
}
