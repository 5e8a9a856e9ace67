package luabind_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
)

// things is a module with a type of objects.
func things() luabind.Module {
	type thing struct{ n int }
	get := func(c *luabind.Call) error { return c.Return(c.Self().(*thing).n) }
	other := func(c *luabind.Call) error { return c.Return(c.Self().(string)) }
	return luabind.Module{
		Name: "things",
		Funcs: []luabind.Func{
			{Name: "new", Impl: func(c *luabind.Call) error { return c.Return(c.NewObject("thing", &thing{5})) }},
			{Name: "other", Impl: func(c *luabind.Call) error { return c.Return(c.NewObject("other", "x")) }},
		},
		Types: []luabind.Type{
			{Name: "thing", Methods: []luabind.Func{{Name: "get", Impl: get}}},
			{Name: "other", Methods: []luabind.Func{{Name: "get", Impl: other}}},
		},
	}
}

func TestUncaughtValuesThatResist(t *testing.T) {
	for script, want := range map[string]string{
		`error(setmetatable({1}, {__tostring = function() error("again") end}))`:                      "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = function() return {} end}))`:                           "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = 5}))`:                                                  "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = function(t) return tostring(t) end}))`:                 "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = function() coroutine.yield() end}))`:                   "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = function() demo.fail("net") end}))`:                    "t.lua:1: error value: {1}",
		`error(setmetatable({1}, {__tostring = function() while true do end end}))`:                   "t.lua:1: the script's deadline of 200ms passed",
		`error(setmetatable({}, {__tostring = function() exit(5) end}))`:                              "exit 5",
		`error({("x"):rep(1e7), [("y"):rep(1e7)] = 1})`:                                               `t.lua:1: error value: {"` + strings.Repeat("x", 40) + `"…, ` + strings.Repeat("y", 40) + `… = 1}`,
		`local _, e = pcall(demo.fail, "net") error({e, 1})`:                                          "t.lua:1: error value: {it failed, 1}",
		`local t = {} t.t = t error(t)`:                                                               "t.lua:1: error value: {t = {t = {t = {t = {…}}}}}",
		`error("10.0.0.1:80: refused", 0)`:                                                            "t.lua:1: 10.0.0.1:80: refused",
		`error("t.lua:x: refused", 0)`:                                                                "t.lua:1: t.lua:x: refused",
		`error(("x"):rep(1e7) .. ":1: y", 0)`:                                                         "t.lua:1: " + strings.Repeat("x", 1e7) + ":1: y",
		"\nloadstring('error(\"x\")')()":                                                              `[string "error("x")"]:1: x`,
		"\nload('error(\"x\")', '=a:b')()":                                                            `a:b:1: x`,
		`demo[("x"):rep(1e7)] = 1`:                                                                    "t.lua:1: demo is read-only: demo." + strings.Repeat("x", 40) + "… cannot be set",
		`return _G[("x"):rep(1e7)]`:                                                                   `t.lua:1: undefined name "` + strings.Repeat("x", 40) + `…"`,
		`local o = things.new() print(o.get(o)) o.get({})`:                                            "t.lua:1: thing:get: called on table; call it as x:get(...)",
		`things.new().get(things.other())`:                                                            "t.lua:1: thing:get: called on other; call it as x:get(...)",
		`things.new().get((select(2, pcall(demo.fail, "net"))))`:                                      "t.lua:1: thing:get: called on error value; call it as x:get(...)",
		`local _, e = pcall(demo.fail, "net") e.is({}, "net")`:                                        "t.lua:1: error:is: called on table; call it as x:is(...)",
		`local co = coroutine.wrap(function() error(setmetatable({}, {__tostring = exit})) end) co()`: "t.lua:1: error value: {}",
	} {
		limit := 30 * time.Second // a busy machine takes a while for the long texts
		if strings.Contains(want, "deadline") {
			limit = 200 * time.Millisecond
		}
		_, err := run(t, script, luabind.WithModules(things()), luabind.WithLimits(luabind.Limits{Timeout: limit}))
		if err == nil || err.Error() != want {
			t.Errorf("%.200s: got %.300v, want %.300s", script, err, want)
		}
	}
}

// TestErrorsAreWhatRunSays: one error is not wrapped into a list of one.
func TestErrorsAreWhatRunSays(t *testing.T) {
	if _, err := run(t, `exit(3)`); !isA[*luabind.ExitError](err) {
		t.Errorf("exit: got %T", err)
	}
	if _, err := run(t, `error("x")`); !isA[*luabind.ScriptError](err) {
		t.Errorf("error: got %T", err)
	}
}

func isA[T error](err error) bool { _, ok := err.(T); return ok }

func TestRequireOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for name, mk := range map[string]func(string) error{
		"fifo":   func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"dir":    func(p string) error { return os.Mkdir(p, 0o700) },
		"link":   func(p string) error { return os.Symlink("/etc/hostname", p) },
		"device": func(p string) error { return os.Symlink("/dev/zero", p) },
		"round":  func(p string) error { return os.Symlink("round.lua", p) },
	} {
		if err := mk(filepath.Join(dir, name+".lua")); err != nil {
			t.Fatal(err)
		}
		main := filepath.Join(dir, "main-"+name)
		if err := os.WriteFile(main, []byte(`require "`+name+`"`), 0o600); err != nil {
			t.Fatal(err)
		}
		host, err := luabind.New()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- host.Run(context.Background(), main) }()
		select {
		case err := <-done:
			var e *luabind.Error
			if !errors.As(err, &e) || e.Kind != luabind.KindNotFound {
				t.Errorf("%s: got %v", name, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: the script waits for ever", name)
		}
	}
}

func TestScriptInAPipeThatNobodyFills(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	host, err := luabind.New(luabind.WithLimits(luabind.Limits{Timeout: 50 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- host.Run(context.Background(), fifo) }()
	select {
	case err := <-done:
		if !isA[*luabind.LoadError](err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the deadline does not end it")
	}
	// The reader that stayed behind goes when somebody opens the other end.
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSessionEnds(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(demo()))
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(t.Context())
	s, err := host.NewSession(life)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Eval(t.Context(), `setmetatable({1}, {__tostring = function() return "mine" end}), setmetatable({2}, {__tostring = function() error("x") end}), demo.fail`)
	if err != nil || len(v) != 3 || s.String(v[0]) != "mine" || s.String(v[1]) != "{2}" || !strings.HasPrefix(s.String(v[2]), "function") {
		t.Errorf("values: got %v %v", v, err)
	}
	end()
	if _, err := s.Eval(t.Context(), "while true do end"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the session's context: got %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	var e *luabind.Error
	if _, err := s.Eval(t.Context(), "1"); !errors.As(err, &e) || e.Kind != luabind.KindCancelled {
		t.Errorf("after Close: got %v", err)
	}
	if got := s.String(v[0]); got != "{1}" {
		t.Errorf("String after Close: got %q", got)
	}
}
