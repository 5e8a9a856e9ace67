package luacode

import (
	"math"
	"strconv"
	"strings"
)

// FormatNumber is a number as Lua code sees it in .., print and tostring:
// integers in full up to 1e20, fractions with as many digits as it takes to
// read the same number back, inf, -inf and nan. Zero is 0 whatever its sign:
// gopher-lua's % gives -0 for -6 % 6, where Lua gives 0.
func FormatNumber(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case a < 1<<53 && v == math.Trunc(v):
		return strconv.FormatInt(int64(v), 10)
	case a < 1e20 && v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 1e-4 && a < 1e20:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'e', -1, 64)
}

// ParseNumber reads a number as tonumber does: decimal with fraction and
// exponent, or 0x and hexadecimal digits, space around it, never octal, and
// whatever the locale. What is too large is infinite. The words inf and nan
// are not numbers.
func ParseNumber(s string) (float64, bool) {
	if n, ok := shortInteger(s); ok {
		return float64(n), true
	}
	s = strings.Trim(s, " \t\n\v\f\r")
	body := strings.TrimLeft(s, "+-")
	if len(s)-len(body) > 1 || body == "" {
		return 0, false
	}
	var v float64
	var ok bool
	if len(body) > 1 && body[0] == '0' && body[1]|0x20 == 'x' {
		v, ok = parseHex(body[2:])
	} else {
		v, ok = parseDecimal(body)
	}
	if ok && s[0] == '-' {
		v = -v
	}
	return v, ok
}

func parseDecimal(s string) (float64, bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c), c == '.', c|0x20 == 'e', c == '+', c == '-':
		default:
			return 0, false
		}
	}
	return parseFloat(s)
}

func parseHex(s string) (float64, bool) {
	exponent := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isDigit(c), c|0x20 >= 'a' && c|0x20 <= 'f', c == '.':
		case c|0x20 == 'p':
			exponent = true
		case (c == '+' || c == '-') && exponent:
		default:
			return 0, false
		}
	}
	if !exponent {
		s += "p0"
	}
	return parseFloat("0x" + s)
}

// parseFloat takes out of range as infinite or zero, as C's strtod does.
func parseFloat(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		ne, ok := err.(*strconv.NumError)
		return v, ok && ne.Err == strconv.ErrRange
	}
	return v, true
}

// shortInteger reads what most numbers are: up to 15 digits and nothing else.
func shortInteger(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 15 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	return n, true
}
