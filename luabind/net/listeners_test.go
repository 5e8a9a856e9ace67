//go:build linux

package net

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"opslua/internal/proctable"
	"opslua/luabind"
)

func portOf(t *testing.T, a stdnet.Addr) string {
	t.Helper()
	_, port, err := stdnet.SplitHostPort(a.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestListeners(t *testing.T) {
	tcp, err := stdnet.Listen("tcp4", "127.0.0.1:0")
	udp, err2 := stdnet.ListenPacket("udp4", "127.0.0.1:0")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	defer udp.Close()
	connected, err := stdnet.Dial("udp4", udp.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	self, err := proctable.Get(t.Context(), proctable.New(), os.Getpid(), proctable.FieldName)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"TCP": portOf(t, tcp.Addr()), "UDP": portOf(t, udp.LocalAddr()), "CONNECTED": portOf(t, connected.LocalAddr()),
		"PID": strconv.Itoa(os.Getpid()), "NAME": strconv.Quote(self.Name)}
	prints(t, "true\ttrue\ttrue\t0\tfalse", `
		local function only(opts) local rows = net.listeners(opts) assert(#rows == 1, #rows) return rows[1] end
		local a, b = only{port = TCP, proto = "tcp"}, only{port = UDP, proto = "udp"}
		local function whose(r) return r.addr == "127.0.0.1" and r.pid == PID and r.name == NAME and #r.pids == 1 end
		local all, found = net.listeners(), false
		for _, r in ipairs(all) do found = found or r.port == TCP and r.proto == "tcp" end
		print(whose(a) and a.port == TCP, whose(b) and b.port == UDP, found, #net.listeners{port = CONNECTED, proto = "udp"}, net.listeners{port = TCP}.partial)`, names)
	for text, message := range map[string]string{
		`net.listeners{port = 0}`: "want 1 to 65535", `net.listeners{proto = "tcp6"}`: `want "tcp" or "udp"`, `net.listeners{prots = "tcp"}`: `(did you mean "proto"?)`,
	} {
		raises(t, luabind.KindUsage, message, text, nil)
	}
}

// A child that inherited the socket does not take it over.
func TestSharedListener(t *testing.T) {
	l, err := stdnet.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	defer l.Close()
	file, err := l.(*stdnet.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	child := exec.Command("/bin/cat")
	child.ExtraFiles = []*os.File{file}
	in, err := child.StdinPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = child.Wait() }()
	prints(t, "1\ttcp\t::1\ttrue\t2", `local r = net.listeners{port = PORT} print(#r, r[1].proto, r[1].addr, r[1].pid == PID, #r[1].pids)`,
		map[string]string{"PORT": portOf(t, l.Addr()), "PID": strconv.Itoa(os.Getpid())})
}

// Somebody who may not look at others' processes sees the address, and is told
// that whose it is stays hidden.
func TestListenersOfOthers(t *testing.T) {
	if port := os.Getenv("TEST_LISTENER_PORT"); port != "" {
		prints(t, "1\tnil\tnil\ttrue", `local r = net.listeners{port = PORT} print(#r, r[1].pid, r[1].name, r.partial)`, map[string]string{"PORT": port})
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	l, err := stdnet.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir, err := os.MkdirTemp("", "listeners")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "test")
	if err := errors.Join(os.Chmod(dir, 0o755), copyFile("/proc/self/exe", program)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestListenersOfOthers$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{"TEST_LISTENER_PORT=" + portOf(t, l.Addr()), "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestListenersOfOthers")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func TestParseSockets(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0 100 0 0 10 0
   2: 0100007F:0000 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12347 1 0 100 0 0 10 0
   3: 0100007G:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12348 1 0 100 0 0 10 0
   4: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 -5
   5: 0100007F:1F90 00000000:0000 0A
   6: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12349 1
   7: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12350 2`
	got := ""
	for _, s := range append(parseSockets([]byte(text), "tcp"), parseSockets([]byte(text), "udp")...) {
		got += fmt.Sprintln(s.proto, s.addr, s.inode)
	}
	if want := "tcp 127.0.0.1:8080 12345\ntcp [::1]:22 12349\nudp [::ffff:127.0.0.1]:53 12350\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFold(t *testing.T) {
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	rows := fold([]socket{{"udp", at("0.0.0.0:1"), 1}, {"tcp", at("0.0.0.0:80"), 2}, {"tcp", at("[::]:80"), 3}, {"tcp", at("0.0.0.0:80"), 4}, {"tcp", at("0.0.0.0:9"), 5}},
		map[uint64][]int{2: {30, 10}, 4: {20, 10}})
	got := ""
	for _, r := range rows {
		got += fmt.Sprintln(r.proto, r.addr, r.pids)
	}
	if want := "tcp 0.0.0.0:9 []\ntcp 0.0.0.0:80 [10 20 30]\ntcp [::]:80 []\nudp 0.0.0.0:1 []\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	procs := map[int]*proctable.Proc{10: {PID: 10, PPID: 30}, 20: {PID: 20, PPID: 30}, 30: {PID: 30, PPID: 1}}
	if p := owner([]int{10, 20, 30}, procs); p == nil || p.PID != 30 {
		t.Errorf("got %+v", p)
	}
	if p := owner([]int{40}, procs); p != nil {
		t.Errorf("got %+v", p)
	}
}

func FuzzParseSockets(f *testing.F) {
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		if text, err := os.ReadFile("/proc/net/" + file); err == nil {
			f.Add(text)
		}
	}
	f.Add([]byte("0: 0100007F:1F90 0:0 0A 0 0 0 0 0 18446744073709551616"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, proto := range []string{"tcp", "udp"} {
			for _, s := range parseSockets(text, proto) {
				if !s.addr.IsValid() || s.addr.Port() == 0 || s.proto != proto {
					t.Errorf("got %+v", s)
				}
			}
		}
	})
}

func BenchmarkListeners(b *testing.B) {
	for b.Loop() {
		sockets, err := listening(procDir)
		if err != nil {
			b.Fatal(err)
		}
		wanted := map[uint64]bool{}
		for _, s := range sockets {
			wanted[s.inode] = true
		}
		if _, _, err := holders(b.Context(), procDir, wanted); err != nil {
			b.Fatal(err)
		}
	}
}
