package luabind_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"opslua/luabind"
	"opslua/policy"
)

var errDisk = errors.New("the disk is on fire")

// demo is a module with a function of every kind that the tests need.
func demo() luabind.Module {
	return luabind.Module{
		Name: "demo", Doc: "For tests.",
		Funcs: []luabind.Func{
			{Name: "fail", Doc: "fail(kind)", Impl: func(c *luabind.Call) error {
				var kind string
				if err := c.Unpack("kind", &kind); err != nil {
					return err
				}
				return &luabind.Error{Kind: luabind.Kind(kind), Message: "it failed", Cause: errDisk,
					Fields: map[string]any{"code": 7, "list": []string{"a", "b"}}}
			}},
			{Name: "plain", Doc: "plain()", Impl: func(*luabind.Call) error { return errDisk }},
			{Name: "call", Doc: "call(f)", Impl: func(c *luabind.Call) error {
				v := luabind.Opt[string]{}
				if err := c.Unpack("[f]", &v); err != nil && c.NArgs() == 0 {
					return err
				}
				out, err := c.Invoke(c.Arg(0))
				if err != nil {
					return err
				}
				return c.Return(len(out))
			}},
			{Name: "opts", Doc: "opts{argv..., opts}", Impl: func(c *luabind.Call) error {
				var argv []string
				d := time.Minute
				var size luabind.Size
				var off luabind.Opt[time.Duration]
				var env map[string]string
				if err := c.Unpack("argv...", &argv, "timeout?", &d, "max_output?", &size, "idle_timeout?", &off, "env?", &env); err != nil {
					return err
				}
				return c.Return(strings.Join(argv, "|"), d.Seconds(), int64(size), off.Off, len(env))
			}},
			{Name: "secret", Doc: "secret()", Impl: func(c *luabind.Call) error {
				if err := c.Unpack(); err != nil {
					return err
				}
				return c.Require(policy.Read{Path: "/etc/shadow"})
			}},
			{Name: "panic", Doc: "panic()", Impl: func(*luabind.Call) error { panic("a bug") }},
		},
	}
}

// run runs a script and gives what it printed.
func run(t *testing.T, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(append([]luabind.Option{
		luabind.WithModules(demo()), luabind.WithStdio(nil, &out, &out),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = host.RunText(ctx, "t.lua", script)
	return out.String(), err
}

func TestErrorsAreTheSameInGo(t *testing.T) {
	for name, script := range map[string]string{
		"raised":    `demo.fail("net")`,
		"rethrown":  "local ok, err = pcall(demo.fail, 'net')\n\nassert(not ok)\nerror(err)",
		"level":     `local ok, err = pcall(demo.fail, "net") error(err, 2)`,
		"asserted":  `assert(try(demo.fail, "net"))`,
		"coroutine": `local co = coroutine.create(function() demo.fail("net") end) local ok, err = coroutine.resume(co) error(err)`,
		"wrapped":   `coroutine.wrap(function() pcall(coroutine.yield) demo.fail("net") end)() `,
		"callback":  `demo.call(function() demo.fail("net") end)`,
		"xpcall":    `local _, err = xpcall(function() demo.fail("net") end, function(e) return e end) error(err)`,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "wrapped" {
				script = `local f = coroutine.wrap(function() pcall(coroutine.yield) demo.fail("net") end) f() f()`
			}
			_, err := run(t, script)
			var se *luabind.ScriptError
			var le *luabind.Error
			if !errors.As(err, &se) || !errors.As(err, &le) || le.Kind != luabind.KindNet || !errors.Is(err, errDisk) {
				t.Fatalf("got %T %v", err, err)
			}
			if se.Script != "t.lua" || se.Line != 1 || se.Msg != "it failed" {
				t.Errorf("got %q line %d: %q", se.Script, se.Line, se.Msg)
			}
			if !strings.Contains(se.Backtrace(), "t.lua:1") {
				t.Errorf("the traceback does not name the first place: %s", se.Backtrace())
			}
		})
	}
}

func TestErrorValueInLua(t *testing.T) {
	out, err := run(t, `
local ok, err = pcall(demo.fail, "net")
print(ok, err.kind, err.message, tostring(err), "text: " .. err, err .. "!", err:is("net"), err:is("io"))
print(err.code, err.list[2], err.where, err.nothing)
local _, again = pcall(error, err)
print(rawequal(err, again), err == again)
print(select(2, try(demo.fail, "io")).kind, try(function() return 1, 2 end))
print(pcall(function() err.kind = "x" end))
`)
	want := `false	net	it failed	it failed	text: it failed	it failed!	true	false
7	b	t.lua:2	nil
true	true
io	1	2
`
	if err != nil || !strings.HasPrefix(out, want) || !strings.Contains(out[len(want):], "false\t") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestUncaughtErrors(t *testing.T) {
	for script, want := range map[string]string{
		"\nerror('x')":      "t.lua:2: x",
		"error('x', 0)":     "t.lua:1: x",
		"error({code = 1})": "t.lua:1: error value: {code = 1}",
		"error(setmetatable({}, {__tostring = function() return 'mine' end}))": "t.lua:1: mine",
		"error()":               "t.lua:1: error value: nil",
		"local x = nil\nx.y=1":  "t.lua:2: ",
		"demo.plain()":          "t.lua:1: the disk is on fire",
		"demo.panic()":          "t.lua:1: internal error: a bug",
		"print(pocr)":           `t.lua:1: undefined name "pocr"`,
		"print(dem)":            `t.lua:1: undefined name "dem" (did you mean "demo"?)`,
		"demo.fial('net')":      `t.lua:1: demo has no "fial" (did you mean "fail"?)`,
		"demo.x = 1":            "t.lua:1: demo is read-only: demo.x cannot be set",
		"rawset(demo,'x',1)":    "t.lua:1: attempt to modify a read-only table",
		"setmetatable(demo,{})": "t.lua:1: cannot change a protected metatable",
		`exit("now")`:           `t.lua:1: exit: code: got string "now", want a whole number from 0 to 255`,
	} {
		_, err := run(t, script)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", script, err, want)
		}
	}
}

func TestUnpack(t *testing.T) {
	for script, want := range map[string]string{
		`print(demo.opts{"a b", 5, timeout = "1m30s"})`:            "a b|5\t90\t0\tfalse\t0\n",
		`print(demo.opts({"a"}, {max_output = "2KiB"}))`:           "a\t60\t2048\tfalse\t0\n",
		`print(demo.opts({"a", timeout = 1}, {timeout = 2.5}))`:    "a\t2.5\t0\tfalse\t0\n",
		`print(demo.opts{"a", idle_timeout = false})`:              "a\t60\t0\ttrue\t0\n",
		`print(select(5, demo.opts{"a", env = {A = 1, B = "x"}}))`: "2\n",
		`demo.opts("ls -l")`:               `! got a string, want a list: demo.opts{"ls", "-l"}; there is no shell in between`,
		`demo.opts{}`:                      "! ",
		`demo.opts{"a", nil, "b"}`:         "! argv: item 2 is nil",
		`demo.opts{"a", {}}`:               "! argv: item 2 is table",
		`demo.opts{"a", tiemout = 1}`:      `! unknown option "tiemout" (did you mean "timeout"?)`,
		`demo.opts({"a"}, {1})`:            "! unexpected item",
		`demo.opts{"a", timeout = "soon"}`: "! timeout: ",
		`demo.opts{"a", timeout = -1}`:     "! timeout: got number -1",
		`demo.opts{"a", timeout = {}}`:     `! timeout: got table, want a duration such as 10 or "1m30s"`,
		`demo.opts{"a", max_output = 1.5}`: "! max_output: got number 1.5",
		`demo.opts{"a", env = {1}}`:        "! env: ",
		`demo.opts({"a"}, {}, 3)`:          "! got 3 arguments, want at most 2",
		`demo.opts({"a"}, 3)`:              "! got number 3, want a table of options",
		`demo.opts()`:                      "! got nil, want a list",
		`demo.fail({})`:                    "! kind: got table, want a string",
		`demo.fail()`:                      "! kind: missing, want a string",
	} {
		out, err := run(t, script)
		if msg, wantErr := strings.CutPrefix(want, "! "); wantErr {
			var e *luabind.Error
			if !errors.As(err, &e) || e.Kind != luabind.KindUsage || !strings.Contains(e.Message, msg) {
				t.Errorf("%s: got %v, want %s", script, err, msg)
			}
		} else if err != nil || out != want {
			t.Errorf("%s: got %q %v, want %q", script, out, err, want)
		}
	}
}

func TestExit(t *testing.T) {
	for script, want := range map[string]int{
		`exit()`: 0, `exit(0) error("no")`: 0, `exit(3)`: 3, `exit(true)`: 0, `exit(false)`: 1,
		`pcall(exit, 4) print("no") exit(5)`:                                        4,
		`xpcall(function() exit(4) end, function() return 1 end) exit(5)`:           4,
		`try(exit, 4) exit(5)`:                                                      4,
		`coroutine.wrap(function() pcall(exit, 4) end)() exit(5)`:                   4,
		`coroutine.resume(coroutine.create(function() exit(4) end)) exit(5)`:        4,
		`table.sort({3, 2, 1}, function() exit(4) end) exit(5)`:                     4,
		`demo.call(function() exit(4) end) exit(5)`:                                 4,
		`string.gsub("x", "x", function() exit(4) end) exit(5)`:                     4,
		`local t = setmetatable({}, {__index = function() exit(4) end}) print(t.x)`: 4,
	} {
		out, err := run(t, script)
		var ee *luabind.ExitError
		code := 0
		if errors.As(err, &ee) {
			code = ee.Code
		} else if err != nil {
			t.Errorf("%s: %v", script, err)
		}
		if code != want || out != "" {
			t.Errorf("%s: got %d %q, want %d", script, code, out, want)
		}
	}
}

func TestDeadlineCannotBeCaught(t *testing.T) {
	for _, script := range []string{
		`while true do end`,
		`while true do pcall(function() while true do end end) end`,
		`while true do try(function() while true do end end) end`,
		`local co = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) while true do pcall(co) end`,
		`("a"):rep(400):find(("a*"):rep(15) .. "[bc]")`,
	} {
		start := time.Now()
		_, err := run(t, script, luabind.WithLimits(luabind.Limits{Timeout: 200 * time.Millisecond}))
		var e *luabind.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Kind != luabind.KindTimeout {
			t.Errorf("%s: got %v", script, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %s", script, took)
		}
	}
}

func TestMemory(t *testing.T) {
	for _, script := range []string{
		`local t = {} for i = 1, 1e9 do t[i] = {i} end`,
		`local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end`,
		`local s = "x" while true do s = s .. s end`,
		`pcall(function() local s = "x" while true do s = s .. s end end) local t = {} while true do pcall(function() t[#t + 1] = ("x"):rep(1e6) .. #t end) end`,
	} {
		_, err := run(t, script, luabind.WithLimits(luabind.Limits{Memory: 64 << 20}))
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindResource {
			t.Errorf("%s: got %v", script, err)
		}
	}
}

func TestPolicyDefaultIsNothing(t *testing.T) {
	_, err := run(t, `demo.secret()`)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindDenied || !strings.Contains(e.Message, `read = ["/etc/shadow"]`) {
		t.Errorf("got %v", err)
	}
	if _, err := run(t, `os.getenv("HOME")`); !errors.As(err, &e) || e.Kind != luabind.KindDenied {
		t.Errorf("os.getenv: got %v", err)
	}
	var events []luabind.Event
	_, err = run(t, `demo.secret() print(os.getenv("A"))`, luabind.WithPolicy(policy.All()), luabind.WithEnviron([]string{"A=1"}),
		luabind.WithAudit(func(_ context.Context, e luabind.Event) { events = append(events, e) }))
	if err != nil || len(events) != 2 || events[0].Op != "read" || !events[0].Allowed || events[0].Where != "t.lua:1" {
		t.Errorf("got %v %+v", err, events)
	}
}

func TestRequire(t *testing.T) {
	files := fstest.MapFS{
		"app/main.lua":    {Data: []byte(`local a = require "lib.a" print(a.x, require("lib/a") == a, require "demo" == demo) require "lib.bad"`)},
		"app/lib/a.lua":   {Data: []byte(`return {x = 41 + 1}`)},
		"app/lib/bad.lua": {Data: []byte("\n\nx = = 1")},
		"app/loop.lua":    {Data: []byte(`require "loop2"`)},
		"app/loop2.lua":   {Data: []byte(`print(require "loop2")`)},
		"app/up.lua":      {Data: []byte(`require "..secret"`)},
		"app/missing.lua": {Data: []byte(`require "nope"`)},
		"app/file.lua":    {Data: []byte(`require "lib.a" require "lib/a.lua"`)},
		"secret.lua":      {Data: []byte(`return 1`)},
	}
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(demo()), luabind.WithScripts(fs.FS(files)), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.Run(t.Context(), "app/main.lua")
	var le *luabind.LoadError
	if !strings.HasPrefix(out.String(), "42\ttrue\ttrue\n") || !errors.As(err, &le) || le.Line != 3 {
		t.Errorf("got %q %v", out.String(), err)
	}
	if err := host.Run(t.Context(), "app/loop.lua"); err != nil {
		t.Errorf("a module that requires itself: %v", err)
	}
	if err := host.RunText(t.Context(), "app/main.lua", `require "lib.a"`); err == nil {
		t.Error("a text has found the modules of a folder")
	}
	for _, script := range []string{"app/up.lua", "app/missing.lua", "app/file.lua"} {
		if err := host.Run(t.Context(), script); err == nil {
			t.Errorf("%s: no error", script)
		}
	}
	if err := host.Run(t.Context(), "nowhere.lua"); !errors.As(err, &le) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a script that is not there: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string][]luabind.Option{
		"two modules":  {luabind.WithModules(demo(), demo())},
		"value module": {luabind.WithModules(demo()), luabind.WithValue("demo", 1)},
		"two values":   {luabind.WithValue("x", 1), luabind.WithValue("x", 1)},
		"a bad name":   {luabind.WithValue("a b", 1)},
	} {
		if _, err := luabind.New(o...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Inventory is an embedder's own value.
type Inventory struct{ Hosts []string }

// Count is called from Lua.
func (i *Inventory) Count() int { return len(i.Hosts) }

func TestWithValue(t *testing.T) {
	out, err := run(t, `print(inventory:Count(), inventory.Hosts[2], #inventory.Hosts)`,
		luabind.WithValue("inventory", &Inventory{Hosts: []string{"a", "b"}}))
	if err != nil || out != "2\tb\t2\n" {
		t.Errorf("got %q %v", out, err)
	}
}

func TestRunsShareNothing(t *testing.T) {
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(demo()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := host.RunText(t.Context(), "a", `print(rawget(_G, "x"), string.evil, math.random(2^30) ~= rawget(_G, "y")) x = 1 y = math.random(2^30) string.evil = 1`); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "nil\tnil\ttrue\nnil\tnil\ttrue\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestSession(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(demo()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := host.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for src, want := range map[string]string{"1 + 1": "2", "'a', nil": "a nil", "demo.call(function() return 1, 2 end)": "2", "x = 5": ""} {
		v, err := s.Eval(t.Context(), src)
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = s.String(v[i])
		}
		if err != nil || strings.Join(texts, " ") != want {
			t.Errorf("%s: got %q %v", src, texts, err)
		}
	}
	if v, err := s.Eval(t.Context(), "x"); err != nil || s.String(v[0]) != "5" {
		t.Errorf("a global does not last: %v", err)
	}
	var le *luabind.LoadError
	if _, err := s.Eval(t.Context(), "for i = 1, 3 do"); !errors.As(err, &le) || !le.Incomplete {
		t.Errorf("incomplete: got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Eval(ctx, "while true do end"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: got %v", err)
	}
	if v, err := s.Eval(t.Context(), "x + 1"); err != nil || s.String(v[0]) != "6" {
		t.Errorf("after a deadline: %v", err)
	}
	var ee *luabind.ExitError
	if _, err := s.Eval(t.Context(), "exit(0)"); !errors.As(err, &ee) || ee.Code != 0 {
		t.Errorf("exit: got %v", err)
	}
}
