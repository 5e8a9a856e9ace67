// Package units reads and writes numbers as operators write them: durations,
// sizes, percentages, counts and ranges of thresholds. All of it is pure
// functions over plain values, safe for concurrent use.
//
// Every error says what came, what was wanted, with an example, and why:
//
//	got "10x", want a duration such as "10s", "500ms" or "1h30m": "x" is no unit (ns us ms s m h d w)
//
// The text that came stands quoted and shortened in it, so that an error is one
// printable line whatever came.
package units

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The longest input that is looked at; longer ones are refused unread.
const maxInput = 256

// quote shows what came, printable and not longer than a line bears.
func quote(s string) string {
	const most = 48
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "..."
}

func refuse(got, want, why string, args ...any) error {
	if len(args) > 0 {
		why = fmt.Sprintf(why, args...)
	}
	return &refusal{got, want, why}
}

// refusal is a text that is not as wanted.
type refusal struct{ got, want, why string }

func (r *refusal) Error() string { return "got " + quote(r.got) + ", want " + r.want + ": " + r.why }

// reason is why a part of a text was refused, for the error of the whole.
func reason(err error) string {
	var r *refusal
	switch {
	case !errors.As(err, &r):
		return err.Error()
	case strings.Contains(r.why, quote(r.got)):
		return r.why
	}
	return quote(r.got) + ": " + r.why
}
