package lualib

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestFormat(t *testing.T) {
	const at = "error: test:1: "
	runStrCases(t, strState(t, 0), []strCase{
		{`return ("%d %5d|%-5d|%05d|%+d|% d"):format(1, 2, 3, 4, 5, 6)`, "1     2|3    |00004|+5| 6"},
		{`return ("%d %d %d"):format("10", 3.9, -3.9)`, "10 3 -3"},
		{`return ("%.3d|%5.2d|%.0d"):format(5, 7, 0)`, "005|   07|"},
		{`return ("%x %X %#x %o %#o %u"):format(255, 255, 255, 8, 8, -1)`, "ff FF 0xff 10 010 18446744073709551615"},
		{`return ("%d %x %x"):format(1e30, 1e30, 2^63)`, "-9223372036854775808 0 8000000000000000"},
		{`return ("%d %x"):format(0/0, 0/0)`, "-9223372036854775808 8000000000000000"},
		{`return ("%f %g %e %E %G"):format(1.5, 1e20, 12345.678, 1, 1e-10)`, "1.500000 1e+20 1.234568e+04 1.000000E+00 1E-10"},
		{`return ("%f %f %f %5.1f|%-8g|%08.2f"):format(1/0, -1/0, 0/0, 1/0, -1/0, 1/0)`, "inf -inf nan   inf|-inf    |     inf"},
		{`return ("%g %G %d"):format(0/0, 1/0, -0)`, "nan INF 0"},
		{`return ("%s %s %s %s"):format(nil, true, "x", 12)`, "nil true x 12"},
		{`return ("%s %s %s"):format(0.1, 1/0, 1e15)`, "0.1 inf 1000000000000000"},
		{`return ("%s"):format(setmetatable({}, {__tostring = function() return "mine" end}))`, "mine"},
		{`return ("%5s|%-5s|%.2s|%5.1s"):format("ab", "ab", "abc", "xyz")`, "   ab|ab   |ab|    x"},
		{`return ("%s"):format("a\0b"), ("%c%c"):format(0, 65)`, "a\x00b,\x00A"},
		{`return #("%99s"):format(""), #("%s"):format(("x"):rep(1000))`, "99,1000"},
		{`return ("%q"):format('a"b\\c\nd\re\0f')`, `"a\"b\\c\` + "\n" + `d\re\000f"`},
		{`return ("100%%"):format()`, "100%"},
		{`return ("%y"):format(1)`, at + "invalid option '%y' to 'format'"},
		{`return ("%5%"):format(1)`, at + "invalid option '%%' to 'format'"},
		{`return ("%"):format(1)`, at + "invalid option '%' to 'format'"},
		{`return ("%123d"):format(1)`, at + "invalid format (width or precision too long)"},
		{`return ("%.123d"):format(1)`, at + "invalid format (width or precision too long)"},
		{`return ("%------d"):format(1)`, at + "invalid format (repeated flags)"},
		{`return ("%d"):format("x")`, at + "bad argument #2 to 'format' (number expected, got string)"},
		{`return ("%d"):format()`, at + "bad argument #2 to 'format' (no value)"},
		{`return ("%d"):format(nil)`, at + "bad argument #2 to 'format' (number expected, got nil)"},
		{`return ("%q"):format({})`, at + "bad argument #2 to 'format' (string expected, got table)"},
	})
}

// TestQuoteComesBack gives %q every pair of bytes and reads the literal again.
func TestQuoteComesBack(t *testing.T) {
	L := strState(t, 0)
	var all strings.Builder
	for a := range 256 {
		for b := range 256 {
			all.Write([]byte{byte(a), byte(b)})
		}
	}
	L.G.Global.RawSetString("all", lua.LString(all.String()))
	got := strEval(t, L, `
		for i = 1, #all, 512 do
			local s = all:sub(i, i + 511)
			local back = loadstring(("return %q"):format(s))()
			if back ~= s then return i end
		end
		return "same"`)
	if got != "same" {
		t.Fatalf("the text from byte %s on came back changed", got)
	}
}

func randFormat(r *rand.Rand, options string) string {
	f := "%"
	for range r.IntN(4) {
		f += string("-+ #0"[r.IntN(5)])
	}
	f += pick(r, "", "", "1", "5", "12", "99", "123")
	f += pick(r, "", "", ".", ".0", ".1", ".3", ".17", ".99", ".100")
	return f + string(options[r.IntN(len(options))])
}

func randNumber(r *rand.Rand) float64 {
	switch r.IntN(8) {
	case 0:
		return float64(r.IntN(20) - 10)
	case 1:
		return math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1000)
	case 2:
		return math.Pow(10, float64(r.IntN(40)-20))
	case 3:
		return float64(r.Int64()) - 1<<62
	case 4:
		return math.Inf(r.IntN(2)*2 - 1)
	case 5:
		return float64(r.IntN(2000000)-1000000) / 1000
	case 6:
		return math.Copysign(0, -1)
	}
	return math.Ldexp(1, r.IntN(70)) * float64(1-2*r.IntN(2))
}

// luaNumber writes v so that any Lua 5.1 reads the same number.
func luaNumber(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "1/0"
	case math.IsInf(v, -1):
		return "-1/0"
	case v == 0 && math.Signbit(v):
		return "NZ"
	}
	return strconv.FormatFloat(v, 'e', -1, 64)
}

func TestDiffFormat(t *testing.T) {
	r := strRand(4)
	var calls []string
	for range 8000 {
		num := luaNumber(randNumber(r))
		if r.IntN(20) == 0 {
			num = pick(r, "'10'", "'x'", "'0x10'", "nil", "{}", "' 7 '")
		}
		// Zero bytes end a conversion in Lua 5.1, not here.
		text := strings.ReplaceAll(randSubject(r), "\x00", "")
		calls = append(calls,
			fmt.Sprintf("t(string.format, %s, %s)", luaQuote("<"+randFormat(r, "diuoxXeEfgG")+">"), num),
			fmt.Sprintf("t(string.format, %s, %s)", luaQuote(randFormat(r, "deg")+"%%"+randFormat(r, "xfG")), num+", "+num),
			fmt.Sprintf("t(string.format, %s, %s)", luaQuote(randFormat(r, "sq")), luaQuote(text)))
		if r.IntN(10) == 0 {
			calls = append(calls,
				fmt.Sprintf("t(string.format, %s, %d)", luaQuote(randFormat(r, "c")), 1+r.IntN(255)),
				fmt.Sprintf("t(string.format, %s, 1)", luaQuote("%"+string([]byte{byte(1 + r.IntN(255))}))),
				fmt.Sprintf("t(string.format, '%%q', %s)", luaQuote(randSubject(r))))
		}
	}
	strDiff(t, calls)
}

func FuzzFormat(f *testing.F) {
	f.Add("%5.3d|%-+9.4g%%%q%s%c%#x", 1.5, "text")
	f.Add("%#.0f%#g%#.0e%099d", 1e300, "a\x00\r\n\"\\")
	L := strState(f, 1<<16)
	fn := L.G.Global.RawGetString("string").(*lua.LTable).RawGetString("format")
	f.Fuzz(func(t *testing.T, format string, v float64, text string) {
		num, str := lua.LNumber(v), lua.LString(text)
		err := L.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, lua.LString(format), num, str, num, str, num)
		if err != nil {
			if strings.Contains(err.Error(), "runtime error") {
				t.Fatal(err)
			}
			return
		}
		if out := L.Get(-1).String(); len(out) > 1<<16 {
			t.Fatalf("%d bytes", len(out))
		}
		L.Pop(1)
	})
}
