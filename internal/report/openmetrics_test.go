package report

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"opslua/internal/escape"
)

func TestOpenMetrics(t *testing.T) {
	const want = `# TYPE proc_memory_bytes gauge
# UNIT proc_memory_bytes bytes
# HELP proc_memory_bytes Resident \"memory\".
proc_memory_bytes{name="a\"b\\c\nd",pid="12"} 1048576
proc_memory_bytes{name="b"} 2.5
# TYPE jobs counter
# HELP jobs Jobs\ndone.
jobs_total 7
# TYPE build info
# HELP build The build.
build_info{version="1.2"} 1
# TYPE silent_ratio gauge
# UNIT silent_ratio ratio
# HELP silent_ratio Reported by an opslua script.
silent_ratio 0.5
# TYPE opslua_check_state gauge
# HELP opslua_check_state State of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
opslua_check_state{check="disk"} 2
opslua_check_state{check="odd"} 3
# TYPE opslua_check_value gauge
# HELP opslua_check_value What a check measured, in the unit that the label unit names.
opslua_check_value{check="disk",label="/",unit="%"} 97.5
opslua_check_value{check="disk",label="inodes",unit=""} 12
# TYPE opslua_success gauge
# HELP opslua_success Whether the last run evaluated its script and no collector or fix failed: 1, else 0.
opslua_success 1
# TYPE opslua_last_run_timestamp_seconds gauge
# UNIT opslua_last_run_timestamp_seconds seconds
# HELP opslua_last_run_timestamp_seconds When the last run ended, in seconds since 1970 began, UTC.
opslua_last_run_timestamp_seconds 1700000001.5
# EOF
`
	got := documentOf(t, metricsReport(), OpenMetrics, Options{Written: true})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	readExposition(t, got)
}

func TestOpenMetricsNothing(t *testing.T) {
	if got := documentOf(t, &Report{}, OpenMetrics, Options{}); got != "# EOF\n" {
		t.Errorf("a report of nothing: %q", got)
	}
}

// clashes are metrics whose names get in each other's way only here.
func clashes() *Report {
	return &Report{Metrics: []Metric{
		{Name: "jobs_total", Type: Counter, Value: 1},
		{Name: "jobs", Type: Gauge, Value: 2},
		{Name: "x", Type: Counter, Value: 3},
		{Name: "x", Type: Info, Labels: []Label{{"a", "b"}}},
		{Name: "y_total", Type: Counter, Value: -1},
		{Name: "z", Type: Counter, Value: 4},
		{Name: "z_created", Type: Gauge, Value: 5},
		{Name: "z_total", Type: Counter, Labels: []Label{{"a", "b"}}, Value: 6},
		{Name: "sent_bytes_total", Type: Counter, Value: 7},
		{Name: "_total", Type: Counter, Value: 8},
	}}
}

func TestOpenMetricsClashes(t *testing.T) {
	text := documentOf(t, clashes(), OpenMetrics, Options{})
	e := readExposition(t, text)
	for name, want := range map[string]string{
		"jobs": "gauge", "jobs_total": "unknown", "x": "counter", "x_info": "unknown", "y_total": "unknown",
		"z_created": "gauge", "z_total": "unknown", "sent_bytes": "counter", "_total": "counter",
	} {
		if e.types[name] != want {
			t.Errorf("%s is %q, want %s", name, e.types[name], want)
		}
	}
	for series, want := range map[string]string{
		"jobs": "2", "jobs_total": "1", "x_total": "3", `x_info{a="b"}`: "1", "y_total": "-1",
		"z_total": "4", `z_total{a="b"}`: "6", "z_created": "5", "sent_bytes_total": "7", "_total_total": "8",
	} {
		if e.values[series] != want {
			t.Errorf("%s is %q, want %s", series, e.values[series], want)
		}
	}
	if !strings.Contains(text, "# UNIT sent_bytes bytes\n") {
		t.Error("a counter of bytes has no unit")
	}
}

// parsed is what the reference parser says of one sample.
type parsed struct {
	Name   string
	Labels map[string]string
	Value  string
}

// parsePython has the reference parser, in strict use, read documents.
func parsePython(t *testing.T, docs ...string) [][]parsed {
	t.Helper()
	const script = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
def read(text):
    try:
        return [{"Name": s.name, "Labels": s.labels, "Value": repr(float(s.value))} for f in parse(text) for s in f.samples]
    except Exception as e:
        sys.exit("%r in\n%s" % (e, text))
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`
	python := ""
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(path, "-c", "import prometheus_client.openmetrics.parser").Run() == nil {
			python = path
			break
		}
	}
	if python == "" {
		t.Skip("python3 with prometheus_client is not installed")
	}
	cmd := exec.Command(python, "-c", script)
	in, err := json.Marshal(docs)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(in)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the reference parser refuses:\n%s", stderr.String())
	}
	var list [][]parsed
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestReferenceParserTakesOpenMetrics(t *testing.T) {
	t.Parallel()
	docs := []string{documentOf(t, metricsReport(), OpenMetrics, Options{Written: true}), documentOf(t, clashes(), OpenMetrics, Options{})}
	for seed := range uint64(50) {
		docs = append(docs, documentOf(t, hostileReport(rand.New(rand.NewPCG(seed, 3))), OpenMetrics, Options{Written: true}))
	}
	got := parsePython(t, docs...)
	if len(got) != len(docs) || len(got[1]) != 10 {
		t.Fatalf("%d documents, %v", len(got), got[1])
	}
	for i, doc := range docs {
		if want := len(readExposition(t, doc).values); len(got[i]) != want {
			t.Fatalf("document %d: %d samples were read, not %d:\n%s", i, len(got[i]), want, doc)
		}
	}
}

// Every hostile text comes back as it was, but for what a terminal must not see.
func TestLabelsComeBack(t *testing.T) {
	r := &Report{}
	for _, s := range hostileNames() {
		r.Metrics = append(r.Metrics, Metric{Name: "back", Type: Gauge, Value: 1, Labels: []Label{{"v", s + "."}}})
	}
	text := documentOf(t, r, OpenMetrics, Options{})
	got := map[string]bool{}
	for _, s := range parsePython(t, text)[0] {
		got[s.Labels["v"]] = true
	}
	for _, s := range hostileNames() {
		if !got[escape.Text(s+".")] {
			t.Errorf("%q did not come back", s+".")
		}
	}
}

// A document without timestamps is for scraping; with them Prometheus itself
// reads it into a database, and tells what it understood.
func TestPrometheusTakesOpenMetrics(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	r := metricsReport()
	for _, s := range hostileNames() {
		r.Metrics = append(r.Metrics, Metric{Name: "back", Type: Counter, Help: s, Value: 1, Labels: []Label{{"v", s + "."}}})
	}
	for seed := range uint64(10) {
		r.Metrics = append(r.Metrics, hostileReport(rand.New(rand.NewPCG(seed, 4))).Metrics...)
	}
	text := documentOf(t, r, OpenMetrics, Options{Written: true})
	series := len(readExposition(t, text).values)
	var stamped strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		if !strings.HasPrefix(line, "#") && line != "" {
			line = strings.TrimSuffix(line, "\n") + " 1700000000\n"
		}
		stamped.WriteString(line)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "in.om")
	if err := os.WriteFile(file, []byte(stamped.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := filepath.Join(dir, "data")
	if out, code := promtool(t, "", "tsdb", "create-blocks-from", "openmetrics", file, blocks); code != 0 {
		t.Fatalf("promtool exits with %d: %s\n%s", code, out, stamped.String())
	}
	if err := os.Mkdir(filepath.Join(blocks, "wal"), 0o700); err != nil { // a database has one
		t.Fatal(err)
	}
	out, code := promtool(t, "", "tsdb", "dump", blocks)
	if got := strings.Count(out, "\n") + 1; code != 0 || got != series {
		t.Errorf("exit %d, %d series in the database, not %d:\n%s", code, got, series, out)
	}
	if want := `{__name__="proc_memory_bytes", name="a\"b\\c\nd", pid="12"} 1.048576e+06 1700000000000`; !strings.Contains(out, want) {
		t.Errorf("the database has not %s:\n%s", want, out)
	}
}
