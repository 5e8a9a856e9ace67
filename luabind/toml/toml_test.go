package toml_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/toml"
)

func run(t *testing.T, script string, args ...string) (string, error) {
	t.Helper()
	return runIn(t, t.Context(), script, args...)
}

func runIn(t *testing.T, ctx context.Context, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(toml.Module(), json.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, "t.lua", "local s = ... "+script, args...)
	return out.String(), err
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"":                              `{}`,
		"# only a comment":              `{}`,
		"a = 1\nb = -2.5\nc = true":     `{"a":1,"b":-2.5,"c":true}`,
		"a = 0x1F\nb = 1_000\nc = 0o17": `{"a":31,"b":1000,"c":15}`,
		"a = 9007199254740992\nb = 9007199254740993":                       `{"a":9007199254740992,"b":"9007199254740993"}`,
		"a = []\nb = {}\nc = [1, [\"x\"], {d = 1}]":                        `{"a":[],"b":{},"c":[1,["x"],{"d":1}]}`,
		"[a.b]\nc.d = 1\n[[e]]\nf = 1\n[[e]]\n":                            `{"a":{"b":{"c":{"d":1}}},"e":[{"f":1},{}]}`,
		"a = 1979-05-27T07:32:00Z":                                         `{"a":"1979-05-27T07:32:00Z"}`,
		"a = 1979-05-27 00:32:00.999-07:00":                                `{"a":"1979-05-27T00:32:00.999-07:00"}`,
		"a = 1979-05-27T07:32:00.25\nb = [1979-05-27]\nc = {d = 07:32:00}": `{"a":"1979-05-27T07:32:00.25","b":["1979-05-27"],"c":{"d":"07:32:00"}}`,
		"[[r]]\nwhen = 1979-05-27\n":                                       `{"r":[{"when":"1979-05-27"}]}`,
		"\"a b\" = '''\nx\n'y'''''":                                        `{"a b":"x\n'y''"}`,
		"\ufeffa = \"\\u00e9\\n\"":                                         `{"a":"é\n"}`,
		"a = 1 # [[[[\nb = \"[[{{\\\"[\" # x":                              `{"a":1,"b":"[[{{\"["}`,
	} {
		out, err := run(t, "print(json.encode(toml.decode(s)))", text)
		if err != nil || out != want+"\n" {
			t.Errorf("%q: got %q %v, want %s", text, out, err, want)
		}
	}
	out, err := run(t, `local d = toml.decode("a = inf\nb = -inf\nc = nan") print(d.a, d.b, d.c ~= d.c)`)
	if err != nil || out != "inf\t-inf\ttrue\n" {
		t.Errorf("got %q %v", out, err)
	}
}

func TestEncode(t *testing.T) {
	for value, want := range map[string]string{
		`{}`: "",
		`{z = 1, a = "x", t = {c = true, b = 0.5}}`: "a = \"x\"\nz = 1\n\n[t]\nb = 0.5\nc = true\n",
		`{a = {1, 2}, b = json.array{}, c = {}}`:    "a = [1, 2]\nb = []\n\n[c]\n",
		`{r = {{a = 1}, {b = 2}}}`:                  "[[r]]\na = 1\n\n[[r]]\nb = 2\n",
		`{["a b"] = "q\"\\\n\1", [""] = "é"}`:       "\"\" = \"é\"\n\"a b\" = \"q\\\"\\\\\\n\\u0001\"\n",
		`{[80] = "x", [443] = "y"}`:                 "443 = \"y\"\n80 = \"x\"\n",
		`{d = "1979-05-27", n = "42", b = "true"}`:  "b = \"true\"\nd = \"1979-05-27\"\nn = \"42\"\n",
		`{a = 2^60, b = 1e300, c = -0.1}`:           "a = 1.152921504606847e+18\nb = 1e+300\nc = -0.1\n",
	} {
		out, err := run(t, "io = toml.encode("+value+") print(io)")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %q", value, out, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for call, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`toml.decode("a = ")`:                                           {luabind.KindParse, "toml.decode: line 1, column 4: "},
		`toml.decode("a = 1\r\nb = [1,\n  2\nc = 3")`:                   {luabind.KindParse, "line 4, column 1"},
		`toml.decode("a = 1\na = 2")`:                                   {luabind.KindParse, "line 2, column 1: Key 'a' has already been defined"},
		`toml.decode("[a]\n\n[a]")`:                                     {luabind.KindParse, "line 3"},
		`toml.decode("\n\n  a = \255")`:                                 {luabind.KindParse, "line 3, column 7: invalid UTF-8 byte"},
		`toml.decode("a = 2026-13-01")`:                                 {luabind.KindParse, "invalid datetime"},
		`toml.decode("a = \"x\ny\"")`:                                   {luabind.KindParse, "newlines"},
		`toml.decode("a = 99999999999999999999")`:                       {luabind.KindParse, "out of range"},
		`toml.decode("a = no")`:                                         {luabind.KindParse, "line 1, column 5"},
		`toml.decode("a = " .. ("["):rep(1e6))`:                         {luabind.KindParse, "column 105: nested deeper than 100"},
		`toml.decode("x = 1\na = " .. ("{a="):rep(101))`:                {luabind.KindParse, "line 2, column 305: nested deeper than 100"},
		`toml.decode(("a."):rep(1e5) .. "a = 1")`:                       {luabind.KindParse, "a key of more than 100 parts"},
		`toml.decode("[" .. ("'a'."):rep(1e5) .. "a]")`:                 {luabind.KindParse, "a key of more than 100 parts"},
		`toml.decode(("# x\n"):rep(3e6))`:                               {luabind.KindParse, "12000000 bytes, at most 8388608 are read"},
		`toml.decode('a = [[{"" = {}}]]')`:                              {luabind.KindParse, "column 8: an empty name in an inline table"},
		`toml.decode("a = {b.'' \t= 1}")`:                               {luabind.KindParse, "column 8: an empty name"},
		`toml.decode("\0")`:                                             {luabind.KindParse, "NULL"},
		`toml.decode({})`:                                               {luabind.KindUsage, "text: got table"},
		`toml.encode("x")`:                                              {luabind.KindUsage, "value: got string"},
		`toml.encode({1, 2})`:                                           {luabind.KindUsage, "value: got a list"},
		`toml.encode({a = json.null})`:                                  {luabind.KindUsage, "null has no form in TOML"},
		`toml.encode({a = {1, json.null}})`:                             {luabind.KindUsage, "null has no form in TOML"},
		`toml.encode({a = "\255"})`:                                     {luabind.KindUsage, "not UTF-8"},
		`toml.encode({["\255"] = 1})`:                                   {luabind.KindUsage, "not UTF-8"},
		`toml.encode({a = print})`:                                      {luabind.KindUsage, "value.a: a function"},
		`toml.encode({a = 0/0})`:                                        {luabind.KindUsage, "nan"},
		`local t = {} for _ = 1, 101 do t = {a = t} end toml.encode(t)`: {luabind.KindUsage, "nested deeper than 100"},
	} {
		_, err := run(t, call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text) || len(e.Message) > 400 || strings.Contains(e.Message, "\n") {
			t.Errorf("%s: got %v, want %s with %q", call, err, want.kind, want.text)
		}
	}
}

// TestDeadline: a document that takes long ends at the deadline.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := runIn(t, ctx, `local key = ("a."):rep(90) local s = {} for i = 1, 3e4 do s[i] = key .. "k" .. i .. " = 1" end s = table.concat(s, "\n") while true do toml.decode(s) end`)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// FuzzTOML: a document is read or refused with its line; what was read survives
// a round trip.
func FuzzTOML(f *testing.F) {
	for _, s := range []string{"a = 1\n[b]\nc = [1, {d = 2}]\n[[e]]\n", "a = 1979-05-27T07:32:00Z", "\"\" = '''x'''", "a.b.c = \"\\u00e9\"", "a = [[[]]]", "x = inf", "a = \"\"\"\\\n x\"\"\"\"\"", "[a]\n[a.b]\n[[a.c]]\n[a.c.d]\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, `local d = toml.decode(s)
			local ok, text = pcall(toml.encode, d)
			if not ok then assert(tostring(text):find("nan") or tostring(text):find("inf") or tostring(text):find("deeper"), text) return end
			local ok, again = pcall(toml.decode, text)
			if not ok and again.message:find("an empty name in an inline table") then return end
			assert(ok and json.encode(again) == json.encode(d), text) assert(toml.encode(again) == text, text)`, s)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindParse || !strings.Contains(e.Message, "toml.decode: line ")) {
			t.Fatalf("%q: got %q %v", s, out, err)
		}
	})
}

// FuzzTOMLEncode: any value of JSON that has a form in TOML is read back as it was.
func FuzzTOMLEncode(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":[]},[{}]],"":{"x y":"\n"}}`, `{"a":[{"b":1},{"b":{"c":[{}]}}]}`, `{"a":[[],[{"b":{}}]]}`, `{"a":[{"b":[]},1]}`, `{"é":1e300,"1":"2"}`, `{"a":{"b":[{"c":{}}]}}`, `{"a":[{}]}`, `{"a":[{},{}]}`, `{"a":"\u0000\u007f\u2028"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, `local ok, v = pcall(json.decode, s)
			if not ok or type(v) ~= "table" then return end
			local ok, text = pcall(toml.encode, v)
			if not ok then assert(text:is("usage")) return end
			local ok, again = pcall(toml.decode, text)
			if not ok and again.message:find("an empty name in an inline table") then return end
			assert(ok and json.encode(again) == json.encode(v), text)`, s)
		if err != nil {
			t.Fatalf("%q: got %q %v", s, out, err)
		}
	})
}
