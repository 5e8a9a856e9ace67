// Package policy says what a script may do, as pure data: nothing here looks
// at the host, and nothing is granted by a name that is not known.
package policy

import "fmt"

// Permissions are grants, or refusals, by kind of action. They are plain data.
type Permissions struct {
	Probe   []string // commands that only read: "systemctl is-active *"
	Change  []string // commands that change the host
	Read    []string // files and folders, absolute, or globs
	Write   []string
	Connect []string // HOST:PORT; *.DOMAIN and port * are wildcards
	Env     []string // names of variables; NGINX_* for all that begin so
	Signal  []string // names of processes
}

// Policy decides. It is immutable, safe for concurrent use, and its zero value
// grants nothing.
type Policy struct {
	all   bool
	grant rules
	deny  rules
}

// All grants everything: a script typed by its operator has its operator's power.
func All() Policy { return Policy{all: true} }

// LookPath finds the absolute path of a program, links resolved, so that a
// grant for a name is a grant for the file that it means now.
type LookPath func(program string) (string, error)

// New makes a policy from grants and refusals; a refusal beats a grant. What
// is malformed is an error that names the entry: nothing is dropped in silence.
func New(grant, deny Permissions, look LookPath) (Policy, error) {
	g, err := parse(grant, look)
	if err != nil {
		return Policy{}, err
	}
	d, err := parse(deny, look)
	if err != nil {
		return Policy{}, fmt.Errorf("deny: %w", err)
	}
	return Policy{grant: g, deny: d}, nil
}

// Decision is the answer to an action. It is plain data.
type Decision struct {
	Allowed bool
	// Rule is the entry that decided, such as `probe = "nginx -t"`; empty where
	// no grant fits.
	Rule string
	// Missing is the line that would allow it, ready for [permissions]; empty
	// where it is allowed, or where a refusal stands against it.
	Missing string
}

// Check decides about an action.
func (p Policy) Check(a Action) Decision {
	if p.all {
		return Decision{Allowed: true, Rule: "all"}
	}
	if rule, ok := a.find(p.deny, true); ok {
		return Decision{Rule: "denied by " + a.Op() + " = " + quote(rule)}
	}
	if rule, ok := a.find(p.grant, false); ok {
		return Decision{Allowed: true, Rule: a.Op() + " = " + quote(rule)}
	}
	if entry := a.entry(); entry != "" {
		return Decision{Missing: a.Op() + " = [" + quote(entry) + "]"}
	}
	return Decision{}
}

// rules are parsed permissions.
type rules struct {
	probe, change []command
	read, write   []path
	connect       []address
	env, signal   []name
}

func parse(p Permissions, look LookPath) (r rules, err error) {
	into(&err, "probe", p.Probe, &r.probe, func(s string) (command, error) { return parseCommand(s, look) })
	into(&err, "change", p.Change, &r.change, func(s string) (command, error) { return parseCommand(s, look) })
	into(&err, "read", p.Read, &r.read, parsePath)
	into(&err, "write", p.Write, &r.write, parsePath)
	into(&err, "connect", p.Connect, &r.connect, parseAddress)
	into(&err, "env", p.Env, &r.env, parseName)
	into(&err, "signal", p.Signal, &r.signal, parseName)
	return r, err
}

// into parses the entries of one key; the first mistake is kept.
func into[T any](err *error, key string, entries []string, out *[]T, f func(string) (T, error)) {
	for _, s := range entries {
		if *err != nil {
			return
		}
		v, e := f(s)
		if e != nil {
			*err = fmt.Errorf("%s: %s: %w", key, quote(s), e)
			return
		}
		*out = append(*out, v)
	}
}
