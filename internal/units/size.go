package units

import (
	"math"
	"strconv"
	"strings"
)

const wantSize = `a size such as "512", "64MiB" or "10MB"`

// sizeUnit knows units in any case: what people write is "64m", "10mb" and
// "2KiB". All of them are bytes, "Mb" too; a letter alone is binary, as in dd,
// df -h and systemd.
func sizeUnit(s string) (uint64, bool) {
	s = strings.ToLower(s)
	if s == "" || s == "b" {
		return 1, true
	}
	power := strings.IndexByte("kmgtpe", s[0]) + 1
	if power == 0 {
		return 0, false
	}
	base := uint64(1024)
	switch s[1:] {
	case "", "i", "ib":
	case "b":
		base = 1000
	default:
		return 0, false
	}
	unit := uint64(1)
	for range power {
		unit *= base
	}
	return unit, true
}

// ParseSize reads a number of bytes: "512", "64MiB", "10MB", "1.5GiB", "2k".
// KiB, MiB … EiB and the letters alone (K M G T P E) are powers of 1024; kB, MB
// … EB are powers of 1000; upper and lower case are the same, and nothing means
// bits. One space may stand before the unit, so that it reads what FormatBytes
// writes. A part of a byte is rounded. Negative sizes, exponents, other spaces
// and what an int64 cannot hold are errors.
func ParseSize(s string) (int64, error) {
	fail := func(why string, args ...any) (int64, error) {
		return 0, refuse(s, wantSize, why, args...)
	}
	switch {
	case s == "":
		return fail("it is empty")
	case len(s) > maxInput:
		return fail("it is too long")
	case s[0] == '-':
		return fail("it is below 0")
	}
	d, tail, ok := cutDecimal(s)
	if !ok {
		return fail("it does not begin with a number")
	}
	name := strings.TrimPrefix(tail, " ")
	unit, ok := sizeUnit(name)
	switch {
	case strings.ContainsAny(name, " \t\r\n") || name == "" && tail != "":
		return fail("a space is not part of it, but for one before the unit")
	case !ok:
		return fail("%s is no unit (B, KiB MiB GiB TiB PiB EiB, kB MB GB TB PB EB, K M G T P E)", quote(name))
	case unit == 1 && strings.Trim(d.frac, "0") != "":
		return fail("there is no part of a byte")
	}
	n, ok := d.times(unit)
	if !ok {
		return fail("it is more than 8 EiB")
	}
	return int64(n), nil
}

// FormatBytes writes a number of bytes for a person, in powers of 1024 with at
// most one decimal: "512 B", "64 MiB", "1.5 GiB".
func FormatBytes(n int64) string {
	f := float64(n)
	if math.Abs(f) < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, letter := scaled(f, 1024, "KMGTPE")
	return tenths(f) + " " + letter + "iB"
}

// scaled divides until what is shown, with one decimal, is below base.
func scaled(f, base float64, letters string) (float64, string) {
	letter := ""
	for i := 0; i < len(letters) && math.Abs(math.Round(f*10)/10) >= base; i++ {
		f /= base
		letter = letters[i : i+1]
	}
	return f, letter
}

// tenths writes f with one decimal, or none where that would be 0.
func tenths(f float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}
