package units

import (
	"strconv"
	"strings"
	"time"
)

const (
	wantDuration = `a duration such as "10s", "500ms" or "1h30m"`
	durationList = "ns us ms s m h d w"
	day          = 24 * time.Hour
	week         = 7 * day
)

func durationUnit(s string) time.Duration {
	switch s {
	case "ns":
		return time.Nanosecond
	case "us", "µs", "μs":
		return time.Microsecond
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	case "d":
		return day
	case "w":
		return week
	}
	return 0
}

// ParseDuration reads "500ms", "10s", "2m", "1h30m", "2d", "1w": decimals with a
// unit each (ns us ms s m h d w), larger units before smaller ones and each at
// most once. A number alone is seconds. A day has 24 hours. Negative durations,
// spaces, exponents and what passes 292 years are errors.
func ParseDuration(s string) (time.Duration, error) {
	fail := func(why string, args ...any) (time.Duration, error) {
		return 0, refuse(s, wantDuration, why, args...)
	}
	switch {
	case s == "":
		return fail("it is empty")
	case len(s) > maxInput:
		return fail("it is too long")
	case s[0] == '-':
		return fail("it is below 0")
	case strings.ContainsAny(s, " \t\r\n"):
		return fail("a space is not part of it")
	}
	var total uint64
	last := time.Duration(1<<63 - 1)
	for rest := s; rest != ""; {
		d, tail, ok := cutDecimal(rest)
		if !ok {
			return fail("no number at %s", quote(rest))
		}
		name := tail[:unitLen(tail)]
		unit := durationUnit(name)
		switch {
		case name == "" && tail == "" && len(rest) == len(s):
			unit = time.Second
		case name == "" && tail == "":
			return fail("%s has no unit", quote(rest))
		case unit == 0:
			return fail("%s is no unit (%s)", quote(tail), durationList)
		case unit >= last:
			return fail("%s comes after a unit that is not larger", quote(rest))
		}
		n, fits := d.times(uint64(unit))
		if total += n; !fits || total > 1<<63-1 {
			return fail("it is more than 292 years")
		}
		last, rest = unit, tail[len(name):]
	}
	return time.Duration(total), nil
}

// unitLen is how much of s is a unit's name: all up to the next digit.
func unitLen(s string) int {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			return i
		}
	}
	return len(s)
}

// FormatDuration writes a duration for a person: "350ms", "1.25s", "1h30m",
// "12d4h10m". It keeps three digits below a minute, whole seconds below a day
// and whole minutes from there on; ParseDuration reads what it writes, except
// for a minus sign.
func FormatDuration(d time.Duration) string {
	if d < 0 {
		if d == -1<<63 {
			d++ // its absolute value is no int64; a nanosecond in 292 years is not seen
		}
		return "-" + FormatDuration(-d)
	}
	d = roundDuration(d)
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + "ns"
	case d < time.Millisecond:
		return shortDecimal(int64(d), int64(time.Microsecond)) + "us"
	case d < time.Second:
		return shortDecimal(int64(d), int64(time.Millisecond)) + "ms"
	case d < time.Minute:
		return shortDecimal(int64(d), int64(time.Second)) + "s"
	}
	return longDuration(d)
}

func longDuration(d time.Duration) string {
	var b []byte
	for _, u := range [...]struct {
		unit time.Duration
		name byte
	}{{day, 'd'}, {time.Hour, 'h'}, {time.Minute, 'm'}, {time.Second, 's'}} {
		if n := d / u.unit; n > 0 {
			b = append(strconv.AppendInt(b, int64(n), 10), u.name)
			d -= n * u.unit
		}
	}
	return string(b)
}

// roundDuration rounds to what is shown. A value that this lifts into the next
// class is round in that one too.
func roundDuration(d time.Duration) time.Duration {
	switch {
	case d >= day:
		return d.Round(time.Minute)
	case d >= time.Minute:
		return d.Round(time.Second)
	}
	step := time.Duration(1)
	for d/step >= 1000 {
		step *= 10
	}
	return d.Round(step)
}

// shortDecimal writes n/unit without trailing zeros; unit is a power of ten.
func shortDecimal(n, unit int64) string {
	s := strconv.FormatInt(n/unit, 10)
	frac := strconv.FormatInt(unit+n%unit, 10)[1:] // unit+ keeps the leading zeros
	if frac = strings.TrimRight(frac, "0"); frac != "" {
		s += "." + frac
	}
	return s
}
