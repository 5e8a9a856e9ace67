package units

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "10": 10 * time.Second, "1.5": 1500 * time.Millisecond, "0.001": time.Millisecond,
		"500ms": 500 * time.Millisecond, "10s": 10 * time.Second, "2m": 2 * time.Minute,
		"1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1w2d": 9 * day, "1.5h": 90 * time.Minute,
		"1us": time.Microsecond, "1µs": time.Microsecond, "1μs": time.Microsecond, "7ns": 7,
		"0.1s": 100 * time.Millisecond, "1h0m0s": time.Hour, "0.3m": 18 * time.Second,
		"9223372036854775807ns": math.MaxInt64, "1h1ns": time.Hour + 1,
		"0.33333333333333333333333s": 333333333,
	} {
		got, err := ParseDuration(s)
		if err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for s, why := range map[string]string{
		"": "empty", "-5s": "below 0", "-": "below 0", "10 s": "space", " 10s": "space", "10s\n": "space",
		"10x": "no unit", "10sec": "no unit", "2M": "no unit", "1e3": "no unit", "1e3s": "no unit", "s": "no number",
		".5s": "no number", "5.s": "no number", "+5s": "no number", "NaN": "no number", "inf": "no number", "0x10s": "no unit",
		"1h30": "has no unit", "30m1h": "not larger", "1m1m": "not larger", "1us1µs": "not larger", "1,5s": "no unit",
		"9223372036854775808ns": "292 years", "99999999999999999999s": "292 years", "15251w": "292 years",
		"106751d24h": "292 years", strings.Repeat("9", 300): "too long", "５s": "no number", "1s\x00": "no unit", "1_000s": "no unit",
	} {
		got, err := ParseDuration(s)
		refused(t, "ParseDuration", s, why, wantDuration, got == 0, err)
	}
}

// refused wants an error of one printable line that says what came, what was wanted and why.
func refused(t *testing.T, fn, s, why, want string, zero bool, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s(%.40q) is accepted; want %q", fn, s, why)
	case !zero:
		t.Errorf("%s(%.40q) gives a value beside its error", fn, s)
	case !strings.HasPrefix(err.Error(), "got "+quote(s)) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), why):
		t.Errorf("%s(%.40q): %v; want %q", fn, s, err, why)
	default:
		printable(t, err)
	}
}

func printable(t *testing.T, err error) {
	t.Helper()
	if len(err.Error()) > 1000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
	for _, r := range err.Error() {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x202e {
			t.Errorf("%U in error %q", r, err)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "1ns": 1, "999ns": 999, "1us": 1000, "1.5us": 1500, "350ms": 350 * time.Millisecond,
		"1.23s": 1234 * time.Millisecond, "12.3s": 12345 * time.Millisecond, "10s": 10 * time.Second, "1.01s": 1010 * time.Millisecond,
		"1ms": 999999, "1s": time.Second - 1, "1m": time.Minute - 1, "1m30s": 90 * time.Second, "1h30m": 90 * time.Minute, "1h": time.Hour - 1,
		"1d": day - 1, "1h1s": time.Hour + time.Second, "12d4h10m": 12*day + 4*time.Hour + 10*time.Minute + 29*time.Second,
		"-1m30s": -90 * time.Second, "-106751d23h47m": math.MinInt64, "106751d23h47m": math.MaxInt64,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%d) = %q, want %q", d, got, want)
		}
	}
}

// near says that two durations differ by no more than rounding to three digits, a
// second or a minute does.
func near(a, b time.Duration) bool {
	slack := a / 200
	if a >= time.Minute {
		slack = time.Second / 2
	}
	if a >= day {
		slack = time.Minute / 2
	}
	return (a - b).Abs() <= slack+1
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"", "0", "10", "1h30m", "2d", "1.5w", "500ms", "1µs", "9223372036854775807ns", "-1s", "1 s", "1e9", "\xff"} {
		f.Add(s, int64(len(s))*1e9)
	}
	f.Fuzz(func(t *testing.T, s string, n int64) {
		d, err := ParseDuration(s)
		if err != nil {
			printable(t, err)
		} else if d < 0 {
			t.Fatalf("ParseDuration(%q) = %d", s, d)
		}
		if std, stdErr := time.ParseDuration(s); stdErr == nil && err == nil && strings.Trim(s, "0.") != "" && (std-d).Abs() > 16 {
			t.Fatalf("ParseDuration(%q) = %v, time has %v", s, d, std)
		}
		for _, x := range []time.Duration{d, time.Duration(n & math.MaxInt64)} {
			back, err := ParseDuration(FormatDuration(x))
			if err != nil || !near(x, back) {
				t.Fatalf("%d is written %q, which is read as %d, %v", x, FormatDuration(x), back, err)
			}
		}
	})
}
