package lualib

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
)

// strState is a Lua state with this library, for the tests of strings. What
// exceeds limit bytes raises an error that starts with "resource:".
func strState(t testing.TB, limit int) *lua.LState {
	t.Helper()
	L := lua.NewState(Options())
	stop := Open(L, Config{
		Stdout:    io.Discard,
		MaxString: limit,
		Resource:  func(L *lua.LState, msg string) { L.RaiseError("resource: %s", msg) },
		Fatal:     func(error) bool { return false },
		Now:       time.Now,
		Clock:     func() float64 { return 0 },
		Getenv:    func(_ *lua.LState, name string) (string, bool) { return os.LookupEnv(name) },
		Compile: func(L *lua.LState, name, source string) (*lua.LFunction, error) {
			chunk, err := luacode.Compile(name, source, luacode.Limits{})
			if err != nil {
				return nil, err
			}
			return chunk.Function(L, &luacode.Runtime{MaxString: DefaultMaxString}), nil
		},
	})
	t.Cleanup(func() {
		stop()
		L.Close()
	})
	return L
}

// strEval is the results of a chunk, or its error, as one text.
func strEval(t testing.TB, L *lua.LState, chunk string) string {
	t.Helper()
	fn, err := L.Load(strings.NewReader(chunk), "test")
	if err != nil {
		t.Fatalf("%s: %v", chunk, err)
	}
	base := L.GetTop()
	L.Push(fn)
	if err := L.PCall(0, lua.MultRet, nil); err != nil {
		return "error: " + err.(*lua.ApiError).Object.String()
	}
	var out []string
	for i := base + 1; i <= L.GetTop(); i++ {
		out = append(out, L.Get(i).String())
	}
	L.SetTop(base)
	return strings.Join(out, ",")
}

type strCase struct{ chunk, want string }

func runStrCases(t *testing.T, L *lua.LState, cases []strCase) {
	t.Helper()
	for _, c := range cases {
		if got := strEval(t, L, c.chunk); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.chunk, got, c.want)
		}
	}
}

func TestStringBasics(t *testing.T) {
	runStrCases(t, strState(t, 0), []strCase{
		{`return string.len("a\0b"), ("abc"):len(), string.len(12)`, "3,3,2"},
		{`return ("hello"):sub(2, -2), ("hello"):sub(-100, 2), ("hello"):sub(4, 2), ("hello"):sub(1, math.huge)`, "ell,he,,hello"},
		{`return ("hello"):sub(1.9, "3")`, "hel"},
		{`return ("grün Z\200"):upper(), ("GRÜN z\200"):lower()`, "GRüN Z\xc8,grÜn z\xc8"},
		{`return ("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1), (""):rep(1e15)`, "ababab,,,"},
		{`return ("a\0b"):reverse(), (""):reverse()`, "b\x00a,"},
		{`return ("abc"):byte(), ("abc"):byte(-1), ("abc"):byte(1, -1)`, "97,99,97,98,99"},
		{`return ("abc"):byte(10)`, ""},
		{`return ("abc"):byte(0)`, ""},
		{`return ("\200\255"):byte(1, 2)`, "200,255"},
		{`return string.char(), string.char(104, "105", 0, 255)`, ",hi\x00\xff"},
		{`return string.dump, string.gfind`, "nil,nil"},
	})
}

func TestStringArgumentErrors(t *testing.T) {
	runStrCases(t, strState(t, 0), []strCase{
		{`string.rep()`, "error: test:1: bad argument #1 to 'rep' (string expected, got no value)"},
		{`string.rep("x")`, "error: test:1: bad argument #2 to 'rep' (number expected, got no value)"},
		{`string.rep("x", {})`, "error: test:1: bad argument #2 to 'rep' (number expected, got table)"},
		{`string.rep("x", "y")`, "error: test:1: bad argument #2 to 'rep' (number expected, got string)"},
		{`string.sub(nil, 1)`, "error: test:1: bad argument #1 to 'sub' (string expected, got nil)"},
		{`string.char(256)`, "error: test:1: bad argument #1 to 'char' (invalid value)"},
		{`string.char(1, -1)`, "error: test:1: bad argument #2 to 'char' (invalid value)"},
		{`string.gsub("x", "x", true)`, "error: test:1: bad argument #3 to 'gsub' (string/function/table expected)"},
		{`string.find("x")`, "error: test:1: bad argument #2 to 'find' (string expected, got no value)"},
		{`string.gmatch("x", {})`, "error: test:1: bad argument #2 to 'gmatch' (string expected, got table)"},
		{`return ("x"):rep(40000):byte(1, -1)`, "error: test:1: stack overflow (string slice too long)"},
	})
}

func TestStringsAreBounded(t *testing.T) {
	const tooLong = "error: test:1: resource: string too long"
	L := strState(t, 1000)
	runStrCases(t, L, []strCase{
		{`return #("x"):rep(1000)`, "1000"},
		{`return ("x"):rep(1001)`, tooLong},
		{`return ("xyz"):rep(1e12)`, tooLong},
		{`return ("xyz"):rep(math.huge)`, tooLong},
		{`return #(("x"):rep(1000):gsub("x", "y"))`, "1000"},
		{`return ("x"):rep(1000):gsub("x", "yy")`, tooLong},
		{`return ("x"):rep(1000):gsub("$", "%%")`, tooLong},
		{`return ("x"):rep(1000):gsub(".*", "%0%0")`, tooLong},
		{`return ("x"):rep(1000):gsub("^", function() return "a" end)`, tooLong},
		{`return ("x"):rep(1000):gsub("x", {x = "aa"})`, tooLong},
		{`return ("%s%s"):format(("x"):rep(600), ("x"):rep(600))`, tooLong},
		{`return ("%99d"):rep(11):format(1,1,1,1,1,1,1,1,1,1,1)`, tooLong},
		{`return ("%q"):format(("x"):rep(999))`, tooLong},
		{`return ("%q"):format(("\0"):rep(500))`, tooLong},
		{`local b = string.buffer(); for i = 1, 1001 do b:add("x") end`, tooLong},
	})
	big := lua.LString(strings.Repeat("a", 1001))
	L.G.Global.RawSetString("big", big)
	runStrCases(t, L, []strCase{
		{`return string.upper(big)`, tooLong},
		{`return string.reverse(big)`, tooLong},
		{`return string.format(big)`, tooLong},
	})
}

func TestBuffer(t *testing.T) {
	runStrCases(t, strState(t, 0), []strCase{
		{`local b = string.buffer(); return b:add("x", 1, 2.5):add():add("\0"):tostring(), b:len(), #b`, "x12.5\x00,6,6"},
		{`local b = string.buffer(); b:add("hi"); return tostring(b), ("%s"):format(b), getmetatable(b)`, "hi,hi,locked"},
		{`local b = string.buffer(); local ok = pcall(b.add, b, "x", {}); return ok, b:len()`, "false,0"},
		{`local b = string.buffer(); b:add("x", nil)`, "error: test:1: bad argument #2 to 'add' (string expected, got nil)"},
		{`string.buffer().add("x", "y")`, "error: test:1: bad argument #1 to 'add' (buffer expected, got string)"},
		{`return string.buffer():tostring(), string.buffer() == string.buffer()`, ",false"},
	})
}

// TestHostileCallsEnd runs calls that would take hours. Each must end with the
// context.
func TestHostileCallsEnd(t *testing.T) {
	for name, chunk := range map[string]string{
		"stars":     `return (("a"):rep(100)):find(("a*"):rep(15) .. "[bc]")`,
		"minuses":   `return (("a"):rep(3000)):match(("a-"):rep(9) .. "[bc]")`,
		"maybes":    `return (("a"):rep(400)):find(("a?"):rep(200) .. ("[ab]"):rep(200) .. "%f[b]")`,
		"balance":   `return (("("):rep(3000000)):find("%b()")`,
		"backrefs":  `return (("a"):rep(300000)):find("(.*).-%1[bc]")`,
		"backrefs2": `return (("a"):rep(300000)):find("(.-)%1[bc]")`,
		"quadratic": `return (("a"):rep(3000000)):find("a.-[bc]")`,
		"gsub":      `return (("a"):rep(100)):gsub(("a*"):rep(15) .. "[bc]", "")`,
		"long":      `return (("a"):rep(1000000)):find("[ab]" .. ("b?"):rep(60000) .. "[bc]")`,
		"empty":     `return (("a"):rep(1000000)):gsub("(b-)a", ("%1"):rep(1000000))`,
		"gmatch":    `for x in (("a"):rep(100)):gmatch(("a*"):rep(15) .. "[bc]") do end`,
	} {
		t.Run(name, func(t *testing.T) {
			L := strState(t, 0)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			L.SetContext(ctx)
			done := make(chan string, 1)
			go func() { done <- strEval(t, L, chunk) }()
			select {
			case got := <-done:
				if !strings.HasSuffix(got, context.DeadlineExceeded.Error()) {
					t.Fatalf("got %q", got)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("still running long after the deadline")
			}
		})
	}
}
