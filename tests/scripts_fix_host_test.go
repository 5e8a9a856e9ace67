package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// logDisk is a file system of 20 MiB with logs of 1 MiB, the older the higher
// their number: .1 of yesterday is too young to go.
func logDisk(t *testing.T, name string) string {
	t.Helper()
	dir := "/run/" + name
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("logs", dir, "tmpfs", 0, "size=20m,mode=755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	if err := os.Mkdir(dir+"/app", 0o755); err != nil {
		t.Fatal(err)
	}
	for n, days := range map[int]int{1: 1, 2: 10, 3: 11, 4: 12, 5: 13, 6: 14, 7: 15, 8: 16, 9: 17} {
		logFile(t, fmt.Sprintf("%s/app/a.log.%d", dir, n), 1<<20, days)
	}
	logFile(t, dir+"/app/small.9", 100, 100)
	logFile(t, dir+"/app/other.log", 1<<20, 100) // fits no pattern
	logFile(t, dir+"/fill", 7<<20, 0)
	return dir
}

func logFile(t *testing.T, path string, size, days int) {
	t.Helper()
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Duration(days)*24*time.Hour - time.Minute)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func logArgs(dir string, more ...string) []string {
	return append([]string{"--set", "mount=" + dir, "--set", "files=" + dir + "/**/*.[0-9],/run/elsewhere/*.[0-9]"}, more...)
}

func left(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(dir + "/app/*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	return strings.Join(names, " ")
}

func fixOldLogs(t *testing.T) {
	const all = "a.log.1 a.log.2 a.log.3 a.log.4 a.log.5 a.log.6 a.log.7 a.log.8 a.log.9 other.log small.9"
	dir := logDisk(t, "logs") // 17 of 20 MiB: 85 %
	// The oldest of all is on another disk, and would not help.
	if err := os.Mkdir("/run/elsewhere", 0o755); err != nil {
		t.Fatal(err)
	}
	logFile(t, "/run/elsewhere/b.log.1", 1<<20, 1000)
	// The oldest here is open, under a name that is a link to it.
	if err := os.Link(dir+"/app/a.log.9", dir+"/name"); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(dir + "/name")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()

	plan := "remove " + dir + "/app/a.log.8\nremove " + dir + "/app/a.log.7"
	r := runFix(t, 1, "planned", "oldlogs.lua", logArgs(dir, "--dry-run", "--set", "warn=76")...)
	if got := r.changes(); got != plan {
		t.Errorf("planned %q", got)
	}
	if got := left(t, dir); got != all {
		t.Errorf("a dry run leaves %s", got)
	}
	if text, _ := r.evidence("open, and so left alone"); text != dir+"/app/a.log.9" {
		t.Errorf("open: %q", text)
	}
	runFix(t, 0, "ok", "oldlogs.lua", logArgs(dir, "--set", "warn=86")...)

	// No more than it may: what is missing is told, and what is allowed was done.
	r = runFix(t, 1, "failed", "oldlogs.lua", logArgs(dir, "--set", "warn=76", "--set", "max_files=1")...)
	says(t, "the error", r.Fixes[0].Error, " more have to go from "+dir, "max_files is 1")
	if got := r.changes(); got != "remove "+dir+"/app/a.log.8" {
		t.Errorf("changes %q", got)
	}
	r = runFix(t, 0, "changed", "oldlogs.lua", logArgs(dir, "--set", "warn=76")...)
	if got := r.changes(); got != "remove "+dir+"/app/a.log.7" {
		t.Errorf("changes %q", got)
	}
	if text, _ := r.evidence("files"); !strings.HasPrefix(text, "1 MiB "+dir+"/app/a.log.7, 15d") {
		t.Errorf("evidence %q", text)
	}
	r = runFix(t, 1, "blocked", "oldlogs.lua", logArgs(dir, "--set", "warn=70")...)
	says(t, "the reason", r.Fixes[0].Reason, "limit 2/1d")
	if got, want := left(t, dir), "a.log.1 a.log.2 a.log.3 a.log.4 a.log.5 a.log.6 a.log.9 other.log small.9"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	fixOldLogsNothing(t)
	if !fixExists("/run/elsewhere/b.log.1") {
		t.Error("a file of another disk was removed")
	}
}

// What cannot be put right is told in one line, and what may not go stays.
func fixOldLogsNothing(t *testing.T) {
	dir := logDisk(t, "logs2")
	before := left(t, dir)
	for _, set := range []string{"min_age=30d", "min_size=2MiB"} {
		r := runFix(t, 2, "failed", "oldlogs.lua", logArgs(dir, "--set", "warn=50", "--set", "crit=60", "--set", set)...)
		says(t, "the error", r.Fixes[0].Error, "7 MiB more have to go from "+dir, "no other file is old and large enough")
	}
	if got := left(t, dir); got != before {
		t.Errorf("left are %s, were %s", got, before)
	}
	// A relative pattern, and a mount by a link.
	if err := os.Symlink(dir, "/run/link"); err != nil {
		t.Fatal(err)
	}
	r := runFix(t, 2, "planned", "oldlogs.lua", logArgs("/run/link", "--set", "warn=80", "--set", "crit=81", "--set", "files=run/logs2/app/*.7", "--dry-run")...)
	if got := r.changes(); !strings.HasPrefix(got, "remove /run/link/app/a.log.9\n") {
		t.Errorf("planned %q", got)
	}
	// Files that are sparse free nothing: as many go as it takes, not as many as seem to do.
	dir = logDisk(t, "logs3")
	for n := range 3 {
		path := fmt.Sprintf("%s/app/sparse.%d", dir, n)
		logFile(t, path, 0, 0)
		if err := os.Truncate(path, 64<<20); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-50 * 24 * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	r = runFix(t, 0, "changed", "oldlogs.lua", logArgs(dir, "--set", "warn=81")...)
	if got := r.changes(); !strings.HasSuffix(got, "remove "+dir+"/app/a.log.9") || strings.Count(got, "\n") != 3 {
		t.Errorf("changes %q", got)
	}

	// One that cannot be removed keeps none of the others: here something is mounted on it.
	dir = logDisk(t, "logs4")
	logFile(t, dir+"/app/b.log.9", 10, 0)
	if err := unix.Mount("/run/elsewhere/b.log.1", dir+"/app/b.log.9", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	r = runFix(t, 0, "changed", "oldlogs.lua", logArgs(dir, "--set", "warn=81")...)
	if got, want := r.steps(), fmt.Sprintf("remove %s/app/b.log.9: failed, remove %s/app/a.log.9: done, measure again: done", dir, dir); got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
	r = runFix(t, 1, "failed", "oldlogs.lua", logArgs(dir, "--set", "warn=80", "--set", "min_age=900d")...)
	says(t, "the error", r.Fixes[0].Error, "more have to go from "+dir, "b.log.9: ", "busy")

	for set, want := range map[string]string{
		"mount=/nosuch": "fs.stat /nosuch: no such file", "min_age=soon": `min_age: fmt.parse_duration: got "soon"`,
		"min_size=big": `min_size: fmt.parse_bytes: got "big"`,
	} {
		r := runFix(t, 3, "ok", "oldlogs.lua", "--set", set)
		says(t, "the finding", r.Findings[0].Text, want)
	}
}

// eater starts a process that takes 64 MiB, as a user.
func eater(t *testing.T, uid uint32, stubborn bool) *exec.Cmd {
	t.Helper()
	text := `$x = "x" x (64 << 20); open(F, ">", $ARGV[0]); close F; sleep 1000`
	if stubborn {
		text = `$SIG{TERM} = "IGNORE"; ` + text
	}
	ready, err := os.MkdirTemp("/run", "eater")
	if err == nil {
		err = os.Chmod(ready, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/run/eater", "-e", text, ready+"/ready")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, NoSetGroups: true}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	fixWait(t, "an eater", func() bool { return fixExists(ready + "/ready") })
	return cmd
}

// endedBy says which signal has ended a process; 0 where it runs.
func endedBy(t *testing.T, cmd *exec.Cmd) syscall.Signal {
	t.Helper()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WNOHANG, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pid == 0 {
		return 0
	}
	return status.Signal()
}

const nobody = 65534

func fixRunaway(t *testing.T) {
	perl, err := exec.LookPath("perl")
	if err != nil {
		t.Skip("perl is not installed")
	}
	fixDo(t, "cp", perl, "/run/eater")
	args := func(more ...string) []string {
		return append([]string{"--set", "name=eater", "--set", "user=nobody", "--set", "rss=50MiB", "--set", "limit=20/1h"}, more...)
	}
	other, one := eater(t, 0, false), eater(t, nobody, false)
	r := runFix(t, 2, "planned", "runaway.lua", args("--dry-run")...)
	says(t, "the plan", r.changes(), fmt.Sprintf(`stop %d "eater" with TERM`, one.Process.Pid))
	if endedBy(t, one) != 0 {
		t.Fatal("a dry run ended it")
	}
	r = runFix(t, 0, "changed", "runaway.lua", args()...)
	if got := endedBy(t, one); got != syscall.SIGTERM {
		t.Errorf("ended by %v, want TERM", got)
	}
	says(t, "the finding before", r.Findings[0].Before.Text, fmt.Sprintf("eater (%d): ", one.Process.Pid), "MiB of memory")
	if text, ok := r.evidence(fmt.Sprintf("eater %d", one.Process.Pid)); !ok || !strings.Contains(text, "/run/eater -e") {
		t.Errorf("evidence %q", text)
	}
	runFix(t, 0, "ok", "runaway.lua", args()...)

	// Too many: none. One that hears no TERM is killed.
	two, three := eater(t, nobody, false), eater(t, nobody, true)
	r = runFix(t, 2, "failed", "runaway.lua", args()...)
	says(t, "the error", r.Fixes[0].Error, "2 processes are over their bounds, and max_processes is 1: none is ended")
	if endedBy(t, two) != 0 || endedBy(t, three) != 0 {
		t.Error("one was ended")
	}
	r = runFix(t, 2, "changed", "runaway.lua", args("--set", "max_processes=2", "--set", "grace=300ms", "--detailed-exitcode")...)
	if a, b := endedBy(t, two), endedBy(t, three); a != syscall.SIGTERM || b != syscall.SIGKILL {
		t.Errorf("ended by %v and %v, want TERM and KILL", a, b)
	}
	if text, _ := r.evidence("killed"); text != "1 did not go within 300ms of TERM" {
		t.Errorf("killed: %q", text)
	}
	fixRunawayBounds(t, args)
	if endedBy(t, other) != 0 {
		t.Error("one of another user was ended")
	}
}

func fixRunawayBounds(t *testing.T, args func(...string) []string) {
	// Wild in one run is not wild in two.
	soft := eater(t, nobody, false)
	r := runFix(t, 2, "ok", "runaway.lua", args("--set", "soft=2")...)
	says(t, "the reason", r.Fixes[0].Reason, "soft 1/2")
	runFix(t, 0, "changed", "runaway.lua", args("--set", "soft=2")...)
	if endedBy(t, soft) != syscall.SIGTERM {
		t.Error("it was not ended")
	}
	// By age, and by processor: this one takes none.
	old := eater(t, nobody, false)
	runFix(t, 0, "ok", "runaway.lua", args("--set", "rss=1GiB", "--set", "cpu=50", "--set", "sample=200ms")...)
	r = runFix(t, 0, "changed", "runaway.lua", args("--set", "rss=1GiB", "--set", "age=10ms")...)
	says(t, "the finding before", r.Findings[0].Before.Text, "it runs for")
	if endedBy(t, old) != syscall.SIGTERM {
		t.Error("it was not ended")
	}
	for _, c := range []struct{ set, want string }{
		{"rss=", "no bound is set: rss, cpu or age"}, {"rss=much", `rss: fmt.parse_bytes: got "much"`},
		{"age=old", `age: fmt.parse_duration: got "old"`}, {"grace=x", `grace: fmt.parse_duration: got "x"`},
		{"user=", "name and user must not be empty"}, {"name=", "name and user must not be empty"},
	} {
		r := runFix(t, 3, "ok", "runaway.lua", args("--set", c.set)...)
		says(t, "the finding", r.Findings[0].Text, c.want)
	}
}

// fixHelp: each script says what it is for, with all its parameters.
func fixHelp(t *testing.T) {
	scripts, err := filepath.Glob("../scripts/fix/*.lua")
	if err != nil || len(scripts) != 5 {
		t.Fatal(scripts, err)
	}
	for _, path := range scripts {
		name := filepath.Base(path)
		out, err := fixCommand(name, "--help").CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("Parameters, --set NAME=VALUE:")) || !bytes.Contains(out, []byte("--dry-run")) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		// Without what is required, or with what it does not know: one line.
		for _, args := range [][]string{{}, {"--set", "nosuch=1"}} {
			cmd := fixCommand(name, args...)
			var errw bytes.Buffer
			cmd.Stderr = &errw
			_, err := cmd.Output()
			if name == "oldlogs.lua" && len(args) == 0 {
				continue // nothing is required
			}
			if err == nil || strings.Count(errw.String(), "\n") != 1 || !strings.Contains(errw.String(), name) {
				t.Errorf("%s %q: %v %q", name, args, err, errw.String())
			}
		}
	}
}
