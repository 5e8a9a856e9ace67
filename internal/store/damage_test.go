package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// damagedBy writes a file in place of the memory of "k".
func damagedBy(t testing.TB, s *Store, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(s.dir, 0o700), os.WriteFile(s.file("k"), data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// wantDamage says that a file is refused by all who use it, in one line.
func wantDamage(t *testing.T, s *Store, what string) {
	t.Helper()
	_, err := contents(t.Context(), s)
	for _, err := range []error{err, increment(s, "k")} {
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), s.file("k")) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// wantWhole says that all is read, and that the file can be changed.
func wantWhole(t *testing.T, s *Store, want map[string]string, what string) {
	t.Helper()
	got, err := contents(t.Context(), s)
	if err != nil || !maps.Equal(got, want) {
		t.Fatalf("%s: %d names of %d: %v", what, len(got), len(want), err)
	}
	if err := increment(s, "k"); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// used is the length of the part of a file that is not padding.
func used(data []byte) int {
	return headSize + int(binary.BigEndian.Uint64(data[lengthAt:]))
}

// A file that is cut anywhere is whole or an error.
func TestCutFiles(t *testing.T) {
	t.Parallel()
	s, want := filled(t, 120)
	whole, err := os.ReadFile(s.file("k"))
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size < used(whole); size += 1 + size/50 {
		damagedBy(t, s, whole[:size])
		wantDamage(t, s, fmt.Sprint(size, " bytes"))
	}
	damagedBy(t, s, whole[:used(whole)-1])
	wantDamage(t, s, "the last byte")
	damagedBy(t, s, whole[:used(whole)])
	wantWhole(t, s, want, "without padding")
}

// A bit that flips is an error, wherever it makes a difference.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	s, want := filled(t, 120)
	whole, err := os.ReadFile(s.file("k"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.file("k"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for i := range 8*headSize + 300 {
		bit := i
		if i >= 8*headSize {
			bit = rand.IntN(8 * len(whole))
		}
		at, good := int64(bit/8), whole[bit/8]
		if _, err := f.WriteAt([]byte{good ^ 1<<(bit%8)}, at); err != nil {
			t.Fatal(err)
		}
		if int(at) < used(whole) {
			wantDamage(t, s, fmt.Sprint("bit ", bit))
		} else if got, err := contents(t.Context(), s); err != nil || !maps.Equal(got, want) {
			t.Fatalf("bit %d: %d names of %d: %v", bit, len(got), len(want), err)
		}
		if _, err := f.WriteAt([]byte{good}, at); err != nil {
			t.Fatal(err)
		}
	}
	wantWhole(t, s, want, "without damage")
}

// What is cut while it is in use is not missed: it was read before.
func TestCutWhileInUse(t *testing.T) {
	for _, size := range []int64{0, 10, 20_000} {
		s, _ := filled(t, 120)
		err := s.Update(t.Context(), "k", func(tx Tx) error {
			if err := os.Truncate(s.file("k"), size); err != nil {
				t.Fatal(err)
			}
			return tx.Put("state", "name 077", []byte("new"))
		})
		if err != nil {
			t.Errorf("%d: writing: %v", size, err)
		}
		if got, err := contents(t.Context(), s); err != nil || len(got) != 120 || got["name 077"] != "new" {
			t.Errorf("%d: %d names, %v", size, len(got), err)
		}
	}
}

// A file that becomes the spare one and is written to while somebody reads it
// is not taken for damaged.
func TestReadersBesideWriters(t *testing.T) {
	t.Parallel()
	s, _ := filled(t, 120)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				err := s.Update(t.Context(), "k", func(tx Tx) error {
					size := make([]byte, rand.IntN(200_000))
					return errors.Join(tx.Put("a", "n", encoded(uint64(n))), tx.Put("m", "fill", size), tx.Put("z", "n", encoded(uint64(n))))
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 200 {
		err := s.View(t.Context(), "k", func(tx Tx) error {
			if !bytes.Equal(tx.Get("a", "n"), tx.Get("z", "n")) {
				t.Error("a change was seen in part")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// repair makes the checksum right, so that what stands behind it is looked at.
func repair(data []byte) {
	if len(data) < headSize {
		return
	}
	copy(data, word+string(rune(format)))
	binary.BigEndian.PutUint64(data[lengthAt:], uint64(len(data)-headSize))
	binary.BigEndian.PutUint32(data[sumAt:], checksum(data[lengthAt:]))
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

// FuzzOpen: any bytes in place of a memory, behind a head that is right.
func FuzzOpen(f *testing.F) {
	s, _ := filled(f, 10)
	data, err := os.ReadFile(s.file("k"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:used(data)])
	f.Add(data[:100])
	f.Add([]byte{})
	f.Add([]byte(strings.Repeat("\x00", headSize) + "\x01k\x01a\x01b\x01c\x01a\x01b\x01c"))
	f.Add([]byte(strings.Repeat("\x00", headSize) + "\x01k\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := New(t.TempDir())
		repair(data)
		damagedBy(t, s, data)
		use(t, s)
	})
}
