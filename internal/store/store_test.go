package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestReadsWhatWasWritten(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "a", "state"))
	nothing := func(tx Tx) error {
		if tx.Get("state", "a") != nil || tx.Each("state", func(string, []byte) error { return errors.New("something") }) != nil {
			t.Error("there is something")
		}
		if tx.Put("state", "a", nil) == nil || tx.Delete("state", "a") == nil {
			t.Error("a view that changes")
		}
		return nil
	}
	if err := s.View(t.Context(), "k", nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("a view made the folder")
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	err := s.Update(t.Context(), "k", func(tx Tx) error {
		return errors.Join(tx.Put("state", "b", all), tx.Put("state", "a", nil), tx.Put("soft", "b", []byte("x")),
			tx.Put("state", "\x00\xff", []byte("y")))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), "k", func(tx Tx) error {
		if a := tx.Get("state", "a"); a == nil || len(a) != 0 {
			t.Errorf("an empty value is %v", a)
		}
		b := tx.Get("state", "b")
		if !bytes.Equal(b, all) || string(tx.Get("soft", "b")) != "x" || tx.Get("soft", "a") != nil {
			t.Error("a value is not what was written")
		}
		b[0] = 9 // a copy
		if tx.Get("state", "b")[0] != 0 {
			t.Error("the caller shares the value")
		}
		var names []string
		err := tx.Each("state", func(name string, _ []byte) error { names = append(names, name); return nil })
		if want := []string{"\x00\xff", "a", "b"}; !slices.Equal(names, want) {
			t.Errorf("names %q", names)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), "other", nothing); err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), "k", func(tx Tx) error {
		err := tx.Each("state", func(name string, _ []byte) error { return tx.Delete("state", name) })
		return errors.Join(err, tx.Delete("never", "x"), tx.Delete("state", ""))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := contents(t.Context(), s); err != nil || len(got) != 0 {
		t.Errorf("after deleting: %v %v", got, err)
	}
}

func TestAnErrorChangesNothing(t *testing.T) {
	s := New(t.TempDir())
	if err := increment(s, "k"); err != nil {
		t.Fatal(err)
	}
	own := errors.New("own")
	if err := s.Update(t.Context(), "k", func(tx Tx) error { return errors.Join(tx.Put("state", "n", nil), own) }); !errors.Is(err, own) || errors.Is(err, ErrState) {
		t.Errorf("got %v", err)
	}
	if err := s.View(t.Context(), "k", func(Tx) error { return own }); err != own {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = s.Update(t.Context(), "k", func(tx Tx) error { _ = tx.Put("state", "n", nil); panic("mine") })
	}()
	for range 2 { // nothing is still locked
		if err := increment(s, "k"); err != nil {
			t.Fatal(err)
		}
	}
	err := s.View(t.Context(), "k", func(tx Tx) error {
		if n := number(tx.Get("state", "n")); n != 3 {
			t.Errorf("n = %d", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir())
	if err := s.Update(t.Context(), "", nil); err == nil {
		t.Error("no key")
	}
	if _, err := s.Lock(t.Context(), "", 0); err == nil {
		t.Error("no name of a lock")
	}
	err := s.Update(t.Context(), "k", func(tx Tx) error {
		long := strings.Repeat("n", longestName)
		if tx.Put("", "n", nil) == nil || tx.Put("s", "", nil) == nil || tx.Put("s", long+"n", nil) == nil {
			t.Error("a name that cannot be")
		}
		return tx.Put(long, long, []byte("v"))
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, key := range []string{"/a/check.lua", "/b/check.lua", "../../x", "..", ".", "/", "\x00\n", strings.Repeat("long", 500), "ü.lua"} {
		name := fileName(key, ".state")
		if seen[name] || len(name) > 100 || strings.ContainsAny(name, "/\x00\n") || strings.HasPrefix(name, ".") {
			t.Errorf("%q: %q", key, name)
		}
		seen[name] = true
		if err := increment(s, key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	if name := fileName("/a/check.lua", ".state"); !strings.HasPrefix(name, "check.lua-") {
		t.Errorf("nobody recognises %q", name)
	}
}

func TestPermissionsOfFiles(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "state"))
	if err := increment(s, "k"); err != nil {
		t.Fatal(err)
	}
	l, err := s.Lock(t.Context(), "l", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Unlock() }()
	err = filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// What must not be used is refused with its path, and left as it is.
func TestRefusesWhatIsInPlace(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(path string) error
		text string
	}{
		"link":    {func(p string) error { return os.Symlink(p+".target", p) }, "symbolic link"},
		"fifo":    {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "no regular file"},
		"folder":  {func(p string) error { return os.Mkdir(p, 0o700) }, "no regular file"},
		"socket":  {func(p string) error { return syscall.Mknod(p, syscall.S_IFSOCK|0o600, 0) }, "no regular file"},
		"shared":  {func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chmod(p, 0o622)) }, "chmod go-w"},
		"empty":   {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "is damaged (it is cut off)"},
		"text":    {func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("x"), 9999), 0o600) }, "does not begin as it should"},
		"another": {func(p string) error { return os.Rename(filepath.Dir(p)+"/"+fileName("other", ".state"), p) }, `is the memory of "other" and not of "k"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(t.TempDir())
			if err := increment(s, "other"); err != nil {
				t.Fatal(err)
			}
			path := s.file("k")
			if err := c.put(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			for _, f := range []func() error{
				func() error { return s.View(t.Context(), "k", func(Tx) error { return errors.New("called") }) },
				func() error { return increment(s, "k") },
			} {
				err := f()
				if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want %q", err, c.text)
				}
			}
			if after, err := os.Lstat(path); err != nil || after.Mode() != before.Mode() || after.Size() != before.Size() {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(dir+"/open", 0o700), os.Chmod(dir+"/open", 0o777)); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{"/file": "it is no folder", "/file/below": "a part of the path is no folder", "/open": "others than its owner can write it"} {
		s := New(dir + path)
		_, lockErr := s.Lock(t.Context(), "l", 0)
		for _, err := range []error{increment(s, "k"), lockErr, s.View(t.Context(), "k", func(Tx) error { return nil })} {
			if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v", path, err)
			}
		}
	}
}

func TestWaitsNoLongerThanItsContext(t *testing.T) {
	s := New(t.TempDir())
	err := s.Update(t.Context(), "k", func(Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := s.Update(ctx, "k", func(Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrState) {
			t.Errorf("got %v", err)
		}
		if err := s.View(t.Context(), "k", func(Tx) error { return nil }); err != nil {
			t.Errorf("who reads waits for who writes: %v", err)
		}
		return s.Update(t.Context(), "another", func(Tx) error { return nil })
	})
	if err != nil {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 25 {
				if err := increment(s, "k"); err != nil {
					t.Error(err)
				}
				if err := s.View(t.Context(), "k", func(tx Tx) error { _ = tx.Get("state", "n"); return nil }); err != nil {
					t.Error(err)
				}
			}
			if err := increment(s, fmt.Sprint("own ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err := s.View(t.Context(), "k", func(tx Tx) error {
		if n := number(tx.Get("state", "n")); n != 200 {
			t.Errorf("n = %d, want 200", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestGrows(t *testing.T) {
	t.Parallel()
	s, want := filled(t, 400)
	if got, err := contents(t.Context(), s); err != nil || !maps.Equal(got, want) {
		t.Fatalf("%d of %d: %v", len(got), len(want), err)
	}
	for i := range 30 {
		err := s.Update(t.Context(), "k", func(tx Tx) error {
			for j := range 30 {
				name := fmt.Sprintf("name %03d", (i*37+j*11)%400)
				if err := tx.Put("state", name, []byte(strings.Repeat("z", i*j))); err != nil {
					return err
				}
				want[name] = strings.Repeat("z", i*j)
			}
			name := fmt.Sprintf("name %03d", i)
			delete(want, name)
			return errors.Join(tx.Delete("state", name), tx.Put("big", "big", make([]byte, i*20_000)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := contents(t.Context(), s); err != nil || !maps.Equal(got, want) {
		t.Errorf("%d of %d: %v", len(got), len(want), err)
	}
}

func TestTooLarge(t *testing.T) {
	s := New(t.TempDir())
	if err := increment(s, "k"); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), "k", func(tx Tx) error {
		return errors.Join(tx.Put("state", "n", nil), tx.Put("state", "large", make([]byte, maxSize)))
	})
	if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "grow beyond 64 MiB, and what was there before is kept") {
		t.Errorf("got %v", err)
	}
	err = s.View(t.Context(), "k", func(tx Tx) error {
		if number(tx.Get("state", "n")) != 1 {
			t.Error("what was there before is not kept")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A memory that grows and shrinks holds what a map holds.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	s, want := New(t.TempDir()), map[string]string{}
	for round := range 50 {
		err := s.Update(t.Context(), "k", func(tx Tx) error {
			var err error
			for range 1 + rand.IntN(300) {
				name := strings.Repeat("n", rand.IntN(3)*100) + strconv.Itoa(rand.IntN(3000))
				if growing := round%25 < 16; growing == (rand.IntN(5) > 0) {
					value := strings.Repeat("v", rand.IntN(1+rand.IntN(200)))
					want[name] = value
					err = errors.Join(err, tx.Put("state", name, []byte(value)))
				} else {
					delete(want, name)
					err = errors.Join(err, tx.Delete("state", name))
				}
			}
			if round%25 == 24 { // nearly all goes
				for name := range want {
					if rand.IntN(50) > 0 {
						delete(want, name)
						err = errors.Join(err, tx.Delete("state", name))
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got, err := contents(t.Context(), s); err != nil || !maps.Equal(got, want) {
			t.Fatalf("round %d: %d names, want %d: %v", round, len(got), len(want), err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	s := New(b.TempDir())
	for b.Loop() {
		if err := increment(s, "k"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkView(b *testing.B) {
	s, _ := filled(b, 400)
	for b.Loop() {
		if err := s.View(b.Context(), "k", func(tx Tx) error { _ = tx.Get("state", "name 007"); return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLock(b *testing.B) {
	s := New(b.TempDir())
	for b.Loop() {
		l, err := s.Lock(b.Context(), "l", 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Unlock(); err != nil {
			b.Fatal(err)
		}
	}
}
