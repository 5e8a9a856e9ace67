package report

import (
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestHumanIsSilentWhereThereIsNothingToTell(t *testing.T) {
	for name, r := range map[string]*Report{
		"plain": {Script: "x.lua", Seconds: 1, Degraded: []string{"no cgroup"}, Commands: []Command{{Argv: []string{"ls"}}}},
		"error": {Error: "x.lua:1: no"}, "dry": {DryRun: true},
	} {
		if got := render(t, r, Human, Options{}); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := render(t, &Report{Error: "x.lua:1: no"}, Human, Options{Written: true}); !strings.HasPrefix(got, "error: x.lua:1: no\n") {
		t.Errorf("%q", got)
	}
}

func TestHuman(t *testing.T) {
	got := render(t, fullReport(t), Human, Options{})
	for _, want := range []string{
		"CRITICAL  disk       /var 96%, 1.2 GiB free\n",
		"            was UNKNOWN before the fixes: no answer\n",
		"            WARNING: /home is nearly full\n",
		"            ! /var: 96% (warn 80, crit 90) 1.2 GiB free\n              /: 40% (warn 80, crit 90)\n              reads: 1234\n",
		"WARNING   load       load 5.2 (soft 1/3)\n",
		"skipped   web        needs ssh-login, which is UNKNOWN\n",
		"\nmem_bytes{name=\"a\\\"b\"} 4096\n",
		"\ntop\n  pid  name\n    1  init\n   22  sshd\n",
		"changed      nginx  web is CRITICAL  500ms\n",
		"               write /etc/x\n                 --- a\n                 +++ b\n",
		"             evidence: journal (4 lines)\n               l2\n",
		"             undone       restart\n             error: did not come back\n",
		"degraded: memory limit: no cgroup\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	last := "5 checks: 1 OK, 1 WARNING, 1 CRITICAL, 1 UNKNOWN, 1 skipped; 2 fixes: 1 changed, 1 rolled back; 1 metric; 1.5s\n"
	if !strings.HasSuffix(got, "\n"+last) {
		t.Errorf("the end is %q", got[max(0, len(got)-200):])
	}
}

func TestHumanShowsWhatADryRunPlanned(t *testing.T) {
	inFix := Change{Op: "write", Text: "/etc/x", Diff: "+new\n", Where: "a.lua:1"}
	r := &Report{DryRun: true, Seconds: 0.25,
		Fixes:      []Fix{{Name: "f", Status: FixPlanned, Steps: []Step{{Title: "s", Status: StepPlanned, Changes: []Change{inFix}}}}},
		Changes:    []Change{inFix, {Op: "command", Text: "nginx -s reload", Where: "a.lua:3"}, {Op: "signal", Text: "send HUP to x (3)"}, {Op: "write", Path: "/p"}, inFix},
		Incomplete: "cannot predict past line 12"}
	want := "planned      f\n             planned      s\n               would write /etc/x  a.lua:1\n                 +new\n\n" +
		"would run nginx -s reload  a.lua:3\nwould send HUP to x (3)\nwould write /p\nwould write /etc/x  a.lua:1\n  +new\n\n" +
		"the plan ends here: cannot predict past line 12\ndry run; 1 fix: 1 planned; 5 planned changes; 250ms\n"
	if got := render(t, r, Human, Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestHumanShowsHowRowsChanged(t *testing.T) {
	r := &Report{Rows: []Rows{{Name: "a", Key: "pid", Diff: &RowsDiff{}}, {Name: "b", Key: "pid", Diff: &RowsDiff{
		Added:   []map[string]any{{"pid": 3.0, "name": "new", "x": math.NaN()}},
		Removed: []map[string]any{{"pid": 4.0, "name": "old"}},
		Changed: []RowChange{{Key: 5.0, Before: map[string]any{"name": "a"}, After: map[string]any{"name": "b"}}}}},
		{Name: "c", Rows: []map[string]any{{"l": []any{1.0, "x"}, "n": nil}}}, {Name: "d"}}}
	want := "a\n  no change\n\nb\n  pid  name    x\n+   3  new   NaN\n  pid  name\n-   4  old\n~ 5  name: a → b\n\nc\n  l        n\n  [1,\"x\"]\n\nd\n  nothing\n\n0s\n"
	if got := render(t, r, Human, Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestHumanProcesses(t *testing.T) {
	r := &Report{Processes: []Process{{PID: 1, Name: "init", RSS: 2 << 20, CPUTime: 1.25}, {Depth: 1, PID: 77, Command: "sshd: x", RSS: 1}}}
	got := render(t, r, Human, Options{})
	want := "     pid      memory         cpu  process\n       1       2 MiB        1.2s  init\n      77         1 B        0.0s    sshd: x\n\n0s\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// With a width every line but those of the end fits; colours change nothing but
// the looks.
func TestHumanFitsTheTerminal(t *testing.T) {
	colours := regexp.MustCompile("\x1b\\[[0-9]+m")
	each(t, 200, func(t *testing.T, r *Report) {
		r.Error, r.Incomplete, r.Degraded = "", "", nil
		for _, width := range []int{1, 20, 80} {
			doc := render(t, r, Human, Options{Width: width})
			lines := strings.Split(doc, "\n")
			for i, l := range lines {
				if i < len(lines)-2 && cells(strings.ReplaceAll(l, "\t", "    ")) > width {
					t.Fatalf("%d cells of %d: %q", cells(l), width, l)
				}
			}
			if c := render(t, r, Human, Options{Width: width, Color: true}); colours.ReplaceAllString(c, "") != doc {
				t.Fatal("colours change the text")
			}
		}
	})
	r := &Report{Findings: []Finding{{Name: "n", Text: "日本語のテキスト"}}}
	if got, _, _ := strings.Cut(render(t, r, Human, Options{Width: 20}), "\n"); got != "OK        n  日本語…" {
		t.Errorf("%q", got)
	}
	if got := render(t, r, Human, Options{Color: true}); !strings.HasPrefix(got, "\x1b[32mOK      \x1b[0m") {
		t.Errorf("%q", got)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct {
		f    float64
		unit string
		want string
	}{
		{91.234, "%", "91.23%"}, {5, "", "5"}, {0.012346, "s", "0.01235s"}, {1234.56, "ms", "1234.6ms"}, {9.12345, "km", "9.123 km"}, {4000.5, "s", "1h6m41s"}, {-90, "s", "-1m30s"}, {math.NaN(), "s", "NaNs"}, {1e300, "s", "1e+300s"}, {999.96, "", "1000"}, {0.00001234, "", "0.00001234"}, {1 << 30, "B", "1 GiB"}, {math.NaN(), "", "NaN"},
		{1e20, "", "1e+20"}, {1e-9, "", "1e-09"}, {100.04, "", "100"}, {math.Copysign(0, -1), "", "0"}, {-0.5, "c", "-0.5"}, {math.Inf(1), "B", "+Inf B"},
	} {
		if got := NumberText(c.f, c.unit); got != c.want {
			t.Errorf("%g %s: %q, want %q", c.f, c.unit, got, c.want)
		}
	}
	for _, c := range [][3]string{
		{"1073741824", "B", "1 GiB"}, {"@~:1024", "B", "@~:1 KiB"}, {"512:", "B", "512 B:"}, {"10:20", "B", "10 B:20 B"}, {"1500000", "B", "1500000"},
		{"100", "s", "1m40s"}, {"604800:", "s", "7d:"}, {"0.5", "s", "0.5s"}, {"@10:3600", "s", "@10s:1h"}, {"80", "%", "80"}, {"100", "ms", "100"},
	} {
		if got := RangeText(*rng(t, c[0]), c[1]); got != c[2] {
			t.Errorf("%s %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestPlainNumbers(t *testing.T) {
	for f, want := range map[float64]string{
		19.033532372932783: "19.033532", 0.09711434555271038: "0.0971143", 0.1 + 0.2: "0.3", 24004608000: "24004608000", -0.25: "-0.25",
		1234567.8901234567: "1234567.890123", math.Copysign(0, -1): "0", 1e-7: "0.0000001", 0.9999999: "1",
	} {
		if got := plainNumber(f); got != want {
			t.Errorf("%g: %q, want %q", f, got, want)
		}
	}
}

// An operator sees why something is wrong to its end, however narrow the terminal.
func TestHumanTellsAllOfWhatIsWrong(t *testing.T) {
	long := "mysqld does not answer on 127.0.0.1:3306: connection refused; see its log in /var/log/mysql/error.log, then start it"
	r := &Report{Findings: []Finding{{Name: "db", State: Critical, Text: long}, {Name: "ok", Text: long}},
		Fixes: []Fix{{Name: "db", Status: FixFailed, Error: long, Steps: []Step{{Title: "start", Status: StepFailed, Text: long}, {Title: "other", Status: StepFailed}}}}}
	want := `CRITICAL  db  mysqld does not answer on 127.0.0.1:3306:
              connection refused; see its log in
              /var/log/mysql/error.log, then start it
OK        ok  mysqld does not answer on 127.0.0.1:3306…

failed       db  0s
             failed       start: mysqld does not answer
                          on 127.0.0.1:3306: connection
                          refused; see its log in
                          /var/log/mysql/error.log,
                          then start it
             failed       other

2 checks: 1 OK, 1 CRITICAL; 1 fix: 1 failed; 0s
`
	if got := render(t, r, Human, Options{Width: 55}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the text of a finding has said, and what was so before the fixes too, is
// not told twice.
func TestHumanDoesNotRepeat(t *testing.T) {
	values := []Value{{Label: "a", Value: 95.123, Unit: "%", Crit: rng(t, "90"), State: Critical}, {Label: "b", Value: 9, State: Warning, Warn: rng(t, "5")}}
	f := Finding{Name: "c", State: Critical, Text: "a: 95.12% (crit 90), ab: 9, b: 95", Values: values}
	same, other := f, f
	f.Before, other.Text = &same, "other"
	got := render(t, &Report{Findings: []Finding{f}}, Human, Options{})
	if want := "CRITICAL  c  a: 95.12% (crit 90), ab: 9, b: 95\n            ! b: 9 (warn 5)\n\n"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	f.Before = &other
	if got := render(t, &Report{Findings: []Finding{f}}, Human, Options{}); !strings.Contains(got, "was CRITICAL before the fixes: other\n") {
		t.Errorf("%q", got)
	}
}

// A long text in the middle does not push what stands behind it off the terminal.
func TestHumanKeepsEndsInSight(t *testing.T) {
	long := strings.Repeat("x", 70)
	r := &Report{Metrics: []Metric{{Name: "up", Labels: []Label{{"device", long}}, Value: 0.1 + 0.2}},
		Rows: []Rows{{Name: "t", Columns: []string{"pid", "name", "pct"}, Rows: []map[string]any{{"pid": 1.0, "name": long, "pct": 12.345678901234567}}}}}
	got := render(t, r, Human, Options{Width: 40})
	want := "up{device=\"xxxxxxxxxxxxxxxxxxxxxxxx… 0.3\n\nt\n  pid  name                          pct\n" +
		"    1  xxxxxxxxxxxxxxxxxxxxx…  12.345679\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A removed line that begins with dashes is no name of a file.
func TestHumanColoursADiffByItsPlace(t *testing.T) {
	diff := "--- a\n+++ b\n@@ -1,2 +1 @@\n--- option\n+++ plus\n same\n"
	r := &Report{DryRun: true, Changes: []Change{{Op: "write", Text: "/x", Diff: diff}}}
	got := render(t, r, Human, Options{Color: true})
	for _, want := range []string{"\x1b[1m--- a\x1b[0m\n", "\x1b[31m--- option\x1b[0m\n", "\x1b[32m+++ plus\x1b[0m\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestHumanNamesCollectors(t *testing.T) {
	r := &Report{Findings: []Finding{{Name: "a"}, {Name: "m", Collector: true, State: Unknown, Text: "boom"}}}
	want := "OK        a\nUNKNOWN   m  boom\n\n2 findings: 1 OK, 1 UNKNOWN; 0s\n"
	if got := render(t, r, Human, Options{}); got != want {
		t.Errorf("%q", got)
	}
}
