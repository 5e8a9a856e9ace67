package tests

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func hostServices(t *testing.T) {
	for _, program := range []string{"nginx", "sshd", "service"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	service := func(words ...string) {
		t.Helper()
		if out, err := exec.Command("service", words...).CombinedOutput(); err != nil {
			t.Fatalf("service %s: %v\n%s", words, err, out)
		}
	}
	l, ports := library{script: "check/service.lua"}, library{script: "check/ports.lua"}
	service("nginx", "start")
	service("ssh", "start")
	l.says(t, "OK", set("names=nginx, ssh"), "running as process ")
	library{script: l.script, nobody: true}.says(t, "OK", set("names=nginx"), "running")
	until(t, "sshd", func() bool { return ports.run(t, "expect=22").code == 0 })
	ports.all(t, []libraryCase{
		{"OK", set("expect=22:sshd,80:nginx", "only=true"), nil},
		{"CRITICAL", set("expect=22", "only=true"), set("tcp/80: nginx listens on ", "is not expected")},
		{"CRITICAL", set("expect=22:nginx"), set("tcp/22: sshd listens, not nginx")},
		{"CRITICAL", set("expect=22,81"), set("tcp/81: nothing listens")},
		{"CRITICAL", set("expect=udp/22"), set("udp/22: nothing listens")},
		{"CRITICAL", set("expect=", "only=true"), set("tcp/22", "tcp/80")},
		{"UNKNOWN", set("expect="), set("names no port")},
		{"UNKNOWN", set("expect=http"), set("http is no port")},
		{"UNKNOWN", set("expect=70000"), set("70000 is no port")},
		{"UNKNOWN", set("expect=sctp/22"), set("sctp/22 is no port")},
	})
	nobody := library{script: ports.script, nobody: true}
	nobody.says(t, "OK", set("expect=22"), "tcp/22")
	nobody.says(t, "UNKNOWN", set("expect=22:sshd"), "hides who listens; run as root")
	loop, err := net.Listen("tcp", "127.0.0.1:0")
	mustDo(t, err)
	defer func() { _ = loop.Close() }()
	ports.says(t, "OK", set("expect=22,80", "only=true"))

	service("nginx", "stop")
	l.says(t, "CRITICAL", set("names=nginx,ssh"), "nginx is not running")
	l.says(t, "UNKNOWN", set("names=no-such-service"), "no-such-service")
	l.says(t, "UNKNOWN", set("names="), "names no service")
	l.says(t, "UNKNOWN", set("names=a b"), "a b")
	links, _ := filepath.Glob("/etc/rc[2345S].d/S*ssh")
	for _, link := range links {
		mustDo(t, os.Remove(link))
	}
	l.says(t, "WARNING", set("names=ssh", "enabled=yes"), "ssh does not start with the host")
	service("ssh", "stop")
}

func hostLog(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "app.log")
	add := func(text string) {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		mustDo(t, err)
		_, err = f.WriteString(text)
		mustDo(t, err)
		mustDo(t, f.Close())
	}
	l, words := library{script: "check/logpattern.lua"}, set("file="+file, "crit=5")
	l.says(t, "UNKNOWN", words, "app.log")
	add("2026 error: old\n2026 err")
	l.says(t, "OK", words, "first run")
	l.says(t, "OK", words, "matches: 0")
	add("or: first\n2026 all is well\n2026 PANIC second\n")
	if v := l.says(t, "WARNING", words, "matches: 2 (warn 0; 2026 PANIC second)"); v["matches"].Value != 2 {
		t.Errorf("%+v", v)
	}
	l.says(t, "OK", words, "matches: 0")
	add("half an error")
	l.says(t, "OK", words, "matches: 0")
	add(" line\n")
	l.says(t, "WARNING", words, "half an error line")
	// A dry run remembers nothing.
	add("error in a dry run\n")
	l.says(t, "WARNING", append(words, "--dry-run"), "matches: 1")
	l.says(t, "WARNING", words, "matches: 1")

	// By rename: the rest of the old file counts, its last line too.
	add("error before\nerror without an end")
	mustDo(t, os.Rename(file, file+".1"))
	add("error after\n")
	l.says(t, "WARNING", words, "matches: 3")
	l.says(t, "OK", words, "matches: 0")
	// By truncation, with a copy; and the log is longer again than it was.
	add("2027 error not seen yet\n")
	data, err := os.ReadFile(file)
	mustDo(t, err)
	mustDo(t, os.WriteFile(file+".copy", data, 0o644))
	mustDo(t, os.Truncate(file, 0))
	add(strings.Repeat("quiet\n", 20) + "error\n")
	l.says(t, "WARNING", words, "matches: 2")
	// By truncation, without.
	mustDo(t, os.Truncate(file, 0))
	l.says(t, "OK", words, "matches: 0")
	add(strings.Repeat("error\n", 6))
	l.says(t, "CRITICAL", words, "matches: 6 (crit 5; error)")
	// Each pattern has a bookmark of its own; too much at once is told.
	other := append(words, "pattern=^quiet$", "max=1KiB")
	l.says(t, "OK", other, "first run")
	add(strings.Repeat("quiet\n", 500))
	l.says(t, "CRITICAL", other, "1.9 KiB of new lines were not read")
	l.says(t, "OK", other, "matches: 0")
	l.says(t, "OK", words, "matches: 0")

	l.says(t, "UNKNOWN", set("file="+file, "pattern=("), "pattern")
	l.says(t, "UNKNOWN", set("file="+file, "max=lots"), "lots")
	l.says(t, "UNKNOWN", set("file="+dir), "director")
	mustDo(t, os.WriteFile("/run/closed.log", nil, 0o600))
	library{script: l.script, nobody: true, env: []string{"HOME=/nonexistent"}}.says(t, "UNKNOWN", set("file=/run/closed.log"))
}

func hostFileAge(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.gz")
	mustDo(t, os.WriteFile(old, make([]byte, 2048), 0o600))
	mustDo(t, os.Chtimes(old, time.Now(), time.Now().Add(-30*time.Hour)))
	l, pattern := library{script: "check/fileage.lua"}, "file="+dir+"/*.gz"
	l.all(t, []libraryCase{
		{"WARNING", set(pattern), set("age: 1d6h", "(warn 1d2h; "+old+")")},
		{"CRITICAL", set(pattern, "crit=29h"), set("(crit 1d5h; ")},
		{"CRITICAL", set(pattern, "warn=3d", "crit=3d", "min_size=1MiB"), set("size: 2 KiB (crit 1 MiB:)")},
		{"CRITICAL", set("file=" + dir + "/*.zip"), set("there is no file " + dir + "/*.zip")},
		{"UNKNOWN", set(pattern, "warn=young"), set("young")},
		{"UNKNOWN", set(pattern, "min_size=big"), set("big")},
		{"UNKNOWN", set("file=" + dir + "/[a"), set("[a")},
	})
	fresh := filepath.Join(dir, "new.gz")
	mustDo(t, os.WriteFile(fresh, []byte("x"), 0o600))
	l.says(t, "OK", set(pattern), fresh)
	mustDo(t, os.WriteFile(fresh, nil, 0o600))
	l.says(t, "CRITICAL", set(pattern), "size: 0 B (crit 1 B:)")
	mustDo(t, os.Mkdir("/run/closed", 0o700))
	library{script: l.script, nobody: true}.says(t, "UNKNOWN", set("file=/run/closed/*.gz"), "/run/closed/*.gz: permission denied; run as root")
}

func hostCertificates(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir, a := t.TempDir(), newAuthority(t)
	for days, name := range map[float64]string{100: "long", 20: "soon", 3: "late", -2: "over"} {
		mustDo(t, os.WriteFile(filepath.Join(dir, name+".crt"), a.pem(t, days), 0o600))
	}
	mustDo(t, os.WriteFile(filepath.Join(dir, "not.crt"), []byte("nothing\n"), 0o600))
	l, file := library{script: "check/certs.lua"}, func(name string) []string { return set("files=" + dir + "/" + name + ".crt") }
	if v := l.says(t, "OK", file("long"), "long.crt: 99 days (until "); len(v) != 1 {
		t.Errorf("%+v", v)
	}
	l.all(t, []libraryCase{
		{"WARNING", append(file("long"), file("soon")...), set("soon.crt: 19 days (warn 30:; until ")},
		{"CRITICAL", file("*"), set("over.crt: -3 days (crit 7:", "late.crt: 2 days (crit 7:", "not.crt: ")},
		{"UNKNOWN", file("not"), set("not.crt: ")},
		{"UNKNOWN", file("none"), set("no file fits " + dir + "/none.crt")},
		{"UNKNOWN", set("files="), set("no file fits")},
		{"UNKNOWN", append(file("long"), "warn=x"), set("warn")},
	})
	mustDo(t, os.MkdirAll("/run/keys", 0o700))
	library{script: l.script, nobody: true}.says(t, "UNKNOWN", set("files=/run/keys/*.crt"), "/run/keys/*.crt: permission denied; run as root")
	library{script: l.script, env: []string{"PATH=" + filepath.Dir(mustFind(t, "opslua"))}}.
		says(t, "UNKNOWN", file("long"), "openssl is not installed")
}

func mustFind(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	mustDo(t, err)
	return path
}

// standIns is a folder with shell scripts in place of programs, and a PATH that
// has it in front, or alone.
func standIns(t *testing.T, programs map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range programs {
		mustDo(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	}
	return []string{"PATH=" + dir + ":" + filepath.Dir(mustFind(t, "opslua"))}
}

// The clients are stand-ins that print what the real ones print: no time service
// can be asked from here.
func hostTime(t *testing.T) {
	chrony := func(offset, leap string) map[string]string {
		return map[string]string{"chronyc": `[ "$*" = "-c tracking" ] && echo "C0000201,192.0.2.1,2,1764077000.1,` + offset + `,0.00001,0.00002,-11.5,0.001,0.02,0.03,0.001,64.5,` + leap + `"`}
	}
	ntpq := func(answer string) map[string]string { return map[string]string{"ntpq": "echo '" + answer + "'"} }
	timesync := func(offset string) map[string]string {
		return map[string]string{"timedatectl": "[ $1 = timesync-status ] && printf '       Server: 192.0.2.1 (x.example)\\n         Leap: normal\\n" + offset + " Packet count: 1\\n'"}
	}
	for _, c := range []struct {
		programs map[string]string
		libraryCase
	}{
		{chrony("-0.000123", "Normal"), libraryCase{"OK", nil, set("offset: -0.000123s (by chronyc)")}},
		{chrony("-0.5", "Normal"), libraryCase{"WARNING", nil, set("-0.5s (warn -0.1:0.1")}},
		{chrony("2.5", "Normal"), libraryCase{"CRITICAL", nil, set("2.5s (crit -1:1")}},
		{chrony("0.5", "Normal"), libraryCase{"OK", set("warn=@~:0"), nil}},
		{chrony("0.0", "Not synchronised"), libraryCase{"UNKNOWN", nil, set("chronyc: not synchronised")}},
		{chrony("0.0", "Normal"), libraryCase{"UNKNOWN", set("warn=some"), set("some")}},
		{map[string]string{"chronyc": "echo '506 Cannot talk to daemon'; exit 1", "ntpq": "echo leap=00, offset=12.5"}, libraryCase{"OK", nil, set("0.0125s (by ntpq)")}},
		{ntpq("leap=11, offset=0.0"), libraryCase{"UNKNOWN", nil, set("ntpq: not synchronised")}},
		{ntpq("ntpq: read: Connection refused"), libraryCase{"UNKNOWN", nil, set("Connection refused")}},
		{timesync(`       Offset: -1.5ms\n`), libraryCase{"OK", nil, set("-0.0015s (by timedatectl)")}},
		{timesync(`       Offset: +1min 2.5s\n`), libraryCase{"CRITICAL", nil, set("1m")}},
		{timesync(``), libraryCase{"UNKNOWN", nil, set("no server has answered yet")}},
		{nil, libraryCase{"UNKNOWN", nil, set("no client of a time service is installed")}},
	} {
		library{script: "check/ntp.lua", env: standIns(t, c.programs)}.says(t, c.state, c.words, c.texts...)
	}
}

func hostUpdates(t *testing.T) {
	const inst = "Inst %s [1.0] (1.1 %s [amd64])"
	lines := func(n, security int) map[string]string {
		text := "/bin/cat <<'X'\nReading package lists...\n"
		for i := range n {
			text += fmt.Sprintf(inst+"\n", "libsecurity"+strconv.Itoa(i), "Debian:12.12/oldstable") + "Conf x\n"
		}
		for range security {
			text += fmt.Sprintf(inst+"\n", "bash", "Debian-Security:12/oldstable-security")
		}
		return map[string]string{"apt-get": text + "X"}
	}
	run := func(state string, programs map[string]string, words []string, texts ...string) {
		t.Helper()
		library{script: "check/updates.lua", env: standIns(t, programs)}.says(t, state, words, texts...)
	}
	mustDo(t, os.MkdirAll("/var/lib/apt/lists/partial", 0o755))
	mustDo(t, os.WriteFile("/var/lib/apt/lists/x_Packages", nil, 0o644))
	run("OK", lines(0, 0), nil, "updates: 0", "security: 0")
	run("WARNING", lines(3, 0), nil, "updates: 3 (warn 0)")
	run("CRITICAL", lines(1, 2), nil, "security: 2 (crit 0)", "updates: 3 (warn 0)")
	run("OK", lines(3, 2), set("warn=3", "security=2", "warn=5"))
	old := time.Now().Add(-10 * 24 * time.Hour)
	for _, dir := range []string{"/var/lib/apt/lists/partial", "/var/lib/apt/lists"} {
		mustDo(t, os.Chtimes(dir, old, old))
	}
	_ = os.Remove("/var/lib/apt/periodic/update-success-stamp")
	run("WARNING", lines(0, 0), nil, "age of the lists: 10d", "(warn 7d")
	run("UNKNOWN", map[string]string{"apt-get": "echo 'E: dpkg was interrupted' >&2; exit 100"}, nil, "dpkg was interrupted")
	run("CRITICAL", map[string]string{"dnf": "[ \"$4\" = --security ] && exit 0; printf '\\nbash.x86_64 5.2 updates\\n'; exit 100"}, set("security=1:"), "updates: 1 (warn 0)")
	run("UNKNOWN", nil, nil, "neither apt-get nor dnf is there")
	t.Run("empty", func(t *testing.T) {
		tmpfs(t, "/var/lib/apt/lists")
		run("UNKNOWN", lines(0, 0), nil, "there are no lists of packages")
	})
}

// The real apt-get, and the real lists of this machine: as many as it says itself.
func TestLibraryUpdates(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("apt-get is not installed")
	}
	if lists, _ := filepath.Glob("/var/lib/apt/lists/*Packages*"); len(lists) == 0 {
		t.Skip("this machine has no lists of packages")
	}
	out, err := exec.Command("apt-get", "-s", "-o", "Debug::NoLocking=true", "--with-new-pkgs", "upgrade").Output()
	mustDo(t, err)
	want := float64(strings.Count("\n"+string(out), "\nInst "))
	v := library{script: "check/updates.lua"}.says(t, "OK", set("warn=~:", "security=~:", "stale=52w"))
	if v["updates"].Value != want || v["security"].Value > want {
		t.Errorf("%+v, want %v", v, want)
	}
}
