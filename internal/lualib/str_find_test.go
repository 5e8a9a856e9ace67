package lualib

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	runStrCases(t, strState(t, 0), []strCase{
		{`return ("hello"):find("", 3)`, "3,2"},
		{`return ("hello"):find("", 10)`, "6,5"},
		{`return ("hello"):find("", -10)`, "1,0"},
		{`return ("hello"):find("l", -2)`, "4,4"},
		{`return ("a.b"):find(".", 2, true)`, "2,2"},
		{`return ("a.b"):find(".", 3, true)`, "nil"},
		{`return ("a\0b"):find("\0b")`, "2,3"},
		{`return ("a\0b"):find("[\0]b")`, "2,3"},
		{`return ("a\0b"):find("%z(.)")`, "2,3,b"},
		{`return ("k = v"):find("^(%w+)%s*=%s*(%w+)$")`, "1,5,k,v"},
		{`return ("a^b"):find("^b")`, "nil"},
		{`return ("a^b"):find("%^b")`, "2,3"},
		{`return ("a$b"):find("$b")`, "2,3"},
		{`return ("x(a(b)c)y"):find("%b()")`, "2,8"},
		{`return ("THE (quick) fox"):find("%((%a+)%)")`, "5,11,quick"},
		{`return ("THE (quick) fox"):find("%f[%a]%a+%f[%A]", 2)`, "6,10"},
		{`return ("THE"):find("%f[%z]")`, "4,3"},
		{`return ("abc"):find("()b()")`, "2,2,2,3"},
		{`return ("hello hello"):find("(h%a+) %1")`, "1,11,hello"},
		{`return ("abcabc"):find("()%1")`, "nil"},
		{`return ("]a"):find("[]a]+"), ("x]"):find("[^]]+")`, "1,1,1"},
		{`return ("a-z"):find("[a-]+")`, "1,2"},
		{`return ("a-z"):find("[%a-z]+")`, "1,3"},
		{`return ("äö"):find("%a"), ("äö"):match("[\128-\255]+")`, "nil,äö"},
		{`return string.find("*", "*"), string.find("b*", "^*")`, "1,nil"},
		{`return string.find("1+1", 1), string.find(121, "2")`, "1,2,2"},
	})
}

func TestPatternErrors(t *testing.T) {
	const at = "error: test:1: "
	runStrCases(t, strState(t, 0), []strCase{
		{`return ("a"):find("[a")`, at + "malformed pattern (missing ']')"},
		{`return ("a"):find("[]")`, at + "malformed pattern (missing ']')"},
		{`return ("a"):find("[^]")`, at + "malformed pattern (missing ']')"},
		{`return ("a"):find("[%")`, at + "malformed pattern (missing ']')"},
		{`return ("a"):find("[%]")`, at + "malformed pattern (missing ']')"},
		{`return ("a"):find("a%")`, at + "malformed pattern (ends with '%')"},
		{`return ("a"):find("%f")`, at + "missing '[' after '%f' in pattern"},
		{`return ("a"):find("%fa")`, at + "missing '[' after '%f' in pattern"},
		{`return ("a"):find("%b(")`, at + "unbalanced pattern"},
		{`return ("a"):find(".)")`, at + "invalid pattern capture"},
		{`return ("a"):find("(a")`, at + "unfinished capture"},
		{`return ("a"):find("%1")`, at + "invalid capture index"},
		{`return ("a"):find("(a%1)")`, at + "invalid capture index"},
		{`return ("a"):find("(a)%0")`, at + "invalid capture index"},
		{`return ("a"):find("(a)%2")`, at + "invalid capture index"},
		{`return ("a"):find(("()"):rep(33))`, at + "too many captures"},
		{`return select("#", ("a"):find(("()"):rep(32)))`, "34"},
		{`return ("a"):find(("a?"):rep(70000))`, at + "pattern too complex"},
		// As in Lua 5.1 what is never reached is never wrong.
		{`return ("b"):find("a[")`, "nil"},
		{`return ("b"):find("a?c)")`, "nil"},
		{`return ("alo"):gsub("(.", "x")`, "xxx,3"},
	})
}

func TestGmatch(t *testing.T) {
	const list = `local r = {} for a, b in %s do r[#r + 1] = tostring(a) .. "/" .. tostring(b) end return #r, table.concat(r, " ")`
	for call, want := range map[string]string{
		`("a=1, b=2"):gmatch("(%w+)=(%w+)")`: "2,a/1 b/2",
		`("abc"):gmatch("")`:                 "4,/nil /nil /nil /nil",
		`("abc"):gmatch("()")`:               "4,1/nil 2/nil 3/nil 4/nil",
		`("^a^ab"):gmatch("^a")`:             "2,^a/nil ^a/nil",
		`("one two"):gmatch("%a*")`:          "4,one/nil /nil two/nil /nil",
		`("xyz"):gmatch("%d")`:               "0,",
	} {
		chunk := strings.Replace(list, "%s", call, 1)
		if got := strEval(t, strState(t, 0), chunk); got != want {
			t.Errorf("%s: got %q, want %q", call, got, want)
		}
	}
	runStrCases(t, strState(t, 0), []strCase{
		{`local f = ("ab"):gmatch("%a"); return f(), f(), f(), f()`, "a,b,nil"},
		{`local f = ("ab"):gmatch("%a")
		  local g = coroutine.wrap(function() return f(), f() end); return g()`, "a,b"},
		{`local f = ("ab"):gmatch("("); local ok, msg = pcall(f); return ok, msg:match("[%w ]*$")`, "false, unfinished capture"},
	})
}

func TestGsub(t *testing.T) {
	const at = "error: test:1: "
	runStrCases(t, strState(t, 0), []strCase{
		{`return ("abc"):gsub("%w", "%1%0")`, "aabbcc,3"},
		{`return ("hello world"):gsub("o", "0", 1)`, "hell0 world,1"},
		{`return ("hello"):gsub("l", "L", 0)`, "hello,0"},
		{`return ("hello"):gsub("l", "L", -1)`, "hello,0"},
		{`return ("hello"):gsub("", "-")`, "-h-e-l-l-o-,6"},
		{`return ("abc"):gsub("%w*", "x")`, "xx,2"},
		{`return ("aaa"):gsub("^a", "b")`, "baa,1"},
		{`return ("a b"):gsub("%w", {a = 1, b = false})`, "1 b,2"},
		{`return ("a b"):gsub("%w", function(c) if c == "a" then return 1.5 end end)`, "1.5 b,2"},
		{`return ("abc"):gsub("()", "%1")`, "1a2b3c4,4"},
		{`return ("abc"):gsub("b", "%%%x")`, "a%xc,1"},
		{`return ("abc"):gsub("b", "%")`, "a\x00c,1"},
		{`return ("abc"):gsub("b", 7)`, "a7c,1"},
		{`return ("abc"):gsub("b", "")`, "ac,1"},
		{`return ("abc"):gsub(".", "")`, ",3"},
		{`return ("a,b"):gsub("%w", setmetatable({}, {__index = function(_, k) return k:upper() end}))`, "A,B,2"},
		{`return ("x y"):gsub("%w", function(c) return (c:gsub(".", "%0%0")) end)`, "xx yy,2"},
		{`return ("abc"):gsub("b", "%2")`, at + "invalid capture index"},
		{`return ("abc"):gsub("b", function() return {} end)`, at + "invalid replacement value (a table)"},
		{`return ("abc"):gsub("b", {b = true})`, at + "invalid replacement value (a boolean)"},
		{`return ("abc"):gsub("b", function() error("mine", 0) end)`, "error: mine"},
	})
}

func TestLongSubjects(t *testing.T) {
	runStrCases(t, strState(t, 0), []strCase{
		{`return #("a"):rep(1e6):match("^(a*)$")`, "1000000"},
		{`return ("a"):rep(1e6):match(".-b")`, "nil"},
		{`return ("a"):rep(1e6):match(".-[bc]")`, "nil"},
		{`return ("a"):rep(1e6):find("a*%s")`, "nil"},
		{`return ("a"):rep(1e6):find("(a+)=(a+)")`, "nil"},
		{`return #("a"):rep(1e6):match("^.-(a?)$")`, "1"},
		{`return #("a"):rep(1e5):match(("a?"):rep(50000))`, "50000"},
		{`return #(("("):rep(5e5) .. (")"):rep(5e5)):match("%b()")`, "1000000"},
		{`return (" "):rep(1e6):gsub("%s+$", "")`, ",1"},
	})
}

// TestPatternCache goes past the bounds of what is kept between calls.
func TestPatternCache(t *testing.T) {
	L := strState(t, 0)
	got := strEval(t, L, `
		local n = 0
		for i = 1, 1000 do
			if ("k" .. i .. "!"):find("^k" .. i .. "[!]$") then n = n + 1 end
			if ("^x"):gmatch("^x")() and not ("a^x"):find("^x") then n = n + 1 end
		end
		return n`)
	if got != "2000" {
		t.Fatalf("got %s, want 2000", got)
	}
}
