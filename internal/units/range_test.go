package units

import (
	"math"
	"strings"
	"testing"
)

func TestRange(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		s          string
		want       Range
		fine, bad  []float64
		normalised string
	}{
		{"10", Range{0, 10, false}, []float64{0, 5, 10}, []float64{-0.1, 10.1, inf, math.NaN()}, "10"},
		{"10:", Range{10, inf, false}, []float64{10, 1e300, inf}, []float64{9.99, -inf}, "10:"},
		{"~:10", Range{-inf, 10, false}, []float64{-inf, -5, 10}, []float64{10.5}, "~:10"},
		{"10:20", Range{10, 20, false}, []float64{10, 20}, []float64{9, 21}, "10:20"},
		{"@10:20", Range{10, 20, true}, []float64{9, 21}, []float64{10, 15, 20, math.NaN()}, "@10:20"},
		{"@10", Range{0, 10, true}, []float64{-1, 11}, []float64{0, 10}, "@10"},
		{"0:10", Range{0, 10, false}, nil, nil, "10"},
		{"0:", Range{0, inf, false}, []float64{0}, []float64{-1}, "0:"},
		{"~:", Range{-inf, inf, false}, []float64{-1, 0, inf}, []float64{math.NaN()}, "~:"},
		{"@~:0", Range{-inf, 0, true}, []float64{0.1}, []float64{0, -1}, "@~:0"},
		{"-5:-1", Range{-5, -1, false}, []float64{-3}, []float64{0}, "-5:-1"},
		{"1:1", Range{1, 1, false}, []float64{1}, []float64{1.1, 0}, "1:1"},
		{"1e2", Range{0, 100, false}, nil, nil, "100"},
		{"0", Range{0, 0, false}, []float64{0}, []float64{1, -1}, "0"},
	} {
		r, err := ParseRange(c.s)
		if err != nil || r != c.want || r.String() != c.normalised {
			t.Errorf("ParseRange(%q) = %v %q, %v; want %v %q", c.s, r, r.String(), err, c.want, c.normalised)
		}
		for _, x := range c.fine {
			if r.Alerts(x) || !r.Contains(x) {
				t.Errorf("%q alerts for %v", c.s, x)
			}
		}
		for _, x := range c.bad {
			if !r.Alerts(x) || r.Contains(x) {
				t.Errorf("%q does not alert for %v", c.s, x)
			}
		}
	}
}

func TestRangeRefuses(t *testing.T) {
	for s, why := range map[string]string{
		"": "no number", "@": "no number", ":": "start is missing", ":10": "start is missing", "@:": "start is missing", "~": "end: ", "10:5": "above its end", "-5": "above its end",
		"1:2:3": "end: ", "@@1": "end: ", "10 :20": "start: ", " 10": "end: ", "NaN": "end: ", "inf": "end: ", "1:inf": "end: ", "1e999:": "start: ", "~:~": "end: ", "10:@20": "end: ",
		"5:@": "end: ", strings.Repeat("1", 600): "too long",
	} {
		r, err := ParseRange(s)
		refused(t, "ParseRange", s, why, wantRange, r == Range{}, err)
	}
}

func TestRangeFunc(t *testing.T) {
	size := func(s string) (float64, error) { n, err := ParseSize(s); return float64(n), err }
	if r, err := ParseRangeFunc("1GiB:", size); err != nil || r.Alerts(1<<30) || !r.Alerts(1<<30-1) {
		t.Errorf("1GiB: is %v, %v", r, err)
	}
	seconds := func(s string) (float64, error) { d, err := ParseDuration(s); return d.Seconds(), err }
	if r, err := ParseRangeFunc("@500ms:2m", seconds); err != nil || (r != Range{0.5, 120, true}) {
		t.Errorf("@500ms:2m is %v, %v", r, err)
	}
	if _, err := ParseRangeFunc("1GiB:2x", size); err == nil || !strings.Contains(err.Error(), `end: "2x": `) {
		t.Errorf("the bad bound is not named: %v", err)
	}
	if _, err := ParseRangeFunc("1", func(string) (float64, error) { return math.NaN(), nil }); err == nil {
		t.Error("a bound that is no number is accepted")
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"10", "10:", "~:10", "@10:20", "~:", "1e3", "-5:-1", "@", ":", "1:2:3", "NaN", "\xff"} {
		f.Add(s, 10.0)
	}
	f.Fuzz(func(t *testing.T, s string, x float64) {
		r, err := ParseRange(s)
		if err != nil {
			printable(t, err)
			return
		}
		if !(r.Start <= r.End) {
			t.Fatalf("%q is read as %v", s, r)
		}
		if r.Alerts(x) == r.Contains(x) {
			t.Fatalf("%q both alerts for %v and contains it", s, x)
		}
		if written := r.String(); len(written) < maxInput {
			if back, err := ParseRange(written); err != nil || back != r {
				t.Fatalf("%q is written %q, which is read as %v, %v", s, written, back, err)
			}
		}
	})
}
