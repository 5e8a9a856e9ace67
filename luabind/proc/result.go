package proc

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
	"opslua/luabind"
)

type field struct {
	name  string
	value any // nil: not there
}

// list are the fields of a result but for ok, code and signal, in the order in
// which pairs shows them.
func (o *outcome) list() []field {
	argv := o.w.shownArgv()
	out := append(make([]field, 0, 20),
		field{"cmd", supervise.Quote(argv)}, field{"argv", argv}, field{"cwd", workingDir(o)}, field{"attempts", o.attempts})
	if o.w.cmd.Path != "" {
		out = append(out, field{"path", o.w.cmd.Path})
	}
	r := o.r
	if r == nil {
		return append(out, field{"truncated", map[string]any{}}, field{"pipe_held", false})
	}
	if r.Path != "" && o.w.cmd.Path == "" {
		out = append(out, field{"path", r.Path})
	}
	if o.w.opts.stdout.captured() {
		out = append(out, field{"stdout", text(r.Stdout)})
		if o.w.cmd.Merge {
			out = append(out, field{"output", text(r.Stdout)})
		}
	}
	if o.w.opts.stderr.captured() || o.w.cmd.Merge {
		out = append(out, field{"stderr", text(r.Stderr)})
	}
	truncated := map[string]any{}
	if r.TruncatedStdout > 0 {
		truncated["stdout"] = r.TruncatedStdout
	}
	if r.TruncatedStderr > 0 {
		truncated["stderr"] = r.TruncatedStderr
	}
	out = append(out, field{"truncated", truncated}, field{"pipe_held", r.PipeHeld}, field{"pid", r.PID},
		field{"seconds", r.Duration.Seconds()},
		field{"usage", map[string]any{"user": r.User.Seconds(), "system": r.System.Seconds(), "max_rss": r.MaxRSS}})
	if !r.Started.IsZero() {
		out = append(out, field{"started", r.Started.Unix()})
	}
	if len(r.Degraded) > 0 {
		out = append(out, field{"degraded", r.Degraded})
	}
	return out
}

// status are the fields that tell success from failure, which a script has to
// look at when it is a failure.
func (o *outcome) status() []field {
	out := []field{{"ok", o.kind() == ""}}
	switch {
	case o.r == nil:
	case o.r.Signal != 0:
		out = append(out, field{"signal", luabind.SignalName(o.r.Signal)})
	case o.r.Code >= 0:
		out = append(out, field{"code", o.r.Code})
	}
	return out
}

// text takes captured bytes as they are: nobody writes to them any more, and
// another copy of a large output would be felt.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// table makes the result for Lua, complete.
func (o *outcome) table(c *luabind.Call) (*lua.LTable, error) {
	t, err := o.tableWithout(c)
	if err != nil {
		return nil, err
	}
	return t, setFields(c, t, o.status())
}

func (o *outcome) tableWithout(c *luabind.Call) (*lua.LTable, error) {
	list := o.list()
	t := c.NewTable("result", 0, len(list)+2)
	return t, setFields(c, t, list)
}

func setFields(c *luabind.Call, t *lua.LTable, list []field) error {
	for _, f := range list {
		v, err := c.ToLua(f.value)
		if err != nil {
			return err
		}
		if v != lua.LNil {
			t.RawSetString(f.name, v)
		}
	}
	return nil
}
