package report

import (
	"math"
	"time"
)

// htmlDuration is a number of seconds as a duration; what is none, or does not
// fit, is the nearest that does.
func htmlDuration(seconds float64) time.Duration {
	switch ns := seconds * float64(time.Second); {
	case !(ns > 0):
		return 0
	case ns >= math.MaxInt64:
		return math.MaxInt64
	default:
		return time.Duration(ns)
	}
}
