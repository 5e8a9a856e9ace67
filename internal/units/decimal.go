package units

import (
	"math/bits"
	"strings"
)

// decimal is a number without sign or exponent, as it was written: the digits
// before the point and those after it.
type decimal struct{ whole, frac string }

// cutDecimal takes a decimal off the front of s. ok is false where there is none;
// a point needs digits on both sides.
func cutDecimal(s string) (d decimal, rest string, ok bool) {
	n := digits(s)
	if n == 0 {
		return d, s, false
	}
	d.whole, rest = s[:n], s[n:]
	if !strings.HasPrefix(rest, ".") {
		return d, rest, true
	}
	n = digits(rest[1:])
	if n == 0 {
		return d, s, false
	}
	d.frac, rest = rest[1:1+n], rest[1+n:]
	return d, rest, true
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// times gives the decimal in multiples of 1/unit, rounded to the nearest, exact
// in between; ok is false where an int64 cannot hold it.
func (d decimal) times(unit uint64) (n uint64, ok bool) {
	const most = 1<<63 - 1
	whole, ok := parseUint(d.whole)
	if !ok {
		return 0, false
	}
	hi, lo := bits.Mul64(whole, unit)
	if hi != 0 || lo > most {
		return 0, false
	}
	part := d.part(unit)
	if lo+part > most {
		return 0, false
	}
	return lo + part, true
}

// part is the fraction in multiples of 1/unit. Digits past the eighteenth are
// not looked at: they are worth a nanosecond or a byte at most.
func (d decimal) part(unit uint64) uint64 {
	frac := d.frac
	if len(frac) > 18 {
		frac = frac[:18]
	}
	f, _ := parseUint(frac)
	scale := uint64(1)
	for range len(frac) {
		scale *= 10
	}
	hi, lo := bits.Mul64(f, unit)
	lo, carry := bits.Add64(lo, scale/2, 0)
	q, _ := bits.Div64(hi+carry, lo, scale) // f < scale, so the quotient is at most unit
	return q
}

func parseUint(s string) (n uint64, ok bool) {
	for i := range len(s) {
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(s[i]-'0'), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}
