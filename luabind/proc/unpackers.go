package proc

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/supervise"
	"opslua/luabind"
)

// errText is a mistake in an argument; Unpack puts the argument's name in front.
type errText string

func (e errText) Error() string { return string(e) }

func errWant(got lua.LValue, want string) error {
	return errText("got " + show(got) + ", want " + want)
}

// show names a value in an error.
func show(v lua.LValue) string {
	switch x := v.(type) {
	case *lua.LNilType, lua.LBool:
		return v.String()
	case lua.LNumber:
		return "number " + formatNumber(float64(x))
	case lua.LString:
		if len(x) > 60 {
			return "string " + strconv.Quote(string(x[:60])) + "…"
		}
		return "string " + strconv.Quote(string(x))
	}
	return v.Type().String()
}

// eachItem walks a list, or takes a single value as a list of one.
func eachItem(v lua.LValue, f func(lua.LValue) error) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return f(v)
	}
	if _, stray := luatable.StrayKey(t); stray {
		return errText("want a list without names and holes")
	}
	for i := 1; i <= luatable.Len(t); i++ {
		if err := f(luatable.Get(t, lua.LNumber(i))); err != nil {
			return err
		}
	}
	return nil
}

// signalName is a signal by name or number; 0 is none.
type signalName syscall.Signal

func (*signalName) LuaType() string { return "signal" }

func (s *signalName) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString:
		if sig, ok := luabind.SignalByName(string(x)); ok {
			*s = signalName(sig)
			return nil
		}
	case lua.LNumber:
		if n := int(x); n >= 1 && n <= 64 && lua.LNumber(n) == x {
			*s = signalName(n)
			return nil
		}
	}
	return errWant(v, `the name of a signal such as "TERM" or "HUP", or its number`)
}

type stdinMode string

func (*stdinMode) LuaType() string { return "string" }

func (m *stdinMode) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	if s, ok := v.(lua.LString); ok && (s == "null" || s == "inherit") {
		*m = stdinMode(s)
		return nil
	}
	return errWant(v, `"null" or "inherit"; a text comes as input = "…"`)
}

// folder is a directory. An empty name, such as that of a variable that was
// never set, must not mean the one that opslua happens to be in.
type folder string

func (*folder) LuaType() string { return "string" }

func (f *folder) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	s, ok := v.(lua.LString)
	if !ok || s == "" {
		return errWant(v, "the path of a directory")
	}
	*f = folder(s)
	return nil
}

// inputSource is what a command reads.
type inputSource struct {
	set  bool
	text string
	file string
}

func (*inputSource) LuaType() string { return "string or {file=}" }

func (in *inputSource) UnpackLua(c *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case *lua.LTable:
		var file string
		if err := c.UnpackValue("input", x, "file?", &file); err != nil {
			return err
		}
		if file == "" {
			return errText(`want a file's name in {file = "…"}`)
		}
		*in = inputSource{set: true, file: file}
		return nil
	}
	if text, ok := c.TextOf(v); ok {
		*in = inputSource{set: true, text: text}
		return nil
	}
	return errWant(v, `a string or {file = "…"}`)
}

// outputMode is where a stream goes; the zero value captures.
type outputMode struct {
	discard, inherit, merge bool
	file                    string
	appendTo                bool
	fn                      *lua.LFunction
}

func (*outputMode) LuaType() string { return "string, {file=, append=} or function" }

func (m *outputMode) UnpackLua(c *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString:
		switch x {
		case "capture":
			*m = outputMode{}
		case "discard":
			*m = outputMode{discard: true}
		case "inherit":
			*m = outputMode{inherit: true}
		case "stdout":
			*m = outputMode{merge: true}
		default:
			return errWant(v, `"capture", "discard", "inherit", {file = "…"} or a function`)
		}
		return nil
	case *lua.LFunction:
		*m = outputMode{fn: x}
		return nil
	case *lua.LTable:
		next := outputMode{}
		if err := c.UnpackValue("output", x, "file?", &next.file, "append?", &next.appendTo); err != nil {
			return err
		}
		if next.file == "" {
			return errText(`want a file's name in {file = "…"}`)
		}
		*m = next
		return nil
	}
	return errWant(v, `"capture", "discard", "inherit", {file = "…"} or a function`)
}

// captured says that the stream's bytes are in the result.
func (m outputMode) captured() bool { return m == outputMode{} }

type overflow string

func (*overflow) LuaType() string { return "string" }

func (o *overflow) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	if s, ok := v.(lua.LString); ok && (s == "error" || s == "truncate") {
		*o = overflow(s)
		return nil
	}
	return errWant(v, `"error" or "truncate"`)
}

// octal is a mask of permissions. A number would be read in decimal, so that
// only digits in a string are taken.
type octal struct {
	set bool
	v   int
}

func (*octal) LuaType() string { return "string of octal digits" }

func (o *octal) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	if s, ok := v.(lua.LString); ok && len(s) <= 4 && strings.Trim(string(s), "01234567") == "" {
		if n, err := strconv.ParseUint(string(s), 8, 12); err == nil && n <= 0o777 {
			*o = octal{true, int(n)}
			return nil
		}
	}
	return errWant(v, `a string of octal digits such as "022"`)
}

type niceness struct {
	set bool
	v   int
}

func (*niceness) LuaType() string { return "integer" }

func (n *niceness) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	x, ok := v.(lua.LNumber)
	if !ok || x < -20 || x > 19 || x != lua.LNumber(int(x)) {
		return errWant(v, "a whole number from -20 to 19")
	}
	*n = niceness{true, int(x)}
	return nil
}

// treeLimits bound a command and all that it starts.
type treeLimits supervise.Limits

func (*treeLimits) LuaType() string { return "table of memory, cpu, files, processes" }

func (l *treeLimits) UnpackLua(c *luabind.Call, v lua.LValue) error {
	if _, ok := v.(*lua.LTable); !ok {
		return errWant(v, `a table such as {memory = "512MiB"}`)
	}
	var memory luabind.Opt[luabind.Size]
	var cpu luabind.Opt[time.Duration]
	var files, processes luabind.Opt[int]
	if err := c.UnpackValue("limits", v, "memory?", &memory, "cpu?", &cpu, "files?", &files, "processes?", &processes); err != nil {
		return err
	}
	for _, one := range []struct {
		name     string
		set, off bool
		v        int64
	}{
		{"memory", memory.Set, memory.Off, int64(memory.V)}, {"cpu", cpu.Set, cpu.Off, int64(cpu.V)},
		{"files", files.Set, files.Off, int64(files.V)}, {"processes", processes.Set, processes.Off, int64(processes.V)},
	} {
		if one.off || one.set && one.v <= 0 {
			return errText(one.name + ": want more than 0; leave it out for no limit")
		}
	}
	*l = treeLimits{Memory: int64(memory.V), CPU: cpu.V, Files: int64(files.V), Processes: int64(processes.V)}
	return nil
}

// environ changes an environment: a name with a text sets it, with nothing
// removes it. It is never changed in place, since presets share it.
type environ map[string]*string

func (*environ) LuaType() string { return "table of strings or false" }

func (e *environ) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return errWant(v, `a table such as {LANG = "C"}`)
	}
	next := make(environ, len(*e))
	for name, value := range *e {
		next[name] = value
	}
	var bad error
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		bad = next.put(c, k, v)
		return bad == nil
	})
	if bad == nil {
		*e = next
	}
	return bad
}

func (e environ) put(c *luabind.Call, k, v lua.LValue) error {
	name, ok := k.(lua.LString)
	if !ok {
		return errText(show(k) + " is no name of a variable")
	}
	if name == "" || strings.ContainsAny(string(name), "=\x00") {
		return errText(fmt.Sprintf("%q is no name of a variable", string(name)))
	}
	text, ok := c.TextOf(v)
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return errText(string(name) + ": a NUL byte cannot be in the environment")
	case ok:
		e[string(name)] = &text
	case v == lua.LFalse:
		e[string(name)] = nil
	default:
		return errText(string(name) + ": got " + show(v) + ", want a string, or false to remove it")
	}
	return nil
}
