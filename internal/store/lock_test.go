package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir())
	p := start(t, "lock", s.dir, "deploy")
	p.line(t)
	_, err := s.Lock(t.Context(), "deploy", 0)
	if !errors.Is(err, ErrLocked) || err.Error() != `the lock "deploy" is held by process `+strconv.Itoa(p.Process.Pid) {
		t.Errorf("got %v", err)
	}
	started := time.Now()
	if _, err = s.Lock(t.Context(), "deploy", 100*time.Millisecond); !errors.Is(err, ErrLocked) || time.Since(started) < 100*time.Millisecond {
		t.Errorf("got %v after %s", err, time.Since(started))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = s.Lock(ctx, "deploy", time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	other, err := s.Lock(t.Context(), "other", 0)
	if err != nil {
		t.Errorf("another name: %v", err)
	} else if err := other.Unlock(); err != nil {
		t.Error(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = p.Process.Signal(syscall.SIGKILL) })
	l, err := s.Lock(t.Context(), "deploy", 10*time.Second)
	if err != nil {
		t.Fatalf("the lock outlives its process: %v", err)
	}
	if _, err := s.Lock(t.Context(), "deploy", 0); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "this process") {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if err := l.Unlock(); err != nil {
			t.Error(err)
		}
	}
}

// The child of a process that held a lock and was killed does not hold it.
func TestNoChildInheritsALock(t *testing.T) {
	s := New(t.TempDir())
	p := start(t, "lock", s.dir, "l", "sleep", "60")
	p.line(t)
	pid, err := strconv.Atoi(p.line(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	_ = p.Process.Signal(syscall.SIGKILL)
	_ = p.Wait()
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child is gone, and so the test means nothing: %v", err)
	}
	links, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	if err != nil || len(links) == 0 {
		t.Fatal(links, err)
	}
	for _, link := range links {
		if to, _ := os.Readlink(link); strings.HasPrefix(to, s.dir) {
			t.Errorf("the child has %s", to)
		}
	}
	l, err := s.Lock(t.Context(), "l", 0)
	if err != nil {
		t.Fatalf("the child holds it: %v", err)
	}
	_ = l.Unlock()
}

// The file of a database is not inherited either, while a call is under way.
func TestNoChildInheritsADatabase(t *testing.T) {
	s := New(t.TempDir())
	err := s.Update(t.Context(), "k", func(Tx) error {
		links, err := filepath.Glob("/proc/self/fd/*")
		found := 0
		for _, link := range links {
			if to, _ := os.Readlink(link); strings.HasPrefix(to, s.dir) {
				found++
				fd, _ := strconv.Atoi(filepath.Base(link))
				flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
				if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
					t.Errorf("%s stays open in children", to)
				}
			}
		}
		if found == 0 {
			t.Error("nothing is open, and so the test means nothing")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLockKeepsProcessesApart(t *testing.T) {
	t.Parallel()
	const processes, times = 4, 25
	dir := t.TempDir()
	file := filepath.Join(dir, "count")
	if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []*process
	for range processes {
		all = append(all, start(t, "locked-count", filepath.Join(dir, "state"), file, strconv.Itoa(times)))
	}
	for _, p := range all {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != strconv.Itoa(processes*times) {
		t.Errorf("got %s, want %d: %v", got, processes*times, err)
	}
}

func TestLockFileThatWasRemoved(t *testing.T) {
	s := New(t.TempDir())
	first, err := s.Lock(t.Context(), "l", 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, locksDir, fileName("l", ".lock"))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := s.Lock(t.Context(), "l", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Unlock(); err != nil {
		t.Error(err)
	}
	_, err = s.Lock(t.Context(), "l", 0)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "this process") {
		t.Errorf("the first one has touched the second: %v", err)
	}
	_ = second.Unlock()
}

func TestLockFileInPlace(t *testing.T) {
	for name, put := range map[string]func(string) error{
		"link":   func(p string) error { return os.Symlink("/etc/passwd", p) },
		"fifo":   func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"folder": func(p string) error { return os.Mkdir(p, 0o700) },
		"shared": func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chmod(p, 0o666)) },
	} {
		s := New(t.TempDir())
		path := filepath.Join(s.dir, locksDir, fileName("l", ".lock"))
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), put(path)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lock(t.Context(), "l", 0); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s := New(t.TempDir())
	path := filepath.Join(s.dir, locksDir, fileName("l", ".lock"))
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("\x1b[31m -5 nonsense"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if h := holder(path); h != "another run" {
		t.Errorf("holder %q", h)
	}
}
