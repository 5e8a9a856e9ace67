package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opslua/tests/realhost"
)

// TestFixes tries each script of scripts/fix on a host of its own, on what it is
// for. It is one test, since each host costs a build of the program.
func TestFixes(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	t.Run("service", fixService)
	t.Run("config", fixConfig)
	t.Run("oldlogs", fixOldLogs)
	t.Run("runaway", fixRunaway)
	t.Run("deploy", func(t *testing.T) { runScripts(t, "testdata/onhost") })
	t.Run("help", fixHelp)
}

// fixReport is what a run of a fix script said, as JSON has it.
type fixReport struct {
	code     int
	State    string
	Error    *string
	Findings []struct {
		State, Text string
		Before      *struct{ State, Text string }
	}
	Fixes []fixResult
}

type fixResult struct {
	Name, Status  string
	Reason, Error string
	Steps         []fixStep
	Diffs         []struct{ Path, Diff string }
	Evidence      []struct{ Name, Text string }
}

type fixStep struct {
	Title, Status, Text string
	Changes             []struct{ Op, Text, Diff string }
}

func fixCommand(script string, args ...string) *exec.Cmd {
	path, _ := filepath.Abs("../scripts/fix/" + script)
	cmd := exec.Command("opslua", append([]string{"run", path}, args...)...)
	cmd.Dir = "/"
	return cmd
}

// runFix runs a script that must exit with a code and report one fix with a status.
func runFix(t *testing.T, code int, status, script string, args ...string) *fixReport {
	t.Helper()
	cmd := fixCommand(script, append(args, "--format", "json")...)
	var errw bytes.Buffer
	cmd.Stderr = &errw
	out, err := cmd.Output()
	return asReport(t, code, status, cmd, out, errw.String(), err)
}

func asReport(t *testing.T, code int, status string, cmd *exec.Cmd, out []byte, errw string, err error) *fixReport {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := &fixReport{code: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal(out, r); err != nil {
		t.Fatalf("%v\nstdout %s\nstderr %s", err, out, errw)
	}
	if len(r.Fixes) != 1 {
		t.Fatalf("%d fixes\n%s", len(r.Fixes), out)
	}
	if r.code != code || r.Fixes[0].Status != status {
		t.Fatalf("%q: exit %d and %s, want %d and %s\n%s\n%s", cmd.Args[2:], r.code, r.Fixes[0].Status, code, status, out, errw)
	}
	return r
}

// says checks that a text has all these parts, and is one line.
func says(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s does not say %q: %q", what, p, text)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("%s is more than one line: %q", what, text)
	}
}

// changes lists what a fix changed or would change, one a line.
func (r *fixReport) changes() string {
	var list []string
	for _, s := range r.Fixes[0].Steps {
		for _, c := range s.Changes {
			list = append(list, c.Text)
		}
	}
	return strings.Join(list, "\n")
}

func (r *fixReport) evidence(name string) (string, bool) {
	for _, e := range r.Fixes[0].Evidence {
		if e.Name == name {
			return e.Text, true
		}
	}
	return "", false
}

// steps gives titles and how they ended, in order.
func (r *fixReport) steps() string {
	var list []string
	for _, s := range r.Fixes[0].Steps {
		list = append(list, s.Title+": "+s.Status)
	}
	return strings.Join(list, ", ")
}

func fixFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func fixText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func fixNginx(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("nginx is not installed")
	}
	fixDo(t, "service", "nginx", "start")
}

func fixDo(t *testing.T, argv ...string) {
	t.Helper()
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

// fixWait waits for something to be so.
func fixWait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for begun := time.Now(); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("not within 20s: %s", what)
		}
	}
}

func fixExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// killNginx kills it by the pids of master and workers.
func killNginx(t *testing.T) {
	t.Helper()
	pids := nginxPids(t)
	if len(pids) == 0 {
		t.Fatal("nginx does not run")
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	fixWait(t, "the end of nginx", func() bool { return len(nginxPids(t)) == 0 })
}

func nginxPids(t *testing.T) (pids []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, _ := os.ReadFile(name)
		if string(data) == "nginx\n" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func fixService(t *testing.T) {
	fixNginx(t)
	args := func(more ...string) []string {
		return append([]string{"--set", "name=nginx", "--set", "url=http://127.0.0.1/", "--set", "settle=300ms", "--set", "within=5s"}, more...)
	}
	r := runFix(t, 0, "ok", "service.lua", args("--detailed-exitcode")...)
	if len(r.Fixes[0].Steps) != 0 || r.Findings[0].State != "OK" {
		t.Errorf("%+v", r)
	}
	fixFile(t, "/var/log/nginx/error.log", "first\nthe last words\n", 0o644)
	killNginx(t)
	r = runFix(t, 2, "planned", "service.lua", args("--dry-run")...)
	says(t, "the plan", r.changes(), "restart nginx")
	if len(nginxPids(t)) != 0 {
		t.Error("a dry run started it")
	}
	r = runFix(t, 0, "changed", "service.lua", args()...)
	says(t, "what changed", r.changes(), "restart nginx")
	if text, _ := r.evidence("log"); text != "first\nthe last words" {
		t.Errorf("evidence %q", text)
	}
	if f := r.Findings[0]; f.State != "OK" || f.Before == nil || f.Before.State != "CRITICAL" || f.Before.Text != "nginx is not running" {
		t.Errorf("findings %+v", r.Findings)
	}
	killNginx(t)
	runFix(t, 2, "changed", "service.lua", args("--detailed-exitcode", "--only", "nginx")...)

	// A configuration that is wrong: what nginx says about it is in the error, and
	// what still runs is left alone.
	fixFile(t, "/etc/nginx/conf.d/bad.conf", "nonsense on;\n", 0o644)
	before := nginxPids(t)
	r = runFix(t, 2, "failed", "service.lua", args("--set", "url=http://127.0.0.1:9/")...)
	says(t, "the error", r.Fixes[0].Error, `unknown directive "nonsense" in /etc/nginx/conf.d/bad.conf:1`)
	if now := nginxPids(t); !slices.Equal(now, before) {
		t.Errorf("nginx was %v, is %v", before, now)
	}
	if err := os.Remove("/etc/nginx/conf.d/bad.conf"); err != nil {
		t.Fatal(err)
	}

	r = runFix(t, 3, "ok", "service.lua", "--set", "name=nosuch")
	says(t, "the reason", r.Fixes[0].Reason, "UNKNOWN")
	says(t, "the finding", r.Findings[0].Text, `no service "nosuch"`)

	fixServiceLimit(t)
	fixServiceSettle(t)
	fixServiceLock(t)
}

// Each attempt that fails counts; the one too many is blocked, and the exit code
// is that of the check.
func fixServiceLimit(t *testing.T) {
	fixFile(t, "/etc/init.d/faild", "#!/bin/sh\n[ $1 = status ] && exit 3\necho faild: address in use >>/var/log/faild.log\nexit 1\n", 0o755)
	for range 3 {
		r := runFix(t, 2, "failed", "service.lua", "--set", "name=faild")
		says(t, "the error", r.Fixes[0].Error, "service faild restart: exit 1", "its log: faild: address in use")
		if got := r.steps(); got != "restart faild: failed" {
			t.Errorf("steps %s", got)
		}
	}
	r := runFix(t, 2, "blocked", "service.lua", "--set", "name=faild", "--detailed-exitcode")
	says(t, "the reason", r.Fixes[0].Reason, "limit 3/1h is reached")
	if text := fixText(t, "/var/log/faild.log"); strings.Count(text, "\n") != 3 {
		t.Errorf("attempts: %q", text)
	}
}

// A service that ends again is not called well.
func fixServiceSettle(t *testing.T) {
	fixFile(t, "/etc/init.d/shortd", `#!/bin/sh
# pidfile: /run/shortd.pid
case $1 in
status) kill -0 $(cat /run/shortd.pid) 2>/dev/null || exit 3 ;;
restart) setsid sleep 0.4 </dev/null >/dev/null 2>&1 & echo $! >/run/shortd.pid ;;
esac
`, 0o755)
	r := runFix(t, 2, "failed", "service.lua", "--set", "name=shortd", "--set", "settle=1s", "--set", "within=100ms")
	says(t, "the error", r.Fixes[0].Error, "not verified: shortd is CRITICAL", "shortd is not running")
	if got := r.steps(); got != "restart shortd: done, let it settle: done" {
		t.Errorf("steps %s", got)
	}
}

// Of two at once one is blocked.
func fixServiceLock(t *testing.T) {
	fixFile(t, "/etc/init.d/slowd", "#!/bin/sh\n[ $1 = status ] && { [ -e /run/slowd ] || exit 3; exit 0; }\n"+
		"touch /run/slowd.begun; until [ -e /run/slowd.go ]; do sleep 0.05; done; touch /run/slowd\n", 0o755)
	args := []string{"--set", "name=slowd", "--set", "settle=0s", "--format", "json"}
	first := fixCommand("service.lua", args...)
	var out, errw bytes.Buffer
	first.Stdout, first.Stderr = &out, &errw
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	fixWait(t, "the first restart", func() bool { return fixExists("/run/slowd.begun") })
	r := runFix(t, 2, "blocked", "service.lua", args...)
	says(t, "the reason", r.Fixes[0].Reason, "slowd", "held by")
	fixFile(t, "/run/slowd.go", "", 0o644)
	err := first.Wait()
	asReport(t, 0, "changed", first, out.Bytes(), errw.String(), err)
}

// page asks the nginx of the test.
func page(t *testing.T) string {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://127.0.0.1:8081/")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(answer.StatusCode, " ", string(body))
}

const siteConf = "/etc/nginx/conf.d/site.conf"

func siteText(code, body string) string {
	return fmt.Sprintf("server { listen 8081; location / { return %s %q; } }\n", code, body)
}

// configArgs are those of config.lua for the site of the test with a code and a
// text; more are flags, or parameters that replace those of the same name.
func configArgs(code, body string, more ...string) (args []string) {
	set := []string{
		"file=" + siteConf, "source=/run/site.template", "values=code=" + code + ",body=" + body, "service=nginx",
		"validate=nginx,-t", "url=http://127.0.0.1:8081/", "settle=1200ms", "within=500ms",
	}
	for _, m := range more {
		if strings.HasPrefix(m, "-") {
			args = append(args, m)
			continue
		}
		name, _, _ := strings.Cut(m, "=")
		set = slices.DeleteFunc(set, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		set = append(set, m)
	}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	return args
}

func fixConfig(t *testing.T) {
	fixNginx(t)
	fixFile(t, "/run/site.template", siteText("{{code}}", "{{ body }}"), 0o644)
	site := func(want string) {
		t.Helper()
		if got := fixText(t, siteConf); got != want {
			t.Errorf("the file is %q, want %q", got, want)
		}
	}
	served := func(want string) {
		t.Helper()
		if got := page(t); got != want {
			t.Errorf("nginx serves %q, want %q", got, want)
		}
	}

	// A dry run shows it, and does nothing.
	r := runFix(t, 2, "planned", "config.lua", configArgs("200", "one", "--dry-run")...)
	if got := r.changes(); got != "write "+siteConf+"\nnginx -t\nreload nginx" {
		t.Errorf("planned %q", got)
	}
	if fixExists(siteConf) {
		t.Error("a dry run wrote the file")
	}
	// --only with its check asks, and does nothing.
	if out, err := fixCommand("config.lua", configArgs("200", "one", "--only=service")...).CombinedOutput(); err == nil || fixExists(siteConf) {
		t.Errorf("--only service: %v\n%s", err, out)
	}

	// A good change: the diff is in the report, and nginx serves it.
	r = runFix(t, 0, "changed", "config.lua", configArgs("200", "one")...)
	served("200 one")
	site(siteText("200", "one"))
	if d := r.Fixes[0].Diffs; len(d) != 1 || d[0].Path != siteConf || !strings.Contains(d[0].Diff, "+"+siteText("200", "one")) {
		t.Errorf("diffs %+v", d)
	}
	r = runFix(t, 0, "ok", "config.lua", configArgs("200", "one", "--detailed-exitcode")...)
	if got, want := r.steps(), "write "+siteConf+": done, keep the way back: skipped, validate: skipped, tell nginx: skipped"; got != want || r.changes() != "" {
		t.Errorf("nothing was new, and yet: %s; %s", got, r.changes())
	}
	if err := os.Chmod(siteConf, 0o640); err != nil {
		t.Fatal(err)
	}
	runFix(t, 2, "changed", "config.lua", configArgs("200", "two", "--detailed-exitcode")...)
	served("200 two")
	if got := fixText(t, siteConf+".bak"); got != siteText("200", "one") {
		t.Errorf("the backup is %q", got)
	}

	// Found wanting: by a look at all files, and by one at the new file alone.
	r = runFix(t, 1, "rolled_back", "config.lua", configArgs("xx yy", "three", "mode=0600")...)
	says(t, "the error", r.Fixes[0].Error, `invalid number of arguments in "return" directive`)
	site(siteText("200", "two"))
	served("200 two")
	if got := r.changes(); strings.Contains(got, "reload") {
		t.Errorf("nginx was never told of it, and yet: %q", got)
	}
	if info, err := os.Stat(siteConf); err != nil || info.Mode() != 0o640 {
		t.Errorf("the mode did not come back: %v %v", info.Mode(), err)
	}
	r = runFix(t, 1, "failed", "config.lua", configArgs("200", "three", "validate=grep,four,{}")...)
	says(t, "the error", r.Fixes[0].Error, "not valid", "grep four", "the old file is unchanged")
	site(siteText("200", "two"))
	served("200 two")

	// Valid, and the page fails with it.
	r = runFix(t, 1, "rolled_back", "config.lua", configArgs("500", "broken")...)
	says(t, "the error", r.Fixes[0].Error, "not verified", "status 500")
	if got := r.changes(); strings.Count(got, "reload nginx") != 2 {
		t.Errorf("changes %q", got)
	}
	site(siteText("200", "two"))
	served("200 two")
	if r.Findings[0].State != "OK" {
		t.Errorf("all is well again, and the report says %+v", r.Findings[0])
	}

	fixConfigKilled(t, site, served)
	fixConfigRefused(t, site, served)
}

// A run that is killed between the change and what follows from it: the next one
// makes up for it.
func fixConfigKilled(t *testing.T, site, served func(string)) {
	fixFile(t, "/run/validate", "#!/bin/sh\n[ -e /run/validate.go ] && exit 0\ntouch /run/validate.begun\nexec sleep 300\n", 0o755)
	args := configArgs("200", "five", "validate=/run/validate")
	cmd := fixCommand("config.lua", args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fixWait(t, "the validation", func() bool { return fixExists("/run/validate.begun") })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	site(siteText("200", "five"))
	served("200 two")
	fixFile(t, "/run/validate.go", "", 0o644)
	r := runFix(t, 0, "changed", "config.lua", args...)
	says(t, "the reason", r.Fixes[0].Reason, "owed from an earlier run: "+siteConf)
	if got := r.changes(); got != "/run/validate\nreload nginx" {
		t.Errorf("changes %q", got)
	}
	served("200 five")
	runFix(t, 0, "ok", "config.lua", args...)
}

// What is wrong with the question changes nothing, and is one line.
func fixConfigRefused(t *testing.T, site, served func(string)) {
	for _, c := range []struct {
		want string
		code int
		set  string
	}{
		{"fs.read /run/nosuch: no such file", 1, "source=/run/nosuch"},
		{`no service "nosuch"`, 3, "service=nosuch"},
		{"validate: there is no program nosuch", 1, "validate=nosuch"},
		{"values: code is no name=value", 1, "values=code"},
		{"the text has {{body}}, which is not in them", 1, "values=code=200"},
		{"want a path that begins with /", 1, "file=site.conf"},
		{"there is no folder /etc/nosuch", 1, "file=/etc/nosuch/x"},
		{`mode: got string "999"`, 1, "mode=999"},
		{"no user", 1, "owner=nosuch:nosuch"},
	} {
		r := runFix(t, c.code, "failed", "config.lua", configArgs("200", "six", c.set)...)
		says(t, "the error", r.Fixes[0].Error, c.want)
		site(siteText("200", "five"))
	}
	// A file system that is read-only.
	if err := errors.Join(unix.Mount("/etc/nginx", "/etc/nginx", "", unix.MS_BIND, ""),
		unix.Mount("", "/etc/nginx", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")); err != nil {
		t.Fatal(err)
	}
	r := runFix(t, 1, "failed", "config.lua", configArgs("200", "six")...)
	says(t, "the error", r.Fixes[0].Error, siteConf, "read-only file system; the old file is unchanged")
	if err := unix.Unmount("/etc/nginx", unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	site(siteText("200", "five"))
	served("200 five")
	// For people, on a page: the diff, as text.
	out, err := fixCommand("config.lua", configArgs("200", "<b>", "--format=html")...).Output()
	if err != nil || !bytes.Contains(out, []byte("&lt;b&gt;")) || bytes.Contains(out, []byte("return 200 \"<b>")) {
		t.Errorf("%v\n%s", err, out)
	}
	served("200 <b>")
}
