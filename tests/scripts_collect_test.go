package tests

import (
	"encoding/json"
	"encoding/xml"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"opslua/tests/realhost"
)

// document is the JSON of a run, as far as it is looked at here.
type document struct {
	State    string
	Findings []struct{ Name, State, Text string }
	Metrics  []struct {
		Name   string
		Value  float64
		Labels map[string]string
	}
	Rows       map[string]json.RawMessage
	RowChanges map[string]struct {
		Added, Removed []map[string]any
		Changed        []map[string]any
	} `json:"row_changes"`
}

func (l library) json(t *testing.T, words ...string) (doc document) {
	t.Helper()
	r := l.run(t, append(words, "--format", "json")...)
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.code != 0 {
		t.Fatalf("%s %q: exit %d, %v\n%s%s", l.script, words, r.code, err, r.out, r.errors)
	}
	return doc
}

// rows of a name, each a table by column.
func (d document) rows(t *testing.T, name string) (rows []map[string]any) {
	t.Helper()
	raw, ok := d.Rows[name]
	if !ok {
		t.Fatalf("there are no rows %q: %v", name, d.Rows)
	}
	if json.Unmarshal(raw, &rows) != nil {
		var in struct{ Rows []map[string]any }
		mustDo(t, json.Unmarshal(raw, &in))
		rows = in.Rows
	}
	return rows
}

func (d document) metric(name string, labels ...string) (float64, bool) {
	for _, m := range d.Metrics {
		fits := m.Name == name
		for i := 0; i < len(labels); i += 2 {
			fits = fits && m.Labels[labels[i]] == labels[i+1]
		}
		if fits {
			return m.Value, true
		}
	}
	return 0, false
}

func row(rows []map[string]any, column string, value any) map[string]any {
	i := slices.IndexFunc(rows, func(r map[string]any) bool { return r[column] == value })
	if i < 0 {
		return nil
	}
	return rows[i]
}

// lint holds a document against the rules of Prometheus.
func lint(t *testing.T, what, text string) {
	t.Helper()
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: promtool: %v\n%s\n%s", what, err, out, text)
	}
}

// Every collector in every format; the metrics are as Prometheus wants them.
func collectFormats(t *testing.T) {
	for _, script := range scriptFiles(t, "collect") {
		words := map[string][]string{"collect/top.lua": {"sample=50ms"}, "collect/inventory.lua": {"packages=no"}}[script]
		everyFormat(t, library{script: script}, words)
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	for _, script := range append(scriptFiles(t, "collect"), "check/memory.lua") {
		lint(t, script, library{script: script}.run(t, "--format", "prom").out)
	}
	file := filepath.Join(t.TempDir(), "top.prom")
	r := library{script: "collect/top.lua"}.run(t, "--format", "prom", "--out", file, "sample=50ms")
	text, err := os.ReadFile(file)
	if err != nil || r.code != 0 || r.out != "" || !strings.Contains(string(text), "opslua_success 1") {
		t.Fatalf("%v: %d %q %q\n%s", err, r.code, r.out, r.errors, text)
	}
	lint(t, "--out", string(text))
}

func everyFormat(t *testing.T, l library, words []string) {
	for _, format := range []string{"human", "json", "jsonl", "nagios", "prom", "openmetrics", "junit", "tap", "html"} {
		r := l.run(t, append(words, "--format", format)...)
		good := r.code == 0 && r.errors == "" && r.out != ""
		switch format {
		case "json":
			good = good && json.Valid([]byte(r.out))
		case "jsonl":
			for line := range strings.Lines(r.out) {
				good = good && json.Valid([]byte(line))
			}
		case "openmetrics":
			good = good && strings.HasSuffix(r.out, "# EOF\n")
		case "junit":
			good = good && xml.Unmarshal([]byte(r.out), new(struct{ XMLName xml.Name })) == nil
		case "tap":
			good = good && strings.HasPrefix(r.out, "TAP version 14\n1..")
		case "nagios":
			good = good && strings.HasPrefix(r.out, "OK - ")
		case "html":
			good = good && strings.HasPrefix(strings.ToLower(r.out), "<!doctype html>")
		}
		if !good {
			t.Errorf("%s --format %s: exit %d\n%s\n%s", l.script, format, r.code, r.out, r.errors)
		}
	}
}

// What the collectors find on a host of their own, and what is new in the next run.
func TestCollectors(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	ownHost(t)
	t.Run("filesystems", collectFilesystems)
	t.Run("sockets", collectSockets)
	t.Run("inventory", collectInventory)
	t.Run("top", collectTop)
	t.Run("formats", collectFormats)
}

func collectFilesystems(t *testing.T) {
	l, dir := library{script: "collect/filesystems.lua"}, "/run/collect"
	words := []string{"skip=overlay,devtmpfs"}
	before := l.json(t, words...)
	if _, ok := before.metric("filesystem_up", "mount", "/"); !ok || row(before.rows(t, "filesystems"), "mount", dir) != nil {
		t.Fatalf("%+v", before)
	}
	tmpfs(t, dir)
	mustDo(t, os.WriteFile(filepath.Join(dir, "data"), make([]byte, 256<<10), 0o600))
	after := l.json(t, append(words, "--changes")...)
	if c := after.RowChanges["filesystems"]; row(c.Added, "mount", dir) == nil || row(c.Added, "mount", "/") != nil {
		t.Errorf("changes %+v", c)
	}
	for name, want := range map[string]float64{
		"filesystem_up": 1, "filesystem_size_bytes": 1 << 20, "filesystem_used_bytes": 256 << 10, "filesystem_free_bytes": 768 << 10,
		"filesystem_inodes_used_ratio": 2.0 / 40, "filesystem_read_only": 0,
	} {
		if got, ok := after.metric(name, "mount", dir, "type", "tmpfs"); !ok || got != want {
			t.Errorf("%s is %v, %v, want %v", name, got, ok, want)
		}
	}
	r := row(l.json(t, words...).rows(t, "filesystems"), "mount", dir)
	if r["used_pct"] != 25.0 || r["size"] != float64(1<<20) {
		t.Errorf("%v", r)
	}
}

func collectSockets(t *testing.T) {
	l := library{script: "collect/sockets.lua"}
	before := l.json(t)
	was, _ := before.metric("sockets_listening", "proto", "tcp")
	server, err := net.Listen("tcp", "127.0.0.1:0")
	mustDo(t, err)
	defer func() { _ = server.Close() }()
	port := float64(server.Addr().(*net.TCPAddr).Port)
	after := l.json(t, "--changes")
	added := row(after.RowChanges["listeners"].Added, "port", port)
	if added == nil || added["name"] != ownName() || added["pid"] != float64(os.Getpid()) || len(after.RowChanges["listeners"].Added) != 1 {
		t.Errorf("%+v", after.RowChanges)
	}
	if is, ok := after.metric("sockets_listening", "proto", "tcp"); !ok || is != was+1 {
		t.Errorf("listening: %v, before %v", is, was)
	}
	if n, ok := after.metric("sockets_inuse", "proto", "tcp"); !ok || n < 1 {
		t.Errorf("in use: %v, %v", n, ok)
	}
	_ = server.Close()
	if gone := l.json(t, "--changes").RowChanges["listeners"].Removed; row(gone, "port", port) == nil {
		t.Errorf("gone %+v", gone)
	}
	mustDo(t, os.Mkdir("/run/nobody", 0o700))
	mustDo(t, os.Chown("/run/nobody", 65534, 65534))
	nobody := library{script: l.script, nobody: true, env: []string{"HOME=/run/nobody"}}.json(t)
	if _, ok := nobody.metric("sockets_listening", "proto", "udp"); !ok {
		t.Errorf("as nobody: %+v", nobody.Metrics)
	}
}

func collectInventory(t *testing.T) {
	// What dpkg-query prints, with what was removed but for its configuration, and
	// a package of two architectures.
	dpkg := func(lines ...string) []string {
		return standIns(t, map[string]string{"dpkg-query": "printf '" + strings.Join(lines, `\n`) + `\n'`})
	}
	l := library{script: "collect/inventory.lua", env: dpkg("ii  bash 5.2-1", "rc  gone 1.0", "ii  libc6:amd64 2.36", "ii  libc6:i386 2.36", "hi  held 1")}
	before := l.json(t)
	packages := before.rows(t, "packages")
	if n, _ := before.metric("host_packages"); n != 4 || len(packages) != 4 || row(packages, "package", "gone") != nil ||
		row(packages, "package", "bash")["version"] != "5.2-1" {
		t.Errorf("%v %v", n, packages)
	}
	hostname, _ := os.Hostname()
	facts := before.rows(t, "facts")
	if row(facts, "fact", "hostname")["value"] != hostname || row(facts, "fact", "memory") == nil {
		t.Errorf("%v", facts)
	}
	if _, ok := before.metric("host", "hostname", hostname); !ok {
		t.Errorf("%+v", before.Metrics)
	}
	l.env = dpkg("ii  bash 5.2-2", "ii  libc6:amd64 2.36", "ii  libc6:i386 2.36", "ii  new 1")
	c := l.json(t, "--changes").RowChanges["packages"]
	if len(c.Added) != 1 || c.Added[0]["package"] != "new" || len(c.Removed) != 1 || len(c.Changed) != 1 || c.Changed[0]["key"] != "bash" {
		t.Errorf("%+v", c)
	}
	l.env = standIns(t, map[string]string{"rpm": `printf 'ii kernel.x86_64 6.1\nii bash.x86_64 5.2\nii kernel.x86_64 6.2\n'`})
	if got := row(l.json(t).rows(t, "packages"), "package", "kernel.x86_64"); got["version"] != "6.1, 6.2" {
		t.Errorf("%v", got)
	}
	l.env = standIns(t, nil)
	if _, ok := l.json(t).Rows["packages"]; ok {
		t.Error("packages of a host that has no packages")
	}
	if _, ok := (library{script: l.script}).json(t, "packages=no").Rows["packages"]; ok {
		t.Error("packages that were not asked for")
	}
	if _, err := exec.LookPath("dpkg-query"); err == nil {
		out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n").Output()
		mustDo(t, err)
		real := (library{script: l.script}).json(t)
		if n, _ := real.metric("host_packages"); n != float64(strings.Count("\n"+string(out), "\nii")) {
			t.Errorf("%v packages", n)
		}
	}
	l.env = standIns(t, map[string]string{"dpkg-query": "echo 'database is locked' >&2; exit 2"})
	if r := l.run(t, "--format", "nagios"); r.code != 3 || !strings.HasPrefix(r.out, "UNKNOWN - ") || !strings.Contains(r.out, "database is locked") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.errors)
	}
}

func collectTop(t *testing.T) {
	l := library{script: "collect/top.lua"}
	busy := started(t, "sh", "-c", "while :; do :; done")
	pid := busy.Process.Pid
	d := l.json(t, "sample=400ms", "limit=3")
	memory, cpu := d.rows(t, "top_memory"), d.rows(t, "top_cpu")
	if len(memory) != 3 || len(cpu) == 0 || cpu[0]["pid"] != float64(pid) || cpu[0]["cpu"].(float64) < 10 {
		t.Errorf("%v %v", memory, cpu)
	}
	if share, ok := d.metric("proc_cpu_ratio", "pid", strconv.Itoa(pid)); !ok || share < 0.1 || share > 1.5 {
		t.Errorf("cpu %v %v", share, ok)
	}
	if rss, ok := d.metric("proc_memory_bytes", "name", memory[0]["name"].(string)); !ok || rss < 1<<20 {
		t.Errorf("memory %v %v", rss, ok)
	}
	for _, wrong := range []string{"limit=0", "limit=many", "sample=long"} {
		r := l.run(t, wrong, "--format", "nagios")
		name, _, _ := strings.Cut(wrong, "=")
		if r.code != 3 || !strings.Contains(r.out+r.errors, name) {
			t.Errorf("%s: exit %d\n%s%s", wrong, r.code, r.out, r.errors)
		}
	}
}
