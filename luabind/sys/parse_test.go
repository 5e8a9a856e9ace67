package sys

import (
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func TestOSRelease(t *testing.T) {
	got := parseOSRelease("# c\nID=debian\nNAME=\"De \\\"b\\\" \\$x\" # tail\nA='it $x \\n'B\nBAD LINE\n1X=2\nE=\nW=a b\nQ=a\\ b\nU=\"open\n")
	equal(t, "os-release", got, map[string]string{"ID": "debian", "NAME": `De "b" $x`, "A": `it $x \nB`, "E": "", "W": "a", "Q": "a b", "U": "open"})
}

func TestMeminfo(t *testing.T) {
	m := parseMeminfo("MemTotal:  1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 50 kB\nShmem: 20 kB\nHugePages_Total: 5\nX: -1 kB\nY: 9223372036854775807 kB\n")
	equal(t, "total", m["MemTotal"], int64(1000<<10))
	equal(t, "available of an old kernel", available(m), int64(140<<10))
	equal(t, "lines", len(m), 5)
	equal(t, "more available than there is", available(map[string]int64{"MemTotal": 5, "MemAvailable": 7}), int64(5))
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][]float64{
		"0.10 1.5 22.00 1/123 99\n": {0.1, 1.5, 22},
		"1 2":                       nil,
		"1 2 x":                     nil,
		"1 2 NaN":                   nil,
		"1 2 inf":                   nil,
		"1 -2 3":                    nil,
		"":                          nil,
	} {
		got, _ := parseNumbers(text, 3)
		equal(t, text, got, want)
	}
}

// utmp writes entries as glibc does.
func utmp(at layout, entries ...login) []byte {
	var out []byte
	for _, l := range entries {
		e := make([]byte, at.size)
		binary.NativeEndian.PutUint16(e, userProcess)
		binary.NativeEndian.PutUint32(e[4:], uint32(l.pid))
		copy(e[8:40], l.tty)
		copy(e[44:76], l.user)
		copy(e[76:332], l.host)
		if at.wide {
			binary.NativeEndian.PutUint64(e[at.time:], uint64(l.started))
		} else {
			binary.NativeEndian.PutUint32(e[at.time:], uint32(l.started))
		}
		out = append(out, e...)
	}
	return out
}

func TestUtmp(t *testing.T) {
	want := []login{
		{user: "root", tty: "tty1", started: 1700000000, pid: 12},
		{user: strings.Repeat("u", 32), tty: strings.Repeat("t", 32), host: strings.Repeat("h", 256), started: 3000000000, pid: 1},
	}
	for _, arch := range []string{"amd64", "arm64"} {
		at := utmpLayout(arch)
		data := utmp(at, want...)
		boot := utmp(at, login{user: "reboot", pid: 0})
		binary.NativeEndian.PutUint16(boot, 2)
		nobody := utmp(at, login{tty: "tty2", pid: 5})
		all := slices.Concat(boot, data, nobody, data[:at.size-1])
		equal(t, arch, parseUtmp(all, at), want)
	}
}

func TestMounts(t *testing.T) {
	got := parseMounts(`27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda ro,discard
28 27 0:25 /a\040b /mnt/x\011y\134z rw - fuse.sshfs me@host:/a\040b rw
junk
29 27 0:26 / relative rw - tmpfs tmpfs rw
30 27 0:27 / /t rw tmpfs tmpfs rw
31 27 0:28 / /short ro,nosuid - tmpfs none
32 27 0:29 / /opt-in rw - - dash rw
x 27 0:29 / /n rw - t s rw
`)
	equal(t, "mounts", got, []mount{
		{id: 27, parent: 1, dev: "254:0", root: "/", path: "/", readOnly: true, typ: "ext4", source: "/dev/vda"},
		{id: 28, parent: 27, dev: "0:25", root: "/a b", path: "/mnt/x\ty\\z", typ: "fuse.sshfs", source: "me@host:/a b"},
		{id: 31, parent: 27, dev: "0:28", root: "/", path: "/short", readOnly: true, typ: "tmpfs", source: "none"},
		{id: 32, parent: 27, dev: "0:29", root: "/", path: "/opt-in", typ: "-", source: "dash"},
	})
	for s, want := range map[string]string{`\040`: " ", `\04`: `\04`, `\999`: `\999`, `a\\b`: `a\\b`, `\777`: `\777`, `\012\134`: "\n\\", `x\`: `x\`} {
		equal(t, s, unescape(s), want)
	}
}

func paths(mounts []mount) (out []string) {
	for _, m := range mounts {
		out = append(out, m.path+" "+m.source)
	}
	return out
}

// What lies under another mount cannot be asked by its path.
func TestVisible(t *testing.T) {
	mounts := parseMounts(`1 0 8:1 / / rw - ext4 root rw
2 1 8:2 / /a rw - ext4 below rw
3 2 8:3 / /a/b rw - ext4 below-b rw
4 2 8:4 / /a rw - ext4 above rw
5 4 8:5 / /a/b rw - ext4 above-b rw
6 1 8:6 / /ab rw - ext4 other rw
7 1 8:7 / /c/d rw - ext4 hidden rw
8 1 8:8 / /c rw - ext4 cover rw
9 8 8:9 / /c/d rw - ext4 again rw
10 1 8:10 / /e rw - ext4 first rw
11 10 8:11 / /e rw - ext4 second rw
12 11 8:12 / /e rw - ext4 third rw
`)
	want := []string{"/ root", "/a above", "/a/b above-b", "/ab other", "/c cover", "/c/d again", "/e third"}
	equal(t, "visible", paths(visible(mounts)), want)
	slices.Reverse(mounts)
	slices.Reverse(want)
	equal(t, "in another order", paths(visible(mounts)), want)
	loop := parseMounts("1 2 8:1 / / rw - ext4 a rw\n2 1 8:2 / /b rw - ext4 b rw\n")
	equal(t, "in a circle", len(visible(loop)), 2)
}

func TestOnceEach(t *testing.T) {
	mounts := parseMounts(`1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:1 /srv /mnt/bind rw - ext4 /dev/sda1 rw
3 1 8:2 /deep /x rw - ext4 /dev/sdb rw
4 1 8:2 / /long/name rw - ext4 /dev/sdb rw
5 1 8:3 / /longer rw - ext4 /dev/sdc rw
6 1 8:3 / /s rw - ext4 /dev/sdc rw
7 1 0:9 / /n1 rw - nfs4 host:/a rw
8 1 0:9 / /n2 rw - nfs4 host:/b rw
9 1 0:9 / /n33 rw - nfs4 host:/a rw
10 1 0:4 / /name rw - tmpfs tmpfs rw
11 1 0:4 / /named rw - tmpfs /dev/x rw
`)
	equal(t, "once each", paths(onceEach(mounts)), []string{"/ /dev/sda1", "/x /dev/sdb", "/s /dev/sdc", "/n1 host:/a", "/n2 host:/b", "/named /dev/x"})
}

func TestUsageOf(t *testing.T) {
	equal(t, "usual", newUsage(4096, 100, 40, 30, 10, 4), usage{size: 409600, used: 245760, free: 122880, inodes: 10, inodesUsed: 6})
	equal(t, "reserve in use", newUsage(1, 100, 3, 1<<64-2, 0, 0), usage{size: 100, used: 97})
	equal(t, "nonsense", newUsage(1, 100, 200, 300, 1, 5), usage{size: 100, free: 100})
	if u := newUsage(1<<40, 1<<62, 1<<61, 1<<61, 0, 0); u.size != 0x1p102 || u.used != 0x1p101 {
		t.Errorf("more than 2^64 bytes: %v", u)
	}
	u, err := parseStat("4096 100 40 -2 10 4\n")
	if err != nil {
		t.Error(err)
	}
	equal(t, "by stat", u, usage{size: 409600, used: 245760, inodes: 10, inodesUsed: 6})
	for _, bad := range []string{"", "1 2 3", "1 2 3 4 5 x", "1 2 3 4 5 6 7", "1 2 3 4 5 -x"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is numbers", bad)
		}
	}
}

func TestStatError(t *testing.T) {
	for text, want := range map[string]string{
		"/usr/bin/stat: cannot read file system information for '/x: y': Permission denied\n": "permission denied",
		"stat: cannot read: Transport endpoint is not connected":                              "transport endpoint is not connected",
		"stat: x: Some other word": "Some other word",
		"":                         "stat file system: exit status 1",
	} {
		equal(t, text, statError(text, errText("exit status 1")).Error(), want)
	}
}

func TestShow(t *testing.T) {
	// As systemd 252 of Debian 12 wrote them.
	yes, no := true, false
	for text, want := range map[string]*status{
		"Type=notify\nMainPID=612\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nActiveEnterTimestamp=Tue 2025-11-25 03:19:15 UTC\n": {
			active: true, sub: "running", enabled: &yes, pid: 612, since: 1764040755},
		"MainPID=0\nLoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=disabled\nActiveEnterTimestamp=Tue 2025-11-25 03:19:15 UTC\n": {
			sub: "failed", enabled: &no},
		"MainPID=0\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=static\nActiveEnterTimestamp=\n":                 {sub: "dead"},
		"MainPID=0\nLoadState=masked\nActiveState=inactive\nSubState=dead\nUnitFileState=masked\nActiveEnterTimestamp=n/a\n":              {sub: "dead", enabled: &no},
		"MainPID=0\nLoadState=loaded\nActiveState=active\nSubState=exited\nUnitFileState=generated\nActiveEnterTimestamp=@1764040755.5\n": {active: true, sub: "exited", since: 1764040755},
		"MainPID=77\nActiveState=reloading\nSubState=reload\nUnitFileState=enabled-runtime\n":                                             {active: true, sub: "reload", enabled: &yes, pid: 77},
		"MainPID=9\nActiveState=activating\nSubState=start-pre\nUnitFileState=\nActiveEnterTimestamp=Tue 2025-11-25 03:19:15 UTC\n":       {sub: "start-pre", pid: 9},
		"MainPID=99999999999\nActiveState=active\r\nSubState=\n":                                                                          {active: true},
	} {
		equal(t, text, parseShow(text).status(), want)
	}
	for text, want := range map[string]int64{"": 0, "n/a": 0, "@x": 0, "@-1": 0, "@1e300": 0, "@NaN": 0, "Tue 2025-11-25 03:19:15 CET": 0, "Thu 1970-01-01 00:00:01 UTC": 1} {
		equal(t, text, parseStamp(text), want)
	}
}

func TestPidfiles(t *testing.T) {
	usual := []string{"/run/x.pid", "/run/x/x.pid", "/var/run/x.pid"}
	for script, want := range map[string][]string{
		"":                                 usual,
		"# pidfile: /var/run/a.pid\n":      append([]string{"/var/run/a.pid"}, usual...),
		"NAME=y\nPIDFILE=/run/$NAME.pid\n": append([]string{"/run/y.pid"}, usual...),
		"NAME=\"y\"\nPID_FILE=\"/run/${NAME}/${OTHER:-z}.pid\" # it\n": append([]string{"/run/y/z.pid"}, usual...),
		"PID=$(cat x)\nif x; then\n\tPID=/run/n.pid\nfi\n":             append([]string{"/run/n.pid"}, usual...),
		"PIDFILE=none\n": usual,
		"  start-stop-daemon --pidfile /run/s.pid --exec /x --pidfile=/run/t.pid\n": append([]string{"/run/s.pid", "/run/t.pid"}, usual...),
		"PIDFILE=`x`/run/a.pid\nPIDFILE=/run/$UNKNOWN.pid\nPIDFILE=/run/*.pid\n":    usual,
		"kill -0 $(cat /run/k.pid)\n":                                       append([]string{"/run/k.pid"}, usual...),
		"A=aaaaaaaaaa\n" + strings.Repeat("A=$A$A\n", 50) + "PIDFILE=/$A\n": nil,
	} {
		got := pidfiles(script, "x")
		if want == nil { // only that it ends, and is not long
			for _, p := range got {
				if len(p) > maxExpanded {
					t.Errorf("a path of %d bytes", len(p))
				}
			}
			continue
		}
		equal(t, script, got, want)
	}
	for text, want := range map[string]int{"12\n": 12, " 7 x": 7, "": 0, "-1": 0, "0": 0, "99999999999": 0, "x": 0, "1.5": 0} {
		got, ok := parsePid(text)
		if ok != (want > 0) || ok && got != want {
			t.Errorf("%q is %d, %v", text, got, ok)
		}
	}
}

func TestStartLinks(t *testing.T) {
	for link, want := range map[string]bool{"S01x": true, "S99x": true, "K01x": false, "S01xy": false, "S1x": false, "Sabx": false, "S01": false, "README": false} {
		equal(t, link, isStartLink(link, "x"), want)
	}
	equal(t, "no folders", enabledByLinks(t.TempDir(), "x"), (*bool)(nil))
}

func TestSyslogTags(t *testing.T) {
	for line, want := range map[string]bool{
		"Nov 25 13:14:20 host sshd[12]: text":            true,
		"Nov  5 13:14:20 host ssh: text":                 true,
		"2026-11-25T13:14:20.5+00:00 host ssh[1]: text":  true,
		"Nov 25 13:14:20 host cron[12]: ssh: text":       false,
		"Nov 25 13:14:20 host ssh text":                  false,
		"Nov 25 13:14:20 host sshguard[3]: x":            false,
		"2026-11-25T13:14:20.5+00:00":                    false,
		"":                                               false,
		"Nov 25 13:14:20 host":                           false,
		"2026-11-25T13:14:20.5+00:00 host sshd-session:": false,
	} {
		equal(t, line, tagged(line, "ssh"), want)
	}
}

func seed(f *testing.F, texts ...string) {
	for _, s := range texts {
		f.Add(s)
	}
}

func FuzzMounts(f *testing.F) {
	seed(f, "27 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n28 27 0:1 /a\\040 /b\\011 ro - tmpfs t ro\n29 28 0:1 / /b rw - x y z\n", "1 1 0:0 / / rw - - - -")
	f.Fuzz(func(t *testing.T, text string) {
		mounts := parseMounts(text)
		if len(mounts) > 300 {
			return // a thousand lines of one letter each find nothing more
		}
		seen := visible(mounts)
		at := map[string]bool{}
		for _, m := range seen {
			if !strings.HasPrefix(m.path, "/") {
				t.Errorf("a path %q", m.path)
			}
			at[m.path] = true
		}
		once := onceEach(slices.Clone(seen))
		if len(once) > len(seen) || len(mounts) > 0 && len(seen) == 0 && acyclic(mounts) {
			t.Errorf("%d mounts, %d visible, %d of them different", len(mounts), len(seen), len(once))
		}
		for _, m := range once {
			if !at[m.path] {
				t.Errorf("%q came from nowhere", m.path)
			}
		}
	})
}

// acyclic says that numbers are used once.
func acyclic(mounts []mount) bool {
	ids := map[int]bool{}
	for _, m := range mounts {
		if ids[m.id] || m.parent >= m.id {
			return false
		}
		ids[m.id] = true
	}
	return true
}

func FuzzUtmp(f *testing.F) {
	f.Add(utmp(utmpLayout("amd64"), login{user: "root", tty: "tty1", host: "h", started: 1, pid: 2}), true)
	f.Add(utmp(utmpLayout("arm64"), login{user: "root", pid: -1}), false)
	f.Fuzz(func(t *testing.T, data []byte, narrow bool) {
		at := utmpLayout("arm64")
		if narrow {
			at = utmpLayout("amd64")
		}
		got := parseUtmp(data, at)
		if len(got) > len(data)/at.size {
			t.Errorf("%d entries in %d bytes", len(got), len(data))
		}
		// What was read is written and read again as it is.
		if again := parseUtmp(utmp(at, got...), at); !slices.Equal(got, again) {
			t.Errorf("%v became %v", got, again)
		}
	})
}

func FuzzTexts(f *testing.F) {
	seed(f, "ID=debian\nNAME=\"a\\\"b\"\n", "MemTotal: 12 kB\n", "0.1 0.2 0.3 1/2 3", "LoadState=loaded\nActiveState=active\nMainPID=1\nActiveEnterTimestamp=@1\n",
		"# pidfile: /run/a.pid\nN=a\nPIDFILE=/run/${N:-b}/$N.pid\n x --pidfile /run/c.pid", "1 2 3 4 5 6", "Nov 25 13:14:20 host sshd[12]: text\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, value := range parseOSRelease(text) {
			if !isVariable(name) || strings.Contains(value, "\n") {
				t.Errorf("%q = %q", name, value)
			}
		}
		for n := range maps.Values(parseMeminfo(text)) {
			if n < 0 {
				t.Errorf("%d bytes", n)
			}
		}
		if n, ok := parseNumbers(text, 3); ok && (n[0] < 0 || len(n) != 3) {
			t.Errorf("numbers %v", n)
		}
		if st := parseShow(text).status(); st.pid < 0 || st.since < 0 {
			t.Errorf("status %v", st)
		}
		list := pidfiles(text, "x")
		if len(list) < 3 || len(list) > maxPidfiles {
			t.Errorf("%d pidfiles", len(list))
		}
		for _, p := range list {
			if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, " \n$\x00") {
				t.Errorf("a pidfile %q", p)
			}
		}
		if u, err := parseStat(text); err == nil && (u.used < 0 || u.free < 0 || u.used > u.size || u.free > u.size || u.inodesUsed > u.inodes) {
			t.Errorf("usage %v", u)
		}
		for _, line := range splitLines(text) {
			_ = tagged(line, "ssh")
		}
		if pid, ok := parsePid(text); ok && pid <= 0 {
			t.Errorf("pid %d", pid)
		}
	})
}
