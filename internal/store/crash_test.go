package store

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var crashes = flag.Int("crashes", 300, "how many processes TestCrashes kills")

// A process that is killed at any moment leaves all that it has said, nothing
// in part, and a file that the next one uses.
func TestCrashes(t *testing.T) {
	s := New(t.TempDir())
	var written uint64
	for i := range *crashes {
		key := "k"
		if i%4 == 3 { // a new file, and the kill may hit its making
			key = "new " + strconv.Itoa(i)
		}
		p := start(t, "write", s.dir, key)
		time.Sleep(time.Duration(rand.N(30 * int64(time.Millisecond))))
		_ = p.Process.Kill()
		said := lastSaid(t, p)
		_ = p.Wait()
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
	left, err := filepath.Glob(filepath.Join(s.dir, "*.new"))
	if err != nil || len(left) > *crashes/4 {
		t.Errorf("files left: %v %v", left, err)
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

// What a process left that was killed while it made a file is in nobody's way.
func TestHalfMadeFile(t *testing.T) {
	s := New(t.TempDir())
	for _, put := range []func(string) error{
		func(p string) error { return os.WriteFile(p, make([]byte, 5000), 0o600) },
		func(p string) error { return os.Symlink("/nowhere", p) },
		func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.WriteFile(p+"/x", nil, 0o600)) },
	} {
		key := strconv.Itoa(rand.Int())
		if err := put(s.file(key) + ".new"); err != nil {
			t.Fatal(err)
		}
		if err := increment(s, key); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(s.file(key) + ".new"); err == nil {
			t.Error("it is still there")
		}
	}
}

func TestProcessesThatOverlapCountRight(t *testing.T) {
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
