package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

func noFailure(t testing.TB) func(error) {
	return func(err error) { t.Errorf("failed with %v", err) }
}

func write(t testing.TB, o *output, s string) {
	t.Helper()
	if n, err := o.Write([]byte(s)); n != len(s) || err != nil {
		t.Fatalf("Write gives %d, %v", n, err)
	}
}

func TestOutputIsSeenWhileTheScriptWaits(t *testing.T) {
	r, w := pipe(t)
	o := newOutput(w, false, noFailure(t))
	write(t, o, "one\n")
	write(t, o, "two")
	_ = r.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 100)
	if n, err := io.ReadAtLeast(r, buf, 7); string(buf[:n]) != "one\ntwo" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
}

func TestOutputKeepsItsOrder(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	o := newOutput(f, false, noFailure(t))
	var wg sync.WaitGroup
	const writers, lines = 8, 2000
	for i := range writers {
		wg.Go(func() {
			for range lines {
				_, _ = o.Write([]byte(strings.Repeat(string(rune('a'+i)), 30) + "\n"))
			}
		})
	}
	wg.Wait()
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if len(l) != 30 || strings.Trim(l, l[:1]) != "" {
			t.Fatalf("a torn line: %q", l)
		}
		count++
	}
	if count != writers*lines {
		t.Errorf("%d lines, want %d", count, writers*lines)
	}
}

func TestOutputOnATerminalIsEscaped(t *testing.T) {
	r, w := pipe(t)
	o := newOutput(w, true, noFailure(t))
	write(t, o, "a\x1b[31m\xff\n")
	buf := make([]byte, 100)
	_ = r.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, _ := r.Read(buf); string(buf[:n]) != "a\\x1b[31m\\xff\n" {
		t.Errorf("got %q", buf[:n])
	}
}

func TestOutputErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = full.Close() }()
	r, closed := pipe(t)
	_ = r.Close()
	for _, c := range []struct {
		f    *os.File
		code int
		is   error
	}{{full, codeFailed, syscall.ENOSPC}, {closed, codeClosed, nil}} {
		told := 0
		o := newOutput(c.f, false, func(error) { told++ })
		write(t, o, "x")
		for range 2 {
			err := o.Flush()
			if exitCode(err) != c.code || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("Flush gives %v", err)
			}
		}
		if _, err := o.Write([]byte("y")); err == nil {
			t.Error("a write after an error succeeds")
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	}
}

// A reader that has stopped reading holds nobody once it is given up.
func TestOutputGivesUp(t *testing.T) {
	_, w := pipe(t)
	var failure error
	o := newOutput(w, false, func(err error) { failure = err })
	done := make(chan error)
	go func() {
		for {
			if _, err := o.Write(make([]byte, 10000)); err != nil {
				done <- err
				return
			}
		}
	}()
	select {
	case err := <-done:
		t.Fatalf("a full pipe takes everything: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	o.giveUp()
	o.giveUp()
	if err := <-done; !errors.Is(err, errAbandoned) || !errors.Is(failure, errAbandoned) {
		t.Errorf("got %v, told %v", err, failure)
	}
}

func BenchmarkPrint(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	o := newOutput(null, false, noFailure(b))
	line := []byte(strings.Repeat("x", 60) + "\n")
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		_, _ = o.Write(line)
	}
}
