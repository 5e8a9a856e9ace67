// Package policy says what a script may do to the host: permissions as pure
// data. It reads no file and looks nothing up; what depends on the file system
// (where a program is, what a link names) is told to it by its caller.
//
// # Patterns
//
// Entries are printable ASCII, so that no look-alike character grants what nobody
// meant; other characters are written \u{e9}, and bytes that are not UTF-8 \xff.
//
//	probe, change   a list of arguments: the program, a name or an absolute path,
//	                then for each argument its text, * for one that does not begin
//	                with "-", -* for one that does; ... at the end for the rest,
//	                also none. 'x y' and "x y" quote; so does \ before a character.
//	read, write     an absolute path, with all that is below; * and ? stand for
//	                characters of one name, \* and \? for themselves
//	connect         host:port, *.example.com:443 (any name below), [::1]:*
//	env             a name, or its beginning and *, which never lets the names
//	                through by which programs are made to load code
//	signal          the name of a process
//
// A change grant lets no command run as a probe, nor the other way round. What
// an entry of deny matches is denied, whatever is granted; a denied command is
// denied both as a probe and as a change.
package policy

// Policy is an immutable plain value, safe for concurrent use. The zero value
// grants nothing.
type Policy struct {
	open   bool // false: nothing is granted
	layers []*layer
}

// layer is one set of entries. A policy grants what all of its layers grant.
type layer struct{ allow, deny [nkeys][]rule }

type rule struct {
	text string // as Decision.Rule has it: read = "/etc"
	m    matcher
}

// matcher is one entry, ready to be compared. A deny entry may match more than
// the same entry as a grant does, never less.
type matcher interface {
	matches(a Action, deny bool) bool
}

// All grants everything: a script typed by its operator has its operator's power.
func All() Policy { return Policy{open: true} }

// Unlimited says that everything is granted, so that nothing has to be found
// out about an action first.
func (p Policy) Unlimited() bool { return p.open && len(p.layers) == 0 }

// Nothing grants nothing; it is the zero value.
func Nothing() Policy { return Policy{} }

// LookPath finds the program of a command pattern, a bare name or an absolute
// path: its absolute path with links followed, or "" where there may be none on
// this host. Its error (a file that others can write, say) refuses the entry.
type LookPath func(program string) (string, error)

// Options tell NewWith about the host. The zero value knows nothing of one.
type Options struct {
	// LookPath: by default absolute paths stay as they are, and bare names are refused.
	LookPath LookPath
	// RealPath follows the links in an absolute path, as far as it exists; in the
	// part before the first wildcard of a read or write entry. Default: as it is.
	RealPath func(path string) string
	// Protected are paths that no write grant may cover, beside the granted
	// programs: opslua itself and its store.
	Protected []string
}

// New makes a policy that grants what grant has and deny has not. What is
// malformed is an *EntryError; nothing is dropped in silence.
func New(grant, deny Permissions, look LookPath) (Policy, error) {
	return NewWith(grant, deny, Options{LookPath: look})
}

// NewWith is New with all that may be known of the host. Where LookPath finds
// no program, its grant matches nothing and its denial matches by name.
func NewWith(grant, deny Permissions, o Options) (Policy, error) {
	l := &layer{}
	var err error
	if l.allow, err = compile(grant, false, o); err != nil {
		return Policy{}, err
	}
	if l.deny, err = compile(deny, true, o); err != nil {
		return Policy{}, err
	}
	if err := l.unwritable(grant.Write, o.Protected); err != nil {
		return Policy{}, err
	}
	return Policy{open: true, layers: []*layer{l}}, nil
}

func compile(p Permissions, deny bool, o Options) (out [nkeys][]rule, err error) {
	for k, list := range p.lists() {
		for i, entry := range list {
			m, err := parseEntry(key(k), entry, o)
			if err != nil {
				return out, &EntryError{Deny: deny, Key: key(k).String(), Index: i, Entry: entry, Why: visible(err.Error()), cause: err}
			}
			out[k] = append(out[k], rule{key(k).String() + " = " + quoteTOML(entry), m})
		}
	}
	return out, nil
}

func parseEntry(k key, entry string, o Options) (matcher, error) {
	if err := checkASCII(entry); err != nil {
		return nil, err
	}
	switch k {
	case keyProbe, keyChange:
		return parseCommand(entry, o)
	case keyRead, keyWrite:
		return parsePath(entry, o)
	case keyConnect:
		return parseAddress(entry)
	case keyEnv:
		return parseEnv(entry)
	}
	return parseName(entry)
}

// unwritable refuses a write grant through which a script could change what it
// may run, or the machinery that watches it.
func (l *layer) unwritable(entries, protected []string) error {
	for i, r := range l.allow[keyWrite] {
		refuse := func(what, path string) error {
			return &EntryError{Key: "write", Index: i, Entry: entries[i], Why: "it covers " + what + " " + quotePath(path)}
		}
		for _, k := range []key{keyProbe, keyChange} {
			for _, c := range l.allow[k] {
				if c := c.m.(*command); c.real != "" && (r.m.matches(Write{c.real}, true) || c.isPath && r.m.matches(Write{c.program}, true)) {
					return refuse("the granted program", c.real)
				}
			}
		}
		for _, p := range protected {
			if r.m.matches(Write{p}, true) {
				return refuse("what no script may write:", p)
			}
		}
	}
	return nil
}

// Intersect grants what both grant.
func Intersect(a, b Policy) Policy {
	if !a.open || !b.open {
		return Policy{}
	}
	layers := make([]*layer, 0, len(a.layers)+len(b.layers))
	return Policy{open: true, layers: append(append(layers, a.layers...), b.layers...)}
}

// Decision is the answer of a policy: plain data.
type Decision struct {
	Allowed bool
	// Rule is the entry that decided: read = "/etc", or denied by read =
	// "/etc/shadow"; "all" where everything is granted; empty where no entry matches.
	Rule string
	// Missing is the line that would grant the action, TOML for [permissions];
	// empty where it is allowed, and where no line would help.
	Missing string
	// Why says what is wrong with an action that no entry could grant, such as
	// "it is not an absolute path"; else it is empty.
	Why string
}

// Check decides about an action. A nil action is denied.
func (p Policy) Check(a Action) Decision {
	if a == nil {
		return Decision{Why: "it is no action"}
	}
	if p.open && len(p.layers) == 0 {
		return Decision{Allowed: true, Rule: "all"}
	}
	a, why := a.canonical()
	if why != "" {
		return Decision{Why: why}
	}
	for _, l := range p.layers {
		if r := l.denied(a); r != "" {
			return Decision{Rule: "denied by " + r}
		}
	}
	rule := ""
	for _, l := range p.layers {
		if rule = find(l.allow[a.key()], a, false); rule == "" {
			break
		}
	}
	if rule == "" {
		return unmatched(a)
	}
	return Decision{Allowed: true, Rule: rule}
}

func find(rules []rule, a Action, deny bool) string {
	for _, r := range rules {
		if r.m.matches(a, deny) {
			return r.text
		}
	}
	return ""
}

// denied gives the entry that denies a. A command is denied as a probe where it
// is as a change, and the other way round: only its caller says which it is.
func (l *layer) denied(a Action) string {
	if k := a.key(); k != keyProbe && k != keyChange {
		return find(l.deny[k], a, true)
	}
	if r := find(l.deny[keyProbe], a, true); r != "" {
		return r
	}
	return find(l.deny[keyChange], a, true)
}

// unmatched names the line that is missing.
func unmatched(a Action) Decision {
	entry := a.entry()
	if entry == "" {
		return Decision{Why: "no entry can name it"}
	}
	return Decision{Missing: a.key().String() + " = [" + quoteTOML(entry) + "]"}
}
