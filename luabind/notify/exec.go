package notify

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
	"opslua/internal/units"
	"opslua/luabind"
	"opslua/policy"
)

const (
	execGrace  = 2 * time.Second
	execOutput = 1 << 20
)

func exec(c *luabind.Call) error {
	var (
		argv    []string
		payload lua.LValue
		timeout = 30 * time.Second
		o       = defaults()
	)
	if err := c.Unpack(o.pairs("argv", &argv, "payload", &payload, "timeout?", &timeout)...); err != nil {
		return err
	}
	if err := errors.Join(o.check(c), checkTimeout(c, timeout), checkArgv(c, argv)); err != nil {
		return err
	}
	body, err := payloadJSON(c, payload)
	if err != nil {
		return err
	}
	p := &program{c: c, cmd: luabind.Command{Where: c.Where()}}
	p.cmd.Argv, p.cmd.Env = argv, c.Environ()
	p.cmd.Stdin.Text = string(body) + "\n"
	p.cmd.Timeout, p.cmd.Signal, p.cmd.Grace = timeout, syscall.SIGTERM, execGrace
	p.cmd.MaxOutput, p.cmd.Truncate = execOutput, true
	if err := p.grant(); err != nil {
		return err
	}
	d := &delivery{c: c, opts: o, shown: c.Name() + " " + p.shown(), send: p.send, told: true}
	return d.run()
}

func checkArgv(c *luabind.Call, argv []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return c.Usage("argv", `want a command, such as {"mail", "-s", "disk", "root"}`)
	}
	for _, a := range argv {
		if strings.IndexByte(a, 0) >= 0 {
			return c.Usage("argv", "an argument has a NUL in it")
		}
	}
	return nil
}

// program is one command that is told. For the script's goroutine.
type program struct {
	c   *luabind.Call
	cmd luabind.Command
}

func (p *program) shown() string { return p.c.Mask(supervise.Quote(p.cmd.Argv)) }

// grant finds the program and asks the policy. One that is not found is
// reported by whoever runs the command.
func (p *program) grant() error {
	action := policy.Command{Argv: p.cmd.Argv}
	if path, err := supervise.LookPath(p.cmd.Argv[0], "", p.cmd.Env); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			p.cmd.Path, action.Path = path, path
		}
	}
	if real, err := filepath.EvalSymlinks(p.cmd.Path); err == nil && p.cmd.Path != "" {
		action.Real = real
	}
	return p.c.Require(action)
}

// send runs the command once.
func (p *program) send(ctx context.Context) error {
	cmd := p.cmd
	r, err := p.c.Exec(ctx, &cmd)
	var own *luabind.Error
	if errors.As(err, &own) {
		return err
	}
	var e *supervise.Error
	if errors.As(err, &e) && r == nil {
		r = e.Result
	}
	if err == nil && r.Signal == 0 && r.Code == 0 {
		return nil
	}
	return p.failed(r, err, e)
}

// failed is the error of a command that did not end as wanted.
func (p *program) failed(r *luabind.Result, err error, e *supervise.Error) error {
	kind, reason := luabind.KindSpawn, ""
	switch {
	case err == nil && r.Signal != 0:
		kind, reason = luabind.KindSignal, "ended by signal "+luabind.SignalName(r.Signal)
	case err == nil:
		kind, reason = luabind.KindExit, "exit "+strconv.Itoa(r.Code)
	case e != nil && e.Kind == supervise.KindTimeout, errors.Is(err, context.DeadlineExceeded):
		kind, reason = luabind.KindTimeout, "no end within "+units.FormatDuration(p.cmd.Timeout)
	case e != nil && e.Kind == supervise.KindNotFound:
		kind, reason = luabind.KindNotFound, "there is no such program"
	case e != nil && e.Kind != supervise.KindCallback && e.Kind != supervise.KindFileMissing:
		kind, reason = luabind.Kind(e.Kind), e.Error()
	default:
		reason = err.Error()
	}
	argv := make([]string, len(p.cmd.Argv))
	for i, a := range p.cmd.Argv {
		argv[i] = p.c.Mask(a)
	}
	out := &luabind.Error{Kind: kind, Cause: err, Message: p.c.Name() + ": " + p.shown() + ": " + reason,
		Fields: map[string]any{"argv": argv, "cmd": p.shown()}}
	if r != nil {
		p.describe(out, r)
	}
	switch kind {
	case luabind.KindExit, luabind.KindSignal, luabind.KindTimeout, luabind.KindResource:
		return &passing{err: out}
	}
	return out
}

// describe adds what the command said.
func (p *program) describe(out *luabind.Error, r *luabind.Result) {
	text := r.Stderr
	if len(strings.TrimSpace(string(text))) == 0 {
		text = r.Stdout
	}
	if said := said(text); said != "" {
		out.Message += ": " + said
	}
	out.Fields["stdout"], out.Fields["stderr"] = p.c.Mask(string(r.Stdout)), p.c.Mask(string(r.Stderr))
	out.Fields["seconds"] = r.Duration.Seconds()
	if r.Signal != 0 {
		out.Fields["signal"] = luabind.SignalName(r.Signal)
	} else if r.Code >= 0 {
		out.Fields["code"] = r.Code
	}
}
