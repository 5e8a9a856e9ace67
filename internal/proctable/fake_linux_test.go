package proctable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeProc makes a proc of one process, 42, from files; one without text is a
// folder, which can be opened and not read.
func fakeProc(t *testing.T, files map[string]string) Provider {
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, "42", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		err := os.Mkdir(path, 0o755)
		if text != "" {
			err = errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte(text), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return NewAt(root + "/")
}

// TestCutNameUnread: where the command line cannot be read, a name of 15 bytes
// is not the longer one that begins so.
func TestCutNameUnread(t *testing.T) {
	const cut = "012345678901234"
	p := fakeProc(t, map[string]string{"stat": string(statWith(cut)), "cmdline": ""})
	for _, c := range []struct {
		q         Query
		found     int
		undecided Field
	}{
		{Query{Name: cut}, 1, 0},
		{Query{Name: cut + "567"}, 0, FieldName},
		{Query{Name: cut + "567", Fields: FieldPID}, 0, FieldName},
		{Query{Name: "another"}, 0, 0},
		{Query{Match: regexp.MustCompile("x")}, 0, FieldCmd},
	} {
		snap, err := p.Snapshot(context.Background(), c.q)
		if err != nil || len(snap.Procs) != c.found || snap.Undecided != c.undecided {
			t.Errorf("%+v: %+v, %v", c.q, snap, err)
		}
		for i := range snap.Procs {
			want(t, "fields", (snap.Procs[i].Have & cmdGroup).Names(), []string{})
		}
	}
}

// TestLongTable adds up what is longer than any buffer.
func TestLongTable(t *testing.T) {
	const n = 200_000
	p := fakeProc(t, map[string]string{"stat": string(statWith("sh")), "smaps": strings.Repeat("Private_Dirty:         4 kB\nPss:                   3 kB\n", n)})
	snap, err := p.Snapshot(context.Background(), Query{Fields: FieldUSS | FieldPSS})
	if err != nil || len(snap.Procs) != 1 {
		t.Fatal(snap, err)
	}
	want(t, "uss", snap.Procs[0].USS, n*4<<10)
	want(t, "pss", snap.Procs[0].PSS, n*3<<10)
	p = fakeProc(t, map[string]string{"stat": string(statWith("sh")), "smaps_rollup": strings.Repeat("x", 1<<20)})
	if snap, err = p.Snapshot(context.Background(), Query{Fields: FieldUSS}); err != nil || len(snap.Procs) != 1 || snap.Procs[0].Have != 0 {
		t.Errorf("a line without end: %+v, %v", snap, err)
	}
}

// TestNoNames: an entry without a name is none.
func TestNoNames(t *testing.T) {
	entry := append([]byte{16: 24, 18: 4}, "\x00\x00\x00\x00\x00"...)
	eachDirent(entry, func(name []byte) { t.Errorf("%q", name) })
}

// TestNetOfTheDead: a process that ends while the sockets of its namespace are
// read through it takes them from nobody else.
func TestNetOfTheDead(t *testing.T) {
	listen := startHelper(t, "listen", nil)
	folder := func(pid int) int {
		fd, err := unix.Open("/proc/"+strconv.Itoa(pid), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closefd(fd) })
		return fd
	}
	var dead int
	t.Run("a process that ends", func(t2 *testing.T) { dead = folder(startSleep(t2, "sleep", nil)) })
	table := new(netTable)
	if conns, e := table.load(dead, func() bool { return false }); e != unix.ESRCH {
		t.Errorf("through the dead: %v, %v", conns, e)
	}
	conns, e := table.load(folder(listen.pid), func() bool { return true })
	if e != 0 {
		t.Fatal(e)
	}
	found := false
	for _, c := range conns {
		found = found || c == Connection{"tcp", "127.0.0.1:" + listen.words[0], "", "listen"}
	}
	want(t, "the listener is found", found, true)
}

// TestReleased: what is kept for the next snapshot holds nothing of the last.
func TestReleased(t *testing.T) {
	l := &linux{root: "/proc"}
	if _, err := l.Snapshot(context.Background(), Query{}); err != nil {
		t.Fatal(err)
	}
	for w, ok := l.workers.Get().(*worker); ok; w, ok = l.workers.Get().(*worker) {
		want(t, "a scan is held", w.s != nil, false)
	}
}

func TestDescendantsOfThread(t *testing.T) {
	for _, pid := range append(otherThreads(t), 0, -1, 1<<30, math.MaxInt) {
		if found, err := Descendants(context.Background(), pid); err != ErrGone {
			t.Errorf("%d: %v, %v", pid, found, err)
		}
	}
}

// TestOpenLowerHalf: a number too large for a pid is none, whatever its lower
// half is.
func TestOpenLowerHalf(t *testing.T) {
	id, err := Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	id.PID |= 1 << 32
	if _, err := Open(id); err != ErrGone {
		t.Error(err)
	}
}

// TestUndecided: nobody cannot tell whether processes of root are those meant.
func TestUndecided(t *testing.T) {
	needRoot(t)
	seen := map[string][]string{}
	if out := runHelper(t, "undecided"); json.Unmarshal([]byte(out), &seen) != nil {
		t.Fatal(out)
	}
	for name := range providers() {
		ports := []string{"ports"}
		if name == "portable" { // to gopsutil, sockets that may not be seen are none
			ports = []string{}
		}
		want(t, name+" exe", seen[name+" exe"], []string{"exe"})
		want(t, name+" port", seen[name+" port"], ports)
		if name == "linux" {
			want(t, "both", seen["linux both"], []string{"exe", "ports"})
		}
		want(t, name+" exe and name", seen[name+" exe and name"], []string{})
		want(t, name+" name", seen[name+" name"], []string{})
	}
}

func helperUndecided(string) error {
	if err := become(nobody); err != nil {
		return err
	}
	seen := map[string][]string{}
	for name, p := range providers() {
		for what, q := range map[string]Query{
			"exe": {Exe: "/no/such"}, "port": {Port: 1}, "both": {Exe: "/no/such", Port: 1},
			"exe and name": {Exe: "/no/such", Name: "no such name"}, "name": {Name: "no such name"},
		} {
			snap, err := p.Snapshot(context.Background(), q)
			if err != nil {
				return err
			}
			seen[name+" "+what] = snap.Undecided.Names()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// TestHidden: what is there and hidden is not gone.
func TestHidden(t *testing.T) {
	needRoot(t)
	id, err := Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"1", "2", "4"} {
		out := runHelper(t, fmt.Sprintf("hidden %s %d %d", mode, id.PID, id.StartedTicks), "unshare", "-m", "--propagation", "private")
		want(t, "hidepid="+mode, strings.TrimSpace(out), "OK")
	}
}

// helperHidden covers /proc with one of its own, "MODE PID TICKS".
func helperHidden(arg string) error {
	var mode string
	var id Identity
	if _, err := fmt.Sscan(arg, &mode, &id.PID, &id.StartedTicks); err != nil {
		return err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	id.BootID = string(bytes.TrimSpace(boot))
	if err := unix.Mount("proc", "/proc", "proc", 0, "hidepid="+mode); err != nil {
		return err
	}
	if err := become(nobody); err != nil {
		return err
	}
	if got, err := Identify(id.PID); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("identify: %v, %v", got, err)
	}
	if _, err := Open(id); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("open: %v", err)
	}
	if _, err := Identify(1 << 30); err != ErrGone {
		return fmt.Errorf("identify nobody: %v", err)
	}
	ended, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
	if err != nil {
		return err
	}
	if _, err := syscall.Wait4(ended, nil, 0, nil); err != nil {
		return err
	}
	if _, err := Identify(ended); err != ErrGone {
		return fmt.Errorf("identify what has ended: %v", err)
	}
	fmt.Println("OK")
	return nil
}
