package log_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"opslua/luabind"
	luajson "opslua/luabind/json"
	"opslua/luabind/log"
)

// run runs a script that has a secret s.
func run(t *testing.T, o log.Options, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	var buf bytes.Buffer
	keep := luabind.Module{Name: "keep", Funcs: []luabind.Func{
		{Name: "secret", Impl: func(c *luabind.Call) error {
			v, err := c.NewSecret("test", `t0k3n"x`)
			if err != nil {
				return err
			}
			return c.Return(v)
		}},
		{Name: "planned", Impl: func(c *luabind.Call) error { return c.Return(c.NewPlanned("the output of `x`")) }},
	}}
	host, err := luabind.New(append([]luabind.Option{
		luabind.WithModules(log.Module(), luajson.Module(), keep), luabind.WithLog(log.NewHandler(&buf, o)),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script)
	return buf.String(), err
}

func TestLog(t *testing.T) {
	for script, want := range map[string]string{
		`log.info("started")`:                                           "INFO  started\n",
		`log.warn("full", {mount = "/var", used = 98})`:                 "WARN  full mount=/var used=98\n",
		`log.error("no", {b = {1, 2, x = {}}, a = true})`:               `ERROR no a=true b={"1":1,"2":2,"x":{}}` + "\n",
		`log.error("no", {b = {1, "c"}, a = 0.5})`:                      `ERROR no a=0.5 b=[1,"c"]` + "\n",
		`log.debug("unseen", {f = print})`:                              "",
		`log.info(42, {})`:                                              "INFO  42\n",
		`log.info("x", {a = json.null, n = 0/0, i = -1/0, big = 2^60})`: "INFO  x a=null big=1.152921504606847e+18 i=-inf n=nan\n",
		`log.info("two\nlines\27[31m", {["k\n"] = "v\0"})`:              `INFO  two\nlines\x1b[31m "k\n"="v\x00"` + "\n",
		`log.error(select(2, pcall(log.info)))`:                         "ERROR log.info: msg: missing, want a string\n",
		`log.error("failed", {err = select(2, pcall(log.info))})`:       `ERROR failed err={"kind":"usage","message":"log.info: msg: missing, want a string","where":"t.lua:1"}` + "\n",
		`local s = keep.secret() log.info(s, {a = s, b = "x" .. s, c = {'t0k3n"x'}, ['t0k3n"x'] = 't0k3n"x'})`: `INFO  *** ***=*** a=*** b=x*** c=["***"]` + "\n",
		`local s = keep.secret() log.info("x", {a = {s, k = {s, "Bearer " .. s}, n = 0/0, m = {1/0}}})`:        `INFO  x a={"1":"***","k":["***","Bearer ***"],"m":["inf"],"n":"nan"}` + "\n",
		`local s = keep.secret() log.info("with " .. s)`:                                                       "INFO  with ***\n",
	} {
		got, err := run(t, log.Options{}, script)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", script, got, err, want)
		}
	}
}

func TestJSONLines(t *testing.T) {
	got, err := run(t, log.Options{Form: log.JSON, Level: slog.LevelDebug}, `
		local s = keep.secret()
		log.debug("a", {x = {y = {1, true}}})
		log.error('quote " t0k3n"x', {v = 't0k3n"x', bytes = "\255"})`)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	for _, line := range lines {
		exactlyFour(t, []byte(line))
	}
	var last struct {
		Level, Msg string
		Fields     map[string]string
	}
	if len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &last) != nil || last.Level != "error" || last.Msg != `quote " ***` || last.Fields["v"] != "***" {
		t.Errorf("got %s", got)
	}
	if !strings.Contains(lines[0], `"fields":{"x":{"y":[1,true]}}`) || !strings.Contains(lines[1], `"bytes":"\udcff"`) {
		t.Errorf("got %s", got)
	}
}

func TestRefusals(t *testing.T) {
	for script, want := range map[string]string{
		`log.info()`:                            "log.info: msg: missing, want a string",
		`log.info(nil)`:                         "log.info: msg: missing, want a string",
		`log.info({})`:                          "log.info: msg: got a table, want a string",
		`log.info(json.null)`:                   "log.info: msg: got a userdata, want a string",
		`log.info(keep.planned())`:              "cannot predict past line 1: it reads the output of `x`",
		`log.info("x", {a = keep.planned()})`:   "cannot predict past line 1: it reads the output of `x`",
		`log.info("x", "y")`:                    `log.info: fields: got string "y", want a table`,
		`log.info("x", {"y"})`:                  "log.info: fields: got the key 1, want names with values",
		`log.info("x", {a = print})`:            "log.info: fields.a: a function has no form as data",
		`log.info("x", {a = {b = {1, print}}})`: "log.info: fields.a.b[2]: a function has no form as data",
		`local t = {} t.t = t log.info("x", t)`: "log.info: fields.t.t: a table contains itself",
		`log.info("x", {}, 1)`:                  "log.info: got 3 arguments, want at most 2",
		`log.warning("x")`:                      `log has no "warning" (did you mean "warn"?)`,
	} {
		got, err := run(t, log.Options{}, script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Message != want || got != "" {
			t.Errorf("%s: got %q, %v, want %s", script, got, err, want)
		}
	}
}

type full struct{ slog.Handler }

func (full) Enabled(context.Context, slog.Level) bool  { return true }
func (full) Handle(context.Context, slog.Record) error { return errors.New("no space left on device") }

// TestLogThatCannotBeWritten: the script goes on, and fails at its end.
func TestLogThatCannotBeWritten(t *testing.T) {
	var out bytes.Buffer
	_, err := run(t, log.Options{}, "log.info('a')\nlog.info('b')\nprint('went on')", luabind.WithLog(full{}), luabind.WithStdio(nil, &out, nil))
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindIO || err.Error() != "t.lua:1: log.info: the log cannot be written, lines are missing: no space left on device" || out.String() != "went on\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

// TestDefault: without a handler it is text on standard error.
func TestDefault(t *testing.T) {
	var errw bytes.Buffer
	host, err := luabind.New(luabind.WithModules(log.Module()), luabind.WithStdio(nil, nil, &errw))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.RunText(t.Context(), "t.lua", `log.warn("w", {a = 1})`); err != nil || !strings.Contains(errw.String(), "level=WARN msg=w a=1\n") {
		t.Errorf("got %q, %v", errw.String(), err)
	}
}

func BenchmarkLog(b *testing.B) {
	h := log.NewHandler(discard{}, log.Options{Form: log.JSON})
	l := slog.New(h)
	b.ReportAllocs()
	for b.Loop() {
		l.Info("a message of some length", "mount", "/var", "used", 98)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
