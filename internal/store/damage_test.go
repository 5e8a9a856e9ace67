package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// damagedBy writes a file in place of the database of "k".
func damagedBy(t testing.TB, s *Store, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(s.dir, 0o700), os.WriteFile(s.file("k"), data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// A file that is cut anywhere is whole or an error, for reading and for writing.
func TestCutFiles(t *testing.T) {
	s, want := filled(t, 120)
	whole, err := os.ReadFile(s.file("k"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := newestMeta(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size <= len(whole); size++ {
		if size%512 > 1 && size > 100 && size%509 != 0 {
			continue
		}
		damagedBy(t, s, whole[:size])
		got, err := contents(t.Context(), s)
		switch {
		case (err == nil) != (uint64(size) >= m.end*4096):
			t.Fatalf("%d of %d bytes, %d pages are in use: %v", size, len(whole), m.end, err)
		case err == nil && !maps.Equal(got, want):
			t.Fatalf("%d of %d bytes: something else was read", size, len(whole))
		case err == nil:
		case !errors.Is(err, ErrState) || !strings.Contains(err.Error(), s.file("k")) || strings.Contains(err.Error(), "\n"):
			t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
		}
		if err2 := increment(s, "k"); (err == nil) != (err2 == nil) || err2 != nil && !errors.Is(err2, ErrState) {
			t.Fatalf("%d of %d bytes: read %v, written %v", size, len(whole), err, err2)
		}
	}
}

// A bit that flips is an error or makes no difference, but for one thing: where
// it spoils the newest head, the file is what it was one change ago.
func TestFlippedBits(t *testing.T) {
	s, want := filled(t, 120)
	whole, err := os.ReadFile(s.file("k"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range 3000 {
		at := rand.IntN(len(whole))
		if rand.IntN(3) == 0 {
			at = rand.IntN(16) + 4096*rand.IntN(len(whole)/4096) // heads of pages
		}
		data := append([]byte(nil), whole...)
		data[at] ^= 1 << rand.IntN(8)
		damagedBy(t, s, data)
		got, err := contents(t.Context(), s)
		switch {
		case err == nil && !maps.Equal(got, want):
			t.Fatalf("byte %d: something else was read", at)
		case err != nil && !errors.Is(err, ErrState):
			t.Fatalf("byte %d: %v", at, err)
		case err != nil:
			refused++
		}
		if err := increment(s, "k"); err != nil && !errors.Is(err, ErrState) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	if refused < 100 {
		t.Errorf("only %d of 3000 were refused", refused)
	}
}

// What is cut while it is open and mapped is an error too, not the end of the process.
func TestCutWhileInUse(t *testing.T) {
	for _, size := range []int64{0, 4096, 8192, 16384} {
		s, _ := filled(t, 120)
		err := s.View(t.Context(), "k", func(tx Tx) error {
			if err := os.Truncate(s.file("k"), size); err != nil {
				t.Fatal(err)
			}
			for name := range 120 {
				_ = tx.Get("state", string(rune(name)))
			}
			return tx.Each("state", func(string, []byte) error { return nil })
		})
		if !errors.Is(err, ErrState) {
			t.Errorf("%d: reading: %v", size, err)
		}
		s, _ = filled(t, 120)
		err = s.Update(t.Context(), "k", func(tx Tx) error {
			if err := os.Truncate(s.file("k"), size); err != nil {
				t.Fatal(err)
			}
			return tx.Put("state", "name 077", []byte("new"))
		})
		if err == nil || !errors.Is(err, ErrState) {
			t.Errorf("%d: writing: %v", size, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := s.View(ctx, "k", func(Tx) error { return nil }); err != nil && !errors.Is(err, ErrState) {
			t.Errorf("%d: afterwards: %v", size, err)
		}
		cancel()
	}
}

// A newest head that is torn, as by a power failure, leaves the one before.
func TestTornHead(t *testing.T) {
	for _, page := range []int{0, 1} {
		s := New(t.TempDir())
		for range 5 + page {
			if err := increment(s, "k"); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(s.file("k"))
		if err != nil {
			t.Fatal(err)
		}
		clear(data[page*4096+40 : page*4096+80])
		damagedBy(t, s, data)
		for range 3 {
			if err := increment(s, "k"); err != nil {
				t.Fatalf("page %d: %v", page, err)
			}
		}
		err = s.View(t.Context(), "k", func(tx Tx) error {
			if n := number(tx.Get("state", "n")); n != uint64(8+page) && n != uint64(7+page) {
				t.Errorf("page %d: n = %d", page, n)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// repair makes the checksums of both heads right, so that what stands behind
// them is looked at.
func repair(data []byte) {
	for _, at := range []int{pageHeader, 4096 + pageHeader} {
		if len(data) >= at+metaSize {
			h := fnv.New64a()
			_, _ = h.Write(data[at : at+56])
			binary.NativeEndian.PutUint64(data[at+56:], h.Sum64())
		}
	}
}

// use does all that can be done with a file. It may fail only as state that
// cannot be used, and what was written comes back.
func use(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := contents(ctx, s)
	if err != nil && !errors.Is(err, ErrState) {
		t.Errorf("reading: %v", err)
	}
	for i := range 3 {
		err = s.Update(ctx, "k", func(tx Tx) error {
			return errors.Join(tx.Put("state", "fresh", []byte{byte(i)}), tx.Put("filling", "f", make([]byte, 9000*i)), tx.Delete("state", "name 003"))
		})
		if err != nil && !errors.Is(err, ErrState) {
			t.Errorf("writing: %v", err)
		}
		if err != nil {
			return
		}
		err = s.View(ctx, "k", func(tx Tx) error {
			if got := tx.Get("state", "fresh"); len(got) != 1 || got[0] != byte(i) {
				t.Errorf("%v came back, want %d", got, i)
			}
			return nil
		})
		if err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	}
}

// FuzzOpen: any bytes in place of a database.
func FuzzOpen(f *testing.F) {
	s, _ := filled(f, 30)
	data, err := os.ReadFile(s.file("k"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:8192])
	f.Add(data[:16384])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := New(t.TempDir())
		repair(data)
		damagedBy(t, s, data)
		use(t, s)
	})
}

// FuzzChange: a good file in which a few numbers are others, with valid heads.
func FuzzChange(f *testing.F) {
	s, _ := filled(f, 60)
	whole, err := os.ReadFile(s.file("k"))
	if err != nil {
		f.Fatal(err)
	}
	for at := 0; at < len(whole); at += 4096 {
		f.Add(uint32(at), uint64(0xFFFF_FFFF_FFFF_FFFF), uint32(at+10), uint64(2))
		f.Add(uint32(at+8), uint64(1), uint32(at+12), uint64(1))
		f.Add(uint32(at+16), uint64(1), uint32(at+24), uint64(3))
		f.Add(uint32(at+32), uint64(4), uint32(at+40), uint64(5))
	}
	f.Fuzz(func(t *testing.T, at1 uint32, v1 uint64, at2 uint32, v2 uint64) {
		data := append([]byte(nil), whole...)
		binary.NativeEndian.PutUint64(data[int(at1)%(len(data)-8):], v1)
		binary.NativeEndian.PutUint16(data[int(at2)%(len(data)-8):], uint16(v2))
		repair(data)
		s := New(t.TempDir())
		damagedBy(t, s, data)
		use(t, s)
	})
}
