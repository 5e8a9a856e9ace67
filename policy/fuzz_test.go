package policy

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// fromLine reads the line of Decision.Missing: a key and one basic string of
// TOML, whose escapes here are those of Go.
func fromLine(t *testing.T, line string) Permissions {
	t.Helper()
	key, list, ok := strings.Cut(line, " = [")
	entry, err := strconv.Unquote(strings.TrimSuffix(list, "]"))
	if !ok || err != nil || !printable(line) {
		t.Fatalf("the line %q: %v", line, err)
	}
	var p Permissions
	*map[string]*[]string{"probe": &p.Probe, "change": &p.Change, "read": &p.Read, "write": &p.Write, "connect": &p.Connect, "env": &p.Env, "signal": &p.Signal}[key] = []string{entry}
	return p
}

// roundTrip wants the line that a denial names to grant the action, and gives that policy.
func roundTrip(t *testing.T, a Action) (Policy, bool) {
	t.Helper()
	d := Nothing().Check(a)
	if d.Allowed || (d.Missing == "") == (d.Why == "") {
		t.Fatalf("%s: %+v", a, d)
	}
	if d.Missing == "" {
		return Policy{}, false
	}
	p, err := New(fromLine(t, d.Missing), Permissions{}, look)
	if err != nil {
		t.Fatalf("%s: the line %s: %v", a, d.Missing, err)
	}
	if got := p.Check(a); !got.Allowed {
		t.Fatalf("%s is not granted by %s: %+v", a, d.Missing, got)
	}
	return p, true
}

// The line grants exactly the command: other arguments are not granted.
func FuzzMissingCommand(f *testing.F) {
	f.Add("df\x00-P\x00/", "x")
	f.Add("echo\x00a b\x00*\x00-*\x00...\x00\x00it's \"q\"\\", "*")
	f.Add("~\x00~", "")
	f.Add("/opt/tool\x00é\xff\n\x1b\u202e", "")
	f.Fuzz(func(t *testing.T, joined, other string) {
		argv := strings.Split(joined, "\x00")
		if base := path.Base(argv[0]); base == "absent" || base == "writable" || base == "poweroff" || argv[0] == "" || strings.Contains(other, "\x00") {
			t.Skip()
		}
		real, _ := look(argv[0])
		if !isClean(real) {
			real = ""
		}
		a := Command{Argv: argv, Path: real, Probe: len(other)%2 == 0}
		if real == "" || strings.Contains(argv[0], "/") && !strings.HasPrefix(argv[0], "/") {
			Nothing().Check(a)
			return
		}
		p, ok := roundTrip(t, a)
		if !ok {
			return
		}
		for i := range argv {
			changed := slices.Clone(argv)
			if changed[i] = other; other == argv[i] || i == 0 && path.Base(other) == path.Base(argv[0]) {
				continue
			}
			if d := p.Check(Command{Argv: changed, Path: real, Probe: a.Probe}); d.Allowed {
				t.Fatalf("%q is granted by %s", changed, d.Rule)
			}
		}
		for _, b := range []Command{{argv, real, "", !a.Probe}, {append(slices.Clone(argv), other), real, "", a.Probe}, {argv, real + "x", "", a.Probe}} {
			if d := p.Check(b); d.Allowed {
				t.Fatalf("%q probe=%v %s is granted by %s", b.Argv, b.Probe, b.Path, d.Rule)
			}
		}
	})
}

func FuzzMissing(f *testing.F) {
	for _, s := range []string{"/etc/passwd", "/a*?[{\\ é\xff", "/ a ", "nginx", " a*", "a.example.com:443", "[::1]:80", "[fe80::1%eth0]:80", "LD_PRELOAD", "A*", "/..", "/a/../b", "1.2.3.4:5", ""} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		same := func(a, b Action) bool {
			ca, _ := a.canonical()
			cb, why := b.canonical()
			return why == "" && (ca.String() == cb.String() || (ca.Op() == "read" || ca.Op() == "write") && within(cb.Args()[0], ca.Args()[0]))
		}
		for _, pair := range [][2]Action{{Read{s}, Read{other}}, {Write{s}, Write{other}}, {Connect{s}, Connect{other}}, {Env{s}, Env{other}}, {Signal{s, 1}, Signal{other, 2}}} {
			p, ok := roundTrip(t, pair[0])
			if ok && p.Check(pair[1]).Allowed && !same(pair[0], pair[1]) {
				t.Fatalf("the line for %q grants %q", s, other)
			}
		}
	})
}

func within(p, dir string) bool {
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}

// Any entry is refused in one printable line, or makes a policy that answers,
// and whose denial holds against its own grant.
func FuzzEntry(f *testing.F) {
	for _, s := range []string{"systemctl is-active *", `echo "a\"b" 'c d' \* ...`, "/var/log/*.log", `/a\x20`, "*.example.com:443", "[::1]:*", "NGINX_*", "nginx", "", "*", "/é", "df \xff"} {
		f.Add(s, "df", "/var/log/x.log")
	}
	f.Fuzz(func(t *testing.T, entry, program, name string) {
		actions := []Action{Command{Argv: append([]string{program}, strings.Fields(name)...), Path: "/usr/bin/" + path.Base(program), Probe: true}, Read{name}, Write{name}, Connect{name}, Env{name}, Signal{name, 1}}
		for k, p := range []Permissions{{Probe: []string{entry}}, {Read: []string{entry}}, {Write: []string{entry}}, {Connect: []string{entry}}, {Env: []string{entry}}, {Signal: []string{entry}}} {
			grant, err := New(p, Permissions{}, look)
			both, err2 := New(p, p, look)
			if (err == nil) != (err2 == nil) {
				t.Fatalf("%q: %v, %v", entry, err, err2)
			}
			if err != nil {
				if !printable(err.Error()) || len(err.Error()) > 600 {
					t.Fatalf("%q: %q", entry, err)
				}
				continue
			}
			for i, a := range actions {
				if grant.Check(a).Allowed && i != k {
					t.Fatalf("%q grants %s", entry, a)
				}
				if grant.Check(a).Allowed && both.Check(a).Rule == "" || both.Check(a).Allowed {
					t.Fatalf("%q: %s: %+v", entry, a, both.Check(a))
				}
			}
		}
	})
}

// FuzzMatchName compares the matcher with the plain recursive definition.
func FuzzMatchName(f *testing.F) {
	f.Add("*.log", "a.log")
	f.Add("a*b?c*", "axxbyc")
	f.Add("**a*?", "aaé")
	f.Add("*??", "€")
	f.Add("*??a?b", "€a€b")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 12 || len(s) > 16 || checkASCII(pattern) != nil {
			t.Skip()
		}
		g, err := parseGlyphs(pattern)
		if err != nil {
			t.Skip()
		}
		if got, want := matchName(g, s), slowMatch(g, s); got != want {
			t.Fatalf("%q %q: %v, want %v", pattern, s, got, want)
		}
	})
}

// slowMatch tries all that each star may stand for: whole characters.
func slowMatch(g []glyph, s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	switch {
	case len(g) == 0:
		return s == ""
	case g[0] == glyph{'*', true}:
		return slowMatch(g[1:], s) || s != "" && slowMatch(g, s[size:])
	case s == "":
		return false
	case g[0].wild:
		return slowMatch(g[1:], s[size:])
	}
	return g[0].b == s[0] && slowMatch(g[1:], s[1:])
}
