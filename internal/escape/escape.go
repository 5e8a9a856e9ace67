// Package escape makes text from outside (process names, output, file names)
// harmless before a terminal or a log sees it. Its functions are pure and safe
// for concurrent use; a Writer belongs to one goroutine.
//
// Escaped are: the controls C0, DEL and C1; the line separators U+2028 and
// U+2029; the marks that change the direction of text (U+061C, U+200E, U+200F,
// U+202A to U+202E, U+2066 to U+2069); and bytes that are not UTF-8. They become:
//
//	\n \t \r      newline, tab, carriage return
//	\x1b \x7f     other controls below 128
//	\xff          a byte that is not UTF-8, always 128 or more
//	\u{9b}        a character above 127
//
// All else stays as it is, the backslash too: paths, patterns and quoted text
// stay readable, and what was escaped once is not changed again. So a text that
// held the two characters \n looks like one that held a newline. Where every
// byte must come back, JSON is the format.
package escape

import "unicode/utf8"

const hex = "0123456789abcdef"

// String escapes for one line: a newline and a tab become \n and \t. It does not
// allocate where there is nothing to escape.
func String(s string) string {
	i := next(s, 0, false)
	if i == len(s) {
		return s
	}
	return string(escape(make([]byte, 0, len(s)+16), s, i, false))
}

// Text escapes several lines: it keeps newlines and tabs. It does not allocate
// where there is nothing to escape.
func Text(s string) string {
	i := next(s, 0, true)
	if i == len(s) {
		return s
	}
	return string(escape(make([]byte, 0, len(s)+16), s, i, true))
}

// Append appends String(s) to dst.
func Append(dst []byte, s string) []byte { return escape(dst, s, next(s, 0, false), false) }

// escape appends s, whose first character that has to be escaped is at i.
func escape[T string | []byte](dst []byte, s T, i int, lines bool) []byte {
	from := 0
	for i < len(s) {
		dst = append(dst, s[from:i]...)
		r, size := decode(s, i)
		dst = appendEscape(dst, s[i], r, size)
		from = i + size
		i = next(s, from, lines)
	}
	return append(dst, s[from:]...)
}

func appendEscape(dst []byte, b byte, r rune, size int) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\r':
		return append(dst, `\r`...)
	case size == 1: // a control, or a byte that is not UTF-8
		return append(dst, '\\', 'x', hex[b>>4], hex[b&15])
	}
	dst = append(dst, `\u{`...)
	started := false
	for shift := 20; shift >= 0; shift -= 4 {
		if digit := r >> shift & 15; digit != 0 || started {
			dst = append(dst, hex[digit])
			started = true
		}
	}
	return append(dst, '}')
}

// next finds the first character from i on that has to be escaped, or len(s).
func next[T string | []byte](s T, i int, lines bool) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && !(lines && (c == '\n' || c == '\t')) || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, size := decode(s, i)
		if size == 1 || forbidden(r) {
			return i
		}
		i += size
	}
	return len(s)
}

// decode is utf8.DecodeRune for both types; so short a conversion does not allocate.
func decode[T string | []byte](s T, i int) (rune, int) {
	return utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
}

// forbidden knows the characters above 127 that are escaped.
func forbidden(r rune) bool {
	switch {
	case r < 0xa0:
		return true
	case r < 0x2029:
		return r == 0x61c || r == 0x200e || r == 0x200f || r == 0x2028
	}
	return r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
