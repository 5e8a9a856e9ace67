package report

import (
	"math"
	"strings"
	"testing"
)

func TestParsePerfdata(t *testing.T) {
	items, err := ParsePerfdata("  /=2643B;5948;@5:10;0;5968 'a ''b'' = c'=-1.5ms;~:3;2:;; \n\tx=U;1 y=.5furlongs;;;; load1=0.160;5.000;10.000;0; ")
	if err != nil || len(items) != 5 {
		t.Fatal(items, err)
	}
	a, b, x, y := items[0], items[1], items[2], items[3]
	if a.Label != "/" || a.Value != 2643 || a.Unit != "B" || a.Warn.String() != "5948" || a.Crit.String() != "@5:10" || *a.Min != 0 || *a.Max != 5968 {
		t.Errorf("%+v", a)
	}
	if b.Label != "a 'b' = c" || b.Value != -1.5 || b.Unit != "ms" || b.Warn.String() != "~:3" || b.Crit.String() != "2:" || b.Min != nil || b.Max != nil {
		t.Errorf("%+v", b)
	}
	if !math.IsNaN(x.Value) || x.Warn.End != 1 || y.Value != 0.5 || y.Unit != "furlongs" {
		t.Errorf("%+v %+v", x, y)
	}
	if none, err := ParsePerfdata(" \n"); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestParsePerfdataRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"alone":             "no = behind the label",
		"=5":                "no label before =",
		"''=5":              "the label is empty",
		"'open=5":           "is not closed",
		"'a'5":              "no = behind the label",
		"a b=5":             "a space or a quote",
		"it's=5":            "a space or a quote",
		"a=":                "value: \"\" is no number",
		"a=x":               "is no number",
		"a=1e5":             "is no unit",
		"a=--5":             "is no number",
		"a=5;;;;;6":         "6 fields",
		"a=5;x":             "warn: ",
		"a=5;10:5":          "is above its end",
		"a=5;;1e3":          "crit: ",
		"a=5;;;0x1":         "min: ",
		"a=5;;;;inf":        "max: ",
		"a=5 'b=6":          "item 2",
		"a=" + nine(400):    "is no number",
		"a=5;~" + "":        "warn: ",
		"ok=1 bad=1.2.3s;;": `"bad"`,
	} {
		_, err := ParsePerfdata(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		} else if len(err.Error()) > 300 {
			t.Errorf("%.40q: an error of %d bytes", in, len(err.Error()))
		}
	}
}

func nine(n int) string { return strings.Repeat("9", n) }

func TestPluginOutput(t *testing.T) {
	for in, want := range map[string][2]string{
		"OK - x | a=1 b=2\nlong\nmore | c=3\nd=4\n": {"OK - x", "a=1 b=2  c=3 d=4"},
		"OK - x":      {"OK - x", ""},
		"DISK OK|/=5": {"DISK OK", "/=5"},
		"a\nb|c=1":    {"a", "c=1"},
		"":            {"", ""},
	} {
		if text, perf := PluginOutput(in); text != want[0] || perf != want[1] {
			t.Errorf("%q: %q, %q", in, text, perf)
		}
	}
}

// What was read can be written and is then read as the same.
func FuzzParsePerfdata(f *testing.F) {
	for _, s := range []string{"/=2643B;5948;@5:10;0;5968", "'a ''b'' = c'=-1.5ms;~:3;2:;;", "x=U", "a=1 b=2;;;;", "'=", "a=5;10:5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, err := ParsePerfdata(s)
		if err != nil {
			if items != nil {
				t.Fatal("items beside an error")
			}
			return
		}
		r := &Report{Findings: []Finding{{Name: "f", State: OK, Text: "x"}}}
		kept := 0
		for _, p := range items {
			if p.Label == "" {
				t.Fatalf("an item without a label in %q", s)
			}
			if finite(p.Value) {
				kept++
			}
			r.Findings[0].Metrics = append(r.Findings[0].Metrics, Value{Label: p.Label, Value: p.Value, Unit: "", Warn: p.Warn, Crit: p.Crit, Min: p.Min, Max: p.Max})
		}
		if kept == 0 || len(s) > 100_000 {
			return
		}
		perf := checkNagios(t, r, render(t, r, Nagios, Options{}))
		again, err := ParsePerfdata(perf)
		if err != nil || len(again) != kept {
			t.Fatalf("%q became %q: %v", s, perf, err)
		}
		k := 0
		for _, p := range items {
			if !finite(p.Value) {
				continue
			}
			q := again[k]
			k++
			if p.Value != q.Value || (p.Warn == nil) != (q.Warn == nil) || p.Warn != nil && *p.Warn != *q.Warn || (p.Max == nil) != (q.Max == nil) || p.Max != nil && *p.Max != *q.Max {
				t.Fatalf("%+v became %+v", p, q)
			}
		}
	})
}
