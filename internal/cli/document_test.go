package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
	"opslua/stdlib"
)

// A run that does not stop is left behind: what its checks had found is told,
// with the reason, and counts as the run of a script with checks.
func TestLeave(t *testing.T) {
	for _, c := range []struct {
		name, source string
		format       report.Format
		stop         error
		code         int
		want         []string
	}{
		{"checks", `check("a", {}, function(c) c:crit("found") end)`, report.JSON,
			&stopError{code: codeDeadline, msg: "late"}, codeUnable, []string{`"error":"x.lua: late"`, `"text":"found"`}},
		{"for a person", `check("a", {}, function(c) c:crit("found") end)`, "",
			&stopError{code: codeDeadline, msg: "late"}, codeUnable, []string{"CRITICAL  a  found"}},
		{"interrupted", `check("a", {}, function(c) c:crit("found") end)`, report.Nagios,
			&stopError{code: 130, msg: "interrupted"}, 130, []string{"UNKNOWN - x.lua: interrupted", "CRITICAL a: found"}},
		{"plain", `local x = 1`, report.JSON,
			&stopError{code: codeDeadline, msg: "late"}, codeDeadline, []string{`"error":"x.lua: late"`, `"findings":[]`}},
		{"plain for Nagios", `local x = 1`, report.Nagios,
			&stopError{code: codeDeadline, msg: "late"}, codeUnable, []string{"UNKNOWN - x.lua: late"}},
		{"output", `local x = 1`, report.JSON, &outputError{errors.New("lost")}, codeFailed, []string{"lost"}},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		env := Env{Stdin: out, Stdout: out, Stderr: out}
		p := &program{env: env, term: newTerm(env), set: settings{format: c.format}}
		d := p.newDocument(job{name: "x.lua"})
		host, err := luabind.New(luabind.WithModules(stdlib.Modules()...))
		if err != nil {
			t.Fatal(err)
		}
		if err := host.RunText(check.NewContext(context.Background(), d.run), "x.lua", c.source); err != nil {
			t.Fatal(err)
		}
		stop := newStopper()
		stop.cancel(c.stop)
		failed := p.leave(stop, d)
		if code := p.undocumented(failed, exitCode(failed)); code != c.code {
			t.Errorf("%s: exit %d, want %d", c.name, code, c.code)
		}
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: no %q in %s", c.name, want, text)
			}
		}
		if n := len(text); p.undocumented(failed, c.code) != c.code || size(t, out) != n {
			t.Errorf("%s: written twice", c.name)
		}
	}
}

func size(t *testing.T, f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Size())
}

// What is asked of the report is found on any command line, and nothing behind
// "--" or in another flag's value.
func TestForesee(t *testing.T) {
	for line, want := range map[string]settings{
		"x.lua --format json":                      {format: report.JSON},
		"--format=nagios --bogus --out f x":        {format: report.Nagios, out: "f"},
		"--bogus --out=f":                          {out: "f"},
		"--set --format=json x":                    {},
		"--set --out --format tap":                 {format: report.TAP},
		"x -- --format json --out f":               {},
		"--format":                                 {},
		"--format xml":                             {},
		"--format json --format xml --out a --out": {format: report.JSON, out: "a"},
		"--trace --format tap":                     {format: report.TAP},
		"-format json":                             {},
	} {
		var s settings
		s.foresee(strings.Fields(line))
		if s.format != want.format || s.out != want.out {
			t.Errorf("%q: %q, %q", line, s.format, s.out)
		}
	}
}
