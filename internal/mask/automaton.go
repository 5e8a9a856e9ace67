package mask

import (
	"slices"
	"sort"
	"strings"
)

// automaton finds all forms in a text in one pass, each byte once, however the
// forms overlap (Aho and Corasick). It is immutable and safe for concurrent use.
//
// Node 0 is the start; the others stand for the beginnings of forms, in the
// order of their lengths, so that the children of a node are neighbours and
// those of node n end where those of n+1 begin.
type automaton struct {
	forms []string // sorted
	size  int      // bytes of the forms

	label []byte  // of the byte that leads to a node
	first []int32 // the first child of a node; one more at the end
	fail  []int32 // the longest end of a node's text that is a node too
	match []int32 // length of the longest form that a node's text ends with, or 0
	open  []int32 // length of the longest end of its text that a form may go on from
	root  [256]int32
	pairs [1 << 16 / 64]uint64 // the first two bytes of forms
}

// node is a range of the sorted forms that share their first depth bytes.
type node struct{ lo, hi, depth int32 }

func newAutomaton(forms []string) *automaton {
	sort.Strings(forms)
	a := &automaton{forms: slices.Compact(forms)}
	for _, f := range a.forms {
		a.size += len(f)
		pair := int(f[0])<<8 | int(f[1])
		a.pairs[pair/64] |= 1 << (pair % 64)
	}
	a.grow()
	a.link()
	return a
}

// grow lays out the nodes, a length after the other.
func (a *automaton) grow() {
	most := a.size + 1
	queue := append(make([]node, 0, most), node{0, int32(len(a.forms)), 0})
	a.label, a.match = make([]byte, 1, most), make([]int32, 1, most)
	a.first = make([]int32, 0, most+1)
	for at := 0; at < len(queue); at++ {
		n := queue[at]
		a.first = append(a.first, int32(len(queue)))
		if len(a.forms[n.lo]) == int(n.depth) { // sorted, so that the form that ends here comes first
			a.match[at] = n.depth
			n.lo++
		}
		for lo := n.lo; lo < n.hi; {
			b, hi := a.forms[lo][n.depth], lo+1
			for hi < n.hi && a.forms[hi][n.depth] == b {
				hi++
			}
			if at == 0 {
				a.root[b] = int32(len(queue))
			}
			queue = append(queue, node{lo, hi, n.depth + 1})
			a.label, a.match = append(a.label, b), append(a.match, 0)
			lo = hi
		}
	}
	a.first = append(a.first, int32(len(queue)))
	a.open = make([]int32, len(queue))
	for i, n := range queue {
		if a.first[i] < a.first[i+1] {
			a.open[i] = n.depth
		}
	}
}

// link finds where to go on when a node has no child for the next byte.
func (a *automaton) link() {
	a.fail = make([]int32, len(a.label))
	for n := range int32(len(a.label)) {
		for c := a.first[n]; c < a.first[n+1]; c++ {
			if n != 0 {
				a.fail[c] = a.step(a.fail[n], a.label[c])
			}
			f := a.fail[c]
			if a.match[c] == 0 {
				a.match[c] = a.match[f]
			}
			if a.open[c] == 0 {
				a.open[c] = a.open[f]
			}
		}
	}
}

// step is the node after one more byte.
func (a *automaton) step(n int32, b byte) int32 {
	for n != 0 {
		if c := a.child(n, b); c != 0 {
			return c
		}
		n = a.fail[n]
	}
	return a.root[b]
}

func (a *automaton) child(n int32, b byte) int32 {
	lo, hi := a.first[n], a.first[n+1]
	for hi-lo > 8 {
		if mid := (lo + hi) / 2; a.label[mid] <= b {
			lo = mid
		} else {
			hi = mid
		}
	}
	for ; lo < hi; lo++ {
		if a.label[lo] == b {
			return lo
		}
	}
	return 0
}

// span is a part of a text that is hidden.
type span struct{ from, to int }

// scan reads s from node n on. It gives the node at its end and the forms in
// it, joined where they overlap or touch; off is the place of s in the text.
func scan[T string | []byte](a *automaton, n int32, s T, off int) (int32, []span) {
	var spans []span
	for i := 0; i < len(s); i++ {
		if n == 0 { // most of most texts: on to where a form could begin
			for i+1 < len(s) && a.pairs[int(s[i])<<2|int(s[i+1])>>6]&(1<<(s[i+1]&63)) == 0 {
				i++
			}
		}
		n = a.step(n, s[i])
		if m := int(a.match[n]); m > 0 {
			spans = addSpan(spans, span{off + i + 1 - m, off + i + 1})
		}
	}
	return n, spans
}

// addSpan adds a span that ends behind all the others of its scan.
func addSpan(spans []span, x span) []span {
	for len(spans) > 0 && spans[len(spans)-1].to >= x.from {
		x.from = min(x.from, spans[len(spans)-1].from)
		x.to = max(x.to, spans[len(spans)-1].to)
		spans = spans[:len(spans)-1]
	}
	return append(spans, x)
}

// union joins the spans of several scans.
func union(spans []span) []span {
	sort.Slice(spans, func(i, j int) bool { return spans[i].from < spans[j].from })
	out := spans[:0]
	for _, x := range spans {
		if n := len(out); n > 0 && out[n-1].to >= x.from {
			out[n-1].to = max(out[n-1].to, x.to)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// hide writes s with its spans as ***.
func hide(s string, spans []span) string {
	var b strings.Builder
	b.Grow(len(s))
	at := 0
	for _, x := range spans {
		b.WriteString(s[at:x.from])
		b.WriteString(hidden)
		at = x.to
	}
	b.WriteString(s[at:])
	return b.String()
}
