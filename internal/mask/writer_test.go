package mask

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// naive marks every occurrence of every form and writes each marked run as ***.
func naive(all []string, text string) string {
	marked := make([]bool, len(text))
	for _, f := range all {
		for i := 0; i+len(f) <= len(text); i++ {
			if text[i:i+len(f)] == f {
				for j := range len(f) {
					marked[i+j] = true
				}
			}
		}
	}
	var out strings.Builder
	for i := range len(text) {
		if !marked[i] {
			out.WriteByte(text[i])
		} else if i == 0 || !marked[i-1] {
			out.WriteString(hidden)
		}
	}
	return out.String()
}

func bruteForms(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if len(strings.TrimSpace(s)) >= Shortest {
			all = append(all, forms(s)...)
		}
	}
	return all
}

// openEnd is the longest end of a text that a form may go on from, the slow way.
func openEnd(all []string, text string) int {
	longest := 0
	for _, f := range all {
		for n := min(len(f)-1, len(text)); n > longest; n-- {
			if strings.HasSuffix(text, f[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// against checks String and Writer against the naive way, the text in the
// pieces given, over and over.
func against(t *testing.T, secrets []string, text string, sizes []byte) {
	t.Helper()
	m := &Mask{}
	for _, s := range secrets {
		m.Add(s)
	}
	all := bruteForms(secrets)
	if got, want := m.String(text), naive(all, text); got != want && len(cutPlaces(text)) == 0 {
		t.Fatalf("%q in %q: got %q, want %q", secrets, text, got, want)
	}
	want := naive(all, text)
	var out bytes.Buffer
	w := m.Writer(&out)
	for i, done := 0, 0; done < len(text); i++ {
		n := len(text) - done
		if len(sizes) > 0 {
			n = min(n, int(sizes[i%len(sizes)])%9+1)
		}
		if got, err := w.Write([]byte(text[done : done+n])); got != n || err != nil {
			t.Fatalf("Write gave %d, %v for %d bytes", got, err, n)
		}
		done += n
		if keep := openEnd(all, text[:done]); len(w.held) != keep {
			t.Fatalf("%q, after %q: %d bytes are held, want %d", secrets, text[:done], len(w.held), keep)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Fatalf("%q in %q by pieces %v: got %q, want %q", secrets, text, sizes, out.String(), want)
	}
	for _, f := range all {
		if !strings.Contains(f, "*") && strings.Contains(want, f) {
			t.Fatalf("%q is left in %q", f, want)
		}
	}
}

// TestAgainstTheNaiveWay takes few letters, so that secrets overlap themselves
// and each other.
func TestAgainstTheNaiveWay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := func(n int, of string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = of[r.IntN(len(of))]
		}
		return string(b)
	}
	for range 3000 {
		of := []string{"ab", "abc", "a\"\\n", "ab\n '", "\xffä%+"}[r.IntN(5)]
		secrets := make([]string, 1+r.IntN(3))
		for i := range secrets {
			secrets[i] = letters(4+r.IntN(8), of)
		}
		text := letters(r.IntN(20), of)
		all := bruteForms(secrets)
		for range r.IntN(6) {
			if len(all) > 0 {
				f := all[r.IntN(len(all))]
				from := r.IntN(len(f))
				text += f[from:from+r.IntN(len(f)-from)+1] + f[:r.IntN(len(f)+1)] + letters(r.IntN(4), of)
			}
		}
		sizes := []byte(letters(1+r.IntN(5), "\x00\x01\x02\x05\x08"))
		against(t, secrets, text, sizes)
	}
}

func FuzzMask(f *testing.F) {
	f.Add("hunter2!", "second\nsecret", "a hunter2!hunter2! second\\nsecret", []byte{0, 3})
	f.Add("abab", "baba", "ababababab", []byte{1})
	f.Add("\"\\\"\\", "'''''", `{"a":"\"\\\"\\"}`, []byte{2})
	f.Fuzz(func(t *testing.T, a, b, text string, sizes []byte) {
		if len(a)+len(b) > 200 || len(text) > 400 {
			return
		}
		against(t, []string{a, b}, text, sizes)
		against(t, []string{a, b}, text+a+b+a[:len(a)/2]+b, sizes)
		if m := (&Mask{}); m.Add(a) {
			for _, form := range forms(a) {
				if got := m.String(form); strings.Contains(got, form) && !strings.Contains(form, "*") {
					t.Fatalf("%q stays %q", form, got)
				}
			}
		}
	})
}

// record keeps what is written, call by call.
type record struct{ calls []string }

func (r *record) Write(p []byte) (int, error) {
	r.calls = append(r.calls, string(p))
	return len(p), nil
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(w, text); n != len(text) || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestWriterAtOnce(t *testing.T) {
	m, out := &Mask{}, &record{}
	w := m.Writer(out)
	write(t, w, "hunt")
	m.Add("hunter2!")
	for _, text := range []string{"plain ", "a hunter2! b", "x hun", "ter2", "! y", "hunter2!", "hunter2!", " z", "hunt", "ed"} {
		write(t, w, text)
	}
	want := []string{"hunt", "plain ", "a *** b", "x ", "*** y", "***", " z", "hunted"}
	if strings.Join(out.calls, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", out.calls, want)
	}
}

// TestWriterFlush: a prompt is seen, and what turns out to have been the
// beginning of a secret is not gone on with.
func TestWriterFlush(t *testing.T) {
	m, out := known(t, "hunter2!"), &record{}
	w := m.Writer(out)
	for _, text := range []string{"who is hunting? hunt", "", "er2! and hunter2!hun", "", "ger", "hunter2!", "", "hunter2!"} {
		if text == "" {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, w, text)
	}
	if got, want := strings.Join(out.calls, "|"), "who is hunting? |hunt|*** and ***|hun|ger|***"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNewSecret: a secret that becomes known while its beginning is held.
func TestNewSecret(t *testing.T) {
	m, out := known(t, "abcdefgh"), &bytes.Buffer{}
	w := m.Writer(out)
	write(t, w, "x abcde")
	m.Add("cdefxyz")
	write(t, w, "fxyz abcdefgh")
	m.Add("bcde")
	write(t, w, " abcd")
	m.Add("abcd")
	if err := w.Flush(); err != nil || out.String() != "x ab*** *** ***" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

type failing struct {
	n   int
	err error
}

func (f *failing) Write(p []byte) (int, error) { return min(f.n, len(p)), f.err }

func TestWriterErrors(t *testing.T) {
	full := errors.New("no space left on device")
	m := &Mask{}
	if n, err := m.Writer(&failing{2, full}).Write([]byte("abc")); n != 2 || err != full {
		t.Errorf("got %d, %v", n, err)
	}
	m.Add("hunter2!")
	w := m.Writer(&failing{0, full})
	if n, err := w.Write([]byte("hunt")); n != 4 || err != nil {
		t.Errorf("held: got %d, %v", n, err)
	}
	if err := w.Flush(); err != full {
		t.Errorf("flush: got %v", err)
	}
	if n, err := w.Write([]byte("abc")); n != 0 || err != full {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := m.Writer(&failing{1, nil}).Write([]byte("abc")); err != io.ErrShortWrite {
		t.Errorf("short: got %v", err)
	}
	if _, err := m.Writer(&failing{1, nil}).Write([]byte("hunter2!")); err != io.ErrShortWrite {
		t.Errorf("short: got %v", err)
	}
}

func TestConcurrently(t *testing.T) {
	m, out := &Mask{}, &bytes.Buffer{}
	w := m.Writer(out)
	m.Add("hunter2!")
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 200 {
				_, _ = io.WriteString(w, "a hunter2! in a line\n")
				m.Add("more secrets" + strings.Repeat("x", g*200+i))
				if got := m.String("hunter2!"); got != "***" {
					t.Error(got)
				}
			}
		})
	}
	all.Wait()
	if err := w.Flush(); err != nil || out.String() != strings.Repeat("a *** in a line\n", 800) {
		t.Errorf("got %d bytes, %v", out.Len(), err)
	}
}

func BenchmarkWriter(b *testing.B) {
	text := []byte(strings.Repeat("Nov 25 03:19:15 host nginx[1234]: 10.0.0.1 GET /index.html 200 512\n", 1000))
	for name, secrets := range map[string][]string{
		"none": nil, "one": {"s3cr3t-tok3n"}, "ten": strings.Fields("alpha1 bravo2 charlie3 delta4 echo55 foxtrot6 golf77 hotel8 india9 juliet10"),
	} {
		b.Run(name, func(b *testing.B) {
			w := known(b, secrets...).Writer(io.Discard)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = w.Write(text)
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	var pem strings.Builder
	for r := rand.New(rand.NewPCG(1, 2)); pem.Len() < Longest-70; pem.WriteByte('\n') {
		for range 64 {
			pem.WriteByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[r.IntN(64)])
		}
	}
	for name, s := range map[string]string{"token": "s3cr3t-tok3n-0123456789", "file": pem.String(), "odd": strings.Repeat("\"\\'<ä ", Longest/8)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				known(b, s)
			}
		})
	}
}
