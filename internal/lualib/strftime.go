package lualib

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// strftime writes t by a format of C's strftime, in the C locale. bad says what
// is wrong with the format.
func strftime(t time.Time, format string, limit int) (text, bad string) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if b.Len() > limit {
			return "", "the text is too long"
		}
		c := format[i]
		if c != '%' {
			b.WriteByte(c)
			continue
		}
		if i++; i == len(format) {
			return "", "the format ends with '%'"
		}
		part, ok := conversion(t, format[i])
		if !ok {
			return "", "unknown conversion '%" + format[i:i+1] + "'"
		}
		b.WriteString(part)
	}
	return b.String(), ""
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func spaced(n int) string { return fmt.Sprintf("%2d", n) }

// hour12 is the hour of a 12-hour clock.
func hour12(t time.Time) int { return (t.Hour()+11)%12 + 1 }

// week counts the weeks of a year that start on the given day.
func week(t time.Time, first time.Weekday) int {
	since := (int(t.Weekday()) - int(first) + 7) % 7
	return (t.YearDay() + 6 - since) / 7
}

func conversion(t time.Time, c byte) (string, bool) {
	if text, ok := dateConversion(t, c); ok {
		return text, true
	}
	return clockConversion(t, c)
}

func dateConversion(t time.Time, c byte) (string, bool) {
	switch c {
	case 'a':
		return t.Weekday().String()[:3], true
	case 'A':
		return t.Weekday().String(), true
	case 'b', 'h':
		return t.Month().String()[:3], true
	case 'B':
		return t.Month().String(), true
	case 'C':
		return century(t.Year()), true
	case 'd':
		return two(t.Day()), true
	case 'D', 'x':
		return two(int(t.Month())) + "/" + two(t.Day()) + "/" + lastTwo(t.Year()), true
	case 'e':
		return spaced(t.Day()), true
	case 'F':
		return strconv.Itoa(t.Year()) + "-" + two(int(t.Month())) + "-" + two(t.Day()), true
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay()), true
	case 'm':
		return two(int(t.Month())), true
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1), true
	case 'w':
		return strconv.Itoa(int(t.Weekday())), true
	case 'y':
		return lastTwo(t.Year()), true
	case 'Y':
		return strconv.Itoa(t.Year()), true
	}
	return weekConversion(t, c)
}

func weekConversion(t time.Time, c byte) (string, bool) {
	year, iso := t.ISOWeek()
	switch c {
	case 'g':
		return lastTwo(year), true
	case 'G':
		return strconv.Itoa(year), true
	case 'U':
		return two(week(t, time.Sunday)), true
	case 'V':
		return two(iso), true
	case 'W':
		return two(week(t, time.Monday)), true
	}
	return "", false
}

func clockConversion(t time.Time, c byte) (string, bool) {
	half := "AM"
	if t.Hour() >= 12 {
		half = "PM"
	}
	clock := two(t.Hour()) + ":" + two(t.Minute())
	switch c {
	case 'c':
		return t.Weekday().String()[:3] + " " + t.Month().String()[:3] + " " + spaced(t.Day()) + " " +
			clock + ":" + two(t.Second()) + " " + strconv.Itoa(t.Year()), true
	case 'H':
		return two(t.Hour()), true
	case 'I':
		return two(hour12(t)), true
	case 'M':
		return two(t.Minute()), true
	case 'n':
		return "\n", true
	case 'p':
		return half, true
	case 'r':
		return two(hour12(t)) + ":" + two(t.Minute()) + ":" + two(t.Second()) + " " + half, true
	case 'R':
		return clock, true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'S':
		return two(t.Second()), true
	case 't':
		return "\t", true
	case 'T', 'X':
		return clock + ":" + two(t.Second()), true
	case 'z':
		return t.Format("-0700"), true
	case 'Z':
		name, _ := t.Zone()
		return name, true
	case '%':
		return "%", true
	}
	return "", false
}

// century and lastTwo divide towards minus infinity, as C does.
func century(year int) string { return two((year - ((year%100)+100)%100) / 100) }

func lastTwo(year int) string { return two(((year % 100) + 100) % 100) }
