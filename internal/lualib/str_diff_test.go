package lualib

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// strDiffPrelude prints a call's results byte for byte. K replaces in gsub; P
// collects what gmatch gives.
const strDiffPrelude = `
local function show(v)
	if type(v) == "number" then return tostring(v) end
	if type(v) ~= "string" then return type(v) end
	local r = {}
	for i = 1, #v do r[i] = string.byte(v, i) end
	return '"' .. table.concat(r, " ") .. '"'
end
local function t(f, ...)
	local r = {pcall(f, ...)}
	if r[1] == false then return emit("error: " .. r[2]) end
	local n = #r
	for i = 1, n do r[i] = show(r[i]) end
	emit(table.concat(r, ","))
end
local K = {
	function(a, b) if b then return b end end,
	function(a) return a and #tostring(a) end,
	function() return false end,
	function(a) if a == "a" then return {} end end,
	{a = "A", b = false, ["1"] = 7, ab = "zz"},
}
local function P(s, p)
	local r, n = {}, 0
	for a, b in string.gmatch(s, p) do
		n = n + 1
		r[n] = show(a) .. show(b)
		if n > 50 then break end
	end
	return unpack(r)
end
`

// luaQuote writes s so that any Lua 5.1 reads the same bytes.
func luaQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		fmt.Fprintf(&b, "\\%03d", s[i])
	}
	b.WriteByte('"')
	return b.String()
}

// strDiff runs calls with this library and with lua5.1 and compares the lines.
func strDiff(t *testing.T, calls []string) {
	t.Helper()
	bin, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
	}
	var chunk strings.Builder
	chunk.WriteString(strDiffPrelude)
	for i := 0; i < len(calls); i += 50 {
		chunk.WriteString("(function()\n")
		for _, c := range calls[i:min(i+50, len(calls))] {
			chunk.WriteString(c + "\n")
		}
		chunk.WriteString("end)();\n")
	}
	file := filepath.Join(t.TempDir(), "calls.lua")
	text := "local function emit(s) io.write((s:gsub('\\n', ' ')), '\\n') end\n" + chunk.String()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(bin, file)
	cmd.Stderr = &stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("lua5.1: %v\n%s", err, stderr.String())
	}
	compareLines(t, calls, ourLines(t, chunk.String()), strings.Split(string(want), "\n"))
}

func ourLines(t *testing.T, chunk string) []string {
	t.Helper()
	L := strState(t, 0)
	var lines []string
	L.G.Global.RawSetString("emit", L.NewFunction(func(L *lua.LState) int {
		lines = append(lines, strings.ReplaceAll(L.CheckString(1), "\n", " "))
		return 0
	}))
	if got := strEval(t, L, chunk); got != "" {
		t.Fatal(got)
	}
	return lines
}

func compareLines(t *testing.T, calls, got, want []string) {
	t.Helper()
	// Lua 5.1 does not know the name of what pcall calls.
	name := regexp.MustCompile(` to '[?\w]*' \(`)
	where := regexp.MustCompile(`^error: \S+:\d+: `)
	clean := func(s string) string {
		return where.ReplaceAllString(name.ReplaceAllString(s, " to '' ("), "error: ")
	}
	if len(got) != len(calls) || len(want) < len(calls) {
		t.Fatalf("%d calls, %d lines of ours, %d of lua5.1", len(calls), len(got), len(want))
	}
	bad := 0
	for i, c := range calls {
		if g, w := clean(got[i]), clean(want[i]); g != w {
			if bad++; bad <= 10 {
				t.Errorf("%s\n    ours: %s\n  lua5.1: %s", unquoteCall(c), g, w)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d calls differ", bad, len(calls))
	}
}

// unquoteCall makes the \ddd of a call readable.
func unquoteCall(c string) string {
	return regexp.MustCompile(`\\\d\d\d`).ReplaceAllStringFunc(c, func(s string) string {
		var b byte
		if _, err := fmt.Sscanf(s[1:], "%d", &b); err == nil && b >= ' ' && b < 127 && b != '"' {
			return string(rune(b))
		}
		return s
	})
}

func strRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 51)) }

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randSubject(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(14) {
		b.WriteString(pick(r, "a", "a", "a", "b", "ab", "1", "_", " ", "(", ")", "=", "]", "^", "-", "\x00", "\xe4", "Z", "."))
	}
	return b.String()
}

func randSet(r *rand.Rand) string {
	s := "[" + pick(r, "", "", "^")
	for range 1 + r.IntN(3) {
		s += pick(r, "a", "b", "a-z", "0-9", "%w", "%s", "%]", "]", "-", "a-", "%-", "^", "\x80-\xff", "%W", "z-a", "%z", "=")
	}
	return s + pick(r, "]", "]", "]", "]", "]", "]", "]", "]", "")
}

func randItem(r *rand.Rand) string {
	switch r.IntN(24) {
	case 0, 1, 2:
		return "(" + randItem(r) + ")"
	case 3:
		return "()"
	case 4:
		return "%" + pick(r, "1", "2", "1", "0")
	case 5:
		return "%b" + pick(r, "()", "aa", "ab", "a1", "(")
	case 6:
		return "%f" + pick(r, randSet(r), randSet(r), "[%w]", "[%W]", "a")
	case 7:
		return pick(r, "(", ")", "%", "$", "^", "*", "+", "?", "]")
	}
	single := pick(r, "a", "a", "b", ".", ".", "%w", "%a", "%d", "%s", "%p", "%S", "%W", "%z", "%x", "%c", "%u", "%l", "%.", "%Q", "=", randSet(r), randSet(r))
	return single + pick(r, "", "", "*", "+", "-", "?")
}

func randPattern(r *rand.Rand) string {
	p := pick(r, "", "", "", "^")
	for range r.IntN(6) {
		p += randItem(r)
	}
	return p + pick(r, "", "", "", "$")
}

func TestDiffPatterns(t *testing.T) {
	r := strRand(1)
	var calls []string
	for range 4000 {
		s, p := luaQuote(randSubject(r)), luaQuote(randPattern(r))
		init := pick(r, "", "", ", 1", ", 3", ", -2", ", 100", ", -100", ", 0", ", '2'", ", nil", ", 1.7")
		calls = append(calls,
			fmt.Sprintf("t(string.find, %s, %s%s)", s, p, init),
			fmt.Sprintf("t(string.match, %s, %s%s)", s, p, init),
			fmt.Sprintf("t(P, %s, %s)", s, p),
			fmt.Sprintf("t(string.find, %s, %s, %d, %s)", s, p, r.IntN(9)-3, pick(r, "true", "false", "1", "nil")))
	}
	strDiff(t, calls)
}

func TestDiffGsub(t *testing.T) {
	r := strRand(2)
	var calls []string
	for range 6000 {
		s, p := luaQuote(randSubject(r)), luaQuote(randPattern(r))
		repl := luaQuote(pick(r, "", "x", "%0", "%1", "%2", "<%1%0>", "%", "%%", "%a", "a\x00b"))
		if r.IntN(2) == 0 {
			repl = pick(r, "K[1]", "K[2]", "K[3]", "K[4]", "K[5]", "17", "nil")
		}
		most := pick(r, "", "", ", 1", ", 2", ", 0", ", -1", ", '1'", ", 100")
		calls = append(calls, fmt.Sprintf("t(string.gsub, %s, %s, %s%s)", s, p, repl, most))
	}
	strDiff(t, calls)
}

func TestDiffClasses(t *testing.T) {
	var calls []string
	for c := 1; c < 256; c++ {
		for _, form := range []string{"%%%c", "[%%%c]", "[^%%%c]"} {
			b := strings.Replace(strings.ReplaceAll(form, "%%", "%"), "%c", string([]byte{byte(c)}), 1)
			calls = append(calls, fmt.Sprintf(
				`t(function() local r = {} for i = 0, 255 do if string.find(string.char(i), %s) then r[#r + 1] = i end end return table.concat(r, " ") end)`,
				luaQuote(b)))
		}
	}
	strDiff(t, calls)
}

func TestDiffBasics(t *testing.T) {
	r := strRand(3)
	index := func() string {
		return pick(r, "0", "1", "2", "3", "-1", "-2", "-9", "20", "1.5", "-1.5", "'2'", "'0x2'", "' 1 '", "'x'", "nil", "1e9", "{}", "true")
	}
	var calls []string
	for range 2000 {
		s := luaQuote(randSubject(r))
		calls = append(calls,
			fmt.Sprintf("t(string.sub, %s, %s, %s)", s, index(), index()),
			fmt.Sprintf("t(string.sub, %s, %s)", s, index()),
			fmt.Sprintf("t(string.byte, %s, %s, %s)", s, index(), index()),
			fmt.Sprintf("t(string.byte, %s, %s)", s, index()),
			fmt.Sprintf("t(string.rep, %s, %s)", s, pick(r, "0", "1", "3", "-1", "2.9", "'2'", "nil", "{}")),
			fmt.Sprintf("t(string.char, %s, %s)", pick(r, "0", "65", "255", "256", "-1", "'66'", "65.9", "nil"), pick(r, "0", "97", "1e5")),
			fmt.Sprintf("t(string.%s, %s)", pick(r, "upper", "lower", "len", "reverse"), pick(r, s, s, s, "12", "nil", "{}")),
			fmt.Sprintf("t(string.%s)", pick(r, "upper", "lower", "len", "reverse", "rep", "find", "gsub", "byte", "char", "format")))
	}
	strDiff(t, calls)
}
