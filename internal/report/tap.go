package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"opslua/internal/escape"
)

// writeTAP writes the Test Anything Protocol, version 14: a point for each
// check. WARNING is ok, as it is in JUnit; its block says what it is. A script
// that could not be evaluated bails out; fixes are comments.
func (r *Report) writeTAP(w io.Writer) error {
	t := &tapWriter{bufio.NewWriterSize(w, 64<<10)}
	t.line("TAP version 14")
	switch {
	case len(r.Findings) > 0:
		t.line("1.." + strconv.Itoa(len(r.Findings)))
	case r.Error == "":
		t.line("1..0 # SKIP no checks")
	default:
		// Before the plan: to a reader that has seen 1..0 all was skipped and
		// nothing that follows counts.
		t.bail(r.Error)
		t.line("1..0")
	}
	for i := range r.Findings {
		t.finding(i+1, &r.Findings[i])
	}
	for i := range r.Fixes {
		t.line("# fix " + escape.String(r.Fixes[i].Name+": "+fixText(&r.Fixes[i])))
	}
	if r.Incomplete != "" {
		t.line("# " + escape.String(r.Incomplete))
	}
	if r.Error != "" && len(r.Findings) > 0 {
		t.bail(r.Error)
	}
	return t.w.Flush()
}

// tapWriter writes lines. It lives for one document and is for one goroutine;
// its buffer keeps the first error.
type tapWriter struct{ w *bufio.Writer }

func (t *tapWriter) line(s string) {
	_, _ = t.w.WriteString(s)
	_ = t.w.WriteByte('\n')
}

func (t *tapWriter) bail(why string) { t.line("Bail out! " + escape.String(why)) }

func (t *tapWriter) finding(n int, f *Finding) {
	point := "ok "
	if f.Skipped == "" && f.State != OK && f.State != Warning {
		point = "not ok "
	}
	point += strconv.Itoa(n) + " - " + tapText(f.Name)
	if f.Skipped != "" {
		t.line(point + " # SKIP " + tapText(f.Skipped))
		return
	}
	t.line(point)
	t.line("  ---")
	t.line("  state: " + f.State.String())
	t.line("  message: " + yamlText(f.Text))
	if f.Soft != nil {
		t.line(fmt.Sprintf("  soft: %s", yamlText(fmt.Sprintf("%d/%d", f.Soft.N, f.Soft.Of))))
	}
	t.line("  seconds: " + threeDecimals(f.Seconds))
	t.lines(f.Lines)
	t.values("values", f.Values)
	t.values("metrics", f.Metrics)
	t.line("  ...")
}

func (t *tapWriter) lines(lines []Line) {
	if len(lines) < 2 {
		return // the message is all there is
	}
	t.line("  lines:")
	for i := range lines {
		t.line("    - state: " + lines[i].State.String())
		t.line("      text: " + yamlText(lines[i].Text))
	}
}

func (t *tapWriter) values(name string, values []Value) {
	if len(values) == 0 {
		return
	}
	t.line("  " + name + ":")
	for i := range values {
		v := &values[i]
		t.line("    - label: " + yamlText(v.Label))
		t.line("      value: " + yamlNumber(v.Value))
		if v.Unit != "" {
			t.line("      unit: " + yamlText(v.Unit))
		}
		if v.Warn != nil {
			t.line("      warn: " + yamlText(v.Warn.String()))
		}
		if v.Crit != nil {
			t.line("      crit: " + yamlText(v.Crit.String()))
		}
		if v.Note != "" {
			t.line("      note: " + yamlText(v.Note))
		}
	}
}

// tapText escapes a name or a reason: # would begin a directive.
func tapText(s string) string {
	s = escape.String(s)
	if !strings.ContainsAny(s, `\#`) {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "#", `\#`)
}

// yamlText is a text in double quotes, on one line, in characters that YAML and
// the subset that readers of TAP know can hold.
func yamlText(s string) string {
	s = escape.String(s)
	out := make([]byte, 0, len(s)+2)
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == 0xfeff, r == 0xfffe, r == 0xffff: // not among YAML's printable ones
			out = appendHex(out, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return string(append(out, '"'))
}

// yamlNumber is a plain decimal, or YAML's word for what is none.
func yamlNumber(f float64) string {
	switch {
	case f != f:
		return ".nan"
	case !finite(f) && f > 0:
		return ".inf"
	case !finite(f):
		return "-.inf"
	}
	return strconv.FormatFloat(f+0, 'f', -1, 64)
}
