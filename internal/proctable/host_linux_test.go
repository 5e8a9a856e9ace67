package proctable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestManyProcesses(t *testing.T) {
	const many = 2050
	parent := startMany(t, many)
	for name, provider := range providers() {
		t.Run(name, func(t *testing.T) {
			snap, err := provider.Snapshot(context.Background(), Query{})
			if err != nil {
				t.Fatal(err)
			}
			below, last := 0, 0
			for i := range snap.Procs {
				p := &snap.Procs[i]
				if p.PID <= last {
					t.Fatalf("%d after %d", p.PID, last)
				}
				last = p.PID
				if p.PPID == parent && (p.Cmd == "sleep 300" || p.Name == "sh") && p.User != "" {
					below++
				}
			}
			want(t, "sleepers in a listing", below, many)
			under, err := provider.Snapshot(context.Background(), Query{Under: &parent, Fields: StatFields})
			if err != nil {
				t.Fatal(err)
			}
			want(t, "sleepers under", len(under.Procs), many)
			want(t, "below", find(under, parent) == nil, true)
			under, err = provider.Snapshot(context.Background(), Query{Under: &parent, User: "root"})
			if err != nil {
				t.Fatal(err)
			}
			want(t, "sleepers under, by user", len(under.Procs), many)
		})
	}
	tree, err := Subtree(context.Background(), New(), parent, 0)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "in the tree", tree.Totals.Count, many+1)
	found, err := Descendants(context.Background(), parent)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "descendants", len(found), many)
	up, err := Ancestors(context.Background(), New(), found[0].PID, 0)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "nearest ancestors", []int{up[0].PID, up[1].PID}, []int{parent, os.Getpid()})
	want(t, "the last ancestor", up[len(up)-1].PID, 1)
}

// TestWalk holds the walk from child to child against the scan.
func TestWalk(t *testing.T) {
	root := startMany(t, 20)
	l := &linux{root: "/proc"}
	s, err := l.begin(&Query{Kernel: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	walked, err := s.walk(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	scanned, err := s.scanBelow(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(walked, func(a, b Identity) int { return a.PID - b.PID })
	want(t, "walk and scan", walked, identities(scanned, ""))
	if _, err := s.walk(context.Background(), 1<<30); err != ErrGone {
		t.Errorf("a walk from nobody: %v", err)
	}
}

// TestChurn reads while processes come and go all the time.
func TestChurn(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "while :; do /bin/true & /bin/true; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		snap, err := New().Snapshot(context.Background(), Query{Fields: allButCPU})
		if err != nil {
			t.Fatal(err)
		}
		for i := range snap.Procs {
			if p := &snap.Procs[i]; p.Have&FieldName == 0 || p.Name == "" || p.StartedTicks == 0 && p.PID != 1 {
				t.Fatalf("half a process: %+v", p)
			}
		}
		if _, err := Descendants(context.Background(), cmd.Process.Pid); err != nil {
			t.Fatal(err)
		}
		if _, err := Subtree(context.Background(), New(), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKernelThreads(t *testing.T) {
	snap, err := New().Snapshot(context.Background(), Query{Fields: allButCPU, Kernel: true})
	if err != nil {
		t.Fatal(err)
	}
	p := find(snap, 2)
	if p == nil || !p.Kernel {
		t.Skip("no kernel threads in this pid namespace")
	}
	want(t, "name", p.Name, "kthreadd")
	want(t, "cmd", p.Cmd, "[kthreadd]")
	want(t, "what a kernel thread has not", ((p.Have | p.Denied) & noMemory).Names(), []string{})
	if all, _ := New().Snapshot(context.Background(), Query{PIDs: []int{2}}); len(all.Procs) != 0 {
		t.Error("a kernel thread without being asked for")
	}
}

func TestErrors(t *testing.T) {
	if _, err := NewAt("/no/such/proc").Snapshot(context.Background(), Query{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no proc: %v", err)
	}
	for _, pid := range []int{-1, 0, 1 << 30, math.MaxInt} {
		if _, err := Get(context.Background(), New(), pid, 0); err != ErrGone {
			t.Errorf("get %d: %v", pid, err)
		}
		if _, err := Identify(pid); err != ErrGone {
			t.Errorf("identify %d: %v", pid, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New().Snapshot(ctx, Query{}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestStarved has no descriptors left: that is an error, never a short list.
func TestStarved(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low, err := os.Open("/dev/null") // the lowest free number
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(low.Fd())
	_ = low.Close()
	// Room for the folder, and no file in it.
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n + 1, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	snap, err := New().Snapshot(context.Background(), Query{})
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("%v, %v", snap, err)
	}
}

// TestHang: a reader that the kernel keeps waiting keeps nobody else waiting.
func TestHang(t *testing.T) {
	l := &linux{root: "/proc"}
	s, err := l.begin(&Query{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	free := make(chan struct{})
	if err := s.each(ctx, 1, func(*worker, int) { <-free }); err != context.DeadlineExceeded {
		t.Errorf("%v", err)
	}
	s.close()
	if _, err := unix.FcntlInt(uintptr(s.root), unix.F_GETFD, 0); err != nil {
		t.Errorf("closed under the reader: %v", err)
	}
	close(free)
	s.out.Wait()
}

func TestHandle(t *testing.T) {
	cmd := exec.Command("sleep", "300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for what, other := range map[string]Identity{
		"start ticks": {id.BootID, id.PID, id.StartedTicks + 1},
		"boot":        {"another", id.PID, id.StartedTicks},
		"pid":         {id.BootID, 1 << 30, id.StartedTicks},
		"nothing":     {},
	} {
		if _, err := Open(other); err != ErrGone {
			t.Errorf("open with another %s: %v", what, err)
		}
	}
	h, err := Open(id)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "identity", h.Identity(), id)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := h.Wait(ctx); err != context.DeadlineExceeded {
		t.Errorf("wait for what lives: %v", err)
	}
	ended := make(chan error, 3)
	for range cap(ended) {
		go func() { ended <- h.Wait(context.Background()) }()
	}
	if err := h.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Errorf("wait: %v", err)
		}
	}
	// Its parent has not reaped it: it is gone all the same.
	if err := h.Signal(syscall.SIGTERM); err != ErrGone {
		t.Errorf("signal to a zombie: %v", err)
	}
	if _, err := Open(id); err != ErrGone {
		t.Errorf("open a zombie: %v", err)
	}
	if err := errors.Join(h.Close(), h.Close()); err != nil {
		t.Error(err)
	}
	if err := h.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrClosed) {
		t.Errorf("signal after close: %v", err)
	}
}

func TestHandleCloseWakes(t *testing.T) {
	id, err := Identify(startSleep(t, "sleep", nil))
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(id)
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan error)
	go func() { woken <- h.Wait(context.Background()) }()
	time.Sleep(50 * time.Millisecond)
	_ = h.Close()
	if err := <-woken; !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// TestReuse gives a pid to another process, in a pid namespace of its own.
func TestReuse(t *testing.T) {
	needRoot(t)
	out := runHelper(t, "reuse", "unshare", "-pf", "--mount-proc")
	want(t, "helper", strings.TrimSpace(out), "OK")
}

func TestHidepid(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		options          string
		uid              int
		partial, visible bool
	}{
		{"none", nobody, false, true},
		{"hidepid=0", nobody, false, true},
		{"hidepid=1", nobody, true, true},
		{"hidepid=2", nobody, true, false},
		{"hidepid=4", nobody, true, false},
		{"hidepid=2,gid=65534", nobody, false, true},
		{"hidepid=4,gid=65534", nobody, true, false},
		{"hidepid=2", 0, false, true},
		{"hidepid=4", 0, false, true},
	} {
		t.Run(c.options+" "+strconv.Itoa(c.uid), func(t *testing.T) {
			dir, err := os.MkdirTemp("", "proctable")
			if err != nil {
				t.Fatal(err)
			}
			defer os.Remove(dir)
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			out := runHelper(t, fmt.Sprintf("hidepid %s %d %s %d", c.options, c.uid, dir, os.Getpid()), "unshare", "-m", "--propagation", "private")
			var v view
			if err := json.Unmarshal([]byte(out), &v); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			want(t, "partial", v.Partial, c.partial)
			want(t, "process of root visible", v.Root != nil, c.visible)
			if c.options == "hidepid=1" {
				want(t, "stat denied", v.Root.Denied&FieldName, FieldName)
				want(t, "owner known", v.Root.Have.Names(), []string{"pid", "user", "uid"})
			}
		})
	}
}

// TestDenied looks at a process of root's as nobody.
func TestDenied(t *testing.T) {
	needRoot(t)
	var v view
	if err := json.Unmarshal([]byte(runHelper(t, "nobody "+strconv.Itoa(os.Getpid()))), &v); err != nil || v.Root == nil {
		t.Fatal(v, err)
	}
	p := v.Root
	refused := FieldExe | FieldCwd | FieldRoot | FieldEnviron | FieldIO | FieldConnections | FieldPorts | smapsGroup | FieldNamespaces
	want(t, "denied", (p.Denied & refused).Names(), refused.Names())
	want(t, "denied and known", (p.Have & p.Denied).Names(), []string{})
	want(t, "default fields", (p.Have & DefaultFields).Names(), DefaultFields.Names())
	want(t, "user", p.User, "root")
}

// TestNotDumpable: the files of such a process are root's, it is not.
func TestNotDumpable(t *testing.T) {
	needRoot(t)
	// A program that its user may not read is not dumpable.
	exe := t.TempDir() + "/secret"
	raw, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exe, raw, 0o711); err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: exe, Args: []string{"secret", "300"}}
	for dir := exe[:strings.LastIndexByte(exe, '/')]; len(dir) > len(os.TempDir()); dir = dir[:strings.LastIndexByte(dir, '/')] {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	file, err := os.Stat("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	if uid := file.Sys().(*syscall.Stat_t).Uid; uid != 0 {
		t.Skipf("it is dumpable: its files are those of %d", uid)
	}
	p, err := Get(context.Background(), New(), cmd.Process.Pid, FieldUser|FieldIDs)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "user", p.User, "nobody")
	want(t, "effective", p.IDs.EUID, nobody)
}

// TestLongName: 15 bytes of a name are all that the kernel keeps.
func TestLongName(t *testing.T) {
	const long = "a-name-of-more-than-15-bytes"
	exe := t.TempDir() + "/" + long
	raw, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exe, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, argv0 := range []string{exe, long, "-" + long, "something else", long + ": a title/of it"} {
		cmd := &exec.Cmd{Path: exe, Args: []string{argv0, "300"}}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for _, f := range []Field{FieldPID | FieldName, 0, FieldExe} {
			snap, err := New().Snapshot(context.Background(), Query{Name: long, Fields: f})
			if err != nil || len(snap.Procs) != 1 || snap.Procs[0].PID != cmd.Process.Pid {
				t.Errorf("argv[0] %q, fields %v: %+v, %v", argv0, f.Names(), snap, err)
			}
		}
		if snap, err := New().Snapshot(context.Background(), Query{Name: long[:15]}); err != nil || len(snap.Procs) != 0 {
			t.Errorf("by the cut name: %+v, %v", snap, err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
