package units

import (
	"math"
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "512": 512, "512B": 512, "512b": 512, "2KiB": 2048, "64MiB": 64 << 20, "10MB": 10e6, "1.5GiB": 3 << 29,
		"1k": 1024, "1K": 1024, "1kB": 1000, "1KB": 1000, "64m": 64 << 20, "10mb": 10e6, "10Mb": 10e6, "1Gi": 1 << 30, "2T": 2 << 40,
		"7EiB": 7 << 60, "9223372036854775807": math.MaxInt64, "0.1KiB": 102, "1.0": 1, "1.50 GiB": 3 << 29, "9EB": 9e18, "1pib": 1 << 50,
	} {
		got, err := ParseSize(s)
		if err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	for s, why := range map[string]string{
		"": "empty", "-1": "below 0", "-1KiB": "below 0", "MiB": "number", ".5G": "number", "1.G": "number", "+1": "number",
		"1.5": "part of a byte", "0.5B": "part of a byte", "1e9": "no unit", "1e400": "no unit", "NaN": "number", "inf": "number",
		"1  GiB": "space", "1 ": "space", " 1": "number", "1\tKiB": "space", "1K B": "space", "1KiBs": "no unit", "1iB": "no unit",
		"1ZiB": "no unit", "1kbit": "no unit", "8EiB": "8 EiB", "9223372036854775808": "8 EiB", "99999999999999999999": "8 EiB",
		strings.Repeat("1", 400): "too long", "1\x1b[31m": "no unit", "1,5G": "no unit", "0x10": "no unit",
	} {
		got, err := ParseSize(s)
		refused(t, "ParseSize", s, why, wantSize, got == 0, err)
	}
}

func TestFormatBytes(t *testing.T) {
	for want, n := range map[string]int64{
		"0 B": 0, "1023 B": 1023, "1 KiB": 1024, "1.5 GiB": 3 << 29, "64 MiB": 64 << 20, "1 MiB": 1<<20 - 1, "1023.9 KiB": 1023*1024 + 900,
		"8 EiB": math.MaxInt64, "-8 EiB": math.MinInt64, "-1.5 KiB": -1536, "-1 B": -1, "1 GiB": 1<<30 - 1,
	} {
		if got := FormatBytes(n); got != want {
			t.Errorf("FormatBytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"", "0", "512", "64MiB", "1.5 GiB", "10mb", "7.99EiB", "9223372036854775807", "1e3", "-1", "1\xff"} {
		f.Add(s, int64(len(s))<<20)
	}
	f.Fuzz(func(t *testing.T, s string, n int64) {
		size, err := ParseSize(s)
		if err != nil {
			printable(t, err)
		} else if size < 0 {
			t.Fatalf("ParseSize(%q) = %d", s, size)
		}
		for _, x := range []int64{size, n & math.MaxInt64} {
			back, err := ParseSize(FormatBytes(x))
			if FormatBytes(x) == "8 EiB" {
				continue // rounded past what an int64 holds
			}
			if err != nil || math.Abs(float64(back-x)) > float64(x)/20 {
				t.Fatalf("%d is written %q, which is read as %d, %v", x, FormatBytes(x), back, err)
			}
			if again := FormatBytes(back); again != FormatBytes(x) {
				t.Fatalf("%q is read and written as %q", FormatBytes(x), again)
			}
		}
	})
}
