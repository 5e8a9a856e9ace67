package escape

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestString(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "plain text": "plain text", `C:\n "quoted"`: `C:\n "quoted"`, "größe 日本 🎉": "größe 日本 🎉",
		"a\nb\tc\rd": `a\nb\tc\rd`, "\x1b[31mred": `\x1b[31mred`, "\x00\x07\x7f": `\x00\x07\x7f`,
		"\xff\xfe": `\xff\xfe`, "a\xc3": `a\xc3`, "\xc3(": `\xc3(`, "\xed\xa0\x80": `\xed\xa0\x80`, "\xc0\x80": `\xc0\x80`, "\xf4\x90\x80\x80": `\xf4\x90\x80\x80`,
		"\u009b31m": `\u{9b}31m`, "\x9b31m": `\x9b31m`, "\u0080\u009f\u00a0": "\\u{80}\\u{9f}\u00a0",
		"\u2028\u2029": `\u{2028}\u{2029}`, "a\u202ecod.exe": `a\u{202e}cod.exe`, "\u200e\u200f\u061c": `\u{200e}\u{200f}\u{61c}`,
		"\u202a\u2066\u2069\u206a\u2027\u202f\u200d": "\\u{202a}\\u{2066}\\u{2069}\u206a\u2027\u202f\u200d",
		"\ufffd": "\ufffd", "tail\n": `tail\n`,
	} {
		if got := String(s); got != want {
			t.Errorf("String(%q) = %q, want %q", s, got, want)
		}
		if got := string(Append([]byte("x "), s)); got != "x "+want {
			t.Errorf("Append(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for s, want := range map[string]string{
		"a\nb\tc\r\n": "a\nb\tc\\r\n", "\x1b]0;title\x07\n": "\\x1b]0;title\\x07\n", "\v\f": `\x0b\x0c`, "clean\n\ttext": "clean\n\ttext",
	} {
		if got := Text(s); got != want {
			t.Errorf("Text(%q) = %q, want %q", s, got, want)
		}
	}
}

// Every code point and every byte, against the list in the package's comment.
func TestEveryCharacter(t *testing.T) {
	listed := func(r rune) bool {
		return r < 0x20 || r == 0x7f || r >= 0x80 && r <= 0x9f || r == 0x2028 || r == 0x2029 ||
			r == 0x61c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	seen := map[string]rune{}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		got := String(string(r))
		if (got != string(r)) != listed(r) {
			t.Fatalf("%U gives %q", r, got)
		}
		if other, dup := seen[got]; dup {
			t.Fatalf("%U and %U both give %q", r, other, got)
		}
		if listed(r) {
			seen[got] = r
		}
	}
	for b := 0x80; b <= 0xff; b++ {
		got := String(string([]byte{byte(b)}))
		if other, dup := seen[got]; dup || got == string(rune(b)) {
			t.Fatalf("the byte %x and %U both give %q", b, other, got)
		}
	}
}

func TestCleanTextDoesNotAllocate(t *testing.T) {
	s := strings.Repeat("clean text, größe 日本 🎉 ", 100)
	p := []byte(s)
	w := NewWriter(io.Discard)
	if n := testing.AllocsPerRun(10, func() { _, _, _ = String(s), Text(s), must(w.Write(p)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func must(n int, err error) int {
	if err != nil {
		panic(err)
	}
	return n
}

// written sends s through a Writer in pieces of the sizes given, over and over.
func written(t *testing.T, s string, sizes []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for i, rest := 0, s; rest != ""; i++ {
		n := len(rest)
		if len(sizes) > 0 {
			n = min(n, int(sizes[i%len(sizes)])%9+1)
		}
		got, err := w.Write([]byte(rest[:n]))
		if got != n || err != nil {
			t.Fatalf("Write gave %d, %v for %d bytes", got, err, n)
		}
		rest = rest[n:]
		if done := len(s) - len(rest); len(s) < 4096 && out.String() != Text(s[:done]) && w.nheld == 0 || w.nheld > 3 {
			t.Fatalf("after %d bytes of %q: %q, %d held", done, s, out.String(), w.nheld)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriterSplits(t *testing.T) {
	for _, s := range []string{"größe 日本 🎉\n", "\xe2\x80", "\xf0\x9f\x8e", "\xe2\x80\xae!", "a\xe2\x80a", "\xf0\x9f\xf0\x9f\x8e\x89", "\xe2\x80\xe2\x80\xa8", "\xff\xff\xff\xff", "\xf0\x80\x80\x80"} {
		for size := range 6 {
			if got := written(t, s, []byte{byte(size)}); got != Text(s) {
				t.Errorf("%q in pieces of %d: %q, want %q", s, size+1, got, Text(s))
			}
		}
	}
	big := strings.Repeat("日\x1b本\xff🎉", 40000) // characters on every side of the chunks' ends
	for shift := range 4 {
		s := strings.Repeat("x", shift) + big
		if got := written(t, s, nil); got != Text(s) {
			t.Errorf("a large text differs, shift %d", shift)
		}
	}
}

// A prompt, half a character: what is whole is seen at once, the rest on Flush.
func TestWriterFlush(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	must(w.Write([]byte("Password: \xe2\x82")))
	if out.String() != "Password: " {
		t.Errorf("got %q", out.String())
	}
	if err := w.Flush(); err != nil || out.String() != `Password: \xe2\x82` {
		t.Errorf("got %q, %v", out.String(), err)
	}
	must(w.Write([]byte("\xac")))
	if out.String() != `Password: \xe2\x82\xac` {
		t.Errorf("got %q", out.String())
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a write after Close gives %v", err)
	}
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestWriterErrors(t *testing.T) {
	w := NewWriter(iotest.TruncateWriter(io.Discard, 0))
	must(w.Write([]byte("x")))
	w = NewWriter(short{})
	if n, err := w.Write([]byte("abc")); n != 0 || err != io.ErrShortWrite {
		t.Errorf("got %d, %v", n, err)
	}
	r, pipe := io.Pipe()
	gone := errors.New("gone")
	r.CloseWithError(gone)
	w = NewWriter(pipe)
	if n, err := w.Write([]byte("\xe2")); n != 1 || err != nil {
		t.Errorf("half a character: %d, %v", n, err)
	}
	for range 2 {
		if _, err := w.Write([]byte("abc")); err != gone {
			t.Errorf("got %v", err)
		}
	}
	if err := w.Close(); err != gone {
		t.Errorf("Close gave %v", err)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[31m\n", "\u202e\u2028\u009b", "\xff\xe2\x80", "größe\r\n", `\n`} {
		f.Add(s, []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, s string, sizes []byte) {
		line, text := String(s), Text(s)
		for _, r := range line + strings.NewReplacer("\n", "", "\t", "").Replace(text) {
			if r < ' ' || r == 0x7f || r >= 0x80 && forbidden(r) {
				t.Fatalf("%U is left of %q", r, s)
			}
		}
		if !utf8.ValidString(line) || !utf8.ValidString(text) {
			t.Fatalf("%q gives bytes that are not UTF-8", s)
		}
		if String(line) != line || Text(text) != text || String(text) != line {
			t.Fatalf("%q is escaped twice", s)
		}
		if got := written(t, s, sizes); got != text {
			t.Fatalf("%q in pieces gives %q, whole %q", s, got, text)
		}
	})
}

func BenchmarkString(b *testing.B) {
	for name, s := range map[string]string{"ascii": strings.Repeat("a clean line of output ", 50), "utf8": strings.Repeat("größe 日本 ", 80), "dirty": strings.Repeat("\x1b[31mred\xff ", 80)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				String(s)
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	p := []byte(strings.Repeat("a line of output, größe 日本\n", 1000))
	w := NewWriter(io.Discard)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		must(w.Write(p))
	}
}
