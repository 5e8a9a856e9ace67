package units

import (
	"math"
	"strings"
)

const wantRange = `a range such as "80", "10:20", "~:5" or "@1:3"`

// Range is a range of thresholds as monitoring plugins know it: immutable plain
// data, safe for concurrent use. It alerts outside of Start..End, or with Inside
// within it; both ends belong to the range. Without a bound, an end is an infinity.
type Range struct {
	Start, End float64
	Inside     bool
}

// ParseRange reads ["@"] ( num / (num/"~") ":" [num] ): "10" is 0..10, "10:" is
// from 10 on, "~:10" up to 10, "10:20" between, and "@" in front alerts inside
// instead of outside. A start above the end is an error.
func ParseRange(s string) (Range, error) { return ParseRangeFunc(s, ParseNumber) }

// ParseRangeFunc is ParseRange with bounds that parse reads, such as sizes or
// durations. Its bounds hold no ":".
func ParseRangeFunc(s string, parse func(string) (float64, error)) (Range, error) {
	fail := func(why string, args ...any) (Range, error) {
		return Range{}, refuse(s, wantRange, why, args...)
	}
	if len(s) > 2*maxInput {
		return fail("it is too long")
	}
	text, inside := strings.CutPrefix(s, "@")
	start, end, colon := strings.Cut(text, ":")
	r := Range{Start: 0, End: math.Inf(1), Inside: inside}
	switch {
	case !colon && text == "":
		return fail("there is no number")
	case !colon:
		start, end = "", text
	case start == "":
		return fail(`a start is missing before ":" ("0:" counts from 0, "~:" from anywhere)`)
	}
	var err error
	if start == "~" {
		r.Start = math.Inf(-1)
	} else if start != "" {
		if r.Start, err = bound(start, parse); err != nil {
			return fail("start: %s", reason(err))
		}
	}
	if end != "" {
		if r.End, err = bound(end, parse); err != nil {
			return fail("end: %s", reason(err))
		}
	}
	if r.Start > r.End {
		return fail("its start, %s, is above its end, %s", FormatNumber(r.Start), FormatNumber(r.End))
	}
	return r, nil
}

func bound(s string, parse func(string) (float64, error)) (float64, error) {
	f, err := parse(s)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return 0, refuse(s, wantNumber, "it is not finite")
	}
	return f, err
}

// Alerts says whether x is where the range alerts. What is not a number alerts always.
func (r Range) Alerts(x float64) bool {
	if math.IsNaN(x) {
		return true
	}
	return (r.Start <= x && x <= r.End) == r.Inside
}

// Contains says that x is where it should be: the opposite of Alerts.
func (r Range) Contains(x float64) bool { return !r.Alerts(x) }

// String writes the range so that ParseRange reads it back, in plain decimals.
func (r Range) String() string {
	s := ""
	if r.Inside {
		s = "@"
	}
	unbounded := math.IsInf(r.End, 1)
	switch {
	case math.IsInf(r.Start, -1):
		s += "~:"
	case r.Start != 0 || unbounded:
		s += FormatNumber(r.Start) + ":"
	}
	if !unbounded {
		s += FormatNumber(r.End)
	}
	return s
}
