package proctable

import (
	"context"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// knownProc is a process whose fields the test knows.
type knownProc struct {
	what  string
	pid   int
	check func(t *testing.T, p *Proc)
}

func startSleep(tb testing.TB, argv0 string, change func(*exec.Cmd)) int {
	tb.Helper()
	cmd := exec.Command("/bin/sleep", "300")
	cmd.Args[0] = argv0
	if change != nil {
		change(cmd)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func startKnown(t *testing.T) []knownProc {
	sleeper := startSleep(t, "odd name", func(c *exec.Cmd) { c.Dir = "/usr"; c.Env = []string{"A=1", "B=x=y"} })
	other := startSleep(t, "sleep", func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	})
	numbered := startSleep(t, "sleep", func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	})
	odd := startHelper(t, "rename "+oddName, nil)
	zombie := startHelper(t, "zombie", nil)
	listen := startHelper(t, "listen", nil)
	stopped := startSleep(t, "sleep", nil)
	if err := syscall.Kill(stopped, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	dead, _ := strconv.Atoi(zombie.words[0])
	tcp, _ := strconv.Atoi(listen.words[0])
	udp, _ := strconv.Atoi(listen.words[1])
	ports := []int{tcp, udp}
	slices.Sort(ports)
	eventually(t, func() bool {
		a, errA := Get(context.Background(), New(), dead, 0)
		b, errB := Get(context.Background(), New(), stopped, 0)
		c, errC := Get(context.Background(), New(), sleeper, FieldName)
		return errA == nil && errB == nil && errC == nil && a.State == "zombie" && b.State == "stopped" && c.Name == "sleep"
	})
	return []knownProc{
		{"sleeper", sleeper, func(t *testing.T, p *Proc) {
			want(t, "name", p.Name, "sleep")
			want(t, "cmdline", p.Cmdline, []string{"odd name", "300"})
			want(t, "cmd", p.Cmd, "odd name 300")
			want(t, "ppid", p.PPID, os.Getpid())
			want(t, "state", p.State, "sleeping")
			want(t, "user", p.User, "root")
			want(t, "threads", p.Threads, 1)
			want(t, "cwd", p.Cwd, "/usr")
			want(t, "environ", p.Environ, map[string]string{"A": "1", "B": "x=y"})
			want(t, "exe", strings.HasPrefix(p.Exe, "/"), true)
			want(t, "age", p.Age >= 0 && p.Age < 120, true)
			want(t, "started", math.Abs(float64(p.Started)-float64(time.Now().Unix())+p.Age) < 3, true)
			want(t, "rss", p.RSS > 100<<10 && p.RSS < 100<<20, true)
			want(t, "nofile", p.Limits["nofile"].Soft > 0, true)
		}},
		{"of nobody", other, func(t *testing.T, p *Proc) {
			want(t, "user", p.User, "nobody")
			want(t, "uid", p.UID, nobody)
			want(t, "ids", p.IDs.GID, nobody)
		}},
		{"of a number", numbered, func(t *testing.T, p *Proc) {
			want(t, "user", p.User, "54321")
			want(t, "uid", p.UID, 54321)
		}},
		{"odd", odd.pid, func(t *testing.T, p *Proc) {
			want(t, "name", p.Name, oddName)
			want(t, "ppid", p.PPID, os.Getpid())
		}},
		{"zombie", dead, func(t *testing.T, p *Proc) {
			want(t, "state", p.State, "zombie")
			want(t, "name", p.Name, "true")
			want(t, "cmd", p.Cmd, "[true]")
			want(t, "cmdline", len(p.Cmdline), 0)
			want(t, "what a zombie has not", (p.Have | p.Denied).Names(), (p.Have &^ noFiles).Names())
		}},
		{"stopped", stopped, func(t *testing.T, p *Proc) { want(t, "state", p.State, "stopped") }},
		{"listening", listen.pid, func(t *testing.T, p *Proc) {
			want(t, "ports", p.Ports, ports)
			want(t, "tcp", slices.Contains(p.Connections, Connection{"tcp", "127.0.0.1:" + listen.words[0], "", "listen"}), true)
			want(t, "udp", slices.Contains(p.Connections, Connection{"udp", "127.0.0.1:" + listen.words[1], "", "unconnected"}), true)
		}},
	}
}

const allButCPU = Field(1<<36-1) &^ FieldCPU

// TestContract holds every provider to the same processes, and to each other.
func TestContract(t *testing.T) {
	needRoot(t)
	procs := startKnown(t)
	var reference *Snapshot
	for name, provider := range providers() {
		t.Run(name, func(t *testing.T) {
			snap, err := provider.Snapshot(context.Background(), Query{Fields: allButCPU})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(snap.Procs, func(a, b Proc) int { return a.PID - b.PID }) {
				t.Error("not in order of pids")
			}
			for _, k := range procs {
				p := find(snap, k.pid)
				if p == nil {
					t.Errorf("%s: not there", k.what)
					continue
				}
				t.Run(k.what, func(t *testing.T) { k.check(t, p) })
				want(t, k.what+": denied to root", p.Denied.Names(), []string{})
			}
			for i := range snap.Procs {
				if snap.Procs[i].Kernel {
					t.Errorf("kernel thread %d without being asked for", snap.Procs[i].PID)
				}
			}
			if reference == nil {
				reference = snap
			}
			for _, k := range procs {
				if a, b := find(reference, k.pid), find(snap, k.pid); a != nil && b != nil {
					compare(t, k.what, a, b)
				}
			}
			contractSelectors(t, provider, procs)
			contractSample(t, provider)
		})
	}
}

func find(s *Snapshot, pid int) *Proc {
	for i := range s.Procs {
		if s.Procs[i].PID == pid {
			return &s.Procs[i]
		}
	}
	return nil
}

// compare holds what both providers know of one process against each other.
func compare(t *testing.T, what string, a, b *Proc) {
	t.Helper()
	both := a.Have & b.Have
	x, y := *a, *b
	near := func(name string, a, b, by float64) {
		if math.Abs(a-b) > by {
			t.Errorf("%s: %s %v and %v", what, name, a, b)
		}
	}
	near("rss", float64(x.RSS), float64(y.RSS), 4<<20)
	near("vsize", float64(x.VSize), float64(y.VSize), 64<<20)
	near("age", x.Age, y.Age, 60)
	near("started", float64(x.Started), float64(y.Started), 1)
	near("cpu_time", x.CPUTime, y.CPUTime, 1)
	near("threads", float64(x.Threads), float64(y.Threads), 4)
	near("fds", float64(x.Fds), float64(y.Fds), 1)
	if both&FieldUSS != 0 {
		near("uss", float64(x.USS), float64(y.USS), 4<<20)
		near("pss", float64(x.PSS), float64(y.PSS), 4<<20)
	}
	for _, p := range []*Proc{&x, &y} {
		p.Have, p.Denied = 0, 0
		p.RSS, p.VSize, p.Age, p.Started, p.CPUTime, p.Threads, p.Fds = 0, 0, 0, 0, 0, 0, 0
		p.USS, p.PSS, p.Connections, p.IO = 0, 0, nil, IO{}
		if both&FieldUnit == 0 {
			p.Unit = ""
		}
		if both&FieldRoot == 0 {
			p.Root = ""
		}
		if both&FieldCgroup == 0 {
			p.Cgroup = ""
		}
		if both&FieldContainer == 0 {
			p.Container = ""
		}
		if both&FieldWchan == 0 {
			p.Wchan = ""
		}
		if both&FieldNamespaces == 0 {
			p.Namespaces = nil
		}
		if len(p.IDs.Groups) == 0 {
			p.IDs.Groups = nil
		}
	}
	want(t, what, y, x)
}

func contractSelectors(t *testing.T, provider Provider, procs []knownProc) {
	self, none := os.Getpid(), 0
	pid := func(what string) int {
		return procs[slices.IndexFunc(procs, func(k knownProc) bool { return k.what == what })].pid
	}
	listening, _ := Get(context.Background(), New(), pid("listening"), FieldPorts|FieldExe)
	if listening == nil || len(listening.Ports) != 2 {
		t.Fatal(listening)
	}
	for _, c := range []struct {
		what string
		q    Query
		pids []int // exactly
	}{
		{"name", Query{Name: oddName}, []int{pid("odd")}},
		{"match", Query{Match: regexp.MustCompile(`^odd name 300$`)}, []int{pid("sleeper")}},
		{"user", Query{User: "nobody", PPID: &self}, []int{pid("of nobody")}},
		{"user by number", Query{User: "54321"}, []int{pid("of a number")}},
		{"no such user", Query{User: "no-such-user"}, []int{}},
		{"state", Query{State: "stopped", PPID: &self}, []int{pid("stopped")}},
		{"port", Query{Port: listening.Ports[0]}, []int{pid("listening")}},
		{"udp port", Query{Port: listening.Ports[1]}, []int{pid("listening")}},
		{"no pids", Query{PIDs: []int{}}, []int{}},
		{"pids", Query{PIDs: []int{pid("odd"), pid("sleeper"), pid("odd"), -1, 0, math.MaxInt}}, sorted(pid("odd"), pid("sleeper"))},
		{"pids and name", Query{PIDs: []int{pid("odd"), pid("sleeper")}, Name: "sleep"}, []int{pid("sleeper")}},
		{"under", Query{Under: &self, State: "zombie"}, []int{pid("zombie")}},
		{"under nothing", Query{Under: &none, Name: "no such name"}, []int{}},
		{"ppid", Query{PPID: &self, Name: oddName}, []int{pid("odd")}},
		{"exe", Query{Exe: listening.Exe, Name: oddName}, []int{pid("odd")}},
		{"unit", Query{Unit: "no-such-unit"}, []int{}},
		{"threads are no processes", Query{PIDs: otherThreads(t)}, []int{}},
	} {
		c.q.Fields = FieldPID
		snap, err := provider.Snapshot(context.Background(), c.q)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		got := []int{}
		for i := range snap.Procs {
			got = append(got, snap.Procs[i].PID)
		}
		want(t, c.what, got, c.pids)
	}
}

func sorted(n ...int) []int { slices.Sort(n); return n }

// otherThreads lists the threads of this process but the leader.
func otherThreads(t *testing.T) []int {
	dir, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, e := range dir {
		if n, err := strconv.Atoi(e.Name()); err == nil && n != os.Getpid() {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		t.Fatal("no other threads")
	}
	return out
}

// contractSample measures a process that keeps two threads busy.
func contractSample(t *testing.T, provider Provider) {
	busy := startHelper(t, "spin", nil)
	q := Query{PIDs: []int{busy.pid}, Fields: FieldPID | FieldCPU}
	if _, err := provider.Snapshot(context.Background(), q); err != ErrSample {
		t.Errorf("cpu without a sample: %v", err)
	}
	q.Sample = 500 * time.Millisecond
	snap, err := provider.Snapshot(context.Background(), q)
	if err != nil || len(snap.Procs) != 1 || snap.Procs[0].Have&FieldCPU == 0 {
		t.Fatal(snap, err)
	}
	// Others may take most of the processors, but never all of them for long.
	if cpu := snap.Procs[0].CPU; cpu < 5 || cpu > 230 {
		t.Errorf("two busy threads: %v percent", cpu)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	q.Sample = time.Hour
	if _, err := provider.Snapshot(ctx, q); err != context.DeadlineExceeded {
		t.Errorf("a sample past the deadline: %v", err)
	}
}
