package store

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var crashes = flag.Int("crashes", 40, "how often TestCrashes kills two processes")

// Processes that are killed at any moment leave all that they have said, nothing
// in part, and a file that the next one uses.
func TestCrashes(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir())
	var written uint64
	for i := range *crashes {
		key := "k"
		if i%4 == 3 { // a new file, and the kill may hit its making
			key = "new " + strconv.Itoa(i)
		}
		pair := []*process{start(t, "write", s.dir, key), start(t, "write", s.dir, key)}
		time.Sleep(rand.N(50 * time.Millisecond))
		var said uint64
		for _, p := range pair {
			_ = p.Process.Kill()
		}
		for _, p := range pair {
			said = max(said, lastSaid(t, p))
			_ = p.Wait()
		}
		err := s.View(t.Context(), key, func(tx Tx) error {
			first, second := number(tx.Get("state", "first")), number(tx.Get("state", "second"))
			if first != second || first < said {
				t.Errorf("crash %d: %d and %d, and %d was said", i, first, second, said)
			}
			written += first
			return tx.Each("other", func(string, []byte) error { return nil })
		})
		if err != nil {
			t.Fatalf("crash %d: %v", i, err)
		}
		if i%4 == 3 {
			if err := increment(s, key); err != nil {
				t.Fatalf("crash %d: %v", i, err)
			}
		}
	}
	if written < uint64(*crashes) {
		t.Errorf("hardly anything was written: %d", written)
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) > 3*(1+*crashes/4) {
		t.Errorf("files left: %v %v", files, err)
	}
}

// lastSaid reads what a process said to its end.
func lastSaid(t *testing.T, p *process) (n uint64) {
	t.Helper()
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			return n // a line that is cut is not said
		}
		n, err = strconv.ParseUint(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatalf("a process says %q", line)
		}
	}
}

// What stands in place of the spare file is in nobody's way: what a process has
// left that was killed, or a copy by links.
func TestSpareInPlace(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir())
	kept := filepath.Join(s.dir, "backup")
	if err := os.WriteFile(kept, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(string) error{
		"rubbish": func(p string) error { return os.WriteFile(p, make([]byte, 5000), 0o600) },
		"large":   func(p string) error { return os.WriteFile(p, make([]byte, 500_000), 0o600) },
		"dangles": func(p string) error { return os.Symlink("/nowhere", p) },
		"link":    func(p string) error { return os.Symlink(kept, p) },
		"copy":    func(p string) error { return os.Link(kept, p) },
		"fifo":    func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"folder":  func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.WriteFile(p+"/x", nil, 0o600)) },
		"shared":  func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chmod(p, 0o666)) },
	} {
		for i := range 2 { // before the first change, and before another one
			err := os.RemoveAll(s.spare(name))
			if err = errors.Join(err, put(s.spare(name))); err != nil {
				t.Fatal(err)
			}
			if err := increment(s, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			err = s.View(t.Context(), name, func(tx Tx) error {
				if n := number(tx.Get("state", "n")); n != uint64(i+1) {
					t.Errorf("%s: %d, want %d", name, n, i+1)
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, file := range []string{s.file(name), s.spare(name)} {
				if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 || info.Size() != step {
					t.Errorf("%s: %s is %v %v", name, file, info, err)
				}
			}
		}
	}
	if got, err := os.ReadFile(kept); err != nil || string(got) != "kept" {
		t.Errorf("a backup was written to: %q %v", got, err)
	}
}

func TestProcessesThatOverlapCountRight(t *testing.T) {
	t.Parallel()
	const processes, times = 4, 50
	s := New(filepath.Join(t.TempDir(), "new"))
	var all []*process
	for range processes {
		all = append(all, start(t, "count", s.dir, strconv.Itoa(times)))
	}
	for _, p := range all {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	err := s.View(t.Context(), "k", func(tx Tx) error {
		if n := number(tx.Get("state", "n")); n != processes*times {
			t.Errorf("n = %d, want %d", n, processes*times)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
