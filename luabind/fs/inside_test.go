package fs

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"
)

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "{{a}}", "{{ a }}{{{{", "{{", "}}", "{{{a}}}", "{{a\n}}", "{{a}", "x{{1}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asked := 0
		out, err := fillIn(text, func(name string) (string, error) {
			if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
				t.Fatalf("asked for %q", name)
			}
			asked++
			return "<" + name + ">", nil
		})
		if err != nil {
			return
		}
		if !strings.Contains(text, "{{") && out != text {
			t.Fatalf("%q became %q", text, out)
		}
		if asked > strings.Count(text, "{{") {
			t.Fatalf("%q asked %d times", text, asked)
		}
		// What comes out, with its braces written as they are, comes out again.
		again, err := fillIn(strings.ReplaceAll(out, "{{", "{{{{"), nil)
		if err != nil || again != out {
			t.Fatalf("%q became %q: %v", out, again, err)
		}
	})
}

func FuzzMode(f *testing.F) {
	for _, s := range []string{"0644", "644", "7777", "+644", "0o644", "6_4", "", "00000", "88888"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		mode, err := parseMode(s)
		if good := regexp.MustCompile(`\A[0-7]{3,5}\z`).MatchString(s) && (len(s) < 5 || s[0] == '0'); good != (err == nil) {
			t.Fatalf("%q: %v", s, err)
		}
		if err == nil && (mode > 0o7777 || strings.TrimLeft(modeText(mode), "0") != strings.TrimLeft(s, "0")) {
			t.Fatalf("%q became %o", s, mode)
		}
	})
}

func FuzzOwner(f *testing.F) {
	for _, s := range []string{"root:root", "0:0", ":", "root", ":adm", "1:", "a:b:c", "4294967295", "-1:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		uid, gid, err := parseOwner(s)
		if err == nil && (uid < -1 || gid < -1 || uid == -1 && gid == -1 || uid >= 1<<32-1 || gid >= 1<<32-1) {
			t.Fatalf("%q became %d:%d", s, uid, gid)
		}
		if strings.Count(s, ":") > 1 && err == nil {
			t.Fatalf("%q was taken", s)
		}
	})
}

// The alternatives that braces stand for match what the pattern matches.
func FuzzExpand(f *testing.F) {
	f.Add("{a,b}c", "ac")
	f.Add("{a,{b,c}d}", "cd")
	f.Add(`\{a,b}`, "{a,b}")
	f.Add("[{]a{b,}", "{a")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(name) || !doublestar.ValidatePattern(pattern) || strings.ContainsAny(pattern+name, "/") || strings.Contains(pattern, "**") {
			return
		}
		want, err := doublestar.Match(pattern, name)
		if err != nil {
			return
		}
		patterns, ok := expand(pattern)
		if !ok {
			return
		}
		got := false
		for _, p := range patterns {
			m, err := doublestar.Match(p, name)
			if err != nil {
				t.Fatalf("%q became %q: %v", pattern, p, err)
			}
			got = got || m || isLiteral(p) && unescape(p) == name
		}
		if want && !got {
			t.Fatalf("%q matches %q, %q do not", pattern, name, patterns)
		}
	})
}

// FuzzResolve holds our way of following links against the kernel's.
func FuzzResolve(f *testing.F) {
	dir, err := filepath.EvalSymlinks(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	for _, d := range []string{"a/b/c", "d"} {
		_ = os.MkdirAll(filepath.Join(dir, d), 0o755)
	}
	_ = os.WriteFile(filepath.Join(dir, "a/f"), nil, 0o644)
	for name, to := range map[string]string{"l": "a/b", "a/b/up": "../..", "a/b/abs": dir + "/d", "d/loop": "loop", "d/dang": "none", "d/file": "../a/f", "d/dot": "./.././/a/"} {
		_ = os.Symlink(to, filepath.Join(dir, name))
	}
	for _, s := range []string{"l/../f", "l/up/l/abs/dot/b", "d/file/..", "d/loop", "d/dang", "a/./b//c/", "../x", "d/none/.."} {
		f.Add(s)
	}
	v := &view{}
	f.Fuzz(func(t *testing.T, p string) {
		if strings.IndexByte(p, 0) >= 0 || len(p) > 2000 {
			return
		}
		full := dir + "/" + p
		var st unix.Stat_t
		kernel := unix.Stat(full, &st)
		real, err := v.resolve(full, true)
		if kernel == nil {
			if err != nil {
				t.Fatalf("%q: %v", p, err)
			}
			in, err := statAt(unix.AT_FDCWD, real)
			if err != nil || in.typ == typeLink || in.ino != st.Ino || in.dev != uint64(st.Dev) {
				t.Fatalf("%q led to %q: %v", p, real, err)
			}
			return
		}
		if err == nil {
			if _, err := statAt(unix.AT_FDCWD, real); err == nil {
				t.Fatalf("%q: the kernel says %v, we found %q", p, kernel, real)
			}
		}
	})
}

// A link that has come into the path since it was granted is not followed.
func TestLockFollowsNoLink(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Mkdir(dir+"/d", 0o755)
	_ = os.Symlink("d", dir+"/l")
	if f, err := lockNow(dir + "/l/x"); err == nil {
		_ = f.Close()
		t.Error("it was locked")
	}
	if _, err := os.Stat(dir + "/d/x"); err == nil {
		t.Error("it was made")
	}
}

// What has no links in it any more is opened as it is, or not at all.
func TestOpenRealFollowsNoLink(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Mkdir(dir+"/d", 0o755)
	_ = os.WriteFile(dir+"/d/f", nil, 0o644)
	_ = os.Symlink("d", dir+"/l")
	_ = os.Symlink("f", dir+"/d/lf")
	for name, open := range map[string]func(string, int, uint32) (int, error){"openat2": openReal, "steps": openSteps} {
		for path, good := range map[string]bool{"/d/f": true, "/d": true, "/l/f": false, "/d/lf": false, "/none": false} {
			fd, err := open(dir+path, unix.O_RDONLY, 0)
			if (err == nil) != good {
				t.Errorf("%s of %s: %v", name, path, err)
			}
			if err == nil {
				_ = unix.Close(fd)
			}
		}
		if fd, err := open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
			t.Errorf("%s of /: %v", name, err)
		} else {
			_ = unix.Close(fd)
		}
	}
}

// A temporary link that is old is swept, a new one may still be on its way.
func TestSweepOfLinks(t *testing.T) {
	dir := t.TempDir()
	p, err := openPlace(dir + "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	name := ".a.opslua-0123456789abcdef"
	_ = os.Symlink("x", filepath.Join(dir, name))
	p.sweepOne(name, time.Now().UnixNano())
	if _, err := p.open(name, unix.O_PATH, 0); err != nil {
		t.Errorf("a new link was swept: %v", err)
	}
	p.sweepOne(name, time.Now().Add(time.Minute).UnixNano())
	if _, err := statAt(p.dir, name); err != unix.ENOENT {
		t.Errorf("an old link was not swept: %v", err)
	}
}

func TestFitsByteByByte(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{{"\xff*", "\xff1", true}, {"\xff*", "\xfe1", false}, {"?", "\xff", true}, {"ä?", "äö", true}, {"[^a]", "\x80", true}} {
		if got := fits(c.pattern, c.name); got != c.want {
			t.Errorf("%q, %q: got %v", c.pattern, c.name, got)
		}
	}
}

func TestTempNames(t *testing.T) {
	for n := 1; n <= 255; n++ {
		prefix := tempPrefix(strings.Repeat("x", n))
		name := tempName(prefix)
		if len(name) > nameMax || !isTemp(prefix, name) {
			t.Fatalf("%d: %q", n, name)
		}
	}
	if a, b := tempPrefix(strings.Repeat("x", 254)+"a"), tempPrefix(strings.Repeat("x", 254)+"b"); a == b {
		t.Errorf("two files share %q", a)
	}
}

func BenchmarkRead(b *testing.B) {
	file := filepath.Join(b.TempDir(), "a")
	_ = os.WriteFile(file, make([]byte, 4096), 0o644)
	v := &view{}
	b.Run("os.ReadFile", func(b *testing.B) {
		for b.Loop() {
			if _, err := os.ReadFile(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("resolve and read", func(b *testing.B) {
		for b.Loop() {
			real, err := v.resolve(file, true)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := readAll(context.Background(), v, real, 0, readMax); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDiffWorst(b *testing.B) {
	var old, text strings.Builder
	for i := range 170_000 {
		old.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + "\n")
		text.WriteString(string(rune('a'+i*7%26)) + string(rune('A'+i/3%26)) + "\n")
	}
	for b.Loop() {
		_ = unified("x", old.String(), text.String())
	}
}
