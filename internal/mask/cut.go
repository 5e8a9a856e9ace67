package mask

import "strings"

// Messages cut long texts, and may cut a secret in two before it is hidden. What
// is left of it stands beside an ellipsis, where it is found too, if it is not
// shorter than Shortest.

// cutMost bounds the places of one text at which a cut is looked for, so that a
// text of dots costs no more than another.
const cutMost = 1000

// cutPlaces are the places at which the texts before an ellipsis end, in order:
// before the quote that stands between, and what is left of a character that was
// itself cut in two.
func cutPlaces(s string) []int {
	var out []int
	for from := 0; len(out) < cutMost; {
		at, size := nextEllipsis(s[from:])
		if size == 0 {
			break
		}
		end := from + at
		if end > from && strings.IndexByte("\"'`", s[end-1]) >= 0 {
			end--
		}
		for end-4 >= from && s[end-4:end-2] == `\x` {
			end -= 4
		}
		out = append(out, end)
		from += at + size
	}
	return out
}

// nextEllipsis finds the next … or ..., with all the dots of it.
func nextEllipsis(s string) (at, size int) {
	const one, three = "…", "..."
	at = strings.Index(s, one)
	if dots := strings.Index(s, three); dots >= 0 && (at < 0 || dots < at) {
		return dots, len(s[dots:]) - len(strings.TrimLeft(s[dots:], "."))
	}
	if at < 0 {
		return 0, 0
	}
	return at, len(one)
}

// beginnings are the beginnings of forms at the places of s, and the forms in it.
func (a *automaton) beginnings(s string, places []int) []span {
	var spans []span
	n, at := int32(0), 0
	for _, place := range places {
		var found []span
		n, found = scan(a, n, s[at:place], at)
		spans = append(spans, found...)
		if open := int(a.open[n]); open >= Shortest {
			spans = append(spans, span{place - open, place})
		}
		at = place
	}
	_, found := scan(a, n, s[at:], at)
	return append(spans, found...)
}

// ends are the ends of forms right behind an ellipsis.
func (a *automaton) ends(s string) []span {
	var spans []span
	const mark = "…"
	for from, n := 0, 0; n < cutMost; n++ {
		at := strings.Index(s[from:], mark)
		if at < 0 {
			break
		}
		from += at + len(mark)
		if end := a.longestEnd(s[from:]); end > 0 {
			spans = append(spans, span{from, from + end})
		}
	}
	return spans
}

// longestEnd is the length of the longest end of a form that s begins with.
func (a *automaton) longestEnd(s string) int {
	longest := 0
	if len(s) < Shortest {
		return 0
	}
	for _, f := range a.forms {
		for rest := f; ; rest = rest[1:] {
			at := strings.Index(rest, s[:Shortest])
			if at < 0 {
				break
			}
			if rest = rest[at:]; strings.HasPrefix(s, rest) {
				longest = max(longest, len(rest))
				break // those that begin later are shorter
			}
		}
	}
	return longest
}
