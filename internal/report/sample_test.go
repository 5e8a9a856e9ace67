package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/internal/units"
)

func render(t testing.TB, r *Report, f Format, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, f, o); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return b.String()
}

func rng(t testing.TB, s string) *units.Range {
	t.Helper()
	r, err := units.ParseRange(s)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

func at(f float64) *float64 { return &f }

// fullReport is a report in which everything happens once.
func fullReport(t testing.TB) *Report {
	disk := Finding{Name: "disk", State: Critical, Text: "/var 96%, 1.2 GiB free", Seconds: 0.25, Attempts: 3,
		Lines: []Line{{Critical, "/var 96%, 1.2 GiB free"}, {Warning, "/home is nearly full"}, {OK, "/ 40%"}},
		Values: []Value{
			{Label: "/", Value: 40, Unit: "%", Warn: rng(t, "80"), Crit: rng(t, "90"), Min: at(0), Max: at(100)},
			{Label: "/var", Value: 96, Unit: "%", Warn: rng(t, "80"), Crit: rng(t, "90"), Note: "1.2 GiB free", State: Critical},
		},
		Metrics: []Value{{Label: "reads", Value: 1234, Unit: "c"}},
		Before:  &Finding{Name: "disk", State: Unknown, Text: "no answer"}}
	return &Report{
		Script: "/etc/checks/host.v2.lua", Host: "web1", Seconds: 1.5,
		Started: time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.FixedZone("", 3600)),
		Findings: []Finding{disk,
			{Name: "load", State: Warning, Text: "load 5.2", Soft: &Soft{1, 3}, Attempts: 1, Seconds: 0.001,
				Values: []Value{{Label: "load", Value: 5.25, Warn: rng(t, "4"), State: Warning}}},
			{Name: "ssh", State: OK, Text: "answers", Values: []Value{{Label: "time", Value: 12.5, Unit: "ms", Warn: rng(t, "100")}}},
			{Name: "web", Skipped: "needs ssh-login, which is UNKNOWN", Needs: []string{"ssh-login"}},
			{Name: "ssh-login", State: Unknown, Text: "timed out"},
		},
		Metrics: []Metric{{Name: "mem_bytes", Type: Gauge, Help: "Memory.", Labels: []Label{{"name", "a\"b"}}, Value: 4096}},
		Rows: []Rows{{Name: "top", Key: "pid", Columns: []string{"pid", "name"},
			Rows: []map[string]any{{"pid": 1.0, "name": "init"}, {"pid": 22.0, "name": "sshd", "zz": true}},
			Diff: nil}},
		Fixes: []Fix{
			{Name: "nginx", Status: FixChanged, On: "web", Reason: "web is CRITICAL", Seconds: 0.5,
				Steps: []Step{{Title: "write", Status: StepDone, Changes: []Change{
					{Op: "write", Text: "write /etc/x", Path: "/etc/x", Diff: "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n"}}}},
				Evidence: []Evidence{{"journal", "l1\nl2\nl3\nl4\n"}}},
			{Name: "app", Status: FixRolledBack, Error: "did not come back", Steps: []Step{
				{Title: "restart", Status: StepFailed, Text: "exit status 1"}, {Title: "restart", Status: StepUndone}}},
		},
		Commands: []Command{{Argv: []string{"df", "-P"}, Code: 0, Seconds: 0.1, Probe: true, Where: "host.lua:3"},
			{Argv: []string{"x"}, Signal: "KILL"}, {Argv: []string{"y"}, Planned: true}},
		Degraded: []string{"memory limit: no cgroup"},
		Verified: &Verified{Bundle: "acme/web 3", Digest: "sha256:ab", Signers: []string{"ann", "bob"}},
	}
}

// hostileTexts are texts that break naive writers.
func hostileTexts() []string {
	return []string{"", " ", "plain", "a|b", "it's", `say "x"`, "a=b", "# SKIP all", `\# \\`, "line\nok 1 - x\n1..9", "\x1b[31mred\x1b[0m",
		"\xff\xfe\x80", "nul\x00", "crlf\r\n", "]]>", "<a href='x'>&amp;", "  ---\n  ...", "%s %d", "Bail out!", "\u202eright", "\u2028",
		"\ufeffbom", "\ufffe\uffff", "日本語のテキスト", "e\u0301", "\U0001f600", "\u0085\u009b", "tab\there", "'quoted'", "''", "a;b;c", "/", "/var/lib/docker/overlay2/0123456789",
		"/var/lib/docker/overlay2/9876543210", strings.Repeat("x", 5000), strings.Repeat("\x80", 300), "- a: [b", "!!binary |", "\u00a0", "?", "null", "~", "1e5"}
}

type gen struct{ *rand.Rand }

func (g gen) text() string {
	texts := hostileTexts()
	s := texts[g.IntN(len(texts))]
	if g.IntN(3) == 0 {
		s += texts[g.IntN(len(texts))]
	}
	return s
}

func (g gen) number() float64 {
	switch g.IntN(8) {
	case 0:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}[g.IntN(4)]
	case 1:
		return math.Ldexp(g.Float64()-0.5, g.IntN(300)-150)
	}
	return math.Round((g.Float64()-0.3)*1e6) / 1e3
}

func (g gen) limits() *units.Range {
	if g.IntN(2) == 0 {
		return nil
	}
	a, b := float64(g.IntN(100)), float64(100+g.IntN(100))/4+100
	switch g.IntN(4) {
	case 0:
		a = math.Inf(-1)
	case 1:
		b = math.Inf(1)
	}
	return &units.Range{Start: a, End: b, Inside: g.IntN(2) == 0}
}

func (g gen) values() []Value {
	var all []Value
	unitsOf := []string{"", "s", "ms", "us", "B", "KiB", "MB", "%", "c", "km", "h", g.text()}
	for range g.IntN(6) {
		v := Value{Label: g.text(), Value: g.number(), Unit: unitsOf[g.IntN(len(unitsOf))], Warn: g.limits(), Crit: g.limits(), State: State(g.IntN(4))}
		if g.IntN(2) == 0 {
			v.Min, v.Max, v.Note = at(g.number()), at(g.number()), g.text()
		}
		all = append(all, v)
	}
	return all
}

func (g gen) finding() Finding {
	f := Finding{Name: g.text(), State: State(g.IntN(4)), Text: g.text(), Seconds: g.number(), Values: g.values(), Metrics: g.values()}
	for range g.IntN(4) {
		f.Lines = append(f.Lines, Line{State(g.IntN(4)), g.text()})
	}
	switch g.IntN(5) {
	case 0:
		f.Skipped = g.text()
	case 1:
		f.Soft = &Soft{1, 3}
	case 2:
		f.Before = &Finding{Name: f.Name, Text: g.text(), State: Critical}
	}
	return f
}

func (g gen) report() *Report {
	r := &Report{Script: g.text(), Host: g.text(), Seconds: g.number(), DryRun: g.IntN(2) == 0, Degraded: []string{g.text()}}
	for range g.IntN(6) {
		r.Findings = append(r.Findings, g.finding())
	}
	change := func() Change {
		return Change{Op: "write", Text: g.text(), Path: g.text(), Diff: g.text(), Argv: []string{g.text()}, Where: g.text()}
	}
	for range g.IntN(3) {
		r.Fixes = append(r.Fixes, Fix{Name: g.text(), Status: FixStatus([]FixStatus{FixOK, FixFailed, FixPlanned, FixBlocked}[g.IntN(4)]), Error: g.text(),
			Steps:    []Step{{Title: g.text(), Status: StepDone, Text: g.text(), Changes: []Change{change()}}},
			Evidence: []Evidence{{g.text(), g.text()}}})
		r.Changes = append(r.Changes, change())
		r.Commands = append(r.Commands, Command{Argv: []string{g.text(), g.text()}, Signal: g.text(), Error: g.text()})
		r.Metrics = append(r.Metrics, Metric{Name: "m", Type: Counter, Labels: []Label{{"l", g.text()}}, Value: g.number()})
		row := map[string]any{g.text(): g.number(), g.text(): g.text(), "k": []any{g.text(), nil, true, map[string]any{g.text(): 1}}}
		r.Rows = append(r.Rows, Rows{Name: g.text(), Key: "k", Rows: []map[string]any{row}, Diff: &RowsDiff{Added: []map[string]any{row}, Changed: []RowChange{{g.text(), row, nil}}}})
		r.Processes = append(r.Processes, Process{Name: g.text(), Command: g.text(), Depth: g.IntN(100) - 1})
	}
	switch g.IntN(6) {
	case 0:
		r.Error = g.text()
	case 1:
		r.Incomplete = g.text()
	}
	return r
}

// each runs f on many random reports; a failure names the seed.
func each(t *testing.T, n int, f func(t *testing.T, r *Report)) {
	t.Helper()
	for seed := range max(n/slowdown, 10) {
		r := gen{rand.New(rand.NewPCG(uint64(seed), 7))}.report()
		if !t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) { f(t, r) }) {
			return
		}
	}
}

// tool skips the test where a foreign program is missing.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// foreign feeds a document to a foreign program.
func foreign(t *testing.T, doc, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(doc)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ours() []Format { return []Format{Human, JSON, JSONL, Nagios, JUnit, TAP} }

type fullDisk struct{ room int }

func (b *fullDisk) Write(p []byte) (int, error) {
	if len(p) > b.room {
		n := b.room
		b.room = 0
		return n, errNoSpace()
	}
	b.room -= len(p)
	return len(p), nil
}

func errNoSpace() error { return os.ErrDeadlineExceeded }

func TestAFailingWriterIsToldOf(t *testing.T) {
	r := fullReport(t)
	for range 2000 {
		r.Findings = append(r.Findings, Finding{Name: "more", Text: strings.Repeat("t", 100)})
	}
	for _, f := range ours() {
		for _, room := range []int{0, 10, 70_000} {
			if err := r.Write(&fullDisk{room}, f, Options{}); !errors.Is(err, errNoSpace()) {
				t.Errorf("%s with room for %d bytes: %v", f, room, err)
			}
		}
	}
}

// No format lets a control character through, however it came.
func TestNothingHostileReachesATerminal(t *testing.T) {
	t.Parallel()
	each(t, 300, func(t *testing.T, r *Report) {
		for _, f := range ours() {
			for _, o := range []Options{{}, {Width: 40}} {
				doc := render(t, r, f, o)
				for i, c := range doc {
					if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 || c == 0x202e || c == 0x2028 || c == 0xfffd && doc[i] != 0xef {
						t.Fatalf("%s: %q at %d: %.80q", f, c, i, doc[max(0, i-40):])
					}
				}
			}
		}
	})
}

func TestTenThousandFindingsAndALongText(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for i := range 10_000 {
		r.Findings = append(r.Findings, Finding{Name: fmt.Sprint("check", i), State: State(i % 4), Text: "text",
			Values: []Value{{Label: "the very same label for all", Value: float64(i)}}})
	}
	r.Findings = append(r.Findings, Finding{Name: "long", State: Critical, Text: strings.Repeat("|\x1b\n", 1<<20/3)})
	for _, f := range ours() {
		if doc := render(t, r, f, Options{}); len(doc) < 10_000 || f == Nagios && len(doc) > nagiosMost {
			t.Errorf("%s: %d bytes", f, len(doc))
		}
	}
}
