package time

import (
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"
)

// maxText is the length of the longest text that is read as a time.
const maxText = 1000

// errText is what is wrong with a text that looks like a time.
type errText string

func (e errText) Error() string { return string(e) }

const (
	errTooLong = errText("it is too long")
	errNoDay   = errText("there is no such day")
	errZone    = errText("its zone is a name that can mean several; use an offset (%z), or leave it out for UTC")
)

// parseLayout reads a time by a layout as in strptime. The library takes the
// 30th of February for the 2nd of March, and the name of any zone for one
// without an offset; here both are mistakes.
func parseLayout(text, layout string) (time.Time, error) {
	if len(text) > maxText || len(layout) > maxText {
		return time.Time{}, errTooLong
	}
	layout = spelled(layout)
	t, err := timefmt.ParseInLocation(text, layout, time.UTC)
	if err != nil {
		return t, err
	}
	if has(layout, "Z") && !has(layout, "z") {
		switch name, _ := t.Zone(); name {
		case "UTC", "GMT":
		default:
			return t, errZone
		}
	}
	if has(layout, "s") { // it says all
		return t, nil
	}
	// What does not exist becomes one of the days after it; so does a leap second.
	if t.Day() <= 3 && !onDay(text, layout, t) && !onDay(text, layout, t.Add(-time.Second)) {
		return t, errNoDay
	}
	return t, nil
}

// onDay says whether a text names no other day than that of t.
func onDay(text, layout string, t time.Time) bool {
	return says(text, layout, "de", t.Day()) && says(text, layout, "j", t.YearDay())
}

// spelled writes those directives of a layout out that stand for several and
// have the day among them.
func spelled(layout string) string {
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			b.WriteByte(layout[i])
			continue
		}
		i++
		switch layout[i] {
		case 'c':
			b.WriteString("%a %b %e %H:%M:%S %Y")
		case '+':
			b.WriteString("%a %b %e %H:%M:%S %Z %Y")
		case 'F':
			b.WriteString("%Y-%m-%d")
		case 'D', 'x':
			b.WriteString("%m/%d/%y")
		case 'v':
			b.WriteString("%e-%b-%Y")
		default:
			b.WriteString(layout[i-1 : i+1])
		}
	}
	return b.String()
}

// find gives the place of the first directive of those letters, or -1.
func find(layout, letters string) int {
	for i := 0; i+1 < len(layout); i++ {
		if layout[i] == '%' {
			if strings.IndexByte(letters, layout[i+1]) >= 0 {
				return i
			}
			i++
		}
	}
	return -1
}

func has(layout, letters string) bool { return find(layout, letters) >= 0 }

// says tells whether a text that is such a time has that number where the
// layout has the directive, or no such directive at all.
func says(text, layout, letters string, n int) bool {
	at := find(layout, letters)
	if at < 0 {
		return true
	}
	for i := len(text); i >= 0; i-- { // numbers are read as long as they go
		if _, err := timefmt.ParseInLocation(text[:i], layout[:at], time.UTC); err != nil {
			continue
		}
		if _, err := timefmt.ParseInLocation(text[i:], layout[at:], time.UTC); err == nil {
			return number(text[i:], layout[at+1]) == n
		}
	}
	return false
}

// number reads the digits of a directive: two of a day, three of a day of the year.
func number(text string, directive byte) int {
	most := 2
	if directive == 'j' {
		most = 3
	}
	if directive == 'e' {
		text = strings.TrimPrefix(text, " ")
	}
	n := 0
	for i := 0; i < len(text) && i < most && text[i] >= '0' && text[i] <= '9'; i++ {
		n = 10*n + int(text[i]-'0')
	}
	return n
}
