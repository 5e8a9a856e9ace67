package luacode

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		source     string
		line       int
		msg        string
		incomplete bool
	}{
		{"x = = 1", 1, "unexpected symbol near '='", false},
		{"x = 1\ny = )", 2, "unexpected symbol near ')'", false},
		{"local 1", 1, "<name> expected near '1'", false},
		{"if x then\n\n", 3, "'end' expected (to close 'if' at line 1) near '<eof>'", true},
		{"if x then\nend end", 2, "'<eof>' expected near 'end'", false},
		{"f(", 1, "unexpected symbol near '<eof>'", true},
		{"x = {1,\n2\n3}", 3, "'}' expected (to close '{' at line 1) near '3'", false},
		{"x", 1, "'=' expected near '<eof>'", true},
		{"x y", 1, "'=' expected near 'y'", false},
		{"(x) = 1", 1, "syntax error near '='", false},
		{"f() = 1", 1, "unexpected symbol near '='", false},
		{"x = 'abc", 1, "unfinished string near '<eof>'", true},
		{"x = 'abc\n'", 1, "unfinished string near ''abc'", false},
		{"x = [[a\n\nb", 3, "unfinished long string near '<eof>'", true},
		{"--[[a\n", 2, "unfinished long comment near '<eof>'", true},
		{"x = '\\300'", 1, "escape sequence too large near ''\\300'", false},
		{"x = 3x", 1, "malformed number near '3x'", false},
		{"x = 1..2", 1, "malformed number near '1..2'", false},
		{"x = 0x", 1, "malformed number near '0x'", false},
		{"x = 1e", 1, "malformed number near '1e'", false},
		{"x = @", 1, "unexpected symbol near '@'", false},
		{"x = \x01", 1, "unexpected symbol near 'char(1)'", false},
		{"x = [=x", 1, "invalid long string delimiter near '[='", false},
		{"break", 1, "no loop to break near '<eof>'", false},
		{"function f() return ... end", 1, "cannot use '...' outside a vararg function near '...'", false},
		{"f\n(x)", 2, "ambiguous syntax (function call x new statement) near '('", false},
		{"return 1 x", 1, "'<eof>' expected near 'x'", false},
		{"for x", 1, "'=' or 'in' expected near '<eof>'", true},
		{"goto nowhere", 1, "no visible label 'nowhere' for <goto> at line 1", false},
		{"function f(a,) end", 1, "<name> expected near ')'", false},
		{"f(1,)", 1, "unexpected symbol near ')'", false},
		{"x = a:b", 1, "function arguments expected near '<eof>'", true},
	}
	for _, test := range tests {
		_, err := Compile("name", test.source, Limits{})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v", test.source, err)
			continue
		}
		want := Error{Name: "name", Line: test.line, Msg: test.msg, Incomplete: test.incomplete}
		if *e != want {
			t.Errorf("%q:\ngot  %+v\nwant %+v", test.source, *e, want)
		}
	}
}

func TestWhatIsRefusedAndPassedOver(t *testing.T) {
	for _, source := range []string{"\x1bLua", "\x1bLua\x00x = 1", strings.Repeat(" ", 2<<20+1)} {
		if _, err := Compile("n", source, Limits{}); err == nil {
			t.Errorf("%.10q is accepted", source)
		}
	}
	if _, err := Compile("n", "x = 1", Limits{Source: 4}); err == nil {
		t.Error("a source above its own limit is accepted")
	}
	if _, err := Compile("n", "x = (((1)))", Limits{Depth: 3}); err == nil {
		t.Error("a depth above its own limit is accepted")
	}
	for _, source := range []string{
		"\xef\xbb\xbfprint(1)", "#!/usr/bin/opslua\nprint(1)", "\xef\xbb\xbf#!x\r\nprint(1)", "#", "",
	} {
		if _, err := Compile("n", source, Limits{}); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
	_, err := Compile("n", "#!x\nx = = 1", Limits{})
	var e *Error
	if !errors.As(err, &e) || e.Line != 2 {
		t.Errorf("after a # line: %v", err)
	}
}

// TestRuntimeErrors holds that errors name the script's lines.
func TestRuntimeErrors(t *testing.T) {
	tests := []struct{ source, want string }{
		{"local a = 1\n\nlocal b = a ..\n{}", "test:3: attempt to concatenate a table value"},
		{"local t\n\nt[x()] = 1", "test:3: "},
		{"local t = {}\nlocal k\nt[k] = 1", "test:3: table index is nil"},
		{"local t = {}\nlocal k = 0/0\nt[k] = 1", "test:3: table index is NaN"},
		{"local t = 5\nlocal k = 'x'\nt[k] = 1", "test:3: attempt to index a non-table object(number) with key 'x'"},
		{"local k\nlocal t = {\n[k] = 1}", "test:2: table index is nil"},
		{"local s = {}\n\ns[#s + 1], x = 1, nil + 1", "test:3: "},
		{"local t\nt[#t + 1] = 1", "test:2: attempt to get length of a nil value"},
		{"x = 'a' + 1", "test:1: attempt to perform arithmetic on a string value"},
		{"f\n=\n1\nlocal y = {}\n  .z\n  .w", ""},
		{"return 'a' .. nil", "test:1: attempt to concatenate a nil value"},
	}
	for _, test := range tests {
		_, err := run(t, test.source)
		if test.want == "" {
			if err == nil {
				t.Errorf("%q runs", test.source)
			}
			continue
		}
		var e *lua.ApiError
		if !errors.As(err, &e) || !strings.HasPrefix(e.Object.String(), test.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", test.source, err, test.want)
		}
	}
}

func TestStringLimit(t *testing.T) {
	c, err := Compile("test", "local s = 'x'\nfor i = 1, 60 do s = s .. s end", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	L := newState(t, &out)
	var asked string
	rt := &Runtime{MaxString: 1 << 16, Resource: func(L *lua.LState, msg string) { asked = msg; L.RaiseError("too much") }}
	L.Push(c.Function(L, rt))
	if err := L.PCall(0, 0, nil); err == nil || !strings.Contains(err.Error(), "test:2: too much") {
		t.Errorf("got %v", err)
	}
	if asked != "a string of 131072 bytes is over the limit of 65536" {
		t.Errorf("Resource was told %q", asked)
	}
}

// TestOperatorsStayHidden holds that no string of a script becomes an operator
// and that no environment reaches them.
func TestOperatorsStayHidden(t *testing.T) {
	out, err := run(t, `
local marks = {"\0concat", "\0\0concat", "\0\0\0set"}
for i, m in ipairs(marks) do print(type(m), #m) end
setfenv(1, {print = print, t = {}})
t[#t + 1] = "a" .. "b"
local k = 5
t[k] = "c"
print(t[1], t[5], ("\0concat" .. ""))`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "string\t7\nstring\t8\nstring\t6\nab\tc\t\x00concat\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// TestOneChunkInManyStates runs one chunk at once in several states.
func TestOneChunkInManyStates(t *testing.T) {
	c, err := Compile("test", `local t = {} for i = 1, 500 do local k = i * 1000 t[k] = "v" .. i end return t[500000]`, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for range 4 {
		go func() {
			var out bytes.Buffer
			L := newState(t, &out)
			L.Push(c.Function(L, testRuntime()))
			if err := L.PCall(0, 1, nil); err != nil {
				done <- err.Error()
				return
			}
			done <- L.Get(-1).String()
		}()
	}
	for range 4 {
		if got := <-done; got != "v500" {
			t.Errorf("got %s", got)
		}
	}
}

// TestWhatGopherLuaGetsWrong holds each deviation that is mended here; the
// random programs found most.
func TestWhatGopherLuaGetsWrong(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"swap", "local a, b = 1, 2; a, b = b, a; print(a, b)", "2\t1"},
		{"swap parameters", "local function f(a, b) a, b = b, a; return a, b end print(f(1, 2))", "2\t1"},
		{"field and table", "local a = {}; local o = a; a.x, a = 5, {}; print(o.x, a.x)", "5\tnil"},
		{"rotate fields", "local t = {1, 2, 3}; local i = 1; i, t[i] = i + 1, 20; print(i, t[1], t[2])", "2\t20\t2"},
		{"call in parentheses", "local function f(x) x = (tostring(x)) return x end print(f(3))", "3"},
		{"varargs in parentheses", "local function f(...) local a, b, c = 1, 2, 3; a = (...); return a, b, c end print(f(9))", "9\t2\t3"},
		{"local function value", "local f = 1; local f = function() return f end print(f())", "1"},
		{"literals", "print(010, 0010, 0x10, 1e3, 1e400, .5, 3.)", "10\t10\t16\t1000\tinf\t0.5\t3"},
		{"strings as numbers", "print('10' + 1, '010' + 0, ' 0x10 ' + 0, -'2', '2' ^ '3', '1e1' * 1)", "11\t10\t16\t-2\t8\t10"},
		{"strings as bounds", "local n = 0 for i = '10', '1', '-2' do n = n + 1 end print(n)", "5"},
		{"numbers in text", "print(1 .. '', 1e15 .. '', 0.1 .. '', 2^53 .. '', 1/0 .. '', -1/0 .. '', 1757000000 .. '')",
			"1\t1000000000000000\t0.1\t9007199254740992\tinf\t-inf\t1757000000"},
		{"jump to a jump", "local n = 0 while true do if false then n = 100 end n = n + 1 if n > 3 then break end end print(n)", "4"},
		{"break first", "local n = 0 for k in pairs({1, 2}) do break end for k in pairs({1}) do do break end n = 1 end print(n)", "0"},
		{"remainder", "print(-6 % 6, 5 % -3, -5 % 3, 5.5 % 2)", "0\t-1\t1\t1.5"},
		{"constructor keys", "local k = 70000; local t = {1, [k] = 2, 3, [2] = 4, x = 5, [1] = 6}; print(t[1], t[2], t[k], t.x)", "1\t3\t2\t5"},
	}
	for _, test := range tests {
		got, err := run(t, test.source)
		if err != nil || strings.TrimSpace(got) != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

// TestLargeConstructors holds that no item of a constructor is lost.
func TestLargeConstructors(t *testing.T) {
	rep := strings.Repeat
	tests := []struct{ name, source, want string }{
		{"items", "local x = 7 local t = {" + rep("x,", 60_000) + "8} print(#t, t[60001], t[25551])", "60001\t8\t7"},
		{"constants", "local t = {" + rep("1,", 60_000) + "8} print(#t, t[60001], t[25551])", "60001\t8\t1"},
		{"rows", "local t = {" + rep("{pid = 1, name = 'a', tags = {'x', 'y'}},", 12_000) + "} print(#t, t[12000].tags[2])", "12000\ty"},
		{"calls", "local t = {" + rep("tostring(1),", 30_000) + "(function() return 1, 2, 3 end)()} print(#t)", "30003"},
		{"calls at a flush", "local t = {" + rep("1,", 50) + "(function() return 1, 2, 3 end)()} print(#t)", "53"},
		{"keys", "local k = 'k' local t = {" + rep("[k] = 1, ", 60_000) + "[k] = 2} print(t.k)", "2"},
		{"numbers as keys", numberKeys(3000), "3000\t3000000\tnil"},
	}
	for _, test := range tests {
		got, err := run(t, test.source)
		if err != nil || strings.TrimSpace(got) != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func numberKeys(n int) string {
	var b strings.Builder
	b.WriteString("local t = {")
	for i := 1; i <= n; i++ {
		b.WriteString("[" + FormatNumber(float64(i*1000)) + "] = " + FormatNumber(float64(i*1000)) + ",\n")
	}
	b.WriteString("} local n = 0 for k, v in pairs(t) do n = n + 1 end print(n, t[3000000], t[5])")
	return b.String()
}

// With Equal, whatever is compared for equality is seen, and the answers stay
// those of Lua.
func TestEqualIsSeen(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	chunk, err := Compile("eq", `
local n = 0
local function two() return 2, 3 end
local a = {1 == 1, 1 == 2, 1 ~= 2, "a" == "a", {} == {}, nil == false, (1 == 1) == true, not (1 == 2), 2 == two(), two() ~= 2}
while n ~= 3 do n = n + 1 end
repeat n = n + 1 until n == 5
if n == 5 and n ~= 6 or n == 7 then n = 100 end
return n, unpack(a)`, Limits{Equal: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	rt := &Runtime{Equal: func(*lua.LState, lua.LValue, lua.LValue) { seen++ }}
	L.Push(chunk.Function(L, rt))
	if err := L.PCall(0, lua.MultRet, nil); err != nil {
		t.Fatal(err)
	}
	got := ""
	for i := 1; i <= L.GetTop(); i++ {
		got += L.Get(i).String() + " "
	}
	if want := "100 true false true true false false true true true false "; got != want || seen != 19 {
		t.Errorf("got %s (%d comparisons), want %s", got, seen, want)
	}
}
