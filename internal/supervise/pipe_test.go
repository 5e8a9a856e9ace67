package supervise

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/proctable"
)

func TestPipe(t *testing.T) {
	s := supervisor(t, Options{})
	results, errs := Pipe(context.Background(), []*Cmd{sh("yes"), sh("head -n 3"), sh("wc -l")}, s.Run)
	for i, err := range errs {
		if err != nil {
			t.Fatalf("stage %d: %v", i, err)
		}
	}
	if results[0].Signal != syscall.SIGPIPE && results[0].Code != 141 || !PipeEnough(results, 0) || PipeEnough(results, 1) || PipeEnough(results, 2) {
		t.Errorf("%+v", results[0])
	}
	if got := strings.TrimSpace(string(results[2].Stdout)); got != "3" {
		t.Errorf("%q", got)
	}
	begun := time.Now()
	_, errs = Pipe(context.Background(), []*Cmd{sh("sleep 30"), {Argv: []string{"/no/such"}}, sh("sleep 30")}, s.Run)
	kind(t, errs[1], KindNotFound)
	kind(t, errs[0], KindCancelled)
	kind(t, errs[2], KindCancelled)
	if time.Since(begun) > 5*time.Second {
		t.Error("the others went on")
	}
	_, errs = Pipe(context.Background(), []*Cmd{sh("true").with(func(c *Cmd) { c.Stdout.Discard = true }), sh("true")}, s.Run)
	kind(t, errs[0], KindUsage)
}

func TestChildAlone(t *testing.T) {
	s := supervisor(t, Options{})
	mask, nice := 0o137, 7
	c := sh("umask; nice; ulimit -n")
	c.Umask, c.Nice, c.Limits.Files = &mask, &nice, 77
	if r := ok(t, s, c); strings.Join(strings.Fields(string(r.Stdout)), " ") != "0137 7 77" {
		t.Errorf("%q", r.Stdout)
	}
	if r := ok(t, s, sh("umask; nice")); strings.Join(strings.Fields(string(r.Stdout)), " ") == "0137 7" {
		t.Errorf("the next one has it too: %q", r.Stdout)
	}
	c = sh(`i=0; while :; do i=$((i+1)); done`)
	c.Limits.CPU = time.Second
	if r := ok(t, s, c); r.Signal != syscall.SIGXCPU {
		t.Errorf("%+v", r)
	}
	c = sh(`x=$(head -c 300000000 /dev/zero | tr '\0' x); echo ${#x}`)
	c.Limits.Memory = 32 << 20
	if r := ok(t, s, c); r.Code == 0 && r.Signal == 0 {
		t.Errorf("memory: %+v", r)
	}
	c = sh(`for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait`)
	c.Limits.Processes = 4
	r := ok(t, s, c)
	if !strings.Contains(string(r.Stderr), "fork") && !slices.Contains(r.Degraded, "limits.processes") {
		t.Errorf("%+v", r)
	}
}

func TestUser(t *testing.T) {
	s := supervisor(t, Options{})
	nobody := &Credential{UID: 65534, GID: 65534}
	c := sh("id -u; id -g; id -G")
	c.User = nobody
	if os.Geteuid() != 0 {
		_, err := s.Run(context.Background(), c)
		kind(t, err, KindAccess)
		return
	}
	if r := ok(t, s, c); string(r.Stdout) != "65534\n65534\n65534\n" {
		t.Errorf("%q", r.Stdout)
	}
	dir := filepath.Join(t.TempDir(), "mine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.Dir = dir
	_, err := s.Run(context.Background(), c)
	kind(t, err, KindBadDir)
	c.Dir = ""
	c.Limits.Processes = 100
	if r := ok(t, s, c); r.Code != 0 {
		t.Errorf("%+v", r)
	}
}

func TestStopProcesses(t *testing.T) {
	mark := unique(t)
	var ids []proctable.Identity
	for _, script := range []string{"sleep " + mark + "& wait", "trap '' TERM; while :; do sleep 0.05; done"} {
		c := exec.Command("/bin/sh", "-c", script)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		id, err := proctable.Identify(c.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	eventually(t, "it sleeps", func() bool { return len(living("sleep", mark)) == 1 })
	time.Sleep(50 * time.Millisecond)
	stranger, err := proctable.Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	stranger.StartedTicks-- // another process that had this number
	r, err := StopProcesses(context.Background(), append(ids, stranger), StopOptions{Grace: 200 * time.Millisecond, Tree: true})
	if err != nil || len(r.Alive) != 0 || !slices.Contains(r.Forced, ids[1]) || slices.Contains(r.Forced, ids[0]) || !slices.Contains(r.Gone, stranger) {
		t.Errorf("%+v %v", r, err)
	}
	if left := living("sleep", mark); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestLookPath(t *testing.T) {
	if path, err := LookPath("sh", "", nil); err != nil || !strings.HasSuffix(path, "/sh") {
		t.Errorf("%q %v", path, err)
	}
	if _, err := LookPath("sh", "/bin", []string{"PATH="}); err == nil {
		t.Error("an empty PATH found something")
	}
	if path, err := LookPath("sh", "/", []string{"PATH=none:bin"}); err != nil || path != "/bin/sh" {
		t.Errorf("%q %v", path, err)
	}
	if path, err := LookPath("./sh", "/bin", nil); err != nil || path != "/bin/./sh" {
		t.Errorf("%q %v", path, err)
	}
}

func FuzzLookPath(f *testing.F) {
	f.Add("sh", "/", "bin::/usr/bin")
	f.Add("./sh", "bin", "")
	f.Fuzz(func(t *testing.T, name, dir, path string) {
		got, err := LookPath(name, dir, []string{"PATH=" + path})
		if err != nil {
			return
		}
		var st unix.Stat_t
		if unix.Stat(got, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			t.Errorf("%q in %q with %q: %q is no file", name, dir, path, got)
		}
		if path == "" && !strings.Contains(name, "/") {
			t.Errorf("%q found with an empty PATH: %q", name, got)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"a", "", "'", "a b", "$x", "\n", "A=b", "~", "\\", "\xff"} {
		f.Add(seed, seed)
	}
	s := supervisor(f, Options{})
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\x00") || len(a)+len(b) > 10000 {
			return
		}
		c := sh("printf '%s\\0' " + Quote([]string{"x", a, b})[2:])
		r := ok(t, s, c)
		if string(r.Stdout) != a+"\x00"+b+"\x00" {
			t.Errorf("%q %q: %q", a, b, r.Stdout)
		}
	})
}
