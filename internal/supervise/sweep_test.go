package supervise

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSweepAfterKill(t *testing.T) {
	for _, mode := range []string{"groups", "bare"} {
		t.Run(mode, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			c, out := start(t, "killed", dir, mode)
			if line := firstLine(t, out); line != "up" {
				t.Fatal(line)
			}
			count := func() int { return len(living("sleep", "4711")) + len(living("sleep", "4712")) }
			defer func() { endAll(append(living("sleep", "4711"), living("sleep", "4712")...)) }()
			eventually(t, "all run", func() bool { return count() == 3 })
			s := supervisor(t, Options{RunDir: dir})
			// As long as it lives nothing is touched.
			if n, err := s.Sweep(); n != 0 || err != nil || count() != 3 {
				t.Fatalf("while it lives: %d %v", n, err)
			}
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait()
			if count() != 3 {
				t.Fatal("nothing was left to sweep")
			}
			stranger := sh("sleep 4711.5")
			done := make(chan struct{})
			var p *Process
			stranger.OnStart = func(q *Process) { p = q; close(done) }
			ended := make(chan error)
			go func() { _, err := s.Run(t.Context(), stranger); ended <- err }()
			<-done
			n, err := s.Sweep()
			if n < 3 || err != nil || count() != 0 {
				t.Errorf("swept %d, %v, left %d", n, err, count())
			}
			if len(living("sleep", "4711.5")) != 1 {
				t.Error("a command of this supervisor was swept")
			}
			p.Stop(syscall.SIGTERM, time.Second)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if names, _ := os.ReadDir(dir); len(names) != 0 {
				t.Errorf("left in the run directory: %v", names)
			}
			if n, err := s.Sweep(); n != 0 || err != nil {
				t.Errorf("again: %d %v", n, err)
			}
			if base := writableGroup("", "cgroup2"); base != "" {
				if left, _ := filepath.Glob(base + "/" + groupPrefix + strconv.Itoa(c.Process.Pid) + ".*"); len(left) != 0 {
					t.Errorf("groups left: %v", left)
				}
			}
		})
	}
}

func TestSweepLeavesDetached(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c, out := start(t, "detach", dir)
	pid, err := strconv.Atoi(firstLine(t, out))
	if err != nil {
		t.Fatal(err)
	}
	defer endAll([]int{pid})
	_ = c.Wait()
	s := supervisor(t, Options{RunDir: dir})
	if n, err := s.Sweep(); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the detached one: %v", err)
	}
}

// TestRunDir has directories that are not to be trusted or cannot be used:
// commands run all the same.
func TestRunDir(t *testing.T) {
	base := t.TempDir()
	link := filepath.Join(base, "link")
	open := filepath.Join(base, "open")
	foreign := filepath.Join(base, "foreign")
	for _, dir := range []string{open, foreign} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(open, link); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(foreign, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{link, open, foreign, "/proc/no", "/dev/null/x"} {
		if dir == foreign && os.Getuid() != 0 {
			continue
		}
		s := supervisor(t, Options{RunDir: dir})
		ok(t, s, sh("true"))
		s.groups.off()
		ok(t, s, sh("true"))
		if names, _ := os.ReadDir(dir); len(names) != 0 {
			t.Errorf("%s was written to: %v", dir, names)
		}
	}
	// A note of somebody else's, of another boot, or that is none, ends nothing.
	mark := unique(t)
	s := supervisor(t, Options{RunDir: base})
	if err := os.Chmod(base, 0o700); err != nil {
		t.Fatal(err)
	}
	victim, _ := start(t, "detach", t.TempDir())
	_ = victim.Wait()
	defer endAll(living("sleep", "4713"))
	pid := living("sleep", "4713")[0]
	p, err := openProc()
	if err != nil {
		t.Fatal(err)
	}
	st, _ := p.stat(pid)
	p.close()
	head := fmt.Sprintf("%s\n%s\n%d 1\n", noteMagic, "another-boot", 1)
	body := fmt.Sprintf("mark %s %d %d\n", mark, pid, st.ticks)
	for name, text := range map[string]string{
		"1-boot.run":  head + strings.Repeat("\x00", headSize-len(head)) + body,
		"2-none.run":  "x",
		"3-empty.run": "",
	} {
		if err := os.WriteFile(filepath.Join(base, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Sweep(); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if unix.Kill(pid, 0) != nil {
		t.Error("ended by a note of another boot")
	}
	// The same pid with another start is another process.
	head = fmt.Sprintf("%s\n%s\n%d 1\n", noteMagic, bootID(), 1)
	body = fmt.Sprintf("mark %s %d %d\n", mark, pid, st.ticks-1)
	if err := os.WriteFile(filepath.Join(base, "4-ticks.run"), []byte(head+strings.Repeat("\x00", headSize-len(head))+body), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(); n != 0 || err != nil || unix.Kill(pid, 0) != nil {
		t.Errorf("another start: %d %v", n, err)
	}
}

func FuzzParseNote(f *testing.F) {
	head := fmt.Sprintf("%s\n%s\n%d 1\n", noteMagic, "boot", 1)
	f.Add([]byte(head + strings.Repeat("\x00", headSize-len(head)) + "group opslua.1.2 /sys/fs/cgroup/a b\n"))
	f.Add([]byte(head + strings.Repeat("\x00", headSize-len(head)) + "mark 1.2.3 4 5\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, entries, _ := parseNote(b)
		for _, e := range entries {
			if e.name != "" && (strings.Contains(e.name, "/") || !strings.HasPrefix(e.name, groupPrefix) || !strings.HasPrefix(e.base, "/")) {
				t.Errorf("%+v", e)
			}
			if e.mark == markDetached || e.mark == "" && e.name == "" {
				t.Errorf("%+v", e)
			}
		}
	})
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) b) S 1 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 777 0 0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := parseStat(b)
		if !ok {
			return
		}
		// Nothing of the name, which may hold anything, is taken for a field.
		rest := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		if s.state != rest[0][0] || fmt.Sprint(s.ticks) != string(bytes.TrimLeft(rest[19], "0")) && s.ticks != 0 {
			t.Errorf("%q: %+v", b, s)
		}
	})
}

func TestParse(t *testing.T) {
	s, ok := parseStat([]byte("12 (a) R 9 b) S 1 13 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 777 0 0\n"))
	if !ok || s != (stat{pid: 12, ppid: 1, group: 13, flags: 4194560, threads: 3, state: 'S', ticks: 777}) {
		t.Errorf("%+v %v", s, ok)
	}
	const mounts = "24 1 0:22 / /proc rw - proc proc rw\n31 23 0:30 /docker/x /sys/fs/c\\040g rw,relatime shared:9 - cgroup2 cgroup rw,nsdelegate\n" +
		"32 23 0:31 / /sys/fs/cgroup/cpu,pids rw - cgroup cgroup rw,cpu,pids\n"
	for _, test := range []struct{ own, controller, fs, want string }{
		{"0::/docker/x/y\n", "", "cgroup2", "/sys/fs/c g/y"},
		{"0::/docker/x\n", "", "cgroup2", "/sys/fs/c g"},
		{"0::/docker/xy\n", "", "cgroup2", ""},
		{"0::/../z\n", "", "cgroup2", ""},
		{"", "", "cgroup2", ""},
		{"4:cpu,pids:/a:b\n0::/\n", "pids", "cgroup", "/sys/fs/cgroup/cpu,pids/a:b"},
		{"4:cpu,pids:/\n", "memory", "cgroup", ""},
	} {
		if got := groupDir(mounts, test.own, test.controller, test.fs); got != test.want {
			t.Errorf("%q: %q, want %q", test.own, got, test.want)
		}
	}
}
