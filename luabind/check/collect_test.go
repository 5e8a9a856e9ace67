package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/internal/report"
	"opslua/luabind/check"
)

func TestMetrics(t *testing.T) {
	r := newBench(t).ok(`
collect("m", function(m)
  m:gauge("g", 1.5, {b = "x", a = 7, c = true}, "Help.")
  m:gauge("g", "2", {b = "y"})
  m:gauge("plain", 0)
  m:counter("c_total", 5)
  m:info("i", {version = "1"}, "I.")
end)`)
	if len(r.Findings) != 0 {
		t.Fatal(states(r))
	}
	same(t, "metrics", asJSON(t, r.Metrics), `[`+
		`{"Name":"g","Type":"gauge","Help":"Help.","Labels":[{"Name":"a","Value":"7"},{"Name":"b","Value":"x"},{"Name":"c","Value":"true"}],"Value":1.5},`+
		`{"Name":"g","Type":"gauge","Help":"","Labels":[{"Name":"b","Value":"y"}],"Value":2},`+
		`{"Name":"plain","Type":"gauge","Help":"","Labels":null,"Value":0},`+
		`{"Name":"c_total","Type":"counter","Help":"","Labels":null,"Value":5},`+
		`{"Name":"i","Type":"info","Help":"I.","Labels":[{"Name":"version","Value":"1"}],"Value":1}]`)
}

// A collector that is wrong is a finding, and the next one runs.
func TestCollectorsThatFail(t *testing.T) {
	for body, want := range map[string]string{
		`m:gauge("a-b", 1)`:                                 `m:gauge: name: "a-b" is no name of a metric`,
		`m:gauge("9a", 1)`:                                  `m:gauge: name: "9a" is no name`,
		`m:gauge("", 1)`:                                    `m:gauge: name: "" is no name`,
		`m:gauge("a", 1, {["b-c"] = "x"})`:                  `m:gauge: labels: "b-c" is no name of a label`,
		`m:gauge("a", 1, {__a = "x"})`:                      `m:gauge: labels: "__a" is no name of a label`,
		`m:gauge("a", 1, {a = {}})`:                         `m:gauge: labels: a = a table, want a text`,
		`m:gauge("a", "x")`:                                 `m:gauge: value: got "x", want a number`,
		`m:gauge("a", 1) m:counter("a", 1)`:                 `m:counter: name: "a" is a gauge already`,
		`m:gauge("a", 1, {x = 1}) m:gauge("a", 2, {x = 1})`: `m:gauge: a with these labels was given already`,
		`m:counter("a", -1)`:                                `m:counter: value: got -1`,
		`m:counter("a", 0/0)`:                               `m:counter: value: got nan`,
		`m:gauge("opslua_success", 1)`:                      `is a metric of opslua itself`,
		`m:rows("", {})`:                                    `m:rows: name: an empty text`,
		`m:rows("r", {1})`:                                  `m:rows: rows: item 1 is 1, want a table`,
		`m:rows("r", {{1}})`:                                `m:rows: rows: item 1 is a table, want a table with named columns`,
		`m:rows("r", {{a = 1}, {b = 1}}, {key = "a"})`:      `m:rows: key: row 2 has no column "a"`,
		`m:rows("r", {{a = 1}, {a = 1}}, {key = "a"})`:      `m:rows: key: rows 1 and 2 both have a = 1`,
		`m:rows("r", {{a = {1}}}, {key = "a"})`:             `column "a" of row 1 is no text`,
		`m:rows("r", {{a = print}})`:                        `a function has no form as data`,
		`m:rows("r", {}) m:rows("r", {})`:                   `rows "r" were given already`,
		`m:rows("r", {}, {kye = "a"})`:                      `unknown option "kye"`,
		`error("boom", 0)`:                                  `boom`,
		`time.sleep(20)`:                                    `its deadline of 2s passed`,
		`proc.run{"false"}`:                                 `false: exit 1`,
	} {
		r := newBench(t).ok(`collect("bad", {timeout = "2s"}, function(m) ` + body + ` end)
collect("good", function(m) m:gauge("good", 1) end) check("c", {}, function(c) c:ok("c") end)`)
		if f := r.Findings[1]; r.Error != "" || f.Name != "bad" || !f.Collector || f.State != report.Unknown ||
			strings.HasPrefix(f.Text, "collect bad: ") || !strings.Contains(f.Text, want) {
			t.Errorf("%s: got %q %+v, want %s", body, r.Error, f, want)
		}
		if n := len(r.Metrics); n == 0 || r.Metrics[n-1].Name != "good" || r.Exit(false) != 3 {
			t.Errorf("%s: %v", body, r.Metrics)
		}
	}
}

// One name has one type in a whole run.
func TestSeriesAcrossCollectors(t *testing.T) {
	r := newBench(t).ok(`collect("a", function(m) m:gauge("x", 1) end) collect("b", function(m) m:counter("x", 1) end)`)
	same(t, "findings", states(r), `b UNKNOWN: m:counter: name: "x" is a gauge already, and cannot be a counter too`)
}

// A collector that failed does not hide what a check found, nor take its name.
func TestFailedCollectorBesideChecks(t *testing.T) {
	r := newBench(t).ok(`check("a", function(c) c:crit("down") end) check("collect a", function(c) c:ok("x") end)
collect("a", function(m) m:gauge("g", 1) error("boom", 0) end)
fix("f", {on = "a"}, function(f) f:step("s", function() end) end)`)
	same(t, "findings", states(r), "a CRITICAL: down; collect a OK: x; collect collect a UNKNOWN: boom")
	if r.Exit(false) != 2 || len(r.Metrics) != 1 || len(r.Fixes[0].Steps) != 1 {
		t.Errorf("exit %d, %d metrics, %+v", r.Exit(false), len(r.Metrics), r.Fixes)
	}
}

func TestRows(t *testing.T) {
	r := newBench(t).ok(`
collect("m", function(m)
  local list = {{b = 1, a = "x"}, {b = 2.5, c = true}}
  list.partial = true
  m:rows("r", list)
  m:rows("s", list, {columns = {"a", "b"}, key = "b"})
  m:rows("p", proc.list{pid = 1, fields = {"pid", "name"}}, {key = "pid"})
  m:rows("none", {})
end)`)
	if len(r.Findings) != 0 {
		t.Fatal(states(r))
	}
	same(t, "rows", asJSON(t, r.Rows[:2]), `[{"Name":"r","Columns":["b","a","c"],"Key":"","Rows":[{"a":"x","b":1},{"b":2.5,"c":true}],"Diff":null},`+
		`{"Name":"s","Columns":["a","b"],"Key":"b","Rows":[{"a":"x","b":1},{"b":2.5,"c":true}],"Diff":null}]`)
	if len(r.Rows[2].Rows) != 1 || r.Rows[2].Rows[0]["pid"] != int64(1) || len(r.Rows[3].Rows) != 0 {
		t.Error(asJSON(t, r.Rows[2:]))
	}
}

func TestChanges(t *testing.T) {
	b := newBench(t)
	run := func(rows string, changes, dry bool) *report.Report {
		t.Helper()
		r, err := b.do(t.Context(), dry, `collect("m", function(m) m:rows("r", `+rows+`, {key = "k"}) end)`,
			func(r *check.Run) { r.Changes = changes })
		if err != nil || len(r.Findings) != 0 {
			t.Fatal(err, states(r))
		}
		return r
	}
	r := run(`{{k = 1, v = "a"}}`, true, false)
	same(t, "first", asJSON(t, r.Rows[0].Diff), `{"Added":[{"k":1,"v":"a"}],"Removed":null,"Changed":null}`)
	run(`{{k = 1, v = "\255"}, {k = 2^60, v = 2^60}, {k = "\0base64:"}}`, false, false) // always kept
	run(`{}`, false, true)                                                              // but not by a dry run
	r = run(`{{k = 1, v = "\255"}, {k = 2^60, v = 2^60}, {k = "\0base64:"}}`, true, false)
	same(t, "equal", asJSON(t, r.Rows[0].Diff), `{"Added":null,"Removed":null,"Changed":null}`)
	r = run(`{{k = 1, v = "\254", w = 1}, {k = "1"}}`, true, false)
	d := r.Rows[0].Diff
	if len(d.Added) != 1 || d.Added[0]["k"] != "1" || len(d.Removed) != 2 || len(d.Changed) != 1 ||
		d.Changed[0].Key != int64(1) || d.Changed[0].Before["v"] != "\xff" || d.Changed[0].After["v"] != "\xfe" || d.Changed[0].After["w"] != int64(1) {
		t.Error(asJSON(t, d))
	}
}

func TestChangesWithoutState(t *testing.T) {
	b := newBench(t)
	b.dir = ""
	r, err := b.do(t.Context(), false, `collect("m", function(m) m:rows("r", {{k = 1}}, {key = "k"}) end)`,
		func(r *check.Run) { r.Changes = true })
	if err != nil || states(r) != "m UNKNOWN: m:rows: differences to the last run need a state directory" {
		t.Error(err, states(r))
	}
	b.dir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(b.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err = b.do(t.Context(), false, `collect("m", function(m) m:rows("r", {{k = 1}}, {key = "k"}) end)`, nil)
	if err != nil || states(r) != "" || len(r.Rows) != 1 || len(r.Degraded) != 1 ||
		!strings.Contains(r.Degraded[0], "the rows r are not kept for the next run") {
		t.Error(err, states(r), r.Degraded)
	}
	r, err = b.do(t.Context(), false, `collect("m", function(m) m:rows("r", {{k = 1}}, {key = "k"}) end)`,
		func(r *check.Run) { r.Changes = true })
	if err != nil || !strings.Contains(states(r), "m UNKNOWN: m:rows: the rows for the next run cannot be kept") {
		t.Error(err, states(r))
	}
}
