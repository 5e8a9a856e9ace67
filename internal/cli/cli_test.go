package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/luabind"
)

// runMain is Main with files as streams, in a process that is not opslua's own.
func runMain(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	env := Env{Args: args, Environ: os.Environ(), Stdin: open("in"), Stdout: open("out"), Stderr: open("err")}
	code = Main(env)
	out, _ := os.ReadFile(env.Stdout.Name())
	errs, _ := os.ReadFile(env.Stderr.Name())
	return code, string(out), string(errs)
}

// Main leaves the process alone where it is not its own, and can be called again.
func TestMainAsAFunction(t *testing.T) {
	for range 2 {
		if code, out, errs := runMain(t, "eval", "print(1) error('x')"); code != 1 || out != "1\n" || errs != "eval:1: x\n" {
			t.Errorf("got %d, %q, %q", code, out, errs)
		}
	}
}

func TestHelpNamesEveryFlagAndCommand(t *testing.T) {
	_, help, _ := runMain(t, "help", "run")
	for _, f := range flagSpecs() {
		if !strings.Contains(help, "--"+f.name) || f.doc == "" {
			t.Errorf("the help does not name --%s", f.name)
		}
	}
	_, help, _ = runMain(t, "help")
	for _, c := range commandNames() {
		if !strings.Contains(help, "opslua "+c) {
			t.Errorf("the help does not name %s", c)
		}
	}
	for _, l := range strings.Split(help, "\n") {
		if len(l) > 100 {
			t.Errorf("a long line: %s", l)
		}
	}
}

func TestExitCode(t *testing.T) {
	script := func(cause error) error { return scriptError(cause) }
	denied := &luabind.Error{Kind: luabind.KindDenied}
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{&luabind.ExitError{Code: 9}, 9},
		{&luabind.LoadError{}, 3},
		{usagef("x"), 3},
		{&unableError{"x"}, 3},
		{denied, 3},
		{&luabind.Error{Kind: luabind.KindUsage}, 1},
		{&luabind.Error{Kind: luabind.KindTimeout}, 1},
		{fmt.Errorf("x: %w", &stopError{code: 143, msg: "x"}), 143},
		{script(denied), 3},
		{script(&luabind.LoadError{}), 1},
		{script(&stopError{code: 124, msg: "x"}), 124},
		{errors.Join(&luabind.ExitError{Code: 9}, &outputError{errors.New("x")}), 9},
		{errors.Join(nil, &outputError{errors.New("x")}), 1},
		{newPanicError("x"), 1},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("%T %v gives %d, want %d", c.err, c.err, got, c.code)
		}
	}
}

// scriptError is a failed script with a cause, as Host.Run makes it.
func scriptError(cause error) error {
	host, err := luabind.New(luabind.WithModules(luabind.Module{Name: "m", Funcs: []luabind.Func{{
		Name: "f", Impl: func(*luabind.Call) error { return &luabind.Error{Kind: kindOf(cause), Message: "x", Cause: cause} },
	}}}))
	if err != nil {
		return err
	}
	return host.RunText(newStopper().ctx, "x", "m.f()")
}

func kindOf(err error) luabind.Kind {
	var e *luabind.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return luabind.KindIO
}

// A panic of ours is one line, with the stack only where it is asked for.
func TestPanic(t *testing.T) {
	for _, trace := range []bool{false, true} {
		f, err := os.Create(filepath.Join(t.TempDir(), "err"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		env := Env{Stderr: f, Stdin: f, Stdout: f}
		p := &program{env: env, term: newTerm(env), set: settings{trace: trace}}
		code := p.report(p.perform(newStopper().ctx, nil, job{file: true, name: "x"}))
		data, _ := os.ReadFile(f.Name())
		text := string(data)
		if code != 1 || !strings.HasPrefix(text, "opslua: internal error: ") || strings.Contains(text, "goroutine") != trace ||
			!trace && strings.Count(text, "\n") != 1 {
			t.Errorf("with trace %v: %d, %s", trace, code, text)
		}
	}
}

func TestCut(t *testing.T) {
	if got := cut(strings.Repeat("é", longestLine)); len(got) > longestLine+40 || !strings.HasSuffix(got, "KiB more)") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("got %d bytes, …%q", len(got), got[len(got)-30:])
	}
	if got := cut("short"); got != "short" {
		t.Errorf("got %q", got)
	}
}

func TestRunDir(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		environ []string
		uid     int
		want    string
	}{
		{nil, 1000, "/tmp/opslua-1000"},
		{[]string{"XDG_RUNTIME_DIR=" + dir}, 1000, dir + "/opslua"},
		{[]string{"XDG_RUNTIME_DIR=" + dir + "/missing"}, 1000, "/tmp/opslua-1000"},
		{[]string{"XDG_RUNTIME_DIR=."}, 1000, "/tmp/opslua-1000"},
	} {
		if got := runDir(c.environ, c.uid); got != c.want {
			t.Errorf("%v gives %s, want %s", c.environ, got, c.want)
		}
	}
}
