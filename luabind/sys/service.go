package sys

import (
	"os"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// status is what is known of a service at one moment: plain data.
type status struct {
	active  bool
	sub     string // systemd's word
	enabled *bool  // nil where it is not known
	pid     int
	since   int64 // Unix seconds, 0 where it is not known
	unsure  bool  // active, and the pidfile that it has is not there
}

// manager is what runs the services of the host. It keeps nothing.
type manager interface {
	// status raises not_found where there is no such service.
	status(c *luabind.Call, name string) (*status, error)
	// settled is the status after an action that has succeeded.
	settled(c *luabind.Call, name, verb string) (*status, error)
	// action is the command that does it.
	action(name, verb string) []string
	// logs gives the last lines that the service wrote.
	logs(c *luabind.Call, name string, n int) ([]string, error)
}

// systemdMark is there where systemd is the first process (sd_booted(3)).
const systemdMark = "/run/systemd/system"

func managerOf() manager {
	if info, err := os.Lstat(systemdMark); err == nil && info.IsDir() {
		return systemd{}
	}
	return sysv{}
}

// service looks at one service.
func service(c *luabind.Call) error {
	var name string
	if err := c.Unpack("name", &name); err != nil {
		return err
	}
	if err := checkName(c, name); err != nil {
		return err
	}
	if plannedOf(c)[name] != "" {
		return c.Return(c.NewObject("planned_service", name))
	}
	st, err := managerOf().status(c, name)
	if err != nil {
		return err
	}
	return c.Return(st.table(c, name))
}

// table is the service for Lua.
func (st *status) table(c *luabind.Call, name string) *lua.LTable {
	t := c.NewTable("service", 0, 6)
	t.RawSetString("name", lua.LString(name))
	t.RawSetString("active", lua.LBool(st.active))
	if st.sub != "" {
		t.RawSetString("sub", lua.LString(st.sub))
	}
	if st.enabled != nil {
		t.RawSetString("enabled", lua.LBool(*st.enabled))
	}
	if st.pid > 0 {
		t.RawSetString("pid", lua.LNumber(st.pid))
	}
	if st.since > 0 {
		t.RawSetString("since", lua.LNumber(st.since))
	}
	return t
}

const maxName = 255

// checkName takes what is a name everywhere: it becomes a word of a command and
// a part of paths.
func checkName(c *luabind.Call, name string) error {
	bad := name == "" || len(name) > maxName || name[0] == '-' || name[0] == '.'
	for i := 0; i < len(name) && !bad; i++ {
		ch := name[i]
		bad = (ch|0x20 < 'a' || ch|0x20 > 'z') && (ch < '0' || ch > '9') && strings.IndexByte("@._:-", ch) < 0
	}
	if bad {
		return c.Usage("name", "got %s, want the name of a service: letters, digits, @ . _ : and -, no - or . in front",
			strconv.Quote(shorten(name, 60)))
	}
	return nil
}

// noService is the error for a name that no service has.
func noService(c *luabind.Call, name, where string, known map[string]bool) error {
	return luabind.Errorf(luabind.KindNotFound, "%s: no service %q%s: %s", c.Name(), name, luabind.DidYouMean(name, known), where)
}

// namesOf are the names of the files in folders, the suffix taken off.
func namesOf(suffix string, folders ...string) map[string]bool {
	out := map[string]bool{}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), suffix)
			if ok && !e.IsDir() && name != "README" {
				out[name] = true
			}
		}
	}
	return out
}

// self is the name of the service that a method was called on.
func self(c *luabind.Call) (string, error) {
	name := ""
	switch x := c.Self().(type) {
	case string:
		name = x
	case *lua.LTable:
		if s, ok := x.RawGetString("name").(lua.LString); ok {
			name = string(s)
		}
	}
	return name, checkName(c, name)
}

// actions are the methods that change a service.
func actions() []luabind.Func {
	var out []luabind.Func
	for _, a := range []struct{ verb, does string }{
		{"start", "Starts the service; one that runs is left alone."},
		{"stop", "Stops the service; one that does not run is left alone."},
		{"restart", "Stops the service, if it runs, and starts it."},
		{"reload", "Has the service read its configuration again. Not every service can: then it raises exit."},
	} {
		out = append(out, luabind.Func{Name: a.verb, Doc: a.verb + "() -> service\n\n" + a.does + docAction,
			Impl: func(c *luabind.Call) error { return act(c, a.verb) }})
	}
	return out
}

func act(c *luabind.Call, verb string) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	name, err := self(c)
	if err != nil {
		return err
	}
	m := managerOf()
	cmd, err := prepare(c, m.action(name, verb), false)
	if err != nil {
		return err
	}
	change := luabind.Change{Op: "service", Text: verb + " " + name, Argv: cmd.Argv}
	if c.DryRun() {
		c.Plan(change)
		plannedOf(c)[name] = verb
		return c.Return(c.NewObject("planned_service", name))
	}
	cmd.Told = true
	if err := c.Changing(change); err != nil {
		return err
	}
	r, err := c.Exec(c.Context(), cmd)
	if r != nil {
		c.Changed(change) // as far as it came
	}
	if f := failureOf(c, name, cmd, r, err); f != nil {
		return f
	}
	st, err := m.settled(c, name, verb)
	if err != nil {
		return err
	}
	return c.Return(st.table(c, name))
}

type plannedKey struct{}

// plannedOf are the services that a dry run has planned to change, with what
// was planned last: their state is not known any more.
func plannedOf(c *luabind.Call) map[string]string {
	m, ok := c.Local(plannedKey{}).(map[string]string)
	if !ok {
		m = map[string]string{}
		c.SetLocal(plannedKey{}, m)
	}
	return m
}

// plannedField is read of a service whose state is only planned.
func plannedField(c *luabind.Call) error {
	var key lua.LValue = lua.LNil
	if err := c.Unpack("[key]", &key); err != nil {
		return err
	}
	name, err := self(c)
	if err != nil {
		return err
	}
	if key == lua.LString("name") {
		return c.Return(name)
	}
	return c.ReadsPlanned("the state of the service " + name + ", whose " + plannedOf(c)[name] + " was only planned")
}

const (
	defaultLines = 50
	maxLines     = 100000
)

// logs gives the newest lines of a service's log.
func logs(c *luabind.Call) error {
	n := defaultLines
	if err := c.Unpack("[n]", &n); err != nil {
		return err
	}
	if n < 1 || n > maxLines {
		return c.Usage("n", "got %d, want a number of lines from 1 to %d", n, maxLines)
	}
	name, err := self(c)
	if err != nil {
		return err
	}
	lines, err := managerOf().logs(c, name, n)
	if err != nil {
		return err
	}
	return c.Return(lines)
}
