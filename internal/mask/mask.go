// Package mask hides secrets in what leaves the process.
//
// A secret is found as it is and in the forms in which programs write texts:
// quoted and escaped for JSON, Go, Lua, shells, SQL and CSV, also once more
// inside another such text; escaped for URLs, HTML, XML and terminals; in
// hexadecimal, and in base64, also as a part of a longer text, such as
// "user:secret". There the first and the last character, which the secret shares
// with its neighbours, may be left. Not found is what was compressed, encrypted,
// broken into lines or cut into pieces, unless a text is cut at an ellipsis and
// handed to String; and a line of more than 1 KiB only in the most common of
// these forms.
//
// White space around a secret is no part of it. A secret of several lines is
// hidden line by line, and as a whole where it has lines too short for that.
// Bytes that belong to any form are hidden, each run of them as one ***, however
// forms overlap. The three characters mean nothing within the strings of the
// formats that are written here; but where a secret is a number, hiding it may
// break a format that has numbers, so that what is encoded is masked before.
package mask

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// Shortest is the length in bytes, white space around it left out, below
	// which a text is no secret: to hide it everywhere would hide too much.
	Shortest = 4
	// Longest is the length in bytes above which a text is no secret: to find it
	// would take too much memory.
	Longest = 64 << 10
)

// hidden is what stands for a secret.
const hidden = "***"

// Mask knows the secrets of a run. The zero value knows none; it is safe for
// concurrent use. Secrets are never forgotten.
type Mask struct {
	mu    sync.Mutex
	known map[string]bool
	// set is replaced, never changed. Each automaton has more than twice the
	// forms of the next, so that many secrets that come one by one cost no more
	// than a few passes, and a text is read by a few automata only.
	set atomic.Pointer[[]*automaton]
}

// Add makes a secret known, with the forms in which it may be written. It
// reports whether the length of the text is that of a secret, from Shortest to
// Longest; a text for which it is not stays unknown.
func (m *Mask) Add(secret string) bool {
	if text := strings.TrimSpace(secret); len(text) < Shortest || len(secret) > Longest {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[secret] {
		return true
	}
	a := newAutomaton(forms(secret))
	set := slices.Clone(m.automata())
	for n := len(set); n > 0 && set[n-1].size <= 2*a.size; n-- {
		a = newAutomaton(append(slices.Clone(set[n-1].forms), a.forms...))
		set = set[:n-1]
	}
	set = append(set, a)
	if m.known == nil {
		m.known = map[string]bool{}
	}
	m.known[secret] = true
	m.set.Store(&set)
	return true
}

func (m *Mask) automata() []*automaton {
	if set := m.set.Load(); set != nil {
		return *set
	}
	return nil
}

// Active says that a secret is known.
func (m *Mask) Active() bool { return m.set.Load() != nil }

// String gives s with every secret in it as ***, and what is left of one that was
// cut in two: its beginning right before an ellipsis, or its end behind one.
func (m *Mask) String(s string) string {
	set := m.automata()
	if len(set) == 0 {
		return s
	}
	var spans []span
	places := cutPlaces(s)
	for _, a := range set {
		spans = append(append(spans, a.beginnings(s, places)...), a.ends(s)...)
	}
	if len(spans) == 0 {
		return s
	}
	return hide(s, union(spans))
}
