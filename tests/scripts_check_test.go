package tests

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/report"
	"opslua/tests/realhost"
)

// library runs a script of the library, as it is: words with "=" are parameters.
type library struct {
	script string   // "check/disk.lua"
	env    []string // more of it
	nobody bool     // run as nobody, from a copy that nobody may read
}

type outcome struct {
	code        int
	out, errors string
}

func (l library) run(t *testing.T, words ...string) outcome {
	t.Helper()
	path := filepath.Join("..", "scripts", l.script)
	if l.nobody {
		path = filepath.Join("/run/scripts", l.script)
	}
	args := []string{"run", path, "--timeout", "30s"}
	for _, w := range words {
		if strings.Contains(w, "=") && !strings.HasPrefix(w, "--") {
			args = append(args, "--set")
		}
		args = append(args, w)
	}
	cmd := exec.Command("opslua", args...)
	cmd.Env = append(os.Environ(), l.env...)
	if l.nobody {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("%s did not run", cmd)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// says runs a check for Nagios and wants its state, its exit code, texts in what
// it says, and perfdata that our reader takes. It gives the values by label.
func (l library) says(t *testing.T, state string, words []string, texts ...string) map[string]report.Perf {
	t.Helper()
	r := l.run(t, append(words, "--format", "nagios")...)
	code := map[string]int{"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[state]
	shown := fmt.Sprintf("%s %q\n%s%s", l.script, words, r.out, r.errors)
	first, _, _ := strings.Cut(r.out, "\n")
	if r.code != code || !strings.HasPrefix(first, state+" - ") || strings.Contains(shown, "stack traceback") {
		t.Errorf("exit %d, want %d and %s: %s", r.code, code, state, shown)
	}
	_, perf := report.PluginOutput(r.out)
	values, err := report.ParsePerfdata(perf)
	if err != nil {
		t.Errorf("perfdata: %v: %s", err, shown)
	}
	for _, want := range texts {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not said: %s", want, shown)
		}
	}
	by := map[string]report.Perf{}
	for _, v := range values {
		by[v.Label] = v
	}
	return by
}

// libraryCase is one run of a check.
type libraryCase struct {
	state string
	words []string
	texts []string
}

func (l library) all(t *testing.T, cases []libraryCase) {
	t.Helper()
	for _, c := range cases {
		l.says(t, c.state, c.words, c.texts...)
	}
}

func set(words ...string) []string { return words }

// scriptFiles are the scripts of a folder of the library.
func scriptFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "scripts", folder, "*.lua"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", folder, err)
	}
	for i, f := range files {
		files[i] = filepath.Join(folder, filepath.Base(f))
	}
	return files
}

// declaredParams reads the names of the parameters from the text of a script.
func declaredParams(t *testing.T, script string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "scripts", script))
	mustDo(t, err)
	block := regexp.MustCompile(`(?s)\nlocal p = param\{(.*?)\}\n\n`).FindSubmatch(text)
	if block == nil {
		return nil
	}
	for _, m := range regexp.MustCompile(`(?m)(?:^  |^)(\w+) =`).FindAllSubmatch(block[1], -1) {
		names = append(names, string(m[1]))
	}
	return names
}

// Every script says what it is for and what each of its parameters means, and
// refuses what it does not know.
func TestLibraryHelp(t *testing.T) {
	for _, script := range append(scriptFiles(t, "check"), scriptFiles(t, "collect")...) {
		l := library{script: script}
		r := l.run(t, "--help")
		about, params, _ := strings.Cut(r.out, "Parameters, --set")
		if r.code != 0 || len(about) < 80 || r.errors != "" {
			t.Errorf("%s: %d %q %q", script, r.code, r.out, r.errors)
		}
		names := declaredParams(t, script)
		if len(names) == 0 && strings.Contains(r.out, "Parameters, --set") {
			t.Errorf("%s: parameters that this test does not find:\n%s", script, r.out)
		}
		for _, name := range names {
			if !regexp.MustCompile(`(?m)^  `+name+` `).MatchString(params) || !regexp.MustCompile(`(?m)^  (\w+, )*`+name+`\b.*  \S`).MatchString(about) {
				t.Errorf("%s: the help does not explain %s:\n%s", script, name, r.out)
			}
		}
		r = l.run(t, "surely_not=1", "--format", "nagios")
		if r.code != 3 || !strings.HasPrefix(r.out, "UNKNOWN - ") || !strings.Contains(r.out+r.errors, "surely_not") || strings.Count(r.errors, "\n") > 1 {
			t.Errorf("%s: an unknown parameter: exit %d\n%s%s", script, r.code, r.out, r.errors)
		}
	}
}

// A threshold that is none is UNKNOWN, and named.
func TestLibraryThresholds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustDo(t, os.WriteFile(file, []byte("x"), 0o600))
	needs := map[string][]string{
		"check/fileage.lua": {"file=" + file}, "check/processes.lua": {"name=opslua"}, "check/dns.lua": {"name=localhost"},
	}
	tried := 0
	for _, script := range scriptFiles(t, "check") {
		param := ""
		for _, name := range declaredParams(t, script) {
			if name == "warn" || name == "count" {
				param = name
			}
		}
		switch filepath.Base(script) {
		case "certs.lua", "endpoints.lua", "http.lua", "logpattern.lua", "ntp.lua", "swap.lua", "tls.lua", "updates.lua":
			continue // tested where there is something to measure
		}
		if param == "" {
			continue
		}
		tried++
		for _, wrong := range []string{"much", "9:3", ""} {
			r := library{script: script}.run(t, append(needs[script], param+"="+wrong, "--format", "nagios")...)
			if r.code != 3 && !(wrong == "" && strings.Contains(script, "uptime")) || !strings.Contains(r.out, wrong) || strings.Contains(r.out, "attempt to") {
				t.Errorf("%s %s=%s: exit %d\n%s%s", script, param, wrong, r.code, r.out, r.errors)
			}
		}
	}
	if tried < 8 {
		t.Errorf("only %d scripts were tried", tried)
	}
}

// What checks find on a host of their own, where each can be put into each state.
func TestLibraryChecks(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	ownHost(t)
	for _, part := range []struct {
		name string
		f    func(*testing.T)
	}{
		{"disk", hostDisk}, {"mounts", hostMounts}, {"processes", hostProcessChecks}, {"hidden", hostHidden}, {"fds", hostFds},
		{"kernel", hostKernel}, {"cgroup", hostCgroup}, {"services", hostServices}, {"log", hostLog}, {"fileage", hostFileAge},
		{"certificates", hostCertificates}, {"time", hostTime}, {"updates", hostUpdates},
	} {
		t.Run(part.name, part.f)
	}
}

// ownHost forgets what the real host remembers of scripts, and puts a copy of
// them where everybody may read it.
func ownHost(t *testing.T) {
	t.Helper()
	mustDo(t, os.RemoveAll("/var/lib/opslua"))
	mustDo(t, os.CopyFS("/run/scripts", os.DirFS("../scripts")))
}

// tmpfs mounts 1 MiB with room for 40 inodes.
func tmpfs(t *testing.T, dir string) string {
	t.Helper()
	mustDo(t, os.MkdirAll(dir, 0o755))
	mustDo(t, unix.Mount("scripts", dir, "tmpfs", 0, "size=1024k,nr_inodes=40,mode=755"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func hostDisk(t *testing.T) {
	dir := tmpfs(t, "/run/fill me")
	disk, inodes := library{script: "check/disk.lua"}, library{script: "check/inodes.lua"}
	mounts := "mounts=" + dir
	fill := func(kib int) { mustDo(t, os.WriteFile(filepath.Join(dir, "data"), make([]byte, kib<<10), 0o600)) }
	fill(512)
	if v := disk.says(t, "OK", set(mounts), "/run/fill me: 50%", "512 KiB free"); math.Abs(v[dir].Value-50) > 0.5 || v[dir].Unit != "%" {
		t.Errorf("%+v, want 50%%", v)
	}
	fill(870)
	disk.says(t, "WARNING", set(mounts), "85.16% (warn 80; ")
	fill(1000)
	disk.says(t, "CRITICAL", set(mounts), "(crit 90; 24 KiB free)")
	disk.says(t, "OK", set(mounts, "warn=99", "crit=99.5"))
	disk.says(t, "UNKNOWN", set("mounts=/run/not-mounted"), "/run/not-mounted: nothing is mounted there")
	disk.says(t, "CRITICAL", set("mounts=/run/not-mounted,"+dir), "(crit 90", "nothing is mounted there")
	disk.says(t, "UNKNOWN", set("each=soon"), "each")
	// Whatever is left out, the root is looked at.
	var st unix.Statfs_t
	mustDo(t, unix.Statfs("/", &st))
	want := float64(st.Blocks-st.Bfree) / float64(st.Blocks-st.Bfree+st.Bavail) * 100
	v := disk.says(t, "OK", set("skip=ext4,xfs,btrfs,overlay,tmpfs", "warn=100", "crit=100"), "/: ")
	if len(v) == 0 || math.Abs(v["/"].Value-want) > 1 {
		t.Errorf("/: %+v, want %v", v, want)
	}

	inodes.says(t, "OK", set(mounts), " free)")
	for i := range 33 { // and the root of it, and data: 35 of 40
		mustDo(t, os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600))
	}
	inodes.says(t, "WARNING", set(mounts), "87.5% (warn 80; 5 free)")
	for i := range 3 {
		mustDo(t, os.WriteFile(filepath.Join(dir, "more"+strconv.Itoa(i)), nil, 0o600))
	}
	inodes.says(t, "CRITICAL", set(mounts), "95% (crit 90; 2 free)")
	inodes.says(t, "UNKNOWN", set("mounts=/run/not-mounted"), "nothing is mounted there")
	inodes.says(t, "OK", set("warn=100", "crit=100"), "/")
}

func hostMounts(t *testing.T) {
	dir := tmpfs(t, "/run/fstab me")
	fstab := filepath.Join(t.TempDir(), "fstab")
	write := func(lines ...string) {
		mustDo(t, os.WriteFile(fstab, []byte("# device path type options\n\n"+strings.Join(lines, "\n")+"\n"), 0o600))
	}
	l, rw := library{script: "check/mounts.lua"}, `scripts /run/fstab\040me/ tmpfs rw 0 0`
	write()
	l.says(t, "OK", set("fstab="+fstab), "nothing in "+fstab)
	write(rw, "/swap none swap sw 0 0", "x /run/manual ext4 noauto 0 0")
	l.says(t, "OK", set("fstab="+fstab), dir)
	write(rw, "x /run/optional ext4 nofail 0 0")
	l.says(t, "WARNING", set("fstab="+fstab), "/run/optional is not mounted")
	write(rw, "x /run/needed ext4 defaults 0 0", "y")
	l.says(t, "CRITICAL", set("fstab="+fstab), "/run/needed is not mounted")
	l.says(t, "OK", set("fstab="+fstab, "skip=ext4"), dir)
	mustDo(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	write(rw)
	l.says(t, "CRITICAL", set("fstab="+fstab), dir+" has become read-only")
	write(strings.Replace(rw, "rw", "ro", 1))
	l.says(t, "OK", set("fstab="+fstab), dir)
	l.says(t, "UNKNOWN", set("fstab=/etc/no-fstab"), "/etc/no-fstab")
	mustDo(t, os.WriteFile("/run/secret", nil, 0o600))
	library{script: l.script, nobody: true}.says(t, "UNKNOWN", set("fstab=/run/secret"), "/run/secret", "permission denied")
}

// started starts a command that is killed and waited for at the end.
func started(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	mustDo(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// ownName is that of the process of the tests.
func ownName() string { return filepath.Base(os.Args[0]) }

// until waits for something to come true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 500 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come", what)
}

func hostProcessChecks(t *testing.T) {
	zombies, l := library{script: "check/zombies.lua"}, library{script: "check/processes.lua"}
	zombies.says(t, "OK", set("warn=0"), "zombies: 0")
	for range 2 {
		dead := started(t, "true")
		until(t, "a zombie", func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", dead.Process.Pid))
			return err == nil && bytes.Contains(stat, []byte(") Z "))
		})
	}
	me := fmt.Sprintf("(warn 1; 2 of %s (%d))", ownName(), os.Getpid())
	if v := zombies.says(t, "WARNING", set("warn=1"), me); v["zombies"].Value != 2 {
		t.Errorf("%+v", v)
	}
	zombies.says(t, "CRITICAL", set("warn=0", "crit=1", "show=0"), "zombies: 2 (crit 1)")
	zombies.says(t, "UNKNOWN", set("crit=1:0"), "crit")

	program := filepath.Join(t.TempDir(), "worker-x")
	data, err := os.ReadFile("/bin/sleep")
	mustDo(t, err)
	mustDo(t, os.WriteFile(program, data, 0o755))
	l.says(t, "CRITICAL", set("name=worker-x"), "count: 0 (crit 1:; worker-x)")
	// Those who ask do not count, with the pattern in their own command line.
	l.says(t, "CRITICAL", set("match=worker-x 86.."), "count: 0 (crit 1:")
	started(t, program, "8611")
	started(t, program, "8612")
	until(t, "worker-x", func() bool { return l.run(t, "name=worker-x", "count=2").code == 0 })
	if v := l.says(t, "OK", set("name=worker-x", "count=2:2")); v["count"].Value != 2 || v["rss"].Value < 4096 {
		t.Errorf("%+v", v)
	}
	l.all(t, []libraryCase{
		{"OK", set("match=worker-x 86.2", "count=1:1"), nil},
		{"CRITICAL", set("name=worker-x", "count=3:"), set("count: 2 (crit 3:")},
		{"CRITICAL", set("name=worker-x", "rss=1KiB"), set("(crit 1 KiB)")},
		{"CRITICAL", set("name=worker-x", "user=nobody"), set("count: 0 (crit 1:; worker-x of nobody)")},
		{"UNKNOWN", set(), set("name or match")},
		{"UNKNOWN", set("match=("), set("match")},
		{"UNKNOWN", set("name=worker-x", "rss=big"), set("big")},
	})
}

// Where the kernel hides processes, what is not seen is not taken for what is not there.
func hostHidden(t *testing.T) {
	mustDo(t, unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"))
	defer func() { mustDo(t, unix.Unmount("/proc", unix.MNT_DETACH)) }()
	for script, words := range map[string][]string{
		"check/zombies.lua": nil, "check/processes.lua": {"name=" + ownName(), "count=0:"}, "check/fds.lua": nil,
	} {
		library{script: script, nobody: true}.says(t, "UNKNOWN", words, "run as root")
		library{script: script}.says(t, "OK", words)
	}
}

func hostFds(t *testing.T) {
	l := library{script: "check/fds.lua"}
	v := l.says(t, "OK", nil, "fds of the host", "fds of processes")
	if len(v) != 2 {
		t.Errorf("%+v", v)
	}
	hog := exec.Command("sleep", "8613")
	null, err := os.Open(os.DevNull)
	mustDo(t, err)
	defer func() { _ = null.Close() }()
	hog.ExtraFiles = []*os.File{null, null, null, null, null, null, null}
	mustDo(t, hog.Start())
	defer func() { _ = hog.Process.Kill(); _ = hog.Wait() }()
	proc := fmt.Sprintf("/proc/%d/", hog.Process.Pid)
	until(t, "the hog", func() bool { // its libraries are loaded, which takes a descriptor
		wait, _ := os.ReadFile(proc + "wchan")
		return bytes.Contains(wait, []byte("nanosleep"))
	})
	open, err := os.ReadDir(proc + "fd")
	mustDo(t, err)
	limit := uint64(len(open) + 1)
	mustDo(t, unix.Prlimit(hog.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}, nil))
	said := fmt.Sprintf("; sleep (%d) has %d of %d open", hog.Process.Pid, limit-1, limit)
	l.says(t, "WARNING", nil, "(warn 80"+said)
	l.says(t, "CRITICAL", set("crit=85"), "(crit 85"+said)
	nobody := library{script: l.script, nobody: true}
	nobody.says(t, "OK", set("--only", "fds of the host"), "used")
	if info, err := os.Stat("/proc/self/fd"); err == nil && info.Size() > 0 { // since Linux 6.2 everybody is told how many
		nobody.says(t, "WARNING", nil, said)
	} else {
		nobody.says(t, "UNKNOWN", nil, "do not show their descriptors; run as root")
	}
	l.says(t, "UNKNOWN", set("warn=half"), "half")
}

// instead puts another text in place of a file of the kernel, on this host.
func instead(t *testing.T, path, text string) func() {
	t.Helper()
	file := filepath.Join(t.TempDir(), "instead")
	mustDo(t, os.WriteFile(file, []byte(text), 0o644))
	mustDo(t, unix.Mount(file, path, "", unix.MS_BIND, ""))
	return func() { mustDo(t, unix.Unmount(path, 0)) }
}

// The figures of the kernel as they are, and as they would be on a host in need.
func hostKernel(t *testing.T) {
	number := func(path, pattern string) float64 {
		text, err := os.ReadFile(path)
		mustDo(t, err)
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s has no %s", path, pattern)
		}
		f, _ := strconv.ParseFloat(string(m[1]), 64)
		return f
	}
	near := func(what string, got, want, by float64) {
		t.Helper()
		if math.Abs(got-want) > by {
			t.Errorf("%s is %v, want about %v", what, got, want)
		}
	}
	memory, swap := library{script: "check/memory.lua"}, library{script: "check/swap.lua"}
	load, uptime := library{script: "check/load.lua"}, library{script: "check/uptime.lua"}

	total, free := number("/proc/meminfo", `MemTotal: +(\d+)`), number("/proc/meminfo", `MemAvailable: +(\d+)`)
	v := memory.says(t, "OK", set("warn=100", "crit=100", "cgroup=/nowhere"))
	near("memory", v["used"].Value, (total-free)/total*100, 10)
	near("available", v["available"].Value, free*1024, total*1024/10)
	near("uptime", uptime.says(t, "OK", set("warn=1s"))["up"].Value, number("/proc/uptime", `([\d.]+)`), 5)
	near("load", load.says(t, "OK", set("warn=10000", "crit=10000"))["load5"].Value, number("/proc/loadavg", ` ([\d.]+)`), 2)

	undo := instead(t, "/proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 1 kB\nMemAvailable: 100000 kB\nSwapTotal: 1000000 kB\nSwapFree: 400000 kB\n")
	memory.says(t, "WARNING", nil, "90% (warn 85; 97.7 MiB of 976.6 MiB available)")
	memory.says(t, "CRITICAL", set("crit=89.5"), "90% (crit 89.5")
	swap.says(t, "WARNING", nil, "60% (warn 50; 585.9 MiB of 976.6 MiB)")
	swap.says(t, "CRITICAL", set("crit=59"), "(crit 59")
	swap.says(t, "UNKNOWN", set("crit=59:1"), "59:1")
	undo()
	undo = instead(t, "/proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 1 kB\nMemAvailable: 990000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")
	swap.says(t, "OK", nil, "there is no swap")
	undo()
	undo = instead(t, "/proc/meminfo", "nonsense\n")
	memory.says(t, "UNKNOWN", nil, "/proc/meminfo")
	swap.says(t, "UNKNOWN", nil, "/proc/meminfo")
	undo()
	undo = instead(t, "/proc/loadavg", "9999.5 9999.25 9999.75 1/100 12345\n")
	load.says(t, "CRITICAL", nil, "(crit 3; 9999.25 on ")
	load.says(t, "WARNING", set("crit=10000"), "(warn 1.5; ")
	undo()
	undo = instead(t, "/proc/uptime", "90061.25 1.0\n")
	uptime.says(t, "OK", nil, "up: 1d1h1m")
	uptime.says(t, "WARNING", set("warn=2d"), "(warn 2d:)")
	uptime.says(t, "WARNING", set("max=1d"), "(warn 10m:1d)")
	uptime.says(t, "UNKNOWN", set("warn=late"), "late")
	undo()
	load.says(t, "UNKNOWN", set("warn=x"), "x")
}

// A container with a limit of its own, by a folder as the kernel has it.
func hostCgroup(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) { mustDo(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	l := library{script: "check/memory.lua"}
	write("memory.max", "max\n")
	if v := l.says(t, "OK", set("warn=100", "crit=100", "cgroup="+dir)); len(v) != 2 {
		t.Errorf("no limit: %+v", v)
	}
	write("memory.max", "1048576\n")
	write("memory.current", "1048576\n")
	write("memory.stat", "anon 5\ninactive_file 104858\n")
	l.says(t, "WARNING", set("cgroup="+dir), "used of the limit: 90% (warn 85; 102.4 KiB of 1 MiB available)")
	write("memory.stat", "inactive_file 0\n")
	l.says(t, "CRITICAL", set("cgroup="+dir), "used of the limit: 100% (crit 95")
}
