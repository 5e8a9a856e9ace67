package policy

import (
	"errors"
	"path"
	"strconv"
	"strings"
	"testing"
)

// look stands for a host where /bin is a link to /usr/bin, poweroff a link to
// systemctl, and absent is not installed.
func look(program string) (string, error) {
	base := path.Base(program)
	switch {
	case base == "absent":
		return "", nil
	case base == "writable":
		return "", errors.New("others can write it")
	case base == "poweroff":
		return "/usr/bin/systemctl", nil
	case strings.HasPrefix(program, "/opt/"):
		return program, nil
	}
	return "/usr/bin/" + base, nil
}

func mustNew(t testing.TB, grant, deny Permissions) Policy {
	t.Helper()
	p, err := New(grant, deny, look)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run is a command as the host of look resolves it.
func run(probe bool, argv ...string) Command {
	real, _ := look(argv[0])
	return Command{Argv: argv, Path: real, Probe: probe}
}

func TestAllAndNothing(t *testing.T) {
	for _, a := range []Action{run(true, "df"), run(false, "rm"), Read{"/x"}, Read{"relative"}, Write{"/x"}, Connect{"a:1"}, Env{"LD_PRELOAD"}, Signal{"x", 1}} {
		if d := All().Check(a); !d.Allowed || d.Rule != "all" || d.Missing != "" {
			t.Errorf("All: %v: %+v", a, d)
		}
		for _, p := range []Policy{{}, Nothing(), mustNew(t, Permissions{}, Permissions{}), Intersect(All(), Nothing()), Intersect(Nothing(), All())} {
			if d := p.Check(a); d.Allowed || d.Rule != "" || (d.Missing == "") == (d.Why == "") {
				t.Errorf("Nothing: %v: %+v", a, d)
			}
		}
	}
	if !All().Unlimited() || !Intersect(All(), All()).Unlimited() {
		t.Error("all is not unlimited")
	}
	narrow := mustNew(t, Permissions{Read: []string{"/etc"}}, Permissions{})
	for _, p := range []Policy{{}, narrow, Intersect(All(), narrow), Intersect(narrow, All())} {
		if p.Unlimited() {
			t.Errorf("%v is unlimited", p)
		}
	}
	if d := All().Check(nil); d.Allowed {
		t.Error("nil is allowed")
	}
}

// cases checks that a policy of one entry allows and denies what is listed.
func cases(t *testing.T, p Permissions, yes, no []Action) {
	t.Helper()
	pol := mustNew(t, p, Permissions{})
	for _, a := range yes {
		if d := pol.Check(a); !d.Allowed || d.Rule == "" || d.Missing != "" || d.Why != "" {
			t.Errorf("%v: %s is not allowed: %+v", p, a, d)
		}
	}
	for _, a := range no {
		if d := pol.Check(a); d.Allowed || d.Rule != "" || (d.Missing == "") == (d.Why == "") {
			t.Errorf("%v: %s: %+v", p, a, d)
		}
	}
	refused := mustNew(t, Permissions{Probe: []string{"df"}}, p)
	for _, a := range yes {
		if d := Intersect(refused, pol).Check(a); d.Allowed || !strings.HasPrefix(d.Rule, "denied by ") || d.Missing != "" {
			t.Errorf("%v: %s is granted against its denial: %+v", p, a, d)
		}
	}
}

func TestCommands(t *testing.T) {
	one := func(s string) Permissions { return Permissions{Probe: []string{s}} }
	p := func(argv ...string) Action { return run(true, argv...) }
	cases(t, one("systemctl is-active *"),
		[]Action{p("systemctl", "is-active", "nginx"), p("/usr/bin/systemctl", "is-active", ""), p("/bin/systemctl", "is-active", "a b")},
		[]Action{p("systemctl", "is-active"), p("systemctl", "is-active", "-H"), p("systemctl", "is-active", "a", "b"), p("systemctl", "stop", "nginx"),
			run(false, "systemctl", "is-active", "nginx"), p("poweroff", "is-active", "nginx"), p("/opt/systemctl", "is-active", "x"), p("absent", "is-active", "x"),
			Command{Argv: []string{"systemctl", "is-active", "x"}, Probe: true}, Command{Argv: []string{"x", "is-active", "x"}, Path: "/usr/bin/systemctl", Probe: true},
			Command{Argv: []string{"systemctl", "is-active", "a\x00"}, Path: "/usr/bin/systemctl", Probe: true}, Command{Probe: true}, Command{Argv: []string{""}, Probe: true}})
	cases(t, one("ls -* ..."), []Action{p("ls", "-l"), p("ls", "--all", "x", "-r"), p("ls", "-")}, []Action{p("ls"), p("ls", "x"), p("ls", "", "-l")})
	cases(t, one("df ..."), []Action{p("df"), p("df", "-P", "/")}, []Action{run(false, "df")})
	cases(t, one(`echo '*' "-*" \* '...' a\ b 'x y' "q\"\\\n\u{e9}\xff" "" it\'s`),
		[]Action{p("echo", "*", "-*", "*", "...", "a b", "x y", "q\"\\\né\xff", "", "it's")}, []Action{p("echo", "x", "-*", "*", "...", "a b", "x y", "q\"\\\né\xff", "", "it's")})
	cases(t, one("/opt/tool  run "), []Action{p("/opt/tool", "run"), Command{Argv: []string{"./tool", "run"}, Path: "/l/tool", Real: "/opt/tool", Probe: true}}, []Action{p("tool", "run")})
	cases(t, Permissions{Change: []string{"nginx -s reload"}}, []Action{run(false, "nginx", "-s", "reload")}, []Action{p("nginx", "-s", "reload")})
	if d := mustNew(t, one("absent x"), Permissions{}).Check(Command{Argv: []string{"absent", "x"}, Path: "/tmp/absent", Probe: true}); d.Allowed {
		t.Error("a program that was not there when the policy was made is granted")
	}
}

func TestDenyBeatsAllow(t *testing.T) {
	p := mustNew(t, Permissions{Probe: []string{"systemctl ...", "rm ..."}, Change: []string{"systemctl ...", "rm ...", "poweroff"}, Read: []string{"/etc"}, Env: []string{"A*"}},
		Permissions{Change: []string{"/bin/systemctl ...", "rm -rf *", "absent ..."}, Read: []string{"/etc/shadow*"}, Env: []string{"AW*"}})
	for _, a := range []Action{run(true, "systemctl", "is-active", "x"), run(false, "poweroff"), run(false, "rm", "-rf", "x"), Command{Argv: []string{"rm", "-rf", "x"}, Path: "/opt/rm"},
		Command{Argv: []string{"/opt/absent"}, Path: "/opt/absent"}, Read{"/etc/shadow"}, Read{"/etc/shadow-"}, Read{"/etc/./shadow.d//x"}, Env{"AWS_KEY"}} {
		if d := p.Check(a); d.Allowed || !strings.HasPrefix(d.Rule, "denied by ") || d.Missing != "" {
			t.Errorf("%s: %+v", a, d)
		}
	}
	for _, a := range []Action{run(false, "rm", "x"), Read{"/etc/passwd"}, Env{"ABC"}} {
		if d := p.Check(a); !d.Allowed {
			t.Errorf("%s: %+v", a, d)
		}
	}
}

func TestPaths(t *testing.T) {
	r := func(s string) Action { return Read{s} }
	one := func(s string) Permissions { return Permissions{Read: []string{s}} }
	cases(t, one("/etc/nginx"), []Action{r("/etc/nginx"), r("/etc/nginx/a/b"), r("/etc//nginx/./x"), r("/etc/nginx/")},
		[]Action{r("/etc/nginx2"), r("/etc"), r("/"), r("etc/nginx"), r("/etc/nginx/../shadow"), r("/etc/nginx/.."), r(""), r("/etc/nginx/\x00"), Write{"/etc/nginx"}})
	cases(t, one("/var/log/nginx/*.log"), []Action{r("/var/log/nginx/a.log"), r("/var/log/nginx/.log"), r("/var/log/nginx/a.b.log"), r("/var/log/nginx/d.log/x")},
		[]Action{r("/var/log/nginx/a.log2"), r("/var/log/nginx/a/b.log"), r("/var/log/nginx"), r("/var/log/nginx/log")})
	cases(t, one("/a?c/*/x"), []Action{r("/abc/d/x"), r("/aéc/d/x/y"), r("/a\xffc/d/x")}, []Action{r("/ac/d/x"), r("/a/c/d/x"), r("/abc/x"), r("/abbc/d/x")})
	cases(t, one("/*??a?b"), []Action{r("/€€a€b"), r("/\xff\xffaéb")}, []Action{r("/€a€b")})
	cases(t, one(`/a\*\?\[\{\\\u{e9}\xff b`), []Action{r("/a*?[{\\é\xff b")}, []Action{r("/ab?[{\\é\xff b")})
	cases(t, one("/./etc//x/"), []Action{r("/etc/x")}, []Action{r("/etc")})
	cases(t, one("/"), []Action{r("/"), r("/x")}, []Action{r("x")})
	cases(t, Permissions{Write: []string{"/srv"}}, []Action{Write{"/srv/x"}}, []Action{Read{"/srv/x"}})
}

func TestLinksInPaths(t *testing.T) {
	real := func(p string) string { return strings.Replace(p, "/var/run", "/run", 1) }
	p, err := NewWith(Permissions{Read: []string{"/var/run/*.pid"}}, Permissions{Read: []string{"/var/run/x.pid"}}, Options{RealPath: real})
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]bool{"/run/a.pid": true, "/var/run/a.pid": false, "/run/x.pid": false, "/var/run/x.pid": false} {
		if d := p.Check(Read{a}); d.Allowed != want {
			t.Errorf("%s: %+v", a, d)
		}
	}
	if _, err := NewWith(Permissions{Read: []string{"/a"}}, Permissions{}, Options{RealPath: func(string) string { return "a" }}); err == nil {
		t.Error("a link to a relative path is accepted")
	}
}

func TestAddresses(t *testing.T) {
	c := func(s string) Action { return Connect{s} }
	one := func(s string) Permissions { return Permissions{Connect: []string{s}} }
	cases(t, one("127.0.0.1:80"), []Action{c("127.0.0.1:80"), c("[::ffff:127.0.0.1]:80")}, []Action{c("127.0.0.1:81"), c("127.1:80"), c("localhost:80"), c("127.0.0.1"), c("127.0.0.1:080"), c(":80")})
	cases(t, one("*.Example.com:443"), []Action{c("a.example.com:443"), c("A.b.EXAMPLE.com.:443")},
		[]Action{c("example.com:443"), c("badexample.com:443"), c(".example.com:443"), c("a.example.com:80"), c("*.example.com:443"), c("a.example.com.evil:443"), c("a.example.com:*")})
	cases(t, one("[::1]:*"), []Action{c("[::1]:1"), c("[0:0::1]:65535")}, []Action{c("::1:80"), c("[::2]:80"), c("[::1]:0"), c("[::1]:65536"), c("[::1]:http")})
}

func TestEnvAndSignal(t *testing.T) {
	e := func(s string) Action { return Env{s} }
	cases(t, Permissions{Env: []string{"NGINX_*", "LANG"}}, []Action{e("NGINX_"), e("NGINX_A"), e("LANG")}, []Action{e("NGINX"), e("LANGUAGE"), e(""), e("A=B"), e("NGINX_A%%")})
	cases(t, Permissions{Env: []string{"L*", "B*", "P*", "G*", "h*", "E*", "N*", "_*"}}, []Action{e("LANG"), e("PATH"), e("_x")},
		[]Action{e("LD_PRELOAD"), e("LD_"), e("LOCPATH"), e("BASH_ENV"), e("BASH_FUNC_x%%"), e("BASH_FUNC_x"), e("PYTHONPATH"), e("PAGER"), e("PS4"), e("GIT_SSH_COMMAND"), e("GIT_CONFIG_COUNT"), e("http_proxy"), e("NO_PROXY"), e("ENV"), e("EDITOR")})
	cases(t, Permissions{Env: []string{"LD_PRELOAD", "BASH_FUNC_x%%"}}, []Action{e("LD_PRELOAD"), e("BASH_FUNC_x%%")}, []Action{e("LD_LIBRARY_PATH")})
	s := func(n string) Action { return Signal{n, 7} }
	cases(t, Permissions{Signal: []string{"nginx", `a b\*\x20`}}, []Action{s("nginx"), s("a b* ")}, []Action{s("nginx2"), s("NGINX"), s("a b*"), s(""), s("a\x00")})
}

func TestNewRefuses(t *testing.T) {
	for key, entries := range map[string]map[string]string{
		"probe": {"": "empty", "  ": "empty", "*": "no program", "...": "no program", "-* x": "no program", "''": "no program", "df ... x": "at the end only", "df --x=*": "whole argument", "df a*'b'": "whole argument",
			"df 'x": "not closed", `df "x`: "not closed", `df x\`: `after \`, `df \d`: `after \`, `df \x00`: `after \`, `df \u{d800}`: `after \`, `df \u{110000}`: `after \`, "bin/df": "not absolute", "~/df": "~", "/usr/../bin/df": "..",
			"/usr//bin/df": "shortest", "/": "shortest", "..": "shortest", "df\tx": "control", "df \x1b": "control", "systemctl is-аctive x": "U+0430", "df\u00a0x": "U+00A0", "df \xff": "not UTF-8", "df ∗": "U+2217", "writable x": "others can write"},
		"read":    {"etc": "not absolute", "~/x": "not absolute", "*": "not absolute", "$HOME/x": "not absolute", "/a/../b": "..", "/a/..": "..", `/a/\x2e\x2e`: "..", "/a/**": "** is not needed", "/a[bc]": "only * and ?", "/{a,b}": "only * and ?", "/a ": "space", " /a": "space", "/é": "U+00E9", `/a\q`: `after \`},
		"write":   {"/usr/bin": "granted program", "/": "granted program", "/usr/b*": "granted program", "/usr/bin/d?": "granted program"},
		"connect": {"*": "host:port", "*:80": "bare *", ":80": "no host", "a": "host:port", "a:": "port", "a:0": "port", "a:65536": "port", "a:+1": "port", "a:http": "port", "::1:80": "brackets", "[a]:80": "no IPv6", "[1.2.3.4]:80": "brackets", "1.2.3:80": "whole IP", "a*.com:80": "no name", "*a.com:80": "no name", "a..b:80": "no name", "a b:80": "no name", "*.1.2.3.4:80": "whole IP", "ехample.com:80": "U+0435"},
		"env":     {"*": "bare *", "A*B": "at the end", "**": "at the end", "A=B": "no name", "A B": "no name", "Ä": "U+00C4"},
		"signal":  {"*": "in full", "ngin*": "in full", "n?": "in full", "": "empty", " x": "space", "nginх": "U+0445"},
	} {
		for entry, why := range entries {
			for _, deny := range []bool{false, true} {
				p, q := Permissions{Probe: []string{"df"}}, Permissions{}
				if deny {
					p, q = q, p
				}
				list := map[string]*[]string{"probe": &p.Probe, "read": &p.Read, "write": &p.Write, "connect": &p.Connect, "env": &p.Env, "signal": &p.Signal}[key]
				*list = append(*list, entry)
				if deny {
					p, q = q, p
				}
				pol, err := New(p, q, look)
				if deny && key == "write" {
					if err != nil {
						t.Errorf("a denied write is refused: %v", err)
					}
					continue
				}
				var e *EntryError
				if !errors.As(err, &e) || e.Key != key || e.Deny != deny || e.Entry != entry || !strings.Contains(err.Error(), why) || !printable(err.Error()) {
					t.Errorf("%s %q: %v; want %q", key, entry, err, why)
				}
				if pol.open {
					t.Errorf("%s %q: a policy beside the error", key, entry)
				}
			}
		}
	}
	if _, err := New(Permissions{Probe: []string{"df"}}, Permissions{}, nil); err == nil {
		t.Error("a bare name without a PATH is accepted")
	}
	if _, err := New(Permissions{Probe: []string{"df"}}, Permissions{}, func(string) (string, error) { return "df", nil }); err == nil {
		t.Error("a relative program is accepted")
	}
	if _, err := NewWith(Permissions{Write: []string{"/var/lib"}}, Permissions{}, Options{Protected: []string{"/var/lib/opslua"}}); err == nil {
		t.Error("a grant over what is protected is accepted")
	}
	if p, err := New(Permissions{Change: []string{"/opt/x"}}, Permissions{}, nil); err != nil || !p.Check(Command{Argv: []string{"/opt/x"}, Path: "/opt/x"}).Allowed {
		t.Errorf("an absolute program without a PATH: %v", err)
	}
}

func printable(s string) bool {
	return s != "" && strings.Trim(strconv.QuoteToASCII(s), `"`) == strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		a    Action
		want string
	}{
		{run(true, "systemctl", "is-active", "nginx"), `probe = ["systemctl is-active nginx"]`},
		{run(false, "echo", "a b", "*", "it's", `q"`, "...", "", "é\n"), `change = ["echo 'a b' '*' \"it's\" 'q\"' '...' \"\" \"\\u{e9}\\n\""]`},
		{Command{Argv: []string{"./x", "y"}, Path: "/opt/x"}, `change = ["/opt/x y"]`},
		{Read{"/etc/passwd"}, `read = ["/etc/passwd"]`}, {Write{"/a*[b"}, `write = ["/a\\*\\[b"]`}, {Connect{"WWW.example.com.:443"}, `connect = ["www.example.com:443"]`},
		{Connect{"[::1]:80"}, `connect = ["[::1]:80"]`}, {Env{"LANG"}, `env = ["LANG"]`}, {Signal{"nginx", 4}, `signal = ["nginx"]`}, {Signal{"a*", 4}, `signal = ["a\\*"]`},
		{Env{"A*"}, ""}, {Env{"é"}, ""}, {Read{"x"}, ""}, {Connect{"x"}, ""}, {Command{Argv: []string{"./x"}}, ""},
	} {
		if d := Nothing().Check(c.a); d.Missing != c.want {
			t.Errorf("%s: %s, want %s", c.a, d.Missing, c.want)
		}
	}
}

func TestIntersect(t *testing.T) {
	a := mustNew(t, Permissions{Read: []string{"/etc"}, Env: []string{"A"}}, Permissions{})
	b := mustNew(t, Permissions{Read: []string{"/etc/nginx", "/srv"}}, Permissions{Read: []string{"/etc/nginx/secret"}})
	for name, want := range map[string]bool{"/etc/nginx/x": true, "/etc/passwd": false, "/srv": false, "/etc/nginx/secret": false} {
		for _, p := range []Policy{Intersect(a, b), Intersect(b, a), Intersect(Intersect(All(), a), Intersect(b, All()))} {
			if p.Check(Read{name}).Allowed != want {
				t.Errorf("%s: %+v", name, p.Check(Read{name}))
			}
		}
	}
	if All().Check(Env{"A"}) != Intersect(All(), All()).Check(Env{"A"}) {
		t.Error("all of all is not all")
	}
}

func TestStrings(t *testing.T) {
	for want, a := range map[string]Action{"run echo 'a b' \"\\x1b\"": run(true, "echo", "a b", "\x1b"), `read /a\n\u{202e}`: Read{"/a\n\u202e"}, "signal the process x": Signal{"x", 1},
		"write /b": Write{"/b"}, "connect to a:1": Connect{"a:1"}, "read the variable A": Env{"A"}} {
		if a.String() != want {
			t.Errorf("%q, want %q", a, want)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	p := mustNew(b, Permissions{Probe: []string{"df -P", "ls ...", "systemctl is-active *"}, Read: []string{"/etc/nginx", "/var/log/*.log", "/proc"}}, Permissions{Read: []string{"/etc/shadow"}})
	for name, a := range map[string]Action{"command": run(true, "systemctl", "is-active", "nginx"), "read": Read{"/proc"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Check(a)
			}
		})
	}
}

// TestWhyIsOneLine: what is said of a file is escaped as the entry is.
func TestWhyIsOneLine(t *testing.T) {
	cause := errors.New("/bin/a\n\x1b[31m is bad")
	_, err := New(Permissions{Probe: []string{"a"}}, Permissions{}, func(string) (string, error) { return "", cause })
	if !errors.Is(err, cause) || err.Error() != `probe: "a": /bin/a\n\x1b[31m is bad` {
		t.Errorf("%q", err)
	}
}
