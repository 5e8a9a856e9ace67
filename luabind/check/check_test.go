package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
)

// What the body of a check does, and what is found.
func TestFindings(t *testing.T) {
	for body, want := range map[string]string{
		``:                                  "c OK",
		`c:ok("all %d are %s", 3, "up")`:    "c OK: all 3 are up",
		`c:ok("a") c:value("x", 1)`:         "c OK: a",
		`c:ok()`:                            "c OK",
		`c:crit()`:                          "c CRITICAL",
		`c:ok(nil)`:                         "c UNKNOWN: c:ok: fmt: got nil, want a text",
		`c:warn("50% of it")`:               "c WARNING: 50% of it",
		`c:warn("100%% of it")`:             "c WARNING: 100% of it",
		`c:warn("a") c:crit("b") c:ok("z")`: "c CRITICAL: b, a",
		`c:unknown("u") c:warn("w")`:        "c UNKNOWN: u, w",
		`c:unknown("u") c:crit("w")`:        "c CRITICAL: w, u",
		`c:crit("two\nlines\n")`:            "c CRITICAL: two; lines",
		`c:value("/", 45, {unit = "%"})`:    "c OK: /: 45%",
		`c:value("/", "95.25", {unit = "%", warn = 80, crit = "90", note = "3 GiB free"})`: "c CRITICAL: /: 95.25% (crit 90; 3 GiB free)",
		`c:value("/", 85, {unit = "%", warn = 80, crit = "90"})`:                           "c WARNING: /: 85% (warn 80)",
		`c:value("/", 80, {unit = "%", warn = "80%", crit = 90})`:                          "c OK: /: 80%",
		`c:value("free", 2^30, {unit = "B", crit = "2GiB:"})`:                              "c CRITICAL: free: 1 GiB (crit 2 GiB:)",
		`c:value("t", 0.25, {unit = "s", warn = "100ms"})`:                                 "c WARNING: t: 0.25s (warn 0.1s)",
		`c:value("age", 93784, {unit = "s", warn = "26h", note = "x"})`:                    "c WARNING: age: 1d2h3m (warn 1d2h; x)",
		`c:value("off", -2, {unit = "s", warn = "-1:1"})`:                                  "c WARNING: off: -2s (warn -1:1)",
		`c:value("up", 5, {unit = "s", warn = "@10m:1d"}) c:value("n", 1, {note = "y"})`:   "c OK: up: 5s, n: 1 (y)",
		`c:value("in", 2, {warn = "@1:3"})`:                                                "c WARNING: in: 2 (warn @1:3)",
		`c:value("x", 0/0)`:                                                                "c UNKNOWN: x: nan is no finite number",
		`c:value("x", math.huge, {crit = 5})`:                                              "c UNKNOWN: x: inf is no finite number",
		`c:value("x", 1, {warn = "abc"})`:                                                  `c UNKNOWN: c:value: warn: got "abc", want a range such as…`,
		`c:value("x", 1, {crit = "5:1"})`:                                                  `c UNKNOWN: c:value: crit: got "5:1", want a range such as…`,
		`c:value("x", 1, {crit = -5})`:                                                     `c UNKNOWN: c:value: crit: got "-5", want a range such as…`,
		`c:value("x", "1x")`:                                                               `c UNKNOWN: c:value: number: got "1x", want a number`,
		`c:value("x", 1, {min = 0/0})`:                                                     `c UNKNOWN: c:value: min: got nan, want a finite number`,
		`c:value("x", 1, {max = 1/0})`:                                                     `c UNKNOWN: c:value: max: got inf, want a finite number`,
		`c:metric("x", 1, {min = 5, max = 1})`:                                             `c UNKNOWN: c:metric: min: 5 is above max, 1`,
		`c:value("x", nil)`:                                                                "c UNKNOWN: c:value: number: missing…",
		`c:value("x", 1, {wran = 1})`:                                                      `c UNKNOWN: c:value: unknown option "wran" (did you mean "warn"?)`,
		`c:metric("x", 7, {unit = "c"})`:                                                   "c OK",
		`c:metric("x", 1/0)`:                                                               "c UNKNOWN: x: inf is no finite number",
		`error("boom")`:                                                                    "c UNKNOWN: t.lua:2: boom",
		`error({code = 5})`:                                                                "c UNKNOWN: error value: {code = 5}",
		`error(setmetatable({}, {__tostring = function() return "mine" end}))`:             "c UNKNOWN: mine",
		`assert(false, "text")`:                                                            "c UNKNOWN: t.lua:2: text",
		`local x = nil; x.y = 1`:                                                           "c UNKNOWN: t.lua:2: attempt to index…",
		`pcall(error, "caught")`:                                                           "c OK",
		`proc.check{"sh", "-c", "exit 3"}`:                                                 "c CRITICAL: sh -c 'exit 3': exit 3…",
		`proc.check{"sh", "-c", "kill -9 $$"}`:                                             "c CRITICAL: sh -c 'kill -9 $$': …",
		`proc.check{name = "no such process"}`:                                             "c CRITICAL: …",
		`proc.check{"no such program"}`:                                                    "c UNKNOWN: …",
		`proc.run{"sleep", "10", timeout = 0.1}`:                                           "c UNKNOWN: sleep 10: …",
		`proc.run{"false"}`:                                                                "c CRITICAL: false: exit 1…",
		`local r = proc.run{"false"} if not r.ok then c:warn("seen") end`:                  "c WARNING: seen",
		`c:crit("known") error("boom")`:                                                    "c CRITICAL: known, t.lua:3: boom",
		`c:ok({})`:                                                                         "c UNKNOWN: c:ok: fmt: got table, want a text",
		`c:ok("%d", "x")`:                                                                  "c UNKNOWN: …",
		`for i = 1, 12 do c:crit("n%d", i) end`:                                            "c CRITICAL: n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, and 2 more",
		`c.ok("x")`:                                                                        `c UNKNOWN: c:ok: called on string "x"; call it as x:ok(...)`,
		`c:okay("x")`:                                                                      `c UNKNOWN: …`,
		`string.format = nil; c:ok("%d", 5)`:                                               "c OK: 5",
		`check("inner", {}, function() end)`:                                               "c UNKNOWN: check: called while checks run; declare everything in the text of the script",
		`param{a = 1}`:                                                                     "c UNKNOWN: param: called after a check, a collector or a fix…",
		`local _, e = pcall(proc.check, {"false"}) c:warn(e)`:                              "c WARNING: false: exit 1…",
	} {
		got := finding(t, strings.Replace(body, `c:crit("known") `, "c:crit(\"known\")\n", 1))
		if start, cut := strings.CutSuffix(want, "…"); got != want && !(cut && strings.HasPrefix(got, start)) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestExpectations(t *testing.T) {
	for body, want := range map[string]string{
		`c:expect("n", 80):eq(80)`:                      `c OK: n: 80`,
		`c:expect("n", 80):eq("80")`:                    `c CRITICAL: n: got 80, want "80"`,
		`c:expect("n", {1, {a = 2}}):eq({1, {a = 2}})`:  `c OK: n: {1, a table}`,
		`c:expect("n", {1}):ne({1})`:                    `c CRITICAL: n: got {1}, want not {1}`,
		`c:expect("n", "5"):ge(5):le(6)`:                `c OK: n: "5"`,
		`c:expect("n", 4):ge(5)`:                        `c CRITICAL: n: got 4, want at least 5`,
		`c:expect("n", 5):gt(5)`:                        `c CRITICAL: n: got 5, want more than 5`,
		`c:expect("n", 5):lt(5)`:                        `c CRITICAL: n: got 5, want less than 5`,
		`c:expect("n", 6, {level = "warn"}):le(5)`:      `c WARNING: n: got 6, want at most 5`,
		`c:expect("n", 6):le(5, {level = "warn"})`:      `c WARNING: n: got 6, want at most 5`,
		`c:expect("n", nil):ge(5)`:                      `c CRITICAL: n: got nil, want at least 5`,
		`c:expect("n", 5):ge("x")`:                      `c UNKNOWN: expectation:ge: want: got "x", want a number`,
		`c:expect("n", "abc"):match("^a.c$")`:           `c OK: n: "abc"`,
		`c:expect("n", "abc"):match("^b")`:              `c CRITICAL: n: got "abc", want a match of "^b"`,
		`c:expect("n", "abc"):match("(")`:               "c UNKNOWN: expectation:match: the pattern \"(\": error parsing regexp: missing closing ): `(`",
		`c:expect("n", "abc"):contains("bc")`:           `c OK: n: "abc"`,
		`c:expect("n", {"a", "b"}):contains("c")`:       `c CRITICAL: n: got {"a", "b"}, want something with "c"`,
		`c:expect("n", "b"):one_of({"a", "b"})`:         `c OK: n: "b"`,
		`c:expect("n", "x"):one_of({"a", "b"})`:         `c CRITICAL: n: got "x", want one of {"a", "b"}`,
		`c:expect("n", 1, {level = "bad"}):eq(1)`:       `c UNKNOWN: c:expect: level: got "bad", want "warn" or "crit"`,
		`c:expect("n", 1)`:                              `c UNKNOWN: n: c:expect without a comparison; want one such as c:expect("n", n):ge(1)`,
		`c:expect("n", true):eq(true)`:                  `c OK: n: true`,
		`c:expect("a", 1):eq(2) c:expect("b", 1):eq(1)`: `c CRITICAL: a: got 1, want 2`,
	} {
		same(t, body, finding(t, body), want)
	}
}

func TestValuesInTheReport(t *testing.T) {
	r := newBench(t).ok(`check("c", function(c)
	  c:value("/", 95, {unit = "%", warn = 80, crit = "10:90", min = 0, max = 100, note = "n"})
	  c:metric("m", 3, {unit = "s"})
	end)`)
	same(t, "report", asJSON(t, r.Findings[0].Values)+asJSON(t, r.Findings[0].Metrics),
		`[{"Label":"/","Value":95,"Unit":"%","Warn":{"Start":0,"End":80,"Inside":false},"Crit":{"Start":10,"End":90,"Inside":false},"Min":0,"Max":100,"Note":"n","State":2}]`+
			`[{"Label":"m","Value":3,"Unit":"s","Warn":null,"Crit":null,"Min":null,"Max":null,"Note":"","State":0}]`)
}

func TestNeeds(t *testing.T) {
	b := newBench(t)
	r := b.ok(`
check("web", {needs = {"dns", "disk"}}, function(c) c:ok("web") end)
check("app", {needs = {"web"}}, function(c) c:ok("app") end)
check("disk", {}, function(c) c:warn("full") end)
check("dns", {}, function(c) c:unknown("?") end)
check("api", {needs = {"disk"}}, function(c) c:ok("api") end)
check("ssh", {needs = {"bad"}}, function(c) c:ok("ssh") end)
check("bad", {}, function(c) c:crit("no") end)
`)
	same(t, "findings", states(r), `dns UNKNOWN: ?; disk WARNING: full; web skipped (needs "dns", which is UNKNOWN); `+
		`app skipped (needs "web", which was skipped); api OK: api; bad CRITICAL: no; ssh skipped (needs "bad", which is CRITICAL)`)
	if r.State() != report.Critical || !b.run.Declared {
		t.Error(r.State(), b.run.Declared)
	}
	b.refused(`check("a", {needs = {"c"}}, function() end) check("b", {needs = {"a"}}, function() end) check("c", {needs = {"b"}}, function() end)`,
		luabind.KindUsage, `needs: a circle: a -> c -> b -> a`, nil)
	b.refused("\n"+`check("web", {needs = {"dsn"}}, function() end) check("dns", {}, function() end)`,
		luabind.KindUsage, `t.lua:2: check "web": needs: there is no check "dsn" (did you mean "dns"?)`, nil)
}

func TestDeclarationsThatAreRefused(t *testing.T) {
	b := newBench(t)
	for script, part := range map[string]string{
		`check("", {}, function() end)`:                                 "name: an empty text",
		`check("a\nb", {}, function() end)`:                             "control characters",
		`check("a", {}, function() end) check("a", {}, function() end)`: `there is a check "a" already, at t.lua:1`,
		`fix("a", {}, function() end) fix("a", {}, function() end)`:     `there is a fix "a" already`,
		`collect("a", {}, function() end) collect("a", function() end)`: `there is a collect "a" already`,
		`check("a", {}, 5)`:                           "fn: got number 5",
		`check("a", {soft = 0}, function() end)`:      "soft: got 0",
		`check("a", {sfot = 2}, function() end)`:      `did you mean "soft"`,
		`check("a", {timeout = "x"}, function() end)`: "timeout",
		`fix("a", {on = "b"}, function() end)`:        `fix "a": on: there is no check "b"`,
		`fix("a", {verify = "b"}, function() end)`:    `fix "a": verify: there is no check "b"`,
		`fix("a", {verify = {}}, function() end)`:     "verify: no check is named",
		`fix("a", {limit = "3"}, function() end)`:     `limit: got "3"`,
		`fix("a", {limit = "0/1h"}, function() end)`:  `limit: got "0/1h"`,
		`fix("a", {limit = 3}, function() end)`:       `limit: got 3`,
		`fix("a", {wait = "1s"}, function() end)`:     "wait: there is no lock",
		`check("a", {}, function() end) param{a = 1}`: "param: called after a check",
		`param{a = 1} param{b = 1}`:                   "param: called twice",
	} {
		b.refused(script, luabind.KindUsage, part, nil)
	}
}

func TestOnly(t *testing.T) {
	script := `
check("a", {}, function(c) c:ok("a") end)
check("b", {needs = {"a"}}, function(c) c:crit("b") end)
check("c", {}, function(c) c:ok("c") end)
check("v", {}, function(c) c:ok("v") end)
collect("m", function(m) m:gauge("g", 1) end)
fix("f", {on = "b", verify = {check = "v"}}, function(f) f:evidence("e", "x") end)
fix("g", {on = "c"}, function(f) end)`
	b := newBench(t)
	for only, want := range map[string]string{"b": "a b", "c": "c", "f": "a b v f", "m": "m", "c,g": "c g", "": "a b c v m f g"} {
		r, err := b.do(t.Context(), false, script, func(r *check.Run) {
			if only != "" {
				r.Only = strings.Split(only, ",")
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Name)
		}
		if len(r.Metrics) > 0 {
			got = append(got, "m")
		}
		for _, f := range r.Fixes {
			got = append(got, f.Name)
		}
		same(t, only, strings.Join(got, " "), want)
	}
	b.refused(script, luabind.KindUsage, "--only zzz: there is no check, collector or fix of that name; there are: a, b, c, v, m, f, g",
		func(r *check.Run) { r.Only = []string{"zzz"} })
}

// A check's own deadline ends that check; that of the script ends the script.
func TestTimeouts(t *testing.T) {
	b := newBench(t)
	started := time.Now()
	r := b.ok(`
check("lua", {timeout = "50ms"}, function(c) while true do end end)
check("caught", {timeout = "50ms"}, function(c) while true do pcall(function() while true do end end) end end)
check("cmd", {timeout = "50ms"}, function(c) proc.run{"sleep", "20"} end)
check("known", {timeout = "50ms"}, function(c) c:crit("known") time.sleep(20) end)
check("co", {timeout = "50ms"}, function(c) coroutine.wrap(function() while true do end end)() end)
check("after", {}, function(c) c:ok("still here") end)`)
	same(t, "findings", states(r), "lua UNKNOWN: check lua: its deadline of 50ms passed; caught UNKNOWN: check caught: its deadline of 50ms passed; "+
		"cmd UNKNOWN: check cmd: its deadline of 50ms passed; known CRITICAL: known, check known: its deadline of 50ms passed; "+
		"co UNKNOWN: check co: its deadline of 50ms passed; after OK: still here")
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("took %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r, err := b.do(ctx, false, `check("a", {}, function(c) c:crit("known") while true do end end) check("b", {}, function(c) c:ok("b") end)`, nil)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindTimeout || len(r.Findings) != 1 || r.Findings[0].State != report.Critical {
		t.Errorf("%v, %s", err, states(r))
	}
}

func TestExitInACheck(t *testing.T) {
	r, err := newBench(t).do(t.Context(), false, `check("a", {}, function(c) pcall(exit, 7) end) check("b", {}, function() end)`, nil)
	var exit *luabind.ExitError
	if !errors.As(err, &exit) || exit.Code != 7 || len(r.Findings) != 1 {
		t.Errorf("%v %s", err, states(r))
	}
}

// An object that outlives its check is of no use, nor is one of an earlier run.
func TestObjectsAfterTheirTime(t *testing.T) {
	r := newBench(t).ok(`
local kept, e
check("a", {}, function(c) kept, e = c, c:expect("n", 1) e:eq(1) end)
check("b", {}, function(c)
  local ok, err = pcall(kept.crit, kept, "x")
  c:expect("c", err.message):eq("c:crit: the check has ended: this is of use only while its function runs")
  ok, err = pcall(e.eq, e, 1)
  c:expect("e", err.kind):eq("usage")
end)
check("c", {}, function(c) c:ok("fine") end)`)
	if r.State() != report.OK {
		t.Error(states(r))
	}
}

// Without somebody who takes the findings, they are the script's error.
func TestAHostOfItsOwn(t *testing.T) {
	b := newBench(t)
	h := b.host(false)
	if err := h.RunText(t.Context(), "t.lua", `check("a", {}, function(c) c:ok("fine") end)`); err != nil {
		t.Error(err)
	}
	err := h.RunText(t.Context(), "t.lua", `check("a", {}, function(c) c:warn("w") end) check("b", {}, function(c) c:crit("no") end)`)
	if err == nil || err.Error() != "t.lua: check b is CRITICAL: no; check a is WARNING: w" {
		t.Error(err)
	}
	err = h.RunText(t.Context(), "t.lua", `collect("m", function(m) error("boom", 0) end)`)
	if err == nil || err.Error() != "t.lua: collect m: boom" {
		t.Error(err)
	}
	err = h.RunText(t.Context(), "t.lua", `fix("f", {}, function(f) error("boom", 0) end)`)
	if err == nil || err.Error() != "t.lua: fix f is failed: boom" {
		t.Error(err)
	}
}

func TestDescribe(t *testing.T) {
	b := newBench(t)
	_, err := b.do(t.Context(), false, `
local p = param{warn = "80", n = {5, min = 1, max = 9}, host = {required = true}, on = true, skip = {"a", "b"}, mode = {one_of = {"x", "y"}}}
print(p.host == "<host>", p.warn, p.n)
check("a", {needs = {"nowhere"}}, function(c) print("no") end)
collect("m", function() print("no") end)
fix("f", function() print("no") end)`, func(r *check.Run) { r.Describe, r.Set = true, []string{"x=1"} })
	if err != nil || b.out.String() != "true\t80\t5\n" {
		t.Fatal(err, b.out.String())
	}
	same(t, "description", asJSON(t, b.run.Description), `{"Params":[`+
		`{"Name":"warn","Type":"text","Default":"80","Required":false,"OneOf":null,"Min":"","Max":""},`+
		`{"Name":"n","Type":"number","Default":"5","Required":false,"OneOf":null,"Min":"1","Max":"9"},`+
		`{"Name":"host","Type":"text","Default":"","Required":true,"OneOf":null,"Min":"","Max":""},`+
		`{"Name":"on","Type":"boolean","Default":"true","Required":false,"OneOf":null,"Min":"","Max":""},`+
		`{"Name":"skip","Type":"list","Default":"a,b","Required":false,"OneOf":null,"Min":"","Max":""},`+
		`{"Name":"mode","Type":"text","Default":"x","Required":false,"OneOf":["x","y"],"Min":"","Max":""}],`+
		`"Checks":["a"],"Collect":["m"],"Fixes":["f"]}`)
}

func TestProgress(t *testing.T) {
	b := newBench(t)
	b.ok(`check("a", {}, function() end) check("b", {}, function() end)`)
	var got []string
	for _, p := range b.progress {
		if p.Label == "checks" {
			got = append(got, asJSON(t, []any{p.Done, p.Total, p.Note, p.Over}))
		}
	}
	same(t, "progress", strings.Join(got, ""), `[0,2,"a",false][1,2,"b",false][2,2,"",true]`)
}

// Secrets do not reach the report.
func TestSecrets(t *testing.T) {
	secrets := luabind.Module{Name: "vault", Doc: "x", Funcs: []luabind.Func{{Name: "get", Doc: "get()", Impl: func(c *luabind.Call) error {
		if err := c.Unpack(); err != nil {
			return err
		}
		v, err := c.NewSecret("test", "hunter2hunter2")
		if err != nil {
			return err
		}
		return c.Return(v)
	}}}}
	b := newBench(t)
	b.opts = []luabind.Option{luabind.WithModules(secrets)}
	r := b.ok(`
local s = vault.get()
local text = proc.read{"echo", s}
check("a", {}, function(c)
  c:crit(text) c:value(text, 1, {crit = 0, note = text}) c:expect(text, text):eq("x") error(text)
end)
check("b", {}, function(c) c:ok(s) end)
collect("m", function(m) m:gauge("g", 1, {l = text}, text) m:rows("r", {{a = text}}, {key = "a"}) end)
fix("f", {}, function(f) f:evidence(text, text) f:evidence("t", {text}) f:step(text, function() error(text) end) end)`)
	if all := asJSON(t, r); strings.Contains(all, "hunter2") || strings.Count(all, "***") < 12 {
		t.Error(all)
	}
}

// A declaration that is refused makes a script one with checks all the same:
// its failure is that of an evaluation.
func TestRefusedDeclaration(t *testing.T) {
	for _, script := range []string{`check("a", {sfot = 1}, function() end)`, `check("a")`, `collect("")`, `fix("a", {limit = "x"}, function() end)`} {
		b := newBench(t)
		if _, err := b.do(t.Context(), false, script, nil); err == nil || !b.run.Declared {
			t.Error(script, err, b.run.Declared)
		}
	}
}
