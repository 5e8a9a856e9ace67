package units

import (
	"math"
	"strconv"
	"strings"
)

const (
	wantNumber  = `a number such as "80" or "-1.5"`
	wantPercent = `a percentage such as "12.5%"`
	wantCount   = `a count such as "950", "1.2k" or "3M"`
)

// ParseNumber reads a finite decimal number: "80", "-1.5", "1e3". Hexadecimal
// numbers, underscores, spaces, infinities and NaN are errors, and so is an
// exponent that no float64 can hold.
func ParseNumber(s string) (float64, error) { return parseNumber(s, s, "", wantNumber) }

// parseNumber reads text, a part of what came, with a decimal exponent to put behind it.
func parseNumber(came, text, exponent, want string) (float64, error) {
	switch {
	case text == "":
		return 0, refuse(came, want, "there is no number")
	case len(text) > maxInput:
		return 0, refuse(came, want, "it is too long")
	case strings.ContainsAny(text, " \t\r\n"):
		return 0, refuse(came, want, "a space is not part of it")
	case !isNumber(text, exponent == ""):
		return 0, refuse(came, want, "%s is no number", quote(text))
	}
	f, err := strconv.ParseFloat(text+exponent, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, refuse(came, want, "it is too large")
	}
	return f + 0, nil // + 0: a negative zero becomes zero
}

// isNumber holds to [+-] decimal [e[+-]digits]; ParseFloat takes much more.
func isNumber(s string, exponent bool) bool {
	_, rest, ok := cutDecimal(strings.TrimLeft(s[:1], "+-") + s[1:])
	if !ok || rest == "" {
		return ok
	}
	if !exponent || rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	return rest != "" && digits(rest) == len(rest)
}

// FormatNumber writes a number as plain decimals, exact and without exponent;
// "inf", "-inf" and "nan" where it is none.
func FormatNumber(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// ParsePercent reads "12.5%" or "12.5" as 12.5. Values below 0 and above 100
// are allowed: changes and overcommitted memory have them.
func ParsePercent(s string) (float64, error) {
	return parseNumber(s, strings.TrimSuffix(s, "%"), "", wantPercent)
}

// FormatPercent writes 12.5 as "12.5%", with at most one decimal.
func FormatPercent(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return FormatNumber(f) + "%"
	}
	return tenths(f) + "%"
}

// ParseCount reads a number of things: "950", "1.2k", "3M". k (or K), M, G, T,
// P and E are powers of 1000; a small m is not a million, and an error.
func ParseCount(s string) (float64, error) {
	exponent := ""
	text := s
	if s != "" {
		switch s[len(s)-1] {
		case 'k', 'K':
			exponent = "e3"
		case 'M':
			exponent = "e6"
		case 'G':
			exponent = "e9"
		case 'T':
			exponent = "e12"
		case 'P':
			exponent = "e15"
		case 'E':
			exponent = "e18"
		}
		if exponent != "" {
			text = s[:len(s)-1]
		}
	}
	return parseNumber(s, text, exponent, wantCount)
}

// FormatCount writes a number of things for a person, in powers of 1000 with at
// most one decimal: "950", "1.2k", "3M".
func FormatCount(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return FormatNumber(f)
	}
	f, letter := scaled(f, 1000, "kMGTPE")
	return tenths(f) + letter
}
