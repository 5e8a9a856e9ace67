package report

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"opslua/internal/escape"
)

// writeJUnit writes the XML that CI systems read: one suite, a test case for
// each check. CRITICAL is a failure, UNKNOWN an error, WARNING passes with what
// it said as output. A script that could not be evaluated is a case of its own
// that ended in error; fixes are told as the output of the suite.
func (r *Report) writeJUnit(w io.Writer) error {
	x := &xmlWriter{bufio.NewWriterSize(w, 64<<10)}
	n := r.tally()
	tests, errs := len(r.Findings), n.states[Unknown]
	if r.Error != "" {
		tests, errs = tests+1, errs+1
	}
	totals := fmt.Sprintf(` tests="%d" failures="%d" errors="%d"`, tests, n.states[Critical], errs)
	seconds := threeDecimals(r.Seconds)
	suite := r.suiteName()
	x.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<testsuites")
	x.attr("name", suite)
	x.raw(totals)
	x.attr("time", seconds)
	x.raw(">\n  <testsuite")
	x.attr("name", suite)
	x.raw(totals)
	x.attr("skipped", strconv.Itoa(n.skipped))
	x.attr("time", seconds)
	x.attr("timestamp", r.Started.UTC().Format("2006-01-02T15:04:05"))
	x.attr("hostname", r.Host)
	x.raw(">\n")
	for i := range r.Findings {
		x.finding(suite, &r.Findings[i])
	}
	if r.Error != "" {
		x.testcase("evaluation", suite, r.Seconds)
		x.result("error", Unknown.String(), r.Error, r.Error)
		x.raw("    </testcase>\n")
	}
	if text := r.junitOutput(); text != "" {
		x.raw("    <system-out>")
		x.text(text)
		x.raw("</system-out>\n")
	}
	x.raw("  </testsuite>\n</testsuites>\n")
	return x.w.Flush()
}

// suiteName is the script without folder and ending, and without points: CI
// systems take them for packages.
func (r *Report) suiteName() string {
	if r.Script == "" {
		return "opslua"
	}
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(r.Script), ".lua"), ".", "_")
}

// junitOutput tells how the fixes ended, and where a plan could not go on.
func (r *Report) junitOutput() string {
	var b strings.Builder
	for i := range r.Fixes {
		fmt.Fprintf(&b, "fix %s: %s\n", escape.String(r.Fixes[i].Name), escape.String(fixText(&r.Fixes[i])))
	}
	if r.Incomplete != "" {
		b.WriteString(escape.String(r.Incomplete) + "\n")
	}
	return b.String()
}

// xmlWriter writes XML. It lives for one document and is for one goroutine; its
// buffer keeps the first error.
type xmlWriter struct{ w *bufio.Writer }

func (x *xmlWriter) raw(s string) { _, _ = x.w.WriteString(s) }

// attr writes an attribute; its value becomes one line.
func (x *xmlWriter) attr(name, value string) {
	x.raw(" " + name + `="`)
	x.text(escape.String(value))
	x.raw(`"`)
}

// text writes text in which nothing but newlines and tabs is left of controls.
func (x *xmlWriter) text(s string) {
	for _, r := range s {
		switch r {
		case '&':
			x.raw("&amp;")
		case '<':
			x.raw("&lt;")
		case '>':
			x.raw("&gt;")
		case '"':
			x.raw("&quot;")
		default:
			if noncharacter(r) { // of some XML cannot hold, not even by number
				x.raw(noncharacterText(r))
				continue
			}
			_, _ = x.w.WriteRune(r)
		}
	}
}

// testcase opens a test case.
func (x *xmlWriter) testcase(name, class string, seconds float64) {
	x.raw("    <testcase")
	x.attr("name", name)
	x.attr("classname", class)
	x.attr("time", threeDecimals(seconds))
	x.raw(">\n")
}

func (x *xmlWriter) result(element, kind, message, body string) {
	x.raw("      <" + element)
	x.attr("type", kind)
	x.attr("message", message)
	x.raw(">")
	x.text(escape.Text(body))
	x.raw("</" + element + ">\n")
}

func (x *xmlWriter) finding(suite string, f *Finding) {
	x.testcase(f.Name, suite, f.Seconds)
	switch {
	case f.Skipped != "":
		x.raw("      <skipped")
		x.attr("message", f.Skipped)
		x.raw("/>\n")
	case f.State == OK:
	case f.State == Critical:
		x.result("failure", f.State.String(), findingText(f), findingBody(f))
	case f.State == Warning:
		x.raw("      <system-out>")
		x.text(escape.Text(f.State.String() + ": " + findingBody(f)))
		x.raw("</system-out>\n")
	default:
		x.result("error", f.State.String(), findingText(f), findingBody(f))
	}
	x.raw("    </testcase>\n")
}

// findingBody is all that a finding says: its text, each statement that is not
// in it, and the numbers with their thresholds.
func findingBody(f *Finding) string {
	var b strings.Builder
	b.WriteString(findingText(f))
	for i := range f.Lines {
		if l := &f.Lines[i]; l.Text != "" && !strings.Contains(f.Text, l.Text) {
			b.WriteString("\n" + l.State.String() + ": " + l.Text)
		}
	}
	for i := range f.Values {
		b.WriteString("\n" + valueText(&f.Values[i]))
	}
	return b.String()
}
