package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"opslua/internal/units"
)

// A text that is replaced is in none of the formats, in no part of the report,
// and numbers that look like it stay numbers.
func TestRedact(t *testing.T) {
	warn, err := units.ParseRange("1234")
	if err != nil {
		t.Fatal(err)
	}
	full := func() *Report {
		return &Report{
			Script: "s1234", Host: "h1234", Started: time.Unix(1234, 0), Seconds: 1234, Degraded: []string{"d1234"},
			Findings: []Finding{{Name: "n1234", Text: "t1234", Lines: []Line{{Text: "l1234"}}, Needs: []string{"n1234"},
				Values:  []Value{{Label: "v1234", Value: 1234, Warn: &warn, Note: "n1234"}},
				Metrics: []Value{{Label: "m1234", Value: 1234}},
				Before:  &Finding{Name: "n1234", Text: "b1234"}}, {Name: "s", Skipped: "s1234"}},
			Metrics: []Metric{{Name: "m", Type: Gauge, Help: "h1234", Labels: []Label{{"l", "v1234"}}, Value: 1234}},
			Rows: []Rows{{Name: "r", Key: "a", Columns: []string{"a"},
				Rows: []map[string]any{{"a": "x1234", "b": []any{"y1234", map[string]any{"c": "z1234"}}, "n": 1234.0, "nil": nil}},
				Diff: &RowsDiff{Added: []map[string]any{{"a": "q1234"}}, Changed: []RowChange{{Key: "k1234", Before: map[string]any{"a": "o1234"}, After: map[string]any{"a": "p1234"}}}}}},
			Fixes: []Fix{{Name: "f1234", Status: FixFailed, On: "o1234", Reason: "r1234", Error: "e1234",
				Steps:    []Step{{Title: "t1234", Status: StepFailed, Text: "x1234", Changes: []Change{{Op: "write", Text: "w1234", Argv: []string{"a1234"}, Path: "p1234", Diff: "+1234"}}}},
				Evidence: []Evidence{{"n1234", "t1234"}}}},
			Commands:  []Command{{Argv: []string{"c", "1234"}, Error: "e1234"}},
			Changes:   []Change{{Op: "command", Text: "c1234", Argv: []string{"1234"}}},
			Processes: []Process{{PID: 1234, Name: "p1234", Command: "c1234"}},
			Error:     "e1234", Incomplete: "i1234",
		}
	}
	r := full()
	r.Redact(func(s string) string { return strings.ReplaceAll(s, "1234", "***") })
	for _, f := range Formats() {
		var before, after bytes.Buffer
		if err := full().Write(&before, f, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := r.Write(&after, f, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, letter := range "abcdefhiklmnopqrstvwxyz+" {
			if strings.Contains(after.String(), string(letter)+"1234") {
				t.Errorf("%s: %c1234 is still there", f, letter)
			}
		}
		if !strings.Contains(before.String(), "1234") {
			t.Errorf("%s shows nothing that could be hidden", f)
		}
	}
	var b bytes.Buffer
	_ = r.Write(&b, JSON, Options{})
	if !json.Valid(b.Bytes()) || !strings.Contains(b.String(), `"value":1234`) {
		t.Errorf("numbers were changed: %s", b.String())
	}
}

// The name of a column may be a secret, as far down as tables go.
func TestRedactNames(t *testing.T) {
	r := &Report{Rows: []Rows{{Name: "r", Columns: []string{"a", "x1234"}, Rows: []map[string]any{
		{"a": 1.0, "x1234": 2.0, "y1234": map[string]any{"z1234": "1234"}, "1234": nil, "12341234": "k"},
	}}}}
	r.Redact(func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "12341234", "***"), "1234", "***")
	})
	for _, f := range []Format{Human, JSON, JSONL, HTML} {
		var b bytes.Buffer
		if err := r.Write(&b, f, Options{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "1234") {
			t.Errorf("%s: a name is still there: %s", f, b.String())
		}
		if want := `{"a":1,"x***":2,"***":null,"***~2":"k","y***":{"z***":"***"}}`; f == JSON && !strings.Contains(b.String(), want) {
			t.Errorf("want %s in %s", want, b.String())
		}
	}
}
