package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type tapPoint struct {
	ok         bool
	name, skip string
	block      map[string]any
}

// readTAP reads by the specification of version 14; it knows what we may write,
// and nothing else.
func readTAP(t *testing.T, doc string) (points []tapPoint, plan, bail string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(doc, "\n"), "\n")
	if lines[0] != "TAP version 14" {
		t.Fatalf("first line %q", lines[0])
	}
	point := regexp.MustCompile(`^(not )?ok ([0-9]+) - ((?:[^\\#]|\\[\\#])*?)(?: # SKIP ((?:[^\\#]|\\[\\#])*))?$`)
	plain := func(s string) string { return regexp.MustCompile(`\\([\\#])`).ReplaceAllString(s, "$1") }
	for i := 1; i < len(lines); i++ {
		l := lines[i]
		switch m := point.FindStringSubmatch(l); {
		case m != nil:
			points = append(points, tapPoint{ok: m[1] == "", name: plain(m[3]), skip: plain(m[4])})
			if m[2] != fmt.Sprint(len(points)) {
				t.Fatalf("point %d is %q", len(points), l)
			}
		case l == "  ---":
			end := i + 1
			var block strings.Builder
			for lines[end] != "  ..." {
				if !strings.HasPrefix(lines[end], "  ") {
					t.Fatalf("in a block: %q", lines[end])
				}
				block.WriteString(lines[end][2:] + "\n")
				end++
			}
			last := &points[len(points)-1]
			if err := yaml.Unmarshal([]byte(block.String()), &last.block); err != nil {
				t.Fatalf("%v in\n%s", err, block.String())
			}
			i = end
		case strings.HasPrefix(l, "1.."):
			if plan != "" {
				t.Fatal("a second plan")
			}
			plan = l
		case strings.HasPrefix(l, "Bail out! "):
			bail = l
		case !strings.HasPrefix(l, "# "):
			t.Fatalf("line %q", l)
		}
	}
	return points, plan, bail
}

func TestTAP(t *testing.T) {
	r := fullReport(t)
	points, plan, bail := readTAP(t, render(t, r, TAP, Options{}))
	if plan != "1..5" || bail != "" || len(points) != 5 {
		t.Fatal(plan, bail, points)
	}
	for i, ok := range []bool{false, true, true, true, false} {
		if points[i].ok != ok || points[i].name != r.Findings[i].Name {
			t.Errorf("%+v", points[i])
		}
	}
	if points[3].skip != "needs ssh-login, which is UNKNOWN" || points[3].block != nil {
		t.Errorf("%+v", points[3])
	}
	v := points[0].block["values"].([]any)[1].(map[string]any)
	if points[0].block["state"] != "CRITICAL" || v["value"] != 96 || v["crit"] != "90" || v["note"] != "1.2 GiB free" {
		t.Errorf("%+v", points[0].block)
	}
}

func TestTAPWithoutPoints(t *testing.T) {
	if got := render(t, &Report{}, TAP, Options{}); got != "TAP version 14\n1..0 # SKIP no checks\n" {
		t.Errorf("%q", got)
	}
	if got := render(t, &Report{Error: "x:1: a\nb"}, TAP, Options{}); got != "TAP version 14\nBail out! x:1: a\\nb\n1..0\n" {
		t.Errorf("%q", got)
	}
	if got := tapText("a#b\\c\n# SKIP"); got != `a\#b\\c\\n\# SKIP` {
		t.Errorf("%q", got)
	}
}

func TestTAPHoldsWhatWasSaid(t *testing.T) {
	t.Parallel()
	each(t, 400, func(t *testing.T, r *Report) {
		points, _, _ := readTAP(t, render(t, r, TAP, Options{}))
		if len(points) != len(r.Findings) {
			t.Fatalf("%d points", len(points))
		}
		for i, p := range points {
			f := &r.Findings[i]
			if f.Skipped != "" {
				if !p.ok || p.block != nil {
					t.Fatalf("%+v", p)
				}
				continue
			}
			if p.ok != (f.State == OK || f.State == Warning) || p.block["state"] != f.State.String() {
				t.Fatalf("%+v of %+v", p, f)
			}
			if _, ok := p.block["message"].(string); !ok {
				t.Fatalf("message is %T", p.block["message"])
			}
		}
	})
}

// Perl's harness knows version 13 at most, which differs in that line alone.
func TestProveReadsIt(t *testing.T) {
	t.Parallel()
	prove := tool(t, "prove")
	each(t, 15, func(t *testing.T, r *Report) {
		r.Error = ""
		failed := false
		for i := range r.Findings {
			f := &r.Findings[i]
			failed = failed || f.Skipped == "" && f.State > Warning
		}
		if failed {
			for i := range r.Findings {
				r.Findings[i].State = State(i % 2)
			}
		}
		doc := strings.Replace(render(t, r, TAP, Options{}), "TAP version 14", "TAP version 13", 1)
		out := foreign(t, "", prove, "--exec", "cat", file(t, "x.tap", doc))
		if strings.Contains(out, "Parse errors") || len(r.Findings) > 0 && !strings.Contains(out, fmt.Sprintf("Tests=%d,", len(r.Findings))) {
			t.Fatalf("%s\n%s", out, doc)
		}
	})
}
