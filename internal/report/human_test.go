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
		{91.234, "%", "91.23%"}, {5, "", "5"}, {0.012346, "s", "0.01235 s"}, {1234.56, "ms", "1234.6 ms"}, {1 << 30, "B", "1 GiB"}, {math.NaN(), "", "NaN"},
		{1e20, "", "1e+20"}, {1e-9, "", "1e-09"}, {100.04, "", "100"}, {math.Copysign(0, -1), "", "0"}, {-0.5, "c", "-0.5"}, {math.Inf(1), "B", "+Inf B"},
	} {
		if got := numberText(c.f, c.unit); got != c.want {
			t.Errorf("%g %s: %q, want %q", c.f, c.unit, got, c.want)
		}
	}
	for in, want := range map[string]string{"1073741824": "1GiB", "@~:1024": "@~:1KiB", "512:": "512B:", "10:20": "10B:20B"} {
		if got := rangeText(*rng(t, in), "B"); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
