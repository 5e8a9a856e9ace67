package check_test

import (
	"errors"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/check"
)

func TestParam(t *testing.T) {
	for _, c := range []struct{ decl, set, show, want string }{
		{`{warn = "80"}`, "", `p.warn`, "80"},
		{`{warn = "80"}`, "warn=10:20", `p.warn`, "10:20"},
		{`{warn = "80"}`, "warn=", `p.warn == ""`, "true"},
		{`{warn = "80"}`, "warn=a=b", `p.warn`, "a=b"},
		{`{warn = "80"}`, "warn=1;warn=2", `p.warn`, "2"},
		{`{n = 5}`, "n=6.5", `p.n + 1`, "7.5"},
		{`{n = 5}`, "n=1e3", `p.n`, "1000"},
		{`{b = false}`, "b=yes", `p.b`, "true"},
		{`{b = true}`, "b=0", `p.b`, "false"},
		{`{skip = {"a", "b"}}`, "", `table.concat(p.skip, "+")`, "a+b"},
		{`{skip = {"a", "b"}}`, "skip=c, d", `table.concat(p.skip, "+")`, "c+d"},
		{`{skip = {"a", "b"}}`, "skip=c;skip=d,e", `table.concat(p.skip, "+")`, "c+d+e"},
		{`{skip = {"a", "b"}}`, "skip=", `#p.skip`, "0"},
		{`{skip = {}}`, "skip=x", `p.skip[1]`, "x"},
		{`{ports = {80}}`, "ports=1,2", `p.ports[1] + p.ports[2]`, "3"},
		{`{ports = {{80}, min = 1, max = 100}}`, "ports=1,2", `#p.ports`, "2"},
		{`{n = {5, min = 1, max = 9}}`, "n=9", `p.n`, "9"},
		{`{h = {required = true}}`, "h=x", `p.h`, "x"},
		{`{h = {required = true, type = "number"}}`, "h=4", `p.h + 1`, "5"},
		{`{h = {required = true, min = 3}}`, "h=4", `p.h + 1`, "5"},
		{`{m = {one_of = {"a", "b"}}}`, "", `p.m`, "a"},
		{`{m = {"b", one_of = {"a", "b"}}}`, "", `p.m`, "b"},
		{`{m = {{}, one_of = {"a", "b"}}}`, "m=b,a", `#p.m`, "2"},
		{`{n = {2, one_of = {1, 2}}}`, "n=1", `p.n`, "1"},
		{`{l = {required = true, type = "list"}}`, "l=1", `type(p.l[1])`, "string"},
		{`{l = {required = true, type = "list", one_of = {1, 2}}}`, "l=2,1", `p.l[1]`, "2"},
		{`{l = {required = true, type = "list", min = 3}}`, "l=4", `p.l[1] + 1`, "5"},
		{`{l = {{}, min = 3}}`, "l=4", `p.l[1] + 1`, "5"},
		{`{l = {{}, one_of = {1, 2}}}`, "l=2", `p.l[1] + 1`, "3"},
	} {
		b := newBench(t)
		_, err := b.do(t.Context(), false, "local p = param"+c.decl+" print("+c.show+")", func(r *check.Run) {
			if c.set != "" {
				r.Set = strings.Split(c.set, ";")
			}
		})
		if err != nil || b.out.String() != c.want+"\n" {
			t.Errorf("%s with %s: got %q, %v; want %s", c.decl, c.set, b.out.String(), err, c.want)
		}
	}
}

func TestParamRefuses(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ decl, set, part string }{
		{`{n = 5}`, "n=x", `--set n: got "x", want a number`},
		{`{n = 5}`, "n=nan", `--set n: got "nan", want a number`},
		{`{n = 5}`, "n=", `--set n: got "", want a number`},
		{`{b = true}`, "b=maybe", `--set b: got "maybe", want true or false`},
		{`{port = 5}`, "prot=5", `--set prot: the script has no parameter of that name (did you mean "port"?)`},
		{`{port = 5}`, "zzzzzzzz=5", `has no parameter of that name; there are: port`},
		{`{port = 5}`, "port", `--set "port": want name=value`},
		{`{port = 5}`, "=5", `--set "=5": want name=value`},
		{`{l = {{}, min = 3}}`, "l=2", `--set l: got 2, want a number from 3`},
		{`{n = {5, min = 0/0}}`, "", `param: n: min and max: want finite numbers`},
		{`{n = {5, max = 1/0}}`, "", `param: n: min and max: want finite numbers`},
		{`{n = {one_of = {"a"}, type = "number"}}`, "", `param: n: one_of: the choices are of type text, the parameter is not`},
		{`{ports = {80}}`, "ports=1,x", `--set ports: item 2: got "x", want a number`},
		{`{n = {5, min = 1, max = 9}}`, "n=10", `--set n: got 10, want a number from 1 to 9`},
		{`{n = {5, min = 1}}`, "n=0", `want a number from 1`},
		{`{n = {5, max = 9}}`, "n=10", `want a number up to 9`},
		{`{l = {{5}, max = 9}}`, "l=1,10", `want a number up to 9`},
		{`{m = {one_of = {"a", "b"}}}`, "m=c", `--set m: got "c", want one of a, b`},
		{`{h = {required = true}}`, "", `the parameter h is required: --set h=`},
		{`{h = {"x", required = true}}`, "", `param: h: it is required and has a default`},
		{`{h = {"x", min = 1}}`, "", `param: h: min and max are for numbers`},
		{`{h = {5, min = 9, max = 1}}`, "", `param: h: min is above max`},
		{`{h = {5, min = 9}}`, "", `param: h: the default: got 5, want a number from 9`},
		{`{h = {min = 9}}`, "", `param: h: there is no default, and it is not required`},
		{`{h = {type = "text", required = true, one_of = {}}}`, "", `one_of: an empty list`},
		{`{h = {"x", one_of = {1}}}`, "", `one_of: the choices are of type number, the parameter is not`},
		{`{h = {5, type = "text"}}`, "", `type: got "text", but the default is of type number`},
		{`{h = {required = true, type = "size"}}`, "", `type: got "size", want text, number, boolean or list`},
		{`{h = {"x", mni = 1}}`, "", `param: h: unknown option "mni" (did you mean "min"?)`},
		{`{h = print}`, "", `param: h: got a function, want a default`},
		{`{h = 0/0}`, "", `want a finite number`},
		{`{h = {1, "x"}}`, "", `param: h: item 2: want a list of texts or of numbers`},
		{`{["a b"] = 1}`, "", `"a b" is no name of a parameter`},
		{`{"x"}`, "", `1 is no name of a parameter`},
	} {
		b.refused("param"+c.decl, luabind.KindUsage, c.part, func(r *check.Run) {
			if c.set != "" {
				r.Set = []string{c.set}
			}
		})
	}
	b.refused(`local p = param{warn = 1} print(p.wran)`, luabind.KindUsage, `there is no parameter "wran" (did you mean "warn"?)`, nil)
	b.refused(`local p = param{warn = 1} p.x = 1`, luabind.KindUsage, `parameters are read-only: "x" cannot be set`, nil)
}

// What was asked for and nobody takes is a mistake.
func TestUnused(t *testing.T) {
	b := newBench(t)
	b.refused(`check("a", {}, function() end)`, luabind.KindUsage, "--set a=1: the script declares no parameters",
		func(r *check.Run) { r.Set = []string{"a=1"} })
	b.refused(`param{a = 1}`, luabind.KindUsage, "--only a: the script declares no check, collector or fix",
		func(r *check.Run) { r.Only = []string{"a"} })
	for r, want := range map[*check.Run]string{
		{Set: []string{"a=1"}}:                 "--set a=1: the script declares no parameters (param{...})",
		{Only: []string{"a"}}:                  "--only a: the script declares no check, collector or fix",
		{Set: []string{"a=1"}, Describe: true}: "",
		{}:                                     "",
	} {
		err := r.Unused()
		var e *luabind.Error
		if want == "" && err != nil || want != "" && (!errors.As(err, &e) || e.Kind != luabind.KindUsage || err.Error() != want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Whatever --set holds, it is a value or a mistake of kind usage.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"n=1", "n=0x1p9", "b=yes", "l=1,2,,3", "t=\xff", "=", "n", "l=,"} {
		f.Add(s)
	}
	h, err := luabind.New(luabind.WithModules(check.Modules()...))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ctx := check.NewContext(t.Context(), &check.Run{Set: []string{s}})
		err := h.RunText(ctx, "t.lua", `local p = param{n = {1, min = -5}, b = true, l = {1}, t = "x"}
assert(type(p.n) == "number" and p.n >= -5 and p.n == p.n and type(p.b) == "boolean" and type(p.t) == "string")
for _, v in ipairs(p.l) do assert(type(v) == "number") end`)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindUsage) {
			t.Error(err)
		}
	})
}
