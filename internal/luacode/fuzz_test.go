package luacode

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
)

// FuzzCompile holds that every source compiles or gives one *Error that says
// where.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		"", "#!x\nprint(1)", "local a, b = b, a", "a.b[c], d = f(), ...", "x = {1, [k] = 2, z = 3; f()}",
		"for i = 1, 2, 3 do break end for k, v in pairs(t) do goto x ::x:: end", "repeat local x until x == 1 .. 2",
		"function a.b:c(...) return (...) end", "x = -2 ^ - 3 .. 'a' == not #t", "x = [==[\n]]]==] --[[ ]] y = '\\065\\\n'",
		"local function f() return f() end f'x' f{} f[[y]]:m()", "if a then elseif b then else end while 1 do end", "x = 0x1p4 + 1e5",
		"local s = {} s[#s + 1] = f(s) t[t], t = nil, 1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		c, err := Compile("name", source, Limits{Source: 64 << 10})
		if err == nil {
			if c == nil {
				t.Fatal("neither chunk nor error")
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) || e.Line < 1 || e.Msg == "" || e.Name != "name" {
			t.Fatalf("got %#v", err)
		}
		if lines := 1 + strings.Count(source, "\n") + strings.Count(source, "\r"); e.Line > lines+1 {
			t.Fatalf("line %d of %d", e.Line, lines)
		}
	})
}

// FuzzNumber holds that what FormatNumber writes ParseNumber reads as the same
// number, and that ParseNumber takes what Go takes for plain decimals.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"0", "-1", " 0x1F ", "1e400", "010", "0x", "1_0", "inf", "nan", "0x1p4", "1e-320", "123456789012345678", "- 1", "+.5", "5.", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := ParseNumber(s)
		if !ok {
			return
		}
		if math.IsNaN(v) {
			t.Fatalf("%q is not a number", s)
		}
		if math.IsInf(v, 0) {
			return
		}
		if back, ok := ParseNumber(FormatNumber(v)); !ok || back != v {
			t.Fatalf("%q: %v reads back as %v, %v", s, v, back, ok)
		}
		if plain, err := strconv.ParseFloat(s, 64); err == nil && plain != v {
			t.Fatalf("%q is %v, not %v", s, v, plain)
		}
	})
}

func TestParseNumber(t *testing.T) {
	tests := []struct {
		text string
		want float64
		ok   bool
	}{
		{"10", 10, true}, {"010", 10, true}, {" 0x10\n", 16, true}, {"-0x10", -16, true}, {"1e3", 1000, true}, {"1e400", math.Inf(1), true},
		{"0xffffffffffffffff", 1 << 64, true}, {"0x1p4", 16, true}, {"0x.8", 0.5, true}, {".5", 0.5, true}, {"5.", 5, true}, {"+5", 5, true},
		{"", 0, false}, {" ", 0, false}, {"0x", 0, false}, {"1e", 0, false}, {"1 2", 0, false}, {"- 1", 0, false}, {"--1", 0, false},
		{"inf", 0, false}, {"nan", 0, false}, {"1_000", 0, false}, {"0b1", 0, false}, {"0o7", 0, false}, {"1\x00", 0, false}, {"1,5", 0, false}, {".", 0, false}, {"+", 0, false},
	}
	for _, test := range tests {
		if got, ok := ParseNumber(test.text); ok != test.ok || got != test.want {
			t.Errorf("%q: got %v, %v, want %v, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -5: "-5", 1757000000: "1757000000", 1e15: "1000000000000000", 1 << 63: "9223372036854775808",
		1e21: "1e+21", 0.1: "0.1", 1234567.5: "1234567.5", 1e-5: "1e-05", 0.0001: "0.0001", 123456789.123: "123456789.123",
		math.Inf(1): "inf", math.Inf(-1): "-inf", math.MaxFloat64: "1.7976931348623157e+308",
	} {
		if got := FormatNumber(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	if got := FormatNumber(math.NaN()); got != "nan" {
		t.Errorf("nan: got %s", got)
	}
}
