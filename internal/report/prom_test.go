package report

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// metricsReport has a metric of each kind, and findings.
func metricsReport() *Report {
	return &Report{
		Script: "disk.lua", Started: time.Unix(1700000000, 0), Seconds: 1.5,
		Metrics: []Metric{
			{Name: "proc_memory_bytes", Type: Gauge, Help: "Resident \"memory\".", Labels: []Label{{"name", `a"b\c` + "\nd"}, {"pid", "12"}}, Value: 1 << 20},
			{Name: "jobs", Type: Counter, Help: "Jobs\ndone.", Value: 7},
			{Name: "proc_memory_bytes", Type: Gauge, Labels: []Label{{"name", "b"}}, Value: 2.5},
			{Name: "build", Type: Info, Help: "The build.", Labels: []Label{{"version", "1.2"}}},
			{Name: "silent_ratio", Type: Gauge, Value: 0.5},
		},
		Findings: []Finding{
			{Name: "disk", State: Critical, Values: []Value{{Label: "/", Value: 97.5, Unit: "%"}}, Metrics: []Value{{Label: "inodes", Value: 12}}},
			{Name: "left out", State: Critical, Skipped: "disk is CRITICAL", Values: []Value{{Label: "x"}}},
			{Name: "odd", State: Unknown},
		},
	}
}

func TestProm(t *testing.T) {
	const want = `# HELP proc_memory_bytes Resident "memory".
# TYPE proc_memory_bytes gauge
proc_memory_bytes{name="a\"b\\c\nd",pid="12"} 1048576
proc_memory_bytes{name="b"} 2.5
# HELP jobs Jobs\ndone.
# TYPE jobs counter
jobs 7
# HELP build_info The build.
# TYPE build_info gauge
build_info{version="1.2"} 1
# HELP silent_ratio Reported by an opslua script.
# TYPE silent_ratio gauge
silent_ratio 0.5
# HELP opslua_check_state State of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
# TYPE opslua_check_state gauge
opslua_check_state{check="disk"} 2
opslua_check_state{check="odd"} 3
# HELP opslua_check_value What a check measured, in the unit that the label unit names.
# TYPE opslua_check_value gauge
opslua_check_value{check="disk",label="/",unit="%"} 97.5
opslua_check_value{check="disk",label="inodes",unit=""} 12
# HELP opslua_success Whether the last run evaluated its script and no collector or fix failed: 1, else 0.
# TYPE opslua_success gauge
opslua_success 1
# HELP opslua_last_run_timestamp_seconds When the last run ended, in seconds since 1970 began, UTC.
# TYPE opslua_last_run_timestamp_seconds gauge
opslua_last_run_timestamp_seconds 1700000001.5
`
	got := documentOf(t, metricsReport(), Prom, Options{Written: true})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	readExposition(t, got)
}

func TestPromNothing(t *testing.T) {
	if got := documentOf(t, &Report{}, Prom, Options{}); got != "" {
		t.Errorf("a report of nothing: %q", got)
	}
}

func TestPromRepeated(t *testing.T) {
	r := &Report{
		Metrics: []Metric{
			{Name: "a", Type: Gauge, Value: 1, Labels: []Label{{"x", "1"}}},
			{Name: "a", Type: Gauge, Value: 2},
			{Name: "a", Type: Gauge, Value: 3, Labels: []Label{{"x", "1"}}},
			{Name: "a", Type: Gauge, Value: 4, Labels: []Label{{"empty", ""}}}, // the same as no label
			{Name: "mixed", Type: Gauge, Value: 1},
			{Name: "mixed", Type: Counter, Value: 2},
			{Name: "opslua_check_state", Type: Gauge, Value: 9, Labels: []Label{{"check", "c"}}},
		},
		Findings: []Finding{
			{Name: "c", State: Critical, Values: []Value{{Label: "v", Value: 1}, {Label: "v~2", Value: 2}}, Metrics: []Value{{Label: "v", Value: 3}}},
			{Name: "c", State: Unknown, Values: []Value{{Label: "v", Value: 4}, {Label: "v", Unit: "s", Value: 5}}},
		},
	}
	got := documentOf(t, r, Prom, Options{})
	e := readExposition(t, got)
	for series, want := range map[string]string{
		`a{x="1"}`:                      "3",
		`a{empty=""}`:                   "4",
		`mixed`:                         "2",
		`opslua_check_state{check="c"}`: "2",
		`opslua_check_value{check="c",label="v",unit=""}`:   "1",
		`opslua_check_value{check="c",label="v~2",unit=""}`: "2",
		`opslua_check_value{check="c",label="v~3",unit=""}`: "3",
		`opslua_check_value{check="c",label="v~4",unit=""}`: "4",
		`opslua_check_value{check="c",label="v",unit="s"}`:  "5",
	} {
		if e.values[series] != want {
			t.Errorf("%s is %q, want %s", series, e.values[series], want)
		}
	}
	if len(e.values) != 9 || e.types["mixed"] != "untyped" {
		t.Errorf("more series than there are, or a wrong type:\n%s", got)
	}
	if n := strings.Count(got, "# Came more than once, the last value stands: "); n != 4 {
		t.Errorf("%d series are said to be repeated, not 4:\n%s", n, got)
	}
	for range 100 {
		r.Metrics = append(r.Metrics, Metric{Name: "mixed", Type: Gauge})
	}
	got = documentOf(t, r, Prom, Options{})
	if strings.Count(got, "# Came") != promRepeated || !strings.Contains(got, "# ... and 84 more.\n") {
		t.Errorf("the repeated series are not bounded:\n%s", got)
	}
}

func TestPromWriteError(t *testing.T) {
	full := errors.New("no space left")
	for _, f := range []Format{Prom, OpenMetrics, HTML} {
		if err := metricsReport().Write(refusing{full}, f, Options{Written: true}); !errors.Is(err, full) {
			t.Errorf("%s: the error of the writer became %v", f, err)
		}
	}
}

type refusing struct{ err error }

func (b refusing) Write([]byte) (int, error) { return 0, b.err }

// promtool reads the document as Prometheus does.
func promtool(t *testing.T, stdin string, args ...string) (out string, code int) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text)), cmd.ProcessState.ExitCode()
}

func TestPromtoolTakesProm(t *testing.T) {
	t.Parallel()
	r := metricsReport()
	r.Metrics[1].Name = "jobs_total" // a name without it is the script's own affair
	text := documentOf(t, r, Prom, Options{Written: true})
	if out, code := promtool(t, text, "check", "metrics"); code != 0 {
		t.Errorf("promtool exits with %d: %s\n%s", code, out, text)
	}
	if _, code := promtool(t, text+"broken{\n", "check", "metrics"); code == 0 {
		t.Error("promtool takes what is broken: this test cannot fail")
	}
	for seed := range uint64(40) {
		text := documentOf(t, hostileReport(rand.New(rand.NewPCG(seed, 2))), Prom, Options{Written: true})
		// 3 is for advice about names, which hostile names earn.
		if out, code := promtool(t, text, "check", "metrics"); code != 0 && code != 3 {
			t.Fatalf("seed %d: promtool exits with %d: %s\n%s", seed, code, out, text)
		}
	}
}
