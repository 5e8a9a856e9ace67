package proctable

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func FuzzStat(f *testing.F) {
	f.Add(statWith("sh"))
	f.Add(statWith(oddName))
	f.Add([]byte("1 () R"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, ok := parseStat(b)
		if ok && (l.pid < 0 || l.ppid < 0 || l.rss < 0 || !bytes.Contains(b, append(append([]byte{'('}, l.comm...), ')'))) {
			t.Fatalf("%q: %+v", b, l)
		}
	})
}

// FuzzStatName: whatever a process calls itself, the rest is understood.
func FuzzStatName(f *testing.F) {
	f.Add(oddName)
	f.Fuzz(func(t *testing.T, name string) {
		l, ok := parseStat(statWith(name))
		if !ok || string(l.comm) != name || l.start != 1234 {
			t.Fatalf("%q: %+v", name, l)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("Tgid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t1 2 \n"))
	f.Add([]byte("Max open files            1024                 unlimited            files     \n"))
	f.Add([]byte("Pss:  18446744073709551615 kB\nPrivate_Clean: -1 kB\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ids, ok := parseIDs(b); !ok && (ids.UID != 0 || ids.Groups != nil) {
			t.Fatalf("not understood and yet %+v", ids)
		}
		for name, l := range parseLimits(b) {
			if name == "" || l.Soft < -1 || l.Hard < -1 {
				t.Fatalf("%q %+v", name, l)
			}
		}
		if uss, pss, swap := sumSmaps(b); len(b) < 1<<10 && (uss < 0 || pss < 0 || swap < 0) {
			t.Fatal(uss, pss, swap)
		}
	})
}

func FuzzCmdline(f *testing.F) {
	f.Add([]byte("sleep\x00300\x00"))
	f.Add([]byte("a: b\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		raw := trimCmdline(b)
		args, cmd := splitCmdline(raw)
		if strings.Join(args, "\x00") != string(raw) || cmd != strings.ReplaceAll(string(raw), "\x00", " ") {
			t.Fatalf("%q: %q %q", b, args, cmd)
		}
		for name := range splitEnviron(b) {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				t.Fatalf("%q: a variable %q", b, name)
			}
		}
		if name := continued("012345678901234", b); name != "" && (len(name) < 15 || strings.Contains(name, "/")) {
			t.Fatalf("%q: a name %q", b, name)
		}
	})
}

func FuzzMountinfo(f *testing.F) {
	f.Add([]byte(`23 1 0:21 / /a\040b rw - proc proc rw,hidepid=invisible,gid=7`))
	f.Fuzz(func(t *testing.T, b []byte) {
		options, ok := mountOptions(b, "/proc")
		if !ok && options != "" {
			t.Fatal(options)
		}
		hidepid(string(b))
		if s := unescapeMount(string(b)); len(s) > len(b) {
			t.Fatalf("%q: %q", b, s)
		}
	})
}

func FuzzNet(f *testing.F) {
	f.Add([]byte("0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 11 1"))
	f.Add([]byte("0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 13 2"))
	f.Add([]byte("0000: 00000002 00000000 00010000 0001 01 20 /run/a socket"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, proto := range []string{"tcp", "udp6"} {
			conns := map[uint64]Connection{}
			parseInet(b, proto, conns)
			for inode, c := range conns {
				if port := listeningPort(c); inode == 0 || c.State == "" || port < 0 || port > 65535 {
					t.Fatalf("%d %+v", inode, c)
				}
			}
		}
		conns := map[uint64]Connection{}
		parseUnix(b, conns)
		for inode, c := range conns {
			if inode == 0 || c.Proto != "unix" || listeningPort(c) != 0 {
				t.Fatalf("%d %+v", inode, c)
			}
		}
	})
}

func FuzzCgroup(f *testing.F) {
	f.Add([]byte("0::/system.slice/nginx.service\n"))
	f.Add([]byte("2:cpu:/docker/" + strings.Repeat("0123456789abcdef", 4) + "\n1:name=systemd:/lxc/a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := parseCgroup(b)
		if strings.ContainsAny(c.unit(), "/\n") || strings.ContainsAny(c.container(), "/\n") || c.path() != "" && c.path()[0] != '/' {
			t.Fatalf("%q: %q %q %q", b, c.unit(), c.container(), c.path())
		}
	})
}

func FuzzDirents(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x18\x00\x0442\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		eachDirent(slices.Clone(b), func(name []byte) {
			if bytes.IndexByte(name, 0) >= 0 {
				t.Fatalf("%q", name)
			}
		})
	})
}
