package units

import (
	"math"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	type parser func(string) (float64, error)
	for name, c := range map[string]struct {
		parse parser
		want  map[string]float64
		bad   map[string]string
		text  string
	}{
		"ParseNumber": {ParseNumber, map[string]float64{"80": 80, "-1.5": -1.5, "+2": 2, "1e3": 1000, "1E-3": 0.001, "0": 0, "1e-400": 0},
			map[string]string{"": "no number", "NaN": "is no number", "inf": "is no number", "-Infinity": "is no number", "0x1p4": "is no number", "1_0": "is no number",
				"1e400": "too large", "-1e999999999": "too large", "1e": "is no number", "1e+": "is no number", "--1": "is no number", "-": "is no number", " 1": "space", "1 ": "space", "5%": "is no number",
				"1.": "is no number", ".5": "is no number", strings.Repeat("1", 999): "too long", "1e1e1": "is no number"}, wantNumber},
		"ParsePercent": {ParsePercent, map[string]float64{"12.5%": 12.5, "12.5": 12.5, "150%": 150, "-3%": -3, "0%": 0},
			map[string]string{"": "no number", "%": "no number", "5%%": "is no number", "5 %": "space", "NaN%": "is no number", "1e999%": "too large"}, wantPercent},
		"ParseCount": {ParseCount, map[string]float64{"950": 950, "1.2k": 1200, "1.2K": 1200, "3M": 3e6, "1.1k": 1100, "2G": 2e9, "2T": 2e12, "2P": 2e15, "2E": 2e18, "-1k": -1000},
			map[string]string{"": "no number", "k": "no number", "1m": "is no number", "1kk": "is no number", "1e3k": "is no number", "1 k": "space", "1B": "is no number"}, wantCount},
	} {
		for s, want := range c.want {
			if got, err := c.parse(s); err != nil || got != want || math.Signbit(got) != math.Signbit(want) {
				t.Errorf("%s(%q) = %v, %v; want %v", name, s, got, err, want)
			}
		}
		for s, why := range c.bad {
			got, err := c.parse(s)
			refused(t, name, s, why, c.text, got == 0, err)
		}
	}
	if f, err := ParseNumber("-0"); err != nil || math.Signbit(f) {
		t.Errorf("ParseNumber(-0) = %v, %v", f, err)
	}
}

func TestFormatNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{FormatPercent(12.5), "12.5%"}, {FormatPercent(100), "100%"}, {FormatPercent(99.96), "100%"}, {FormatPercent(-0.01), "0%"},
		{FormatPercent(math.NaN()), "nan%"}, {FormatPercent(math.Inf(1)), "inf%"},
		{FormatCount(950), "950"}, {FormatCount(1200), "1.2k"}, {FormatCount(3e6), "3M"}, {FormatCount(999999), "1M"}, {FormatCount(-1500), "-1.5k"},
		{FormatCount(999.94), "999.9"}, {FormatCount(999.96), "1k"}, {FormatCount(1e21), "1000E"}, {FormatCount(math.Inf(-1)), "-inf"}, {FormatCount(math.NaN()), "nan"},
		{FormatNumber(1e21), "1000000000000000000000"}, {FormatNumber(0.1), "0.1"}, {FormatNumber(math.Inf(-1)), "-inf"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"", "80", "-1.5", "1e3", "12.5%", "1.2k", "3M", "1e400", "NaN", "+", "\xff%"} {
		f.Add(s, float64(len(s))*1234.5)
	}
	f.Fuzz(func(t *testing.T, s string, x float64) {
		for _, parse := range []func(string) (float64, error){ParseNumber, ParsePercent, ParseCount} {
			got, err := parse(s)
			if err != nil {
				printable(t, err)
			} else if math.IsNaN(got) || math.IsInf(got, 0) {
				t.Fatalf("%q is read as %v", s, got)
			}
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		if math.Abs(x) < 1e200 { // beyond, plain decimals are longer than what is read
			if back, err := ParseNumber(FormatNumber(x)); err == nil && back != x {
				t.Fatalf("%v is written %q, which is read as %v", x, FormatNumber(x), back)
			}
		}
		back, err := ParseCount(FormatCount(x))
		if math.Abs(x) < 1e200 && (err != nil || math.Abs(back-x) > math.Abs(x)/10+0.06) {
			t.Fatalf("%v is written %q, which is read as %v, %v", x, FormatCount(x), back, err)
		}
	})
}
