package report

import (
	"math"
	"strconv"
	"strings"

	"opslua/internal/units"
)

// valueText is a number with its thresholds, for a person:
// "/: 91.2% (warn 80, crit 90) 3.1 GiB free".
func valueText(v *Value) string {
	var b strings.Builder
	if v.Label != "" {
		b.WriteString(v.Label + ": ")
	}
	b.WriteString(numberText(v.Value, v.Unit))
	var limits []string
	if v.Warn != nil {
		limits = append(limits, "warn "+rangeText(*v.Warn, v.Unit))
	}
	if v.Crit != nil {
		limits = append(limits, "crit "+rangeText(*v.Crit, v.Unit))
	}
	if limits != nil {
		b.WriteString(" (" + strings.Join(limits, ", ") + ")")
	}
	if v.Note != "" {
		b.WriteString(" " + v.Note)
	}
	return b.String()
}

// took is a time that was measured, as exact as a person wants it.
func took(seconds float64) string {
	return units.FormatDuration(htmlDuration(seconds))
}

// numberText is a number with its unit; bytes in the unit that fits.
func numberText(f float64, unit string) string {
	switch {
	case unit == "B" && math.Abs(f) < 1<<62:
		return units.FormatBytes(int64(math.Round(f)))
	case unit == "" || unit == "c":
		return shortNumber(f)
	case unit == "%":
		return shortNumber(f) + "%"
	}
	return shortNumber(f) + " " + unit
}

// shortNumber has as many decimals as a person looks at: four figures where the
// number is small.
func shortNumber(f float64) string {
	a := math.Abs(f)
	switch {
	case !finite(f) || a >= 1e15 || a != 0 && a < 1e-6:
		return strconv.FormatFloat(f, 'g', 4, 64)
	case f == math.Trunc(f):
		return units.FormatNumber(f + 0)
	case a >= 100:
		return trimmed(f, 1)
	case a >= 1:
		return trimmed(f, 2)
	}
	return trimmed(f, 3-int(math.Floor(math.Log10(a))))
}

func trimmed(f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// rangeText is a range as a script gives it; ends in bytes are written so.
func rangeText(r units.Range, unit string) string {
	if unit != "B" {
		return r.String()
	}
	end := func(f float64) string { return strings.ReplaceAll(numberText(f, "B"), " ", "") }
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
	return s
}
