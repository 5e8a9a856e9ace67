package store

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// small is a file system of its own, of a few pages.
func small(t *testing.T, options string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := small(t, "size=128k,mode=700")
	s := New(filepath.Join(dir, "state"))
	if err := s.Update(t.Context(), "k", func(tx Tx) error { return tx.Put("state", "a", []byte("kept")) }); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), "k", func(tx Tx) error {
		return errors.Join(tx.Put("state", "a", []byte("lost")), tx.Put("state", "b", make([]byte, 200<<10)))
	})
	if !errors.Is(err, ErrState) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space is left") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filling"), make([]byte, 256<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	err = s.View(t.Context(), "k", func(tx Tx) error {
		if a, b := tx.Get("state", "a"), tx.Get("state", "b"); string(a) != "kept" || b != nil {
			t.Errorf("a = %q, b has %d bytes", a, len(b))
		}
		return nil
	})
	if err != nil {
		t.Errorf("a full disk can be read: %v", err)
	}
	if err := increment(s, "another"); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "no space is left") {
		t.Errorf("got %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*another*"))
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 0 {
			t.Errorf("half a file was left: %v %v", info, err)
		}
	}
	for range 30 { // what was there can be changed: a fix for a full disk has to count
		if err := increment(s, "k"); err != nil {
			t.Fatalf("a small change on a full disk: %v", err)
		}
	}
	if l, err := s.Lock(t.Context(), "l", 0); err != nil {
		t.Logf("no lock: %v", err)
	} else if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "filling")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k", "another"} {
		if err := increment(s, key); err != nil {
			t.Errorf("with space again: %v", err)
		}
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	dir := small(t, "size=1m,mode=700")
	s := New(filepath.Join(dir, "state"))
	if err := increment(s, "k"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("mounting it read-only: %v", err)
	}
	_, lockErr := s.Lock(t.Context(), "l", 0)
	for _, err := range []error{increment(s, "k"), increment(s, "new"), increment(New(dir+"/none"), "k"), lockErr} {
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "mounted read-only") {
			t.Errorf("got %v", err)
		}
	}
	err := s.View(t.Context(), "k", func(tx Tx) error {
		if number(tx.Get("state", "n")) != 1 {
			t.Error("what is there cannot be read")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOtherUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing users needs root")
	}
	const nobody = 65534
	s := New(filepath.Join(t.TempDir(), "state"))
	if err := increment(s, "k"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(s.file("k"), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := increment(s, "k"); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("a file of another: %v", err)
	}
	if err := errors.Join(os.Chown(s.file("k"), 0, 0), os.Chown(s.dir, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	if err := increment(s, "k"); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("a folder of another: %v", err)
	}
	if err := os.Chown(s.dir, 0, 0); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "child", "view", s.dir)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v", out, err)
	}
	got := string(out)
	if strings.Count(got, "permission denied for user 65534") != 2 || !strings.Contains(got, "permission: true") {
		t.Errorf("somebody else: %s", got)
	}
}
