package report

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"opslua/internal/escape"
	"opslua/internal/units"
)

const (
	// uniqueLabel is how many bytes of a label tell it apart: RRD keeps no more.
	uniqueLabel = 19
	// longestLabel is where a label is cut.
	longestLabel = 200
)

// perfdata gives the numbers of all findings as monitoring plugins write them,
// one item each: those with thresholds and those without, in the order of the
// checks. A number that is not finite has no form and is left out.
func (r *Report) perfdata() []string {
	var items []string
	labels := newLabels()
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Skipped != "" {
			continue
		}
		for _, values := range [2][]Value{f.Values, f.Metrics} {
			for k := range values {
				if item, ok := perfItem(labels, f.Name, &values[k]); ok {
					items = append(items, item)
				}
			}
		}
	}
	return items
}

func perfItem(labels *labels, check string, v *Value) (string, bool) {
	uom, times, per := baseUnit(v.Unit)
	scale := func(f float64) float64 { return f*times/per + 0 } // + 0: no negative zero
	value := scale(v.Value)
	if !finite(value) {
		return "", false
	}
	label := v.Label
	if label == "" {
		label = check
	}
	warn, crit := perfRange(v.Warn, scale), perfRange(v.Crit, scale)
	item := quoteLabel(labels.unique(label)) + "=" + perfDecimal(value, warn, crit) + uom
	fields := ";" + rangeOrNone(warn) + ";" + rangeOrNone(crit) +
		";" + perfBound(v.Min, scale) + ";" + perfBound(v.Max, scale)
	return item + strings.TrimRight(fields, ";"), true
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// perfDecimal is a number for graphs. One that stands so near to a threshold that
// rounding would carry it to the other side is exact.
func perfDecimal(value float64, limits ...*units.Range) string {
	text := plainNumber(value)
	for _, r := range limits {
		if short, err := strconv.ParseFloat(text, 64); r != nil && (err != nil || r.Alerts(short) != r.Alerts(value)) {
			return units.FormatNumber(value)
		}
	}
	return text
}

func perfRange(r *units.Range, scale func(float64) float64) *units.Range {
	if r == nil || math.IsNaN(r.Start) || math.IsNaN(r.End) {
		return nil
	}
	return &units.Range{Start: scale(r.Start), End: scale(r.End), Inside: r.Inside}
}

func rangeOrNone(r *units.Range) string {
	if r == nil {
		return ""
	}
	return r.String()
}

func perfBound(f *float64, scale func(float64) float64) string {
	if f == nil || !finite(scale(*f)) {
		return ""
	}
	return plainNumber(scale(*f))
}

// baseUnit gives the unit that perfdata know and the fraction, times/per, by
// which numbers in it are larger. It is a fraction because a division by 1000 is
// exact where a product with 0.001 is not.
func baseUnit(unit string) (uom string, times, per float64) {
	switch unit {
	case "%", "c":
		return unit, 1, 1
	case "ns":
		return "s", 1, 1e9
	case "us", "µs", "μs":
		return "s", 1, 1e6
	case "ms":
		return "s", 1, 1e3
	case "s", "sec", "seconds":
		return "s", 1, 1
	case "m", "min":
		return "s", 60, 1
	case "h":
		return "s", 3600, 1
	case "d", "days":
		return "s", 86400, 1
	case "w":
		return "s", 7 * 86400, 1
	case "B", "b", "bytes":
		return "B", 1, 1
	}
	// A letter alone may be a count as well as a size.
	if len(unit) > 1 && len(unit) <= 3 && strings.HasSuffix(strings.ToLower(unit), "b") {
		if n, err := units.ParseSize("1" + unit); err == nil {
			return "B", float64(n), 1
		}
	}
	return "", 1, 1
}

// labels keeps the labels of one line apart by their first bytes.
type labels struct {
	taken map[string]bool
	next  map[string]int // by the label's first bytes: the suffix to try
}

func newLabels() *labels {
	return &labels{taken: make(map[string]bool), next: make(map[string]int)}
}

// unique makes a label harmless and puts ~2, ~3 … into the first bytes of one
// whose first bytes stand already.
func (l *labels) unique(s string) string {
	s = cleanLabel(s)
	head := cut(s, uniqueLabel)
	if !l.taken[head] {
		l.taken[head] = true
		return s
	}
	for n := max(l.next[head], 2); ; n++ {
		suffix := "~" + strconv.Itoa(n)
		front := cut(s, uniqueLabel-len(suffix))
		if !l.taken[front+suffix] {
			l.taken[front+suffix] = true
			l.next[head] = n + 1
			return front + suffix + s[len(front):]
		}
	}
}

// cleanLabel leaves nothing in a label that a reader of perfdata may stumble over.
func cleanLabel(s string) string {
	s = escape.String(cut(s, longestLabel))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '=', r == '\'', r == '|':
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); s == "" {
		return "value"
	}
	return s
}

func quoteLabel(s string) string {
	if strings.Contains(s, " ") {
		return "'" + s + "'"
	}
	return s
}
