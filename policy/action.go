package policy

import (
	"path"
	"strings"
)

// Action is something that a script wants to do to the host, one of Command,
// Read, Write, Connect, Env and Signal: an immutable plain value. Looking at
// the process table is Read{"/proc"}.
type Action interface {
	// Op is the permission it needs: "probe", "change", "read" …
	Op() string
	// Args are what it is about, as an audit records it.
	Args() []string
	// String says it for a person, in printable ASCII on one line.
	String() string

	key() key
	// canonical is the form that patterns are compared with, or the reason why
	// there is none, and so no grant.
	canonical() (Action, string)
	// entry is the pattern that matches it and nothing else of its kind, or "".
	entry() string
}

// Command is the run of a program. Argv is as the script wrote it; Path is the
// absolute path of the executable that will run; Real is Path with links
// followed, empty where it is the same. A grant matches the program by Real and
// by the base name in Argv[0]: a program that is one file with many names (as
// systemctl is also poweroff) does by its name what it does.
type Command struct {
	Argv  []string
	Path  string
	Real  string
	Probe bool
}

// Read is reading a file, or listing a folder. Path is absolute, with links followed.
type Read struct{ Path string }

// Write is making, changing or removing a file. Path is absolute, with links followed.
type Write struct{ Path string }

// Connect is a connection to "host:port"; the host as the script named it,
// before it is resolved.
type Connect struct{ Address string }

// Env is reading an environment variable, or handing it to a command.
type Env struct{ Name string }

// Signal is a signal to the process PID, whose name is Name.
type Signal struct {
	Name string
	PID  int
}

func (c Command) Op() string { return c.key().String() }
func (r Read) Op() string    { return r.key().String() }
func (w Write) Op() string   { return w.key().String() }
func (c Connect) Op() string { return c.key().String() }
func (e Env) Op() string     { return e.key().String() }
func (s Signal) Op() string  { return s.key().String() }

func (c Command) Args() []string { return c.Argv }
func (r Read) Args() []string    { return []string{r.Path} }
func (w Write) Args() []string   { return []string{w.Path} }
func (c Connect) Args() []string { return []string{c.Address} }
func (e Env) Args() []string     { return []string{e.Name} }
func (s Signal) Args() []string  { return []string{s.Name} }

func (c Command) String() string { return "run " + quoteArgs(c.Argv) }
func (r Read) String() string    { return "read " + visible(r.Path) }
func (w Write) String() string   { return "write " + visible(w.Path) }
func (c Connect) String() string { return "connect to " + visible(c.Address) }
func (e Env) String() string     { return "read the variable " + visible(e.Name) }
func (s Signal) String() string  { return "signal the process " + visible(s.Name) }

func (c Command) key() key {
	if c.Probe {
		return keyProbe
	}
	return keyChange
}
func (Read) key() key    { return keyRead }
func (Write) key() key   { return keyWrite }
func (Connect) key() key { return keyConnect }
func (Env) key() key     { return keyEnv }
func (Signal) key() key  { return keySignal }

func (c Command) canonical() (Action, string) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return nil, "it names no program"
	}
	for _, arg := range c.Argv {
		if strings.IndexByte(arg, 0) >= 0 {
			return nil, "it has a NUL in an argument"
		}
	}
	if c.Real == "" {
		c.Real = c.Path
	}
	if c.Real != "" && !isClean(c.Real) {
		return nil, "the path of its program is not absolute"
	}
	return c, ""
}

func (r Read) canonical() (Action, string) {
	p, why := cleanPath(r.Path)
	return Read{p}, why
}

func (w Write) canonical() (Action, string) {
	p, why := cleanPath(w.Path)
	return Write{p}, why
}

func (c Connect) canonical() (Action, string) {
	host, port, err := splitAddress(c.Address)
	if err == nil && (port == "*" || strings.HasPrefix(host, "*")) {
		err = errText("a wildcard is no address")
	}
	if err != nil {
		return nil, "it is no address: " + err.Error()
	}
	return Connect{joinAddress(host, port)}, ""
}

func (e Env) canonical() (Action, string) {
	if e.Name == "" || strings.ContainsAny(e.Name, "=\x00") {
		return nil, "it is no name of a variable"
	}
	return e, ""
}

func (s Signal) canonical() (Action, string) {
	if s.Name == "" || strings.IndexByte(s.Name, 0) >= 0 {
		return nil, "it is no name of a process"
	}
	return s, ""
}

// cleanPath refuses "..": what it names is known only where links are followed.
func cleanPath(p string) (string, string) {
	switch {
	case !strings.HasPrefix(p, "/"):
		return p, "it is not an absolute path"
	case strings.IndexByte(p, 0) >= 0:
		return p, "it has a NUL in it"
	case hasDotDot(p):
		return p, "it has .. in it"
	}
	return path.Clean(p), ""
}

func hasDotDot(p string) bool {
	return strings.HasSuffix(p, "/..") || strings.Contains(p, "/../")
}

// isClean says that p is an absolute path in its shortest form.
func isClean(p string) bool {
	return strings.HasPrefix(p, "/") && path.Clean(p) == p && strings.IndexByte(p, 0) < 0
}

func (r Read) entry() string    { return quotePath(r.Path) }
func (w Write) entry() string   { return quotePath(w.Path) }
func (c Connect) entry() string { return c.Address }
func (s Signal) entry() string  { return quotePath(s.Name) }

func (e Env) entry() string {
	if _, err := parseEnv(e.Name); err != nil || checkASCII(e.Name) != nil || strings.HasSuffix(e.Name, "*") {
		return ""
	}
	return e.Name
}

func (c Command) entry() string {
	argv := append([]string(nil), c.Argv...)
	switch program := argv[0]; {
	case program == "." || program == "..":
		return ""
	case !strings.Contains(program, "/"), isClean(program) && program != "/":
	case isClean(c.Path) && path.Base(c.Path) == path.Base(program):
		argv[0] = c.Path
	default:
		return ""
	}
	return quoteArgs(argv)
}
