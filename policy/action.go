package policy

import (
	"strings"
)

// Action is something that a script wants to do: one of the types of this
// package. It is plain data.
type Action interface {
	// Op is the key of the permission that allows it: "probe", "read" …
	Op() string
	// Args are what it is done with or to.
	Args() []string
	// String says it for a person.
	String() string
	// find gives the first rule that covers it. A refusal covers more: a probe
	// is refused by a refusal of the change, too.
	find(r rules, deny bool) (string, bool)
	// entry is the permission that covers just this action.
	entry() string
}

// Command is running a command.
type Command struct {
	Argv  []string
	Path  string // the executable, absolute, links resolved
	Probe bool   // it only reads
}

// Op is "probe" or "change".
func (c Command) Op() string {
	if c.Probe {
		return "probe"
	}
	return "change"
}

// Args is the command.
func (c Command) Args() []string { return c.Argv }

func (c Command) String() string { return "run " + strings.Join(c.Argv, " ") }

func (c Command) find(r rules, deny bool) (string, bool) {
	list := r.change
	if c.Probe && !deny {
		list = r.probe
	}
	if deny {
		list = append(append([]command{}, r.probe...), r.change...)
	}
	for _, p := range list {
		if p.matches(c, deny) {
			return p.text, true
		}
	}
	return "", false
}

func (c Command) entry() string {
	words := make([]string, len(c.Argv))
	for i, w := range c.Argv {
		words[i] = quoteWord(w)
	}
	return strings.Join(words, " ")
}

// Read is reading a file or a folder. Looking at the process table reads /proc.
type Read struct{ Path string } // absolute, links resolved

// Op is "read".
func (a Read) Op() string { return "read" }

// Args is the path.
func (a Read) Args() []string { return []string{a.Path} }

func (a Read) String() string                      { return "read " + a.Path }
func (a Read) find(r rules, _ bool) (string, bool) { return first(r.read, a.Path) }
func (a Read) entry() string                       { return quotePath(a.Path) }

// Write is writing, making or removing a file or a folder.
type Write struct{ Path string } // absolute, links resolved

// Op is "write".
func (a Write) Op() string { return "write" }

// Args is the path.
func (a Write) Args() []string { return []string{a.Path} }

func (a Write) String() string                      { return "write " + a.Path }
func (a Write) find(r rules, _ bool) (string, bool) { return first(r.write, a.Path) }
func (a Write) entry() string                       { return quotePath(a.Path) }

// Connect is a connection to HOST:PORT.
type Connect struct{ Address string }

// Op is "connect".
func (a Connect) Op() string { return "connect" }

// Args is the address.
func (a Connect) Args() []string { return []string{a.Address} }

func (a Connect) String() string                      { return "connect to " + a.Address }
func (a Connect) find(r rules, _ bool) (string, bool) { return first(r.connect, a.Address) }
func (a Connect) entry() string                       { return a.Address }

// Env is reading an environment variable, or handing it to a command.
type Env struct{ Name string }

// Op is "env".
func (a Env) Op() string { return "env" }

// Args is the name.
func (a Env) Args() []string { return []string{a.Name} }

func (a Env) String() string { return "read the variable " + a.Name }

func (a Env) find(r rules, deny bool) (string, bool) {
	for _, n := range r.env {
		if n.text == a.Name || n.matches(a.Name) && (deny || !Dangerous(a.Name)) {
			return n.text, true
		}
	}
	return "", false
}

func (a Env) entry() string { return a.Name }

// Signal is sending a signal to a process.
type Signal struct {
	Name string // of the process
	PID  int
}

// Op is "signal".
func (a Signal) Op() string { return "signal" }

// Args is the name.
func (a Signal) Args() []string { return []string{a.Name} }

func (a Signal) String() string                      { return "signal the process " + a.Name }
func (a Signal) find(r rules, _ bool) (string, bool) { return first(r.signal, a.Name) }

// entry is nothing for a name that would be read as the beginning of names.
func (a Signal) entry() string {
	if strings.Contains(a.Name, "*") {
		return ""
	}
	return a.Name
}

type matcher interface {
	matches(string) bool
	source() string
}

// first gives the first rule that covers a value.
func first[T matcher](list []T, value string) (string, bool) {
	for _, m := range list {
		if m.matches(value) {
			return m.source(), true
		}
	}
	return "", false
}
