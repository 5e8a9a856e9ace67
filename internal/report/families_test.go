package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"opslua/internal/escape"
)

// exposition is what a test read back from a document: it knows the grammar that
// both formats share, and refuses everything else.
type exposition struct {
	types, help map[string]string
	values      map[string]string // by the series, as it stands in the text
}

var (
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (-?[0-9.]+(?:e[+-][0-9]+)?|NaN|[+-]Inf)$`)
	metaLine   = regexp.MustCompile(`^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\n]|\\[\\"n])+)$`)
)

// readExposition fails the test where the document is not well formed, has a
// family twice, a series twice, or a sample outside of its family.
func readExposition(t *testing.T, text string) exposition {
	t.Helper()
	e := exposition{types: map[string]string{}, help: map[string]string{}, values: map[string]string{}}
	open, current := strings.HasSuffix(text, "\n# EOF\n") || text == "# EOF\n", ""
	text = strings.TrimSuffix(text, "# EOF\n")
	for line := range strings.SplitAfterSeq(text, "\n") {
		if line == "" {
			continue
		}
		line, whole := strings.CutSuffix(line, "\n")
		if !whole {
			t.Fatalf("the last line has no end: %q", line)
		}
		if m := metaLine.FindStringSubmatch(line); m != nil {
			into := map[string]map[string]string{"TYPE": e.types, "HELP": e.help, "UNIT": {}}[m[1]]
			if _, again := into[m[2]]; again || into == nil {
				t.Fatalf("%s twice: %q", m[1], line)
			}
			if _, older := e.types[m[2]]; older && current != m[2] {
				t.Fatalf("families are interleaved at %q", line)
			}
			into[m[2]], current = m[3], m[2]
			continue
		}
		if strings.HasPrefix(line, "#") {
			if open {
				t.Fatalf("a comment, which OpenMetrics has not: %q", line)
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("not a sample: %q", line)
		}
		suffix := ""
		if open {
			suffix = map[string]string{"counter": "_total", "info": "_info"}[e.types[current]]
		}
		if m[1] != current+suffix {
			t.Fatalf("the sample %q is outside of its family %q", line, current)
		}
		if _, again := e.values[m[1]+m[2]]; again {
			t.Fatalf("a series twice: %q", line)
		}
		e.values[m[1]+m[2]] = m[3]
	}
	for name := range e.types {
		if e.help[name] == "" {
			t.Errorf("%s has no help", name)
		}
	}
	return e
}

func documentOf(t *testing.T, r *Report, f Format, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b, f, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile are texts that a format may stumble over.
func hostileNames() []string {
	return []string{
		"", " ", "a", "\n", "\r", "\t", "\x00", "\x1b[31m", "\\", `\n`, `"`, `\"`, "{", "}", `",x="`, "# EOF", "\n# EOF\n", "# HELP", " # {a=\"b\"} 1",
		"\xff", "a\xc3", "é", "世界", "\u202e", "\u2028", "😀", "__name__", "le", "quantile", "9lives", "a b", "a:b", "a,b", "=", "_total", "_info", "_created",
		"x", "x_total", "x_info", "x_created", "x_total_total", "x_bytes", "x_bytes_total", "opslua_check_state", "opslua_success", "</style><script>alert(1)</script>",
	}
}

// hostileReport is a random report of hostile texts and numbers.
func hostileReport(rnd *rand.Rand) *Report {
	texts := hostileNames()
	text := func() string {
		s := texts[rnd.IntN(len(texts))]
		if rnd.IntN(3) == 0 {
			s += texts[rnd.IntN(len(texts))]
		}
		return s
	}
	number := func() float64 {
		list := []float64{0, 1, -1, 0.1, 1e-9, 1e300, math.NaN(), math.Inf(1), math.Inf(-1), 123456789, math.Copysign(0, -1), math.MaxFloat64, 5e-324, 1 << 53}
		return list[rnd.IntN(len(list))]
	}
	r := &Report{Script: text(), Started: time.Unix(1700000000, 5e8), Seconds: number()}
	for range rnd.IntN(40) {
		m := Metric{Name: text(), Type: []MetricType{Gauge, Counter, Info, "odd", ""}[rnd.IntN(5)], Help: text(), Value: number()}
		for range rnd.IntN(4) {
			m.Labels = append(m.Labels, Label{text(), text()})
		}
		r.Metrics = append(r.Metrics, m)
	}
	for range rnd.IntN(10) {
		f := Finding{Name: text(), State: State(rnd.IntN(4))}
		if rnd.IntN(5) == 0 {
			f.Skipped = "because"
		}
		for range rnd.IntN(4) {
			f.Values = append(f.Values, Value{Label: text(), Unit: text(), Value: number()})
			f.Metrics = append(f.Metrics, Value{Label: text(), Unit: text(), Value: number()})
		}
		r.Findings = append(r.Findings, f)
	}
	return r
}

func TestHostileMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000 / slowdown) {
		r := hostileReport(rand.New(rand.NewPCG(seed, 1)))
		for _, f := range []Format{Prom, OpenMetrics} {
			text := documentOf(t, r, f, Options{Written: true})
			readExposition(t, text)
			if t.Failed() || escape.Text(text) != text {
				t.Fatalf("seed %d, %s: bad, or dangerous for a terminal:\n%q", seed, f, text)
			}
		}
	}
}

func FuzzFamilies(f *testing.F) {
	for _, s := range hostileNames() {
		f.Add(s, s, s, s, 1.5)
	}
	f.Fuzz(func(t *testing.T, name, label, value, help string, x float64) {
		r := &Report{Findings: []Finding{{Name: value, Values: []Value{{Label: label, Unit: help, Value: x}, {Label: label, Unit: help}}}}}
		for _, kind := range []MetricType{Gauge, Counter, Info} {
			r.Metrics = append(r.Metrics,
				Metric{Name: name, Type: kind, Help: help, Labels: []Label{{label, value}, {"x", help}}, Value: x},
				Metric{Name: name + "_total", Type: kind, Help: help, Labels: []Label{{label, value}}, Value: x})
		}
		readExposition(t, documentOf(t, r, Prom, Options{Written: true}))
		readExposition(t, documentOf(t, r, OpenMetrics, Options{Written: true}))
	})
}

func TestNamesAndValues(t *testing.T) {
	for in, want := range map[string]string{"": "_", "a.b": "a_b", "9": "_9", "a:b": "a:b", "é": "_", "\xff": "_", "__x": "__x"} {
		if got := metricName(in); got != want {
			t.Errorf("metricName(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"a:b": "a_b", "__name__": "_name__", "___": "_", "é9": "_9", "_a": "_a"} {
		if got := labelName(in); got != want {
			t.Errorf("labelName(%q) = %q, want %q", in, got, want)
		}
	}
	for want, in := range map[string]float64{
		"0": math.Copysign(0, -1), "1048576": 1 << 20, "0.25": 0.25, "-3": -3, "1e+16": 1e16, "1e-06": 1e-6,
		"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1), "1700000000.123": 1700000000.123,
	} {
		if got := sampleValue(in); got != want {
			t.Errorf("sampleValue(%v) = %q, want %q", in, got, want)
		}
	}
}

func TestSuccess(t *testing.T) {
	at := time.Unix(1700000000, 0)
	for _, c := range []struct {
		r    Report
		want string
	}{
		{Report{}, "1"},
		{Report{Findings: []Finding{{Name: "a", State: Critical}}}, "1"},
		{Report{Findings: []Finding{{Name: "a", State: Unknown}}}, "1"},
		{Report{Findings: []Finding{{Name: "m", State: Unknown, Collector: true}}}, "0"},
		{Report{Error: "x.lua:1: no"}, "0"},
		{Report{Fixes: []Fix{{Status: FixChanged}, {Status: FixFailed}}}, "0"},
		{Report{Fixes: []Fix{{Status: FixRolledBack}}}, "0"},
		{Report{Fixes: []Fix{{Status: FixBlocked}, {Status: FixOK}, {Status: FixPlanned}}}, "1"},
	} {
		c.r.Started, c.r.Seconds = at, 2.5
		for _, f := range []Format{Prom, OpenMetrics} {
			e := readExposition(t, documentOf(t, &c.r, f, Options{Written: true}))
			if e.values["opslua_success"] != c.want || e.values["opslua_last_run_timestamp_seconds"] != "1700000002.5" {
				t.Errorf("%s of %+v: %v", f, c.r, e.values)
			}
			if text := documentOf(t, &c.r, f, Options{}); strings.Contains(text, "opslua_success") || strings.Contains(text, "last_run") {
				t.Errorf("%s not written to a file tells of the run:\n%s", f, text)
			}
		}
	}
}

func BenchmarkFamilies(b *testing.B) {
	r := &Report{}
	for i := range 10000 {
		r.Metrics = append(r.Metrics, Metric{
			Name: fmt.Sprint("metric_", i%10, "_bytes"), Type: Gauge, Help: "Help.", Value: float64(i),
			Labels: []Label{{"name", "a process"}, {"pid", fmt.Sprint(i)}},
		})
	}
	for _, f := range []Format{Prom, OpenMetrics} {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Write(discard{}, f, Options{Written: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// discard takes everything; io.Discard would let a buffered writer skip its buffer.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
