package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"opslua/internal/units"
)

// valueText is a number with its thresholds, for a person:
// "/: 91.2% (warn 80, crit 90) 3.1 GiB free".
func valueText(v *Value) string {
	var b strings.Builder
	b.WriteString(labelled(v.Label, NumberText(v.Value, v.Unit)))
	var limits []string
	if v.Warn != nil {
		limits = append(limits, "warn "+RangeText(*v.Warn, v.Unit))
	}
	if v.Crit != nil {
		limits = append(limits, "crit "+RangeText(*v.Crit, v.Unit))
	}
	if limits != nil {
		b.WriteString(" (" + strings.Join(limits, ", ") + ")")
	}
	if v.Note != "" {
		b.WriteString(" " + v.Note)
	}
	return b.String()
}

// duration is a number of seconds; what is none, or does not fit, is the nearest
// that does.
func duration(seconds float64) time.Duration {
	switch ns := seconds * float64(time.Second); {
	case !(ns > 0):
		return 0
	case ns >= math.MaxInt64:
		return math.MaxInt64
	default:
		return time.Duration(ns)
	}
}

// took is a time that was measured, as exact as a person wants it.
func took(seconds float64) string { return units.FormatDuration(duration(seconds)) }

// NumberText is a number with its unit, for a person: bytes in the unit that
// fits, long times in minutes, hours and days, and no more figures than one
// looks at.
func NumberText(f float64, unit string) string {
	a := math.Abs(f)
	switch {
	case unit == "B" && a < 1<<62:
		return units.FormatBytes(int64(math.Round(f)))
	case unit == "s" && a >= 60 && a < math.MaxInt64/1e10:
		return units.FormatDuration(time.Duration(math.Round(f)) * time.Second)
	}
	switch unit {
	case "", "c":
		return shortNumber(f)
	case "%", "s", "ms", "us", "µs", "ns":
		return shortNumber(f) + unit
	}
	return shortNumber(f) + " " + unit
}

// shortNumber has as many decimals as a person looks at: four figures, one
// decimal where the number is large.
func shortNumber(f float64) string {
	if !plainly(f) {
		return strconv.FormatFloat(f, 'g', 4, 64)
	}
	return rounded(f, 4, 1)
}

// plainNumber is a number in plain decimals of which nobody needs more: six
// figures behind the point, or behind the zeros there. Whole numbers are exact.
func plainNumber(f float64) string {
	if !finite(f) {
		return units.FormatNumber(f)
	}
	return rounded(f, 6, 6)
}

// cellNumber is a number in a table.
func cellNumber(f float64) string {
	if !plainly(f) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return plainNumber(f)
}

// plainly says that a person reads the number better without an exponent.
func plainly(f float64) bool {
	a := math.Abs(f)
	return finite(f) && a < 1e15 && (a == 0 || a >= 1e-6)
}

// rounded keeps so many figures, and so many decimals where that is more.
func rounded(f float64, figures, decimals int) string {
	f += 0 // no negative zero
	if f == math.Trunc(f) {
		return units.FormatNumber(f)
	}
	whole := int(math.Floor(math.Log10(math.Abs(f)))) + 1 // figures before the point; below 0: zeros behind it
	s := strconv.FormatFloat(f, 'f', max(decimals, figures-whole), 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// RangeText is a range whose ends are written as the values of the unit are,
// where that says the same in other words: "10 MiB:", "26h".
func RangeText(r units.Range, unit string) string {
	exact := r.String()
	if unit != "B" && unit != "s" {
		return exact
	}
	same := true
	end := func(f float64) string {
		s := NumberText(f, unit)
		same = same && saysExactly(s, f, unit)
		return s
	}
	s := ""
	if r.Inside {
		s = "@"
	}
	switch {
	case math.IsInf(r.Start, -1):
		s += "~:"
	case r.Start != 0 || math.IsInf(r.End, 1):
		s += end(r.Start) + ":"
	}
	if !math.IsInf(r.End, 1) {
		s += end(r.End)
	}
	if !same {
		return exact
	}
	return s
}

// saysExactly says that a text in bytes or seconds is the number and not only
// near to it.
func saysExactly(s string, f float64, unit string) bool {
	if unit == "B" {
		n, err := units.ParseSize(strings.ReplaceAll(s, " ", ""))
		return err == nil && float64(n) == f
	}
	d, err := units.ParseDuration(s)
	return err == nil && d.Seconds() == f
}
