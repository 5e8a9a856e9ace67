package re_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/re"
)

func run(t testing.TB, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(re.Module(), json.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script, args...)
	return out.String(), err
}

func TestFunctions(t *testing.T) {
	for call, want := range map[string]string{
		`re.match("key = value", [[(\w+)\s*=\s*(\w+)]])`:      `["key","value"]`,
		`re.match("abc", "b")`:                                `["b"]`,
		`re.match("abc", "x")`:                                `[null]`,
		`re.match("b", "(a)?(b)")`:                            `["","b"]`,
		`re.match("abcabc", "c|a", 2)`:                        `["c"]`,
		`re.match("abc", "^c", -1)`:                           `["c"]`,
		`re.match("abc", "$", 99)`:                            `[""]`,
		`re.match("abc", "a", -99)`:                           `["a"]`,
		`re.match("ÄB", "(?i)äb")`:                            `["ÄB"]`,
		`re.match("a\255b", "a.b")`:                           `["a\udcffb"]`,
		`re.match("x\nerror: y", "(?m)^error: (.*)$")`:        `["y"]`,
		`re.match(12345, "3.")`:                               `["34"]`,
		`re.find("hello world", [[\bw(\w)]])`:                 `[7,8,"o"]`,
		`re.find("hello", "l+")`:                              `[3,4]`,
		`re.find("hello", "l", 4)`:                            `[4,4]`,
		`re.find("hello", "")`:                                `[1,0]`,
		`re.find("hello", "x")`:                               `[null]`,
		`re.find("\255\255a", "a")`:                           `[3,3]`,
		`re.all("a1 b22 c", [[\d+]])`:                         `[["1","22"]]`,
		`re.all("a1 b22 c", [[(\w)\d+]])`:                     `[["a","b"]]`,
		`re.all("a=1,b=2", [[(\w)=(\w)]])`:                    `[[["a","1"],["b","2"]]]`,
		`re.all("aaa", "a", 2)`:                               `[["a","a"]]`,
		`#re.all("abc", "x")`:                                 `[0]`,
		`re.all("foo foobar foo", [[\bfoo\b]])`:               `[["foo","foo"]]`,
		`re.all("ab", "")`:                                    `[["","",""]]`,
		`re.all("\255\254", ".")`:                             `[["\udcff","\udcfe"]]`,
		`re.replace("john smith", [[(\w+) (\w+)]], "$2, $1")`: `["smith, john"]`,
		`re.replace("john smith", [[(?P<a>\w+) (?<b>\w+)]], "${b}_${a}$$${0}")`:                       `["smith_john$john smith"]`,
		`re.replace("aXbX", "X", "$0$0", 1)`:                                                          `["aXXbX"]`,
		`re.replace("abc", "", "-")`:                                                                  `["-a-b-c-"]`,
		`re.replace("a\255b", "b", "\254")`:                                                           `["a\udcff\udcfe"]`,
		`re.replace("a1b2", [[\d]], 7)`:                                                               `["a7b7"]`,
		`re.replace("a1b2", [[\d]], function(d) return d * 2 end)`:                                    `["a2b4"]`,
		`re.replace("k=v x=y", [[(\w)=(\w)]], function(k, v) if k == "x" then return v .. k end end)`: `["k=v yx"]`,
		`re.replace("ab", ".", function(c) return c == "a" and "$0" end)`:                             `["$0b"]`,
		`re.replace("x", "y", "z")`:                                                                   `["x"]`,
		`re.replace("a.b", [[(a)(x)?]], "[$2$1]")`:                                                    `["[a].b"]`,
		`re.split("a, b;c", "[,;] *")`:                                                                `[["a","b","c"]]`,
		`re.split("abc", "")`:                                                                         `[["a","b","c"]]`,
		`re.split("", ",")`:                                                                           `[[""]]`,
		`re.split(",a,", ",")`:                                                                        `[["","a",""]]`,
		`re.split("a,b,c", ",", 2)`:                                                                   `[["a","b,c"]]`,
		`re.split("abc", "", 2)`:                                                                      `[["a","bc"]]`,
		`re.split("a b", " ", 1)`:                                                                     `[["a b"]]`,
	} {
		out, err := run(t, `local function J(...) local t = json.array({...}) if select("#", ...) == 1 and ... == nil then t[1] = json.null end return json.encode(t) end print(J(`+call+`))`)
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", call, out, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for call, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`re.match("a", "a(b")`:                                  {luabind.KindParse, `re.match: the pattern "a(b": missing closing ): "a(b"`},
		`re.find("a", "[z-a]")`:                                 {luabind.KindParse, "invalid character class range"},
		`re.all("a", "(?=a)")`:                                  {luabind.KindParse, "invalid or unsupported Perl syntax"},
		`re.all("a", [[(a)\1]])`:                                {luabind.KindParse, "invalid escape sequence"},
		`re.split("a", "\255")`:                                 {luabind.KindParse, "not UTF-8"},
		`re.match("a", ("a"):rep(1e5))`:                         {luabind.KindParse, "longer than 64 KiB"},
		`re.match("a", ("a{1000}"):rep(200))`:                   {luabind.KindParse, "too large"},
		`re.match("a", [[(?i)\pL{1000}]])`:                      {luabind.KindParse, "too large"},
		`re.match("a", ("("):rep(3000))`:                        {luabind.KindParse, "…"},
		`re.replace("a", "a", "$1")`:                            {luabind.KindUsage, "with: the pattern has no group 1, it has 0"},
		`re.replace("a", "a", "${x}")`:                          {luabind.KindUsage, `no group named "x"`},
		`re.replace("a", "a", "${x")`:                           {luabind.KindUsage, "a ${ without"},
		`re.replace("a", "a", "5$")`:                            {luabind.KindUsage, "$$ is a dollar"},
		`re.replace("a", "a", "$99999999999999999999")`:         {luabind.KindUsage, "no group"},
		`re.replace("a", "a", {})`:                              {luabind.KindUsage, "with: got a table, want a string or a function"},
		`re.replace("a", "a")`:                                  {luabind.KindUsage, "with: missing"},
		`re.replace("a", "a", function() return {} end)`:        {luabind.KindUsage, "the function returned a table"},
		`re.replace("a", "a", function() json.decode("x") end)`: {luabind.KindParse, "json.decode"},
		`re.all("a", "a", 0)`:                                   {luabind.KindUsage, "max: got 0"},
		`re.split("a", "a", -1)`:                                {luabind.KindUsage, "max: got -1"},
		`re.replace("a", "a", "", 0)`:                           {luabind.KindUsage, "max: got 0"},
		`re.match("a")`:                                         {luabind.KindUsage, "pattern: missing"},
		`re.replace(("x"):rep(1e6), ".*", ("$0"):rep(1e5))`:     {luabind.KindResource, "larger than 256 MiB"},
	} {
		_, err := run(t, call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text) || len(e.Message) > 400 {
			t.Errorf("%s: got %v, want %s with %q", call, err, want.kind, want.text)
		}
	}
}

// TestCompiledOnce: a loop over many lines does not compile its pattern again,
// and a script that makes patterns without end does not keep them.
func TestCompiledOnce(t *testing.T) {
	out, err := run(t, `for i = 1, 1000 do assert(re.match("a" .. i, "^a" .. i .. "$")) end
		for _ = 1, 1e5 do assert(re.match("abc", "[a-c]{3}")) end print("ok")`)
	if err != nil || out != "ok\n" {
		t.Errorf("got %q %v", out, err)
	}
}

// TestDeadline: the deadline ends a search that takes long, also within one match.
func TestDeadline(t *testing.T) {
	for _, script := range []string{
		`local s = ("a"):rep(5e6) re.match(s, "(a|b|ab)*(.*c){50}$")`,
		`local s = ("ab "):rep(3e6) re.replace(s, [[(\w)(\w)\b]], function(a, b) return b .. a end)`,
		`local s = ("ab "):rep(5e6) while true do re.all(s, [[(x+x+){30}y|\bab]]) end`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		host, err := luabind.New(luabind.WithModules(re.Module()))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- host.RunText(ctx, "t.lua", script) }()
		select {
		case err := <-done:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v", script, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: still running 20 s after its deadline", script)
		}
	}
}

// TestManyMatches: what cannot fit into the memory of the run is refused.
func TestManyMatches(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(re.Module()), luabind.WithLimits(luabind.Limits{Memory: 16 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	var e *luabind.Error
	err = host.RunText(t.Context(), "t.lua", `re.all(("a"):rep(1e6), ".")`)
	if !errors.As(err, &e) || e.Kind != luabind.KindResource {
		t.Errorf("got %v", err)
	}
}

// TestGrowingResult: what a function returns is bounded too.
func TestGrowingResult(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(re.Module()), luabind.WithLimits(luabind.Limits{Memory: 16 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	var e *luabind.Error
	err = host.RunText(t.Context(), "t.lua", `local x = ("x"):rep(1e6) re.replace(("a"):rep(100), "a", function() return x end)`)
	if !errors.As(err, &e) || e.Kind != luabind.KindResource {
		t.Errorf("got %v", err)
	}
}

// FuzzRe holds the functions against Go's own.
func FuzzRe(f *testing.F) {
	for _, s := range [][3]string{{"a1 b22", `(\w)(\d+)`, "$2$1"}, {"\xff\n é", `(?m)^.`, "<$0>"}, {"aaa", "a*?", "-"}, {"foo foo", `\bfoo\b`, "$$"}, {"", "", "x"}, {"ab", "(a)|(?P<n>b)", "${n}"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, s, pattern, with string) {
		if len(s) > 1<<10 || len(pattern) > 100 {
			return
		}
		out, err := run(t, `local s, p, w = ...
			local same = re.replace(s, p, function() end) assert(same == s)
			local a, b = re.find(s, p) local all = re.all(s, p)
			assert((a == nil) == (#all == 0)) if a then assert(b <= #s and a >= 1 and re.match(s, p) ~= nil) end
			local pieces = re.split(s, p) assert(#pieces <= #all + 1)
			print(#all, a, b, #pieces) print(re.replace(s, p, "<$0>")) re.replace(s, p, w)`, s, pattern, with)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindParse && !(e.Kind == luabind.KindUsage && strings.Contains(e.Message, "with:"))) {
			t.Fatalf("%q %q %q: got %q %v", s, pattern, with, out, err)
		}
		std, stdErr := regexp.Compile(pattern)
		if stdErr != nil {
			if err == nil || e.Kind != luabind.KindParse {
				t.Fatalf("%q: accepted: %v", pattern, err)
			}
			return
		}
		if err != nil && e.Kind == luabind.KindParse || !utf8.ValidString(s) {
			return // too large for us; Go's own ReplaceAllString rewrites bytes
		}
		if want := std.ReplaceAllString(s, "<$0>"); !strings.HasSuffix(out, "\n"+want+"\n") {
			t.Fatalf("%q %q: got %q, want %q", s, pattern, out, want)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(re.Module()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		err := host.RunText(b.Context(), "b.lua", `local n = 0 for i = 1, 10000 do if re.match("Nov 25 host sshd[1234]: Failed password for root", [[sshd\[(\d+)\]: Failed]]) then n = n + 1 end end assert(n == 10000)`)
		if err != nil {
			b.Fatal(err)
		}
	}
}
