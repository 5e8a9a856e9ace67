package state_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/secret"
	"opslua/luabind/state"
)

// setup is a host for one test.
type setup struct {
	dir     string
	name    string
	planned *[]luabind.Change
	watch   func(*luabind.Call)
}

func (s setup) run(t *testing.T, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	modules := []luabind.Module{json.Module(), secret.Module(), state.Module()}
	if s.watch != nil {
		modules = append(modules, luabind.Module{Name: "watch", Doc: "For the test.", Funcs: []luabind.Func{
			{Name: "on", Doc: "on()", Impl: func(c *luabind.Call) error { s.watch(c); return nil }},
		}})
	}
	opts := []luabind.Option{luabind.WithModules(modules...), luabind.WithStdio(nil, &out, &out)}
	if s.dir != "" {
		opts = append(opts, luabind.WithStateDir(s.dir))
	}
	if s.planned != nil {
		opts = append(opts, luabind.WithDryRun(func(_ context.Context, c luabind.Change) { *s.planned = append(*s.planned, c) }))
	}
	host, err := luabind.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	if s.name == "" {
		s.name = "t.lua"
	}
	err = host.RunText(t.Context(), s.name, script)
	return out.String(), err
}

func wantKind(t *testing.T, err error, kind luabind.Kind, text string) {
	t.Helper()
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Message, text) || strings.Contains(e.Message, "\n") {
		t.Errorf("got %v, want %s with %q", err, kind, text)
	}
}

func TestValuesComeBackExactly(t *testing.T) {
	s := setup{dir: t.TempDir()}
	_, err := s.run(t, `
		local all = {}
		for i = 0, 255 do all[#all + 1] = string.char(i) end
		state.set("bytes", table.concat(all))
		state.set("empty", "")
		state.set("no", false)
		local z = 0; state.set("zero", -z)
		state.set("third", 1/3)
		state.set("large", 2^60)
		state.set("tiny", 5e-324)
		state.set("list", {1, "two", {three = true}})
		state.set("keys", {[1] = "a", [3] = "c", [-7] = "m", [4194304] = "far", x = {}})
		state.set("digits", {["10"] = "text"})
		state.set("none", json.array{})
		state.set("null", {json.null, json.null})
		state.set("\0\255 key", 1)
		local shared = {1}
		state.set("shared", {shared, shared})
		local _, err = pcall(state.incr, "bytes")
		state.set("error", err)`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.run(t, `
		local bytes = state.get("bytes")
		assert(#bytes == 256)
		for i = 0, 255 do assert(bytes:byte(i + 1) == i, i) end
		assert(state.get("empty") == "" and state.get("no") == false and state.get("no", 7) == false)
		assert(1 / state.get("zero") == -math.huge)
		assert(state.get("third") == 1/3 and state.get("large") == 2^60 and state.get("tiny") == 5e-324)
		local list = state.get("list")
		assert(#list == 3 and list[1] == 1 and list[2] == "two" and list[3].three == true)
		local keys = state.get("keys")
		assert(keys[1] == "a" and keys[3] == "c" and keys[-7] == "m" and keys[4194304] == "far" and next(keys.x) == nil)
		assert(keys["1"] == nil)
		local digits = state.get("digits")
		assert(digits["10"] == "text" and digits[10] == nil)
		assert(json.encode(state.get("none")) == "[]" and json.encode(state.get("keys").x) == "{}")
		assert(state.get("null")[1] == json.null and #state.get("null") == 2)
		assert(state.get("\0\255 key") == 1)
		assert(state.get("shared")[2][1] == 1)
		assert(state.get("error").kind == "usage" and state.get("error").where == "t.lua:19", state.get("error").where)
		assert(state.get("nothing") == nil and state.get("nothing", "d") == "d")
		print(select("#", state.get("nothing")), select("#", state.set("x", 1)))`)
	if err != nil || out != "1\t0\n" {
		t.Fatalf("%q %v", out, err)
	}
	if out, err := (setup{dir: s.dir, name: "other.lua"}).run(t, `print(state.get("bytes"))`); err != nil || out != "nil\n" {
		t.Errorf("another script sees %q %v", out, err)
	}
}

func TestOrderOfATable(t *testing.T) {
	s := setup{dir: t.TempDir()}
	if _, err := s.run(t, `state.set("t", {z = 1, a = 2, m = 3})`); err != nil {
		t.Fatal(err)
	}
	if out, err := s.run(t, `for k, v in pairs(state.get("t")) do print(k, v) end`); err != nil || out != "z\t1\na\t2\nm\t3\n" {
		t.Errorf("%q %v", out, err)
	}
}

func TestIncrAndDelete(t *testing.T) {
	s := setup{dir: t.TempDir()}
	out, err := s.run(t, `print(state.incr("n"), state.incr("n", 2.5), state.incr("n", -3.5), state.incr("m", 10))`)
	if err != nil || out != "1\t3.5\t0\t10\n" {
		t.Fatalf("%q %v", out, err)
	}
	out, err = s.run(t, `state.delete("n"); state.delete("never"); print(state.get("n")); state.set("m", nil); print(state.get("m"), state.incr("m"))`)
	if err != nil || out != "nil\nnil\t1\n" {
		t.Fatalf("%q %v", out, err)
	}
}

func TestRefusals(t *testing.T) {
	s := setup{dir: t.TempDir()}
	for script, text := range map[string]string{
		`state.set("", 1)`:                                   "state.set: key: it is empty",
		`state.set(("k"):rep(1025), 1)`:                      "it has 1025 bytes, want at most 1024",
		`state.get("")`:                                      "key: it is empty",
		`state.delete("")`:                                   "key: it is empty",
		`state.set("k")`:                                     "value: missing",
		`state.set("k", print)`:                              "state.set: value: a function",
		`state.set("k", {a = {0/0}})`:                        "value.a[1]: ",
		`state.set("k", 1/0)`:                                "has no form as data",
		`local t = {}; t.t = t; state.set("k", t)`:           "contains itself",
		`state.set("k", {[true] = 1})`:                       "as a key",
		`state.set("k", {[1.5] = 1})`:                        "the key 1.5",
		`state.set("k", secret.value("hush-hush"))`:          "has no form as data",
		`state.set("k", ("x"):rep(2^20 + 1))`:                "more than 1048576 bytes",
		`state.set("k", {("x"):rep(2^19), ("y"):rep(2^19)})`: "more than 1048576 bytes",
		`state.set("k", "7"); state.incr("k")`:               `"k" is a string, want a number`,
		`state.set("k", {}); state.incr("k")`:                `"k" is a table, want a number`,
		`state.incr("k2", 1/0)`:                              "want a finite number",
		`state.incr("k3", 1e308); state.incr("k3", 1e308)`:   "no finite number",
		`state.set("k4", 2^53); state.incr("k4")`:            "9.007199254740992e+15 + 1 is no other number",
		`state.incr("k", "x")`:                               "by: got",
	} {
		_, err := s.run(t, script)
		wantKind(t, err, luabind.KindUsage, text)
	}
	if _, err := s.run(t, `state.set(("k"):rep(1024), ("x"):rep(2^20 - 8)); assert(#state.get(("k"):rep(1024)) == 2^20 - 8)`); err != nil {
		t.Errorf("the largest: %v", err)
	}
	for _, script := range []string{`state.get("k")`, `state.set("k", 1)`, `state.incr("k")`, `state.delete("k")`} {
		_, err := setup{}.run(t, script)
		wantKind(t, err, luabind.KindUnsupported, "no folder to remember in: start it with a state folder")
	}
}

func TestDamage(t *testing.T) {
	s := setup{dir: t.TempDir()}
	if _, err := s.run(t, `state.set("k", 1)`); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*.state"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	if err := os.Truncate(files[0], 40); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{`state.get("k")`, `state.set("k", 1)`, `state.incr("k")`, `state.delete("k")`} {
		_, err := s.run(t, script)
		wantKind(t, err, luabind.KindIO, "move it away")
	}
}

func TestDryRun(t *testing.T) {
	s := setup{dir: t.TempDir()}
	if _, err := s.run(t, `state.set("kept", "old"); state.incr("n", 5)`); err != nil {
		t.Fatal(err)
	}
	var planned []luabind.Change
	out, err := setup{dir: s.dir, planned: &planned}.run(t, `
		state.set("kept", {1})
		state.set("fresh", "\n")
		print(state.incr("n"), state.incr("n", 2), state.get("n"), state.get("kept")[1], state.get("fresh"))
		state.delete("fresh")
		print(state.get("fresh", "gone"), pcall(state.incr, "kept"))`)
	if err != nil || !strings.HasPrefix(out, "6\t8\t8\t1\t\n\ngone\tfalse\t") {
		t.Errorf("%q %v", out, err)
	}
	var texts []string
	for _, p := range planned {
		if p.Op != "state" || !strings.HasPrefix(p.Where, "t.lua:") {
			t.Errorf("planned %+v", p)
		}
		texts = append(texts, p.Text)
	}
	if got, want := strings.Join(texts, "; "), `state "kept" = a table; state "fresh" = "\n"; state "n" + 1; state "n" + 2; state "fresh" is deleted`; got != want {
		t.Errorf("planned %s, want %s", got, want)
	}
	if out, err := s.run(t, `print(state.get("kept"), state.get("n"), state.get("fresh"))`); err != nil || out != "old\t5\tnil\n" {
		t.Errorf("afterwards %q %v", out, err)
	}
	empty := filepath.Join(t.TempDir(), "state")
	if _, err := (setup{dir: empty, planned: &planned}).run(t, `state.set("a", 1); assert(state.get("a") == 1)`); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("a dry run made the folder")
	}
}

func TestWatchersHear(t *testing.T) {
	var heard []string
	refuse := false
	s := setup{dir: t.TempDir(), watch: func(c *luabind.Call) {
		c.WatchChanges(func(ch luabind.Change, st luabind.Stage) error {
			heard = append(heard, ch.Op+" "+ch.Text)
			if refuse {
				return errors.New("not now")
			}
			return nil
		})
	}}
	if _, err := s.run(t, `watch.on(); state.set("a", 1)`); err != nil || len(heard) != 2 || heard[0] != `state state "a" = 1` {
		t.Errorf("%q %v", heard, err)
	}
	refuse = true
	if _, err := s.run(t, `watch.on(); state.set("a", 2)`); err == nil {
		t.Error("a change that was refused")
	}
	if out, _ := s.run(t, `print(state.get("a"))`); out != "1\n" {
		t.Errorf("it was made all the same: %q", out)
	}
}

func TestRunsThatOverlap(t *testing.T) {
	s := setup{dir: t.TempDir()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.run(t, `for i = 1, 25 do state.incr("n") end`); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if out, err := s.run(t, `print(state.get("n"))`); err != nil || out != "100\n" {
		t.Errorf("%q %v", out, err)
	}
}

func BenchmarkIncr(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(state.Module()), luabind.WithStateDir(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := host.RunText(b.Context(), "t.lua", `state.incr("n")`); err != nil {
			b.Fatal(err)
		}
	}
}
