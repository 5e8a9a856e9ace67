package sys

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"syscall"
	"time"

	"opslua/internal/supervise"
	"opslua/internal/units"
	"opslua/luabind"
	"opslua/policy"
)

const (
	probeTimeout  = 30 * time.Second
	actionTimeout = 90 * time.Second
	actionGrace   = 5 * time.Second
	maxOutput     = 1 << 20
)

// prepare asks the policy and makes a command of the system: one that only
// looks, or one that changes a service.
func prepare(c *luabind.Call, argv []string, probe bool) (*luabind.Command, error) {
	cmd := &luabind.Command{Probe: probe, Where: c.Where()}
	cmd.Argv, cmd.Env = argv, environment(c.Environ())
	cmd.Timeout, cmd.Signal, cmd.Grace = actionTimeout, syscall.SIGTERM, actionGrace
	if probe {
		// What a probe says counts, whatever its exit status.
		cmd.Timeout, cmd.Success = probeTimeout, func(int) bool { return true }
	}
	cmd.MaxOutput, cmd.Truncate = maxOutput, true
	// One that is not found is reported by whoever runs the command.
	if path, err := supervise.LookPath(argv[0], "", cmd.Env); err == nil {
		cmd.Path = path
	}
	action := policy.Command{Argv: argv, Path: cmd.Path, Probe: probe}
	if !c.Unlimited() && cmd.Path != "" {
		action.Real = resolved(cmd.Path)
	}
	if err := c.Require(action); err != nil {
		return nil, err
	}
	return cmd, nil
}

// environment is that of the script, with the folders in PATH that the tools of
// the system are in: cron's has none of them. Times come in UTC.
func environment(env []string) []string {
	out := make([]string, 0, len(env)+2)
	path := ""
	for _, kv := range env {
		switch name, value, _ := strings.Cut(kv, "="); name {
		case "PATH":
			if path == "" {
				path = value
			}
		case "TZ":
		default:
			out = append(out, kv)
		}
	}
	if path == "" {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	for _, folder := range []string{"/usr/sbin", "/sbin"} {
		if !strings.Contains(":"+path+":", ":"+folder+":") {
			path += ":" + folder
		}
	}
	return append(out, "PATH="+path, "TZ=UTC")
}

// probe runs a command that only looks. The error says why there is no exit status.
func probe(c *luabind.Call, name string, argv ...string) (*luabind.Result, error) {
	cmd, err := prepare(c, argv, true)
	if err != nil {
		return nil, err
	}
	r, err := c.Exec(c.Context(), cmd)
	if err != nil {
		return nil, failureOf(c, name, cmd, r, err)
	}
	return r, nil
}

// badProbe is the error for a probe whose exit status says that it gave no answer.
func badProbe(c *luabind.Call, name string, r *luabind.Result) error {
	cmd := &luabind.Command{Where: c.Where()}
	cmd.Argv = r.Argv
	return failureOf(c, name, cmd, r, nil)
}

// failureOf is the error value for a command that did not end as wanted, or nil.
func failureOf(c *luabind.Call, name string, cmd *luabind.Command, r *luabind.Result, err error) error {
	var own *luabind.Error
	var se *supervise.Error
	errors.As(err, &se)
	switch {
	case err == nil && r.Signal == 0 && r.Code == 0:
		return nil
	case errors.As(err, &own):
		return err
	case err != nil && c.Context().Err() != nil:
		return c.Context().Err()
	case se != nil && se.Result != nil && r == nil:
		r = se.Result
	}
	kind, reason := why(cmd, r, err)
	text := c.Name() + ": " + name + ": " + supervise.Quote(cmd.Argv) + ": " + reason
	fields := map[string]any{"argv": cmd.Argv, "cmd": supervise.Quote(cmd.Argv), "name": name}
	if se != nil && se.Timeout > 0 {
		fields["timeout"] = se.Timeout.Seconds()
	}
	if r != nil {
		if kind != luabind.KindTimeout {
			text += " after " + strconv.FormatFloat(r.Duration.Seconds(), 'f', 1, 64) + "s"
		}
		if said := tail(r); said != "" {
			text += ": " + said
		}
		fields["stdout"], fields["stderr"], fields["seconds"] = string(r.Stdout), string(r.Stderr), r.Duration.Seconds()
		switch {
		case r.Signal != 0:
			fields["signal"] = luabind.SignalName(r.Signal)
		case r.Code >= 0:
			fields["code"] = r.Code
		}
	}
	return &luabind.Error{Kind: kind, Message: c.Mask(text), Fields: fields, Cause: err, Where: cmd.Where}
}

// why says in a few words how a command failed.
func why(cmd *luabind.Command, r *luabind.Result, err error) (luabind.Kind, string) {
	var e *supervise.Error
	switch {
	case err == nil && r.Signal != 0:
		return luabind.KindSignal, "ended by signal " + luabind.SignalName(r.Signal)
	case err == nil:
		return luabind.KindExit, "exit " + strconv.Itoa(r.Code)
	case !errors.As(err, &e):
		if errors.Is(err, context.DeadlineExceeded) {
			return luabind.KindTimeout, "no end before its deadline"
		}
		return luabind.KindSpawn, err.Error()
	}
	switch e.Kind {
	case supervise.KindTimeout:
		return luabind.KindTimeout, "no end within its timeout of " + units.FormatDuration(e.Timeout)
	case supervise.KindNotFound:
		missing := "there is no program " + strconv.Quote(cmd.Argv[0])
		if cmd.Argv[0] == "service" {
			missing += ", and systemd does not run (no " + systemdMark + ")"
		}
		return luabind.KindUnsupported, missing
	case supervise.KindFileMissing, supervise.KindCallback:
		return luabind.KindSpawn, e.Error()
	}
	return luabind.Kind(e.Kind), e.Error()
}

const maxSaid = 240 // bytes of output in a message

// tail is what a command said last: its errors, or else its output.
func tail(r *luabind.Result) string {
	said := strings.TrimSpace(string(r.Stderr))
	if said == "" {
		said = strings.TrimSpace(string(r.Stdout))
	}
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	out := strings.Join(lines[max(0, len(lines)-3):], "; ")
	if len(out) > maxSaid {
		out = "…" + strings.ToValidUTF8(out[len(out)-maxSaid:], "")
	}
	return out
}
