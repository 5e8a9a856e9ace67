package proc

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/escape"
	"opslua/internal/supervise"
	"opslua/luabind"
	"opslua/policy"
)

// work is one command that the policy has granted, ready to run: for one run at
// a time. run touches no Lua state, except through line functions, which are
// called from its goroutine.
type work struct {
	c     *luabind.Call
	opts  *options
	cmd   luabind.Command
	dir   string   // where it works, always known if it can be
	flush []func() // what ends the live copies of an attempt
}

// prepare resolves the program, asks the policy and makes the command. Nothing
// has happened to the host when it fails.
func prepare(c *luabind.Call, argv []string, o *options) (*work, error) {
	if len(argv) == 0 {
		return nil, c.Usage("argv", `want a command, such as %s{"ls", "-l"}`, c.Name())
	}
	if err := o.check(c); err != nil {
		return nil, err
	}
	w := &work{c: c, opts: o}
	w.cmd = luabind.Command{Label: o.label, Probe: o.probe.V, Where: c.Where()}
	dir := string(o.cwd)
	w.cmd.Argv, w.cmd.Dir, w.cmd.Env = argv, dir, o.environment(c)
	w.dir = absolute(dir)
	cred, err := o.credential(c)
	if err != nil {
		return nil, err
	}
	w.cmd.User = cred
	// A program that is not found is reported by whoever runs the command: a
	// test's fake, or a replay, answers for programs that are not installed.
	if path, err := supervise.LookPath(argv[0], dir, w.cmd.Env); err == nil {
		w.cmd.Path = absolute(path)
	}
	program := w.cmd.Path
	if !c.Unlimited() {
		program = resolved(program)
	}
	if err := c.Require(policy.Command{Argv: argv, Path: program, Probe: o.probe.V}); err != nil {
		return nil, err
	}
	if err := o.grantEnv(c); err != nil {
		return nil, err
	}
	if err := w.streams(); err != nil {
		return nil, err
	}
	w.settings()
	return w, nil
}

// absolute takes a path from where opslua works. A ".." behind a link is left
// alone, since taking it out could lead elsewhere.
func absolute(path string) string {
	if !filepath.IsAbs(path) {
		wd, err := os.Getwd()
		if err != nil {
			return path
		}
		path = strings.TrimSuffix(wd+"/"+path, "/")
	}
	if strings.Contains(path, "..") {
		return path
	}
	return filepath.Clean(path)
}

// resolved takes links out, as far as the path is there: a policy is about the
// file in the end.
func resolved(path string) string {
	if path == "" {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// grantEnv asks for what the script adds to the environment: a variable can
// make a granted program run another one. Words about language and time cannot.
func (o *options) grantEnv(c *luabind.Call) error {
	names := make([]string, 0, len(o.env))
	for name, value := range o.env {
		switch name {
		case "LANG", "LC_ALL", "TZ", "TERM":
		default:
			if value != nil {
				names = append(names, name)
			}
		}
	}
	sort.Strings(names)
	for _, name := range names {
		if err := c.Require(policy.Env{Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// environment is the child's, whole.
func (o *options) environment(c *luabind.Call) []string {
	env := []string{}
	if !o.clearEnv {
		for _, kv := range c.Environ() {
			name, _, _ := strings.Cut(kv, "=")
			if _, changed := o.env[name]; !changed {
				env = append(env, kv)
			}
		}
	}
	names := make([]string, 0, len(o.env))
	for name, value := range o.env {
		if value != nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		env = append(env, name+"="+*o.env[name])
	}
	return env
}

func (w *work) settings() {
	o, cmd := w.opts, &w.cmd
	cmd.Timeout, cmd.IdleTimeout = o.deadline(), o.idleTimeout.V
	cmd.Signal, cmd.Grace = o.termSignal(), o.graceTime()
	cmd.MaxOutput, cmd.Truncate = int64(o.maxOutput.V), o.onOverflow == "truncate"
	cmd.Limits = supervise.Limits(o.limits)
	cmd.Success = o.ok.accepts
	if o.umask.set {
		cmd.Umask = &o.umask.v
	}
	if o.nice.set {
		cmd.Nice = &o.nice.v
	}
}

func (w *work) streams() error {
	o := w.opts
	switch {
	case o.input.file != "":
		file := absolute(o.input.file)
		if err := w.c.Require(policy.Read{Path: resolved(file)}); err != nil {
			return err
		}
		w.cmd.Stdin.File = file
	case o.input.set:
		w.cmd.Stdin.Text = o.input.text
	case o.stdin == "inherit":
		w.cmd.Stdin.Inherit = true
	}
	if err := w.output(&w.cmd.Stdout, o.stdout, w.c.Stdout()); err != nil {
		return err
	}
	if o.stderr.merge {
		w.cmd.Merge = true
		return nil
	}
	return w.output(&w.cmd.Stderr, o.stderr, w.c.Stderr())
}

func (w *work) output(out *supervise.Output, m outputMode, echo io.Writer) error {
	switch {
	case m.file != "":
		file := absolute(m.file)
		if err := w.c.Require(policy.Write{Path: resolved(file)}); err != nil {
			return err
		}
		out.File, out.Append = file, m.appendTo
	case m.discard:
		out.Discard = true
	case m.inherit:
		out.Inherit = true
	case m.fn != nil:
		out.Line = lineFunction(w.c, m.fn)
	}
	if w.opts.echo && (m.captured() || m.fn != nil) {
		live := escape.NewWriter(echo)
		w.flush = append(w.flush, func() { _ = live.Flush() })
		out.Tee = live
	}
	return nil
}

// lineFunction calls a Lua function with each line, on the script's goroutine.
func lineFunction(c *luabind.Call, fn *lua.LFunction) func([]byte) error {
	return func(line []byte) error {
		_, err := c.Invoke(fn, lua.LString(line))
		return err
	}
}

// shownArgv is the command with its secrets hidden: the script may hand it on
// anywhere.
func (w *work) shownArgv() []string {
	argv := w.cmd.Argv
	for i, a := range argv {
		if masked := w.c.Mask(a); masked != a {
			if &argv[0] == &w.cmd.Argv[0] {
				argv = append([]string(nil), argv...)
			}
			argv[i] = masked
		}
	}
	return argv
}

// exec runs the command once.
func (w *work) exec(ctx context.Context) (*luabind.Result, error) {
	r, err := w.c.Exec(ctx, &w.cmd)
	for _, flush := range w.flush {
		flush() // its errors are not the command's: the reader of the copy went away
	}
	return r, err
}
