package out_test

import (
	"bytes"
	"testing"

	"opslua/luabind"
	"opslua/luabind/out"
)

func run(t *testing.T, script string) string {
	t.Helper()
	var buf bytes.Buffer
	host, err := luabind.New(luabind.WithModules(out.Module()), luabind.WithStdio(nil, &buf, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.RunText(t.Context(), "t.lua", script); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestTable(t *testing.T) {
	got := run(t, `out.table({{pid = 1, name = "init", x = {}}, {pid = 4194304, name = "漢字\27[31m"}, {name = "é"}})`)
	want := "    PID  NAME\n      1  init\n4194304  漢字\\x1b[31m\n         é\n"
	if got != want {
		t.Errorf("got\n%s want\n%s", got, want)
	}
	got = run(t, `out.table({{a = {"ls", "-l"}, b = true}}, {columns = {"b", "a", "c"}})`)
	if want := "B     A      C\ntrue  ls -l\n"; got != want {
		t.Errorf("got\n%q want\n%q", got, want)
	}
	if got := run(t, `out.table({})`); got != "" {
		t.Errorf("no rows: %q", got)
	}
}

func TestPP(t *testing.T) {
	for script, want := range map[string]string{
		`out.pp(1.5)`:        "1.5\n",
		`out.pp("a\n\27\"")`: `"a\n\x1b\""` + "\n",
		`out.pp({})`:         "{}\n",
		`out.pp({1, "b", {x = nil, y = 2}, z = false, ["a b"] = 3, [9] = 9})`:   "{\n  1,\n  \"b\",\n  {\n    y = 2,\n  },\n  [9] = 9,\n  z = false,\n  [\"a b\"] = 3,\n}\n",
		`out.pp({["end"] = 1, goto_ = 2})`:                                      "{\n  [\"end\"] = 1,\n  goto_ = 2,\n}\n",
		`local t = {} t.t = t out.pp(t)`:                                        "{\n  t = {…},\n}\n",
		`out.pp(setmetatable({}, {__tostring = function() return "tree" end}))`: "tree\n",
		`out.pp(select(2, pcall(out.pp)))`:                                      "error usage: out.pp: value: missing, want a value (t.lua:1)\n",
	} {
		if got := run(t, script); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"abc": 3, "é": 1, "e\u0301": 1, "漢字": 4, "": 0, "ｆ": 2} {
		if got := out.Width(s); got != want {
			t.Errorf("%q: got %d, want %d", s, got, want)
		}
	}
}
