package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opslua/internal/escape"
)

// The columns of the table of findings, in cells.
const (
	stateColumn = 8
	nameColumn  = 32 // at most
)

// human writes the report for a person. It lives for one document.
type human struct {
	*printer
	r *Report
}

// writeHuman writes tables for a person. A run with nothing to tell, such as
// that of a plain script, is told with nothing; its error is told by whoever ran
// it, unless the document goes to a file.
func (r *Report) writeHuman(w io.Writer, o Options) error {
	h := &human{newPrinter(w, o), r}
	changes := r.otherChanges()
	reported := len(r.Findings)+len(r.Metrics)+len(r.Rows)+len(r.Fixes)+len(r.Processes)+len(changes) > 0 ||
		r.Incomplete != ""
	if !reported && !(o.Written && r.Error != "") {
		return nil
	}
	h.findings()
	h.metrics()
	for i := range r.Rows {
		h.rows(&r.Rows[i])
	}
	h.processes()
	h.fixes()
	h.planned(changes)
	h.ending()
	return h.w.Flush()
}

func (h *human) findings() {
	widest := 0
	for i := range h.r.Findings {
		widest = max(widest, cells(escape.String(h.r.Findings[i].Name)))
	}
	widest = min(widest, nameColumn)
	for i := range h.r.Findings {
		h.finding(&h.r.Findings[i], widest)
	}
}

func (h *human) finding(f *Finding, widest int) {
	state := piece{pad(f.State.String(), stateColumn), f.State.style()}
	name := piece{"  " + pad(escape.String(f.Name), widest) + "  ", bold}
	if f.Skipped != "" {
		h.line(piece{pad("skipped", stateColumn), dim}, name, piece{f.Skipped, dim})
		return
	}
	text := []piece{state, name, {f.Text, plain}}
	if f.Text == "" && f.State == OK {
		text[2] = piece{valuesInShort(f.Values), plain}
	}
	if f.Soft != nil {
		space := " "
		if f.Text == "" {
			space = ""
		}
		text = append(text, piece{fmt.Sprintf("%s(soft %d/%d)", space, f.Soft.N, f.Soft.Of), dim})
	}
	if f.State == OK {
		h.line(text...)
	} else {
		h.full(stateColumn+4+widest, text...)
	}
	if was := f.was(); was != nil {
		h.line(indent(stateColumn+4), piece{"was ", dim}, piece{was.State.String(), was.State.style()},
			piece{" before the fixes: " + was.Text, dim})
	}
	if f.State != OK {
		h.details(f)
	}
}

// was is the finding before the fixes, where it says anything else than this one.
func (f *Finding) was() *Finding {
	b := f.Before
	if b == nil || b.Skipped != "" || b.State == f.State && b.Text == f.Text {
		return nil
	}
	return b
}

// valuesInShort stands for the text of a check that only measured.
func valuesInShort(values []Value) string {
	var parts []string
	for i := range values {
		if i == 4 {
			parts = append(parts, fmt.Sprintf("and %d more", len(values)-i))
			break
		}
		v := Value{Label: values[i].Label, Value: values[i].Value, Unit: values[i].Unit}
		parts = append(parts, valueText(&v))
	}
	return strings.Join(parts, ", ")
}

// details tell what a check that is not OK said and measured, the worst first.
func (h *human) details(f *Finding) {
	for i := range f.Lines {
		l := &f.Lines[i]
		if l.State != OK && l.Text != "" && !strings.Contains(f.Text, l.Text) {
			h.full(stateColumn+6, indent(stateColumn+4), piece{l.State.String() + ": ", l.State.style()}, piece{l.Text, plain})
		}
	}
	values := slices.Clone(f.Values)
	slices.SortStableFunc(values, func(a, b Value) int { return b.State.badness() - a.State.badness() })
	const mostOK = 8
	shown := 0
	for i := range values {
		v := &values[i]
		if v.State != OK {
			if !f.tells(v) {
				h.full(stateColumn+6, indent(stateColumn+4), piece{"! " + valueText(v), v.State.style()})
			}
			continue
		}
		if shown == mostOK && i < len(values)-1 {
			h.line(indent(stateColumn+6), piece{fmt.Sprintf("and %d more that are OK", len(values)-i), dim})
			break
		}
		shown++
		h.line(indent(stateColumn+6), piece{valueText(v), dim})
	}
	for i := range f.Metrics {
		h.line(indent(stateColumn+6), piece{valueText(&f.Metrics[i]), dim})
	}
}

// tells says that the text names the value, as checks do of themselves.
func (f *Finding) tells(v *Value) bool {
	before, after, found := strings.Cut(f.Text, labelled(v.Label, NumberText(v.Value, v.Unit)))
	return found && (before == "" || strings.HasSuffix(before, " ")) && (after == "" || strings.ContainsRune(" ,;", rune(after[0])))
}

func indent(n int) piece { return piece{strings.Repeat(" ", n), plain} }

func (h *human) metrics() {
	if len(h.r.Metrics) == 0 {
		return
	}
	h.section()
	for i := range h.r.Metrics {
		m := &h.r.Metrics[i]
		line := []piece{{m.Name, bold}, {labelsText(m.Labels), dim}, {" " + cellNumber(m.Value), plain}}
		if h.width > 0 { // the value stays in sight
			line[1].text = shortened(line[1].text, max(h.width-cells(escape.String(m.Name)+line[2].text), 8))
		}
		h.line(line...)
	}
}

func labelsText(labels []Label) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	sep := "{"
	for _, l := range labels {
		b.WriteString(sep)
		sep = ", "
		b.WriteString(l.Name + `="` + strings.ReplaceAll(l.Value, `"`, `\"`) + `"`)
	}
	return b.String() + "}"
}

func (h *human) processes() {
	if len(h.r.Processes) == 0 {
		return
	}
	h.section()
	h.line(piece{padLeft("pid", 8) + "  " + padLeft("memory", 10) + "  " + padLeft("cpu", 10) + "  process", bold})
	for i := range h.r.Processes {
		p := &h.r.Processes[i]
		command := p.Command
		if command == "" {
			command = p.Name
		}
		h.line(piece{fmt.Sprintf("%8d  %10s  %9.1fs  ", p.PID, NumberText(float64(p.RSS), "B"), p.CPUTime), plain},
			indent(2*min(max(p.Depth, 0), 64)), piece{command, plain})
	}
}
