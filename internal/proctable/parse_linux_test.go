package proctable

import (
	"slices"
	"strings"
	"testing"
)

const statText = "42 (%s) S 1 42 42 34817 -1 4194304 100 0 0 0 7 5 0 0 20 -5 3 0 1234 8192000 512 18446744073709551615 1 1 0 0 0 0 0 0 0\n"

func statWith(name string) []byte { return []byte(strings.Replace(statText, "%s", name, 1)) }

func TestParseStat(t *testing.T) {
	for _, name := range []string{"", "sh", ") R 1 2 3", "(((", ")))", " ", "\n", oddName, "kworker/0:1-events_power_efficient"} {
		l, ok := parseStat(statWith(name))
		if !ok || string(l.comm) != name {
			t.Errorf("%q: %q, %v", name, l.comm, ok)
			continue
		}
		l.comm = nil
		want(t, "numbers", l.pid == 42 && l.ppid == 1 && l.state == 'S' && l.tty == 34817 && l.flags == 4194304 && l.utime == 7 &&
			l.stime == 5 && l.nice == -5 && l.threads == 3 && l.start == 1234 && l.vsize == 8192000 && l.rss == 512, true)
	}
	for _, bad := range []string{"", "(", ")", "1", "42 (sh", "42 sh) S 1", "42 (sh) S", "x (sh) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "-1 " + statText[3:]} {
		if l, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q: %+v", bad, l)
		}
	}
	whole := statWith("sh")
	for n := range strings.Index(string(whole), " 18446744073709551615") - 3 {
		if l, ok := parseStat(whole[:n]); ok {
			t.Fatalf("cut at %d: %+v", n, l)
		}
	}
}

func TestStateWord(t *testing.T) {
	for _, c := range "RSDTtZXxIPWK" {
		if stateWord(byte(c)) == "" {
			t.Errorf("%c has no word", c)
		}
	}
	want(t, "unknown", stateWord('?'), "")
}

func TestCmdline(t *testing.T) {
	for _, c := range []struct {
		raw  string
		args []string
		cmd  string
	}{
		{"", nil, ""},
		{"\x00\x00", nil, ""},
		{"sleep\x00300\x00", []string{"sleep", "300"}, "sleep 300"},
		{"sh\x00-c\x00\x00", []string{"sh", "-c", ""}, "sh -c "},
		{"sh\x00\x00", []string{"sh", ""}, "sh "},
		{"a\x00\x00b\x00", []string{"a", "", "b"}, "a  b"},
		{"no nul", []string{"no nul"}, "no nul"},
		{"nginx: master process\x00\x00\x00\x00", []string{"nginx: master process"}, "nginx: master process"},
		{"\xff\x00\n\x00", []string{"\xff", "\n"}, "\xff \n"},
	} {
		args, cmd := splitCmdline(trimCmdline([]byte(c.raw)))
		if !slices.Equal(args, c.args) || cmd != c.cmd {
			t.Errorf("%q: %q, %q", c.raw, args, cmd)
		}
	}
}

func TestCgroup(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for _, c := range []struct{ text, path, unit, container string }{
		{"", "", "", ""},
		{"0::/\n", "/", "", ""},
		{"0::/system.slice/nginx.service\n", "/system.slice/nginx.service", "nginx.service", ""},
		{"0::/system.slice/system-getty.slice/getty@tty1.service\n", "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", ""},
		{"0::/user.slice/user-0.slice/session-2.scope\n", "/user.slice/user-0.slice/session-2.scope", "session-2.scope", ""},
		{"0::/user.slice/user-1.slice/user@1.service/app.slice/x.service\n", "/user.slice/user-1.slice/user@1.service/app.slice/x.service", "user@1.service", ""},
		{"2:cpu:/other\n1:name=systemd:/system.slice/a.service\n0::/\n", "/system.slice/a.service", "a.service", ""},
		{"2:memory:/x\n1:name=systemd:/\n0::/\n", "/x", "", ""},
		{"0::/system.slice/docker-" + id + ".scope\n", "/system.slice/docker-" + id + ".scope", "docker-" + id + ".scope", id},
		{"2:cpu:/docker/" + id + "\n", "/docker/" + id, "", id},
		{"0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + id + ".scope/init\n", "/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + id + ".scope/init", "cri-containerd-" + id + ".scope", id},
		{"0::/kubepods/besteffort/pod1/" + id + "\n", "/kubepods/besteffort/pod1/" + id, "", id},
		{"0::/machine.slice/libpod-" + id + ".scope/container\n", "/machine.slice/libpod-" + id + ".scope/container", "libpod-" + id + ".scope", id},
		{"0::/machine.slice/libpod-conmon-" + id + ".scope\n", "/machine.slice/libpod-conmon-" + id + ".scope", "libpod-conmon-" + id + ".scope", ""},
		{"0::/lxc.payload.web/init.scope\n", "/lxc.payload.web/init.scope", "", "web"},
		{"0::/lxc/web\n", "/lxc/web", "", "web"},
		{"0::/system.slice/a.service (deleted)\n", "/system.slice/a.service", "a.service", ""},
		{"rubbish\n::\n1:2\n0::relative\n", "", "", ""},
	} {
		got := parseCgroup([]byte(c.text))
		want(t, c.text, []string{got.path(), got.unit(), got.container()}, []string{c.path, c.unit, c.container})
	}
}

func TestMountOptions(t *testing.T) {
	const text = `22 1 0:20 / /proc rw,relatime shared:5 - proc proc rw
23 1 0:21 / /mnt/a\040b rw - proc proc rw,hidepid=invisible,gid=7
24 1 0:22 / /proc rw - proc proc rw,hidepid=4
25 1 0:22 / /proc/x rw - tmpfs tmpfs rw,hidepid=2
rubbish - proc
`
	for point, options := range map[string]string{"/proc": "rw,hidepid=4", "/mnt/a b": "rw,hidepid=invisible,gid=7", "/proc/x": "", "/": ""} {
		got, ok := mountOptions([]byte(text), point)
		want(t, point, got, options)
		want(t, point, ok, options != "")
	}
	for options, mode := range map[string]hideMode{"rw": hideNothing, "rw,hidepid=0": hideNothing, "hidepid=off": hideNothing, "hidepid=1": hideForGroup,
		"hidepid=noaccess": hideForGroup, "hidepid=2": hideForGroup, "hidepid=4": hideUntraceable, "hidepid=ptraceable": hideUntraceable, "hidepid=new": hideUntraceable} {
		got, _ := hidepid(options)
		want(t, options, got, mode)
	}
	_, gid := hidepid("rw,gid=30,hidepid=2")
	want(t, "gid", gid, 30)
}

func TestInet(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:1F90 0200007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
   2: 0100007F:1F90 0200007F:C001 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0 100 0 0 10 0
   3: rubbish
`
	conns := map[uint64]Connection{}
	parseInet([]byte(text), "tcp", conns)
	want(t, "tcp", conns, map[uint64]Connection{
		11: {"tcp", "127.0.0.1:8080", "", "listen"},
		12: {"tcp", "127.0.0.1:8080", "127.0.0.2:49152", "established"},
	})
	conns = map[uint64]Connection{}
	parseInet([]byte("0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 13 2"), "udp6", conns)
	want(t, "udp6", conns, map[uint64]Connection{13: {"udp6", "[::1]:53", "", "unconnected"}})
}

// TestUnixForged: a path with line ends must not speak for other sockets.
func TestUnixForged(t *testing.T) {
	const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20 /run/a socket
0000000000000000: 00000002 00000000 00010000 0001 01 21 /tmp/x
0000000000000000: 00000002 00000000 00010000 0001 01 20 /run/forged
0000000000000000: 00000003 00000000 00000000 0001 03 22
`
	conns := map[uint64]Connection{}
	parseUnix([]byte(text), conns)
	want(t, "unix", conns, map[uint64]Connection{
		20: {Proto: "unix"}, 21: {"unix", "/tmp/x", "", "listen"}, 22: {"unix", "", "", "established"},
	})
}

func TestStatus(t *testing.T) {
	const text = "Name:\tx\\nUid:\t9 9 9 9\nTgid:\t42\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t1 2 \n"
	ids, ok := parseIDs([]byte(text))
	want(t, "ok", ok, true)
	want(t, "ids", ids, IDs{1, 2, 3, 5, 6, 7, []uint32{1, 2}})
	n, _ := statusNumber([]byte(text), "Tgid")
	want(t, "tgid", n, int64(42))
	limits := parseLimits([]byte("Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 unlimited            files     \n"))
	want(t, "limits", limits, map[string]Limit{"nofile": {1024, -1}})
	uss, pss, swap := sumSmaps([]byte("x\nPss:  10 kB\nPss_Dirty: 9 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\nSwap: 3 kB\nSwapPss: 3 kB\n"))
	want(t, "smaps", []int64{uss, pss, swap}, []int64{3 << 10, 10 << 10, 3 << 10})
}

func TestTTYName(t *testing.T) {
	for dev, name := range map[uint64]string{0: "", 136<<8 | 3: "/dev/pts/3", 137<<8 | 1: "/dev/pts/257", 4<<8 | 1: "/dev/tty1", 4<<8 | 64: "/dev/ttyS0"} {
		want(t, "tty", ttyName(dev), name)
	}
}

func TestFields(t *testing.T) {
	for i, name := range fieldNames() {
		f, ok := ParseField(name)
		if !ok || f != 1<<i {
			t.Errorf("%q: %v, %v", name, f, ok)
		}
	}
	want(t, "last", FieldNamespaces.Names(), []string{"namespaces"})
	if _, ok := ParseField("pids"); ok {
		t.Error("a field that is none")
	}
}
