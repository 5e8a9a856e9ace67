package lualib

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// diffPrelude prints what a call gives, in a way that leaves only real
// differences: numbers in 12 digits, errors without their place.
const diffPrelude = `
local function show(v, deep)
	if type(v) == "number" then
		if v ~= v then return "nan" end
		if v == 0 then return "0" end
		return string.format("%.12g", v)
	end
	if type(v) == "string" then return '"' .. v .. '"' end
	if type(v) == "table" then
		if deep then return "{...}" end
		local keys, r = {}, {}
		for k in pairs(v) do keys[#keys + 1] = k end
		table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
		for _, k in ipairs(keys) do r[#r + 1] = tostring(k) .. "=" .. show(v[k], true) end
		return "{" .. table.concat(r, " ") .. "}"
	end
	if type(v) == "boolean" or v == nil then return tostring(v) end
	return type(v)
end
local function pack(...) return select("#", ...), {...} end
local function t(f)
	local n, r = pack(pcall(f))
	if not r[1] then print("error: " .. string.gsub(tostring(r[2]), "^[^:]+:%d+: ", "")) return end
	for i = 2, n do r[i] = show(r[i]) end
	print(table.concat(r, ", ", 2, n))
end
`

// compareCalls runs expressions here and in Lua 5.1, in one zone.
func compareCalls(t *testing.T, zone string, calls []string) {
	t.Helper()
	lua51, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Skipf("zone %s: %v", zone, err)
	}
	var b strings.Builder
	b.WriteString(diffPrelude)
	for _, c := range calls {
		fmt.Fprintf(&b, "t(function() %s end)\n", c)
	}
	cmd := exec.Command(lua51, "-")
	cmd.Stdin = strings.NewReader(b.String())
	cmd.Env = append(os.Environ(), "TZ="+zone)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("lua5.1: %v: %.300s", err, out)
	}
	w := newWorld(t, func(c *Config) { c.Now = func() time.Time { return time.Unix(1.7e9, 0).In(loc) } })
	w.lua(b.String())
	want, got := strings.Split(string(out), "\n"), strings.Split(w.out.String(), "\n")
	if len(want) != len(got) {
		t.Fatalf("%d lines here, %d in lua5.1", len(got), len(want))
	}
	for i := range calls {
		if got[i] != want[i] {
			t.Errorf("%s\n    here: %s\n  lua5.1: %s", calls[i], got[i], want[i])
		}
	}
}

type picker struct{ *rand.Rand }

func newPicker(seed uint64) picker { return picker{rand.New(rand.NewPCG(seed, 51))} }

func (p picker) of(from ...string) string { return from[p.IntN(len(from))] }

func generate(n int, f func() string) []string {
	calls := make([]string, n)
	for i := range calls {
		calls[i] = f()
	}
	return calls
}

func TestToNumberAgainstLua(t *testing.T) {
	p := newPicker(1)
	compareCalls(t, "UTC", generate(2000, func() string {
		var s strings.Builder
		for range p.IntN(6) + 1 {
			s.WriteString(p.of("0", "1", "9", "42", "007", "0x", "0X", "f", "Z", ".", "e", "E5", "e-3", "+", "-", " ", "\\t", "\\n", "z", "_", ",", "1e400"))
		}
		if p.IntN(2) == 0 {
			return fmt.Sprintf(`return tonumber("%s")`, s.String())
		}
		// A minus in another base wraps in C; here it does not.
		text := strings.ReplaceAll(s.String(), "-", "")
		return fmt.Sprintf(`return tonumber("%s", %s)`, text, p.of("2", "8", "10", "16", "36", "7", "1", "37", "0", "'16'", "10.9", "nil"))
	}))
	compareCalls(t, "UTC", []string{
		`return tonumber()`, `return tonumber(nil)`, `return tonumber({})`, `return tonumber(true, 10)`, `return tonumber({}, 16)`,
		`return tonumber(10, 16)`, `return tonumber(1.5)`, `return tonumber("10", {})`, `return tonumber("")`, `return tonumber("", 16)`,
		`return tonumber("ffffffffffff", 16)`, `return tonumber("7fffffff", 16)`,
	})
}

func TestMathAgainstLua(t *testing.T) {
	p := newPicker(2)
	number := func() string {
		switch p.IntN(4) {
		case 0:
			return p.of("0", "1", "-1", "0.5", "-0.5", "2", "1e10", "-1e10", "1e308", "1/0", "-1/0", "0/0", "'3'", "'0x10'", "2^53", "1e-310", "math.pi", "math.huge")
		case 1:
			return fmt.Sprint(p.IntN(2000) - 1000)
		case 2:
			return fmt.Sprintf("%.6g", (p.Float64()-0.5)*20)
		}
		return fmt.Sprintf("%.17g", (p.Float64()-0.5)*1e6)
	}
	one := []string{"abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "deg", "exp", "floor", "frexp", "log", "log10", "modf", "rad", "sin", "sinh", "sqrt", "tan", "tanh"}
	two := []string{"atan2", "fmod", "mod", "pow", "max", "min"}
	compareCalls(t, "UTC", generate(3000, func() string {
		switch p.IntN(8) {
		case 0, 1:
			return fmt.Sprintf("return math.%s(%s, %s)", p.of(two...), number(), number())
		case 2:
			return fmt.Sprintf("return math.%s(%s, %s, %s)", p.of("max", "min"), number(), number(), number())
		case 3:
			return fmt.Sprintf("return math.ldexp(%s, %d)", number(), p.IntN(200)-100)
		}
		return fmt.Sprintf("return math.%s(%s)", p.of(one...), number())
	}))
	var calls []string
	for _, f := range append(append(one, two...), "ldexp", "randomseed") {
		for _, a := range []string{"", "nil", "{}", "'x'", "1, {}", "true, 1", "nil, nil", "'1', '2'"} {
			if !slices.Contains(one, f) && f != "max" && f != "min" && f != "randomseed" && !strings.Contains(a, "1") {
				continue // C looks at the second argument first
			}
			calls = append(calls, fmt.Sprintf("local a, b = math.%s(%s) return a, b", f, a))
		}
	}
	calls = append(calls, "return math.random(0)", "return math.random(2, 1)", "return math.random(1, 2, 3)", "return math.random('x')",
		"return math.random(5, 5)", "return math.random(1)", "return math.random(-3, -3)", "return math.random(1.9)", "return #tostring(math.random()) > 0")
	compareCalls(t, "UTC", calls)
}

func TestTableAgainstLua(t *testing.T) {
	p := newPicker(3)
	list := func() string {
		var s []string
		for range p.IntN(8) {
			s = append(s, p.of("1", "2", "3", "10", "2.5", "-1", "'a'", "'b'", "'10'", "{}", "true"))
		}
		return "{" + strings.Join(s, ", ") + "}"
	}
	sortable := func() string {
		var s []string
		words := p.IntN(3) == 0
		for range p.IntN(30) {
			if words {
				s = append(s, fmt.Sprintf("'%c%d'", 'a'+p.IntN(5), p.IntN(20)))
			} else {
				s = append(s, fmt.Sprint(p.IntN(40)-20))
			}
		}
		return "{" + strings.Join(s, ", ") + "}"
	}
	compareCalls(t, "UTC", generate(4000, func() string {
		l := list()
		at := fmt.Sprint(p.IntN(9) + 1)
		switch p.IntN(12) {
		case 0:
			return fmt.Sprintf("local t = %s table.insert(t, %s, 'new') return t", l, at)
		case 1:
			return fmt.Sprintf("local t = %s table.insert(t, 'new') return t, #t", l)
		case 2:
			return fmt.Sprintf("local t = %s return table.remove(t, %d), t", l, p.IntN(12)-2)
		case 3:
			return fmt.Sprintf("local t = %s return table.remove(t), t", l)
		case 4:
			return fmt.Sprintf("return table.concat(%s, %s)", l, p.of("','", "''", "1", "nil", "{}"))
		case 5:
			return fmt.Sprintf("return table.concat(%s, ';', %d, %d)", l, p.IntN(8)-1, p.IntN(10)-1)
		case 6:
			return fmt.Sprintf("return unpack(%s, %d, %d)", l, p.IntN(8)-2, p.IntN(10)-1)
		case 7:
			return fmt.Sprintf("return select(%d, unpack(%s))", p.IntN(16)-8, l)
		case 8:
			return fmt.Sprintf("return table.maxn{[%d] = 1, [%d] = 2, x = 3, [2.5] = 1}, table.getn(%s)", p.IntN(50)-20, p.IntN(5000), l)
		case 9:
			return fmt.Sprintf("local t = %s table.sort(t%s) return t", sortable(), p.of("", ", function(a, b) return a > b end", ", nil"))
		case 10:
			return fmt.Sprintf("local r = {} return table.foreachi(%s, function(i, v) r[#r + 1] = i if i == %s then return v end end), r", l, at)
		}
		return fmt.Sprintf("local n = 0 return table.foreach(%s, function(k, v) n = n + 1 if k == %s then return k end end)", l, at)
	}))
	compareCalls(t, "UTC", []string{
		`table.insert()`, `table.insert(1)`, `table.insert({})`, `table.insert({}, 1, 2, 3)`, `table.insert({}, 'x', 2)`, `table.insert({}, nil, 2)`,
		`table.sort({3, 'x'})`, `table.sort({{}, {}})`, `table.sort({1, 2}, 1)`, `table.sort()`, `table.sort({true, false})`,
		`table.sort({3, 2, 1}, function() error("mine", 0) end)`, `table.sort({print, print})`,
		`return table.concat({1, {}, 3})`, `return table.concat({1, true})`, `return table.concat()`, `return table.concat({}, {})`, `return table.concat({1}, ',', 1, 2)`,
		`return table.remove()`, `return table.maxn()`, `return table.maxn({})`, `return table.getn()`, `table.foreach({})`, `table.foreachi({}, 1)`,
		`return unpack()`, `return unpack({}, 1, 1e8)`, `return unpack({1, 2}, '2')`, `return unpack({1, 2}, 1.9)`, `return unpack({}, {})`,
		`return select()`, `return select(0)`, `return select('#')`, `return select('#', nil, nil)`, `return select({})`, `return select('2', 7, 8, 9)`, `return select(-1)`,
		`return rawget({})`, `return rawset({}, 1)`, `return rawequal(1)`, `return rawequal('a', 'a'), rawequal({}, {})`, `rawset({}, nil, 1)`,
		`return next({})`, `return next({5})`, `return next({}, 'x')`, `return next()`, `return pairs()`, `return ipairs()`, `return ipairs(1)`,
		`return type()`, `return type(nil)`, `return setmetatable({})`, `return setmetatable({}, 1)`, `return setmetatable(1, {})`,
		`return setmetatable(setmetatable({}, {__metatable = 1}), {})`, `return getmetatable()`, `return getmetatable({})`,
		`return getmetatable(setmetatable({}, {__metatable = 'x'}))`, `return getfenv(50)`, `return getfenv(-1)`, `return setfenv(1)`, `return setfenv(print, {})`,
		`local f = setfenv(function() return x end, {x = 5}) return f()`, `return getfenv() == _G, getfenv(0) == _G, getfenv(print) == _G`,
		`error()`, `error(nil)`, `error('a', 0)`, `error('a')`, `error(5)`, `error('a', 2)`, `error('a', 50)`, `assert()`, `assert(false)`, `assert(nil, 'm')`, `return assert(1, 2)`,
		`return pcall()`, `return xpcall(print)`, `return xpcall(error, function() return 7 end)`, `return select('#', pcall(error))`,
		`return tostring()`, `return tostring(nil)`, `return tostring(12)`, `return collectgarbage('nope')`, `return loadstring('x x') == nil`,
		`return loadstring('return 1, ...', 'n')(2)`, `return load(function() return nil end)()`, `return load(function() return {} end) == nil`, `return load(1)`,
		`return coroutine.status(1)`, `return coroutine.resume(1)`, `return coroutine.running()`,
		`return coroutine.wrap(function(...) return select('#', ...), coroutine.yield(...) end)(1, nil)`,
		`local c = coroutine.create(function() error('x', 0) end) return coroutine.resume(c), coroutine.status(c), coroutine.resume(c)`,
		`local c = coroutine.wrap(function() error({1}) end) local ok, e = pcall(c) return ok, e[1]`,
		`local c = coroutine.wrap(function() return 1 end) c() c()`,
		`return os.difftime(5, 3), os.difftime(5)`, `return os.getenv('NOPE_NOT_SET')`, `return os.time({year = 2000})`, `return os.time({year = 2000, month = 1})`,
	})
}

func TestTimeAgainstLua(t *testing.T) {
	p := newPicker(4)
	conversions := strings.Split("a A b B c C d D e F g G h H I j m M n p r R S t T u U V w W x X y Y z Z %", " ")
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"} {
		compareCalls(t, zone, generate(800, func() string {
			at := p.Int64N(1<<33) - 1<<31
			switch p.IntN(4) {
			case 0:
				return fmt.Sprintf("return os.date('%s*t', %d)", p.of("", "!"), at)
			case 1:
				return fmt.Sprintf("return os.time{year = %d, month = %d, day = %d%s%s%s}", 1910+p.IntN(200), p.IntN(40)-14, p.IntN(120)-50,
					p.of("", ", hour = 3", ", hour = '30'", ", hour = -100"), p.of("", ", min = 70, sec = -5", ", min = 1.9"),
					p.of("", "", ", isdst = true", ", isdst = false"))
			}
			format := p.of("", "!")
			for range p.IntN(5) + 1 {
				format += p.of("", " ", "at ") + "%" + p.of(conversions...)
			}
			return fmt.Sprintf("return (os.date('%s', %d):gsub('\\n', '|'))", format, at)
		}))
	}
}
