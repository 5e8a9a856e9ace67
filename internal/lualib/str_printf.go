package lualib

import (
	"math"
	"strconv"
)

// number adds a number as C's printf writes it.
func (sp *spec) number(out []byte, option byte, v float64) []byte {
	switch option {
	case 'c':
		return sp.pad(out, string([]byte{byte(int64Of(v))}))
	case 'd', 'i':
		return sp.signed(out, int64Of(v))
	case 'u':
		return sp.unsigned(out, uint64Of(v), 10, "")
	case 'o':
		return sp.unsigned(out, uint64Of(v), 8, "0")
	case 'x':
		return sp.unsigned(out, uint64Of(v), 16, "0x")
	case 'X':
		return sp.unsigned(out, uint64Of(v), 16, "0X")
	}
	return sp.float(out, option, v)
}

// int64Of converts as x86-64 does, which C leaves open: what does not fit is
// the smallest integer.
func int64Of(v float64) int64 {
	if v >= -1<<63 && v < 1<<63 {
		return int64(v)
	}
	return math.MinInt64
}

// uint64Of converts as C compilers do on x86-64: negative numbers wrap around,
// what is too large is 0.
func uint64Of(v float64) uint64 {
	if v >= 1<<63 {
		return uint64(int64Of(v-1<<63)) ^ 1<<63
	}
	return uint64(int64Of(v))
}

func (sp *spec) signed(out []byte, v int64) []byte {
	sign := sp.sign(v < 0)
	n := uint64(v)
	if v < 0 {
		n = -n
	}
	return sp.digits(out, sign, n, 10, false)
}

// sign is what stands before a number.
func (sp *spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case sp.plus:
		return "+"
	case sp.space:
		return " "
	}
	return ""
}

func (sp *spec) unsigned(out []byte, n uint64, base int, alt string) []byte {
	lead := ""
	if sp.alt && base == 16 && n != 0 {
		lead = alt
	}
	start := len(out)
	out = sp.digits(out, lead, n, base, sp.alt && base == 8)
	if alt == "0X" {
		upperFrom(out, start)
	}
	return out
}

// digits adds an integer: precision is the least number of digits, and turns
// the flag 0 off. octal makes the first digit a 0.
func (sp *spec) digits(out []byte, lead string, n uint64, base int, octal bool) []byte {
	var store [72]byte
	text := strconv.AppendUint(store[:0], n, base)
	if sp.prec == 0 && n == 0 {
		text = text[:0]
	}
	zeros := sp.prec - len(text)
	if octal && zeros <= 0 && (len(text) == 0 || text[0] != '0') {
		zeros = 1
	}
	return sp.assemble(out, lead, text, max(zeros, 0), sp.zero && sp.prec < 0)
}

// assemble adds lead, zeros and text, filled up to the width with blanks on
// either side or, with wide, with zeros behind lead.
func (sp *spec) assemble(out []byte, lead string, text []byte, zeros int, wide bool) []byte {
	rest := sp.width - len(lead) - zeros - len(text)
	if wide && !sp.minus && rest > 0 {
		zeros += rest
		rest = 0
	}
	if !sp.minus {
		out = fill(out, ' ', rest)
	}
	out = append(out, lead...)
	out = fill(out, '0', zeros)
	out = append(out, text...)
	if sp.minus {
		out = fill(out, ' ', rest)
	}
	return out
}

func upperFrom(out []byte, start int) {
	for i := start; i < len(out); i++ {
		if 'a' <= out[i] && out[i] <= 'z' {
			out[i] -= 'a' - 'A'
		}
	}
}

// float adds v by %e, %f or %g. Not-a-number has no sign here.
func (sp *spec) float(out []byte, option byte, v float64) []byte {
	lead := sp.sign(math.Signbit(v) && !math.IsNaN(v))
	v = math.Abs(v)
	var store [512]byte
	text := store[:0]
	finite := true
	switch {
	case math.IsNaN(v):
		text, finite = append(text, "nan"...), false
	case math.IsInf(v, 0):
		text, finite = append(text, "inf"...), false
	case option|0x20 == 'g':
		text = sp.general(text, v)
	default:
		text = sp.fixed(text, option|0x20, v, sp.places())
	}
	start := len(out)
	out = sp.assemble(out, lead, text, 0, sp.zero && finite)
	if option < 'a' {
		upperFrom(out, start)
	}
	return out
}

func (sp *spec) places() int {
	if sp.prec < 0 {
		return 6
	}
	return sp.prec
}

// fixed is %e or %f: with the flag # there is always a point.
func (sp *spec) fixed(text []byte, verb byte, v float64, places int) []byte {
	text = strconv.AppendFloat(text, v, verb, places, 64)
	if !sp.alt || places > 0 {
		return text
	}
	return insertPoint(text)
}

func insertPoint(text []byte) []byte {
	i := exponent(text)
	text = append(text, 0)
	copy(text[i+1:], text[i:])
	text[i] = '.'
	return text
}

// exponent is the index of the e in text, its length without one.
func exponent(text []byte) int {
	for i, c := range text {
		if c == 'e' {
			return i
		}
	}
	return len(text)
}

// general is %g: %e or %f, whichever suits the size, with the precision as the
// number of significant digits and, without the flag #, no zeros at the end.
func (sp *spec) general(text []byte, v float64) []byte {
	p := max(sp.places(), 1)
	var store [128]byte
	probe := strconv.AppendFloat(store[:0], v, 'e', p-1, 64)
	exp, err := strconv.Atoi(string(probe[exponent(probe)+1:]))
	verb, places := byte('e'), p-1
	if err == nil && exp >= -4 && exp < p {
		verb, places = 'f', p-1-exp
	}
	text = sp.fixed(text, verb, v, places)
	if sp.alt || places == 0 {
		return text
	}
	return dropZeros(text)
}

// dropZeros takes the zeros at the end of the fraction away, and the point if
// nothing is left behind it.
func dropZeros(text []byte) []byte {
	e := exponent(text)
	i := e
	for text[i-1] == '0' {
		i--
	}
	if text[i-1] == '.' {
		i--
	}
	return append(text[:i], text[e:]...)
}
