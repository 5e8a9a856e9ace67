package yaml_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	yamlv3 "go.yaml.in/yaml/v3"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/yaml"
)

func run(t *testing.T, script string, args ...string) (string, error) {
	t.Helper()
	return runIn(t, t.Context(), luabind.Limits{}, script, args...)
}

func runIn(t *testing.T, ctx context.Context, limits luabind.Limits, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(yaml.Module(), json.Module()), luabind.WithStdio(nil, &out, nil), luabind.WithLimits(limits))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, "t.lua", "local s = ... "+script, args...)
	return out.String(), err
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"":          `null`,
		"# nothing": `null`,
		"---\n":     `null`,
		"a":         `"a"`,
		"a: 1\nb: [x, 2.5, true, null, ~, ]\nc: {}\nd: []": `{"a":1,"b":["x",2.5,true,null,null],"c":{},"d":[]}`,
		"[no, on, off, yes, y, n, NO, True, FALSE]":        `["no","on","off","yes","y","n","NO",true,false]`,
		"on: 1\nno: 2": `{"no":2,"on":1}`,
		"[2024-01-01, 2024-01-01T00:00:00Z, 22:22, 1:30:00, 1_000, 0b11, 1.2.3]":          `["2024-01-01","2024-01-01T00:00:00Z","22:22","1:30:00","1_000","0b11","1.2.3"]`,
		"[0x1F, 0o17, 017, -5, +5, -0, 00]":                                               `[31,15,17,-5,5,0,0]`,
		"[.5, 1., 1e3, -1.5E-2, +.25, 1e+2, e3, 1e, .]":                                   `[0.5,1,1000,-0.015,0.25,100,"e3","1e","."]`,
		"[9007199254740992, 9007199254740993, -9223372036854775809, 0xFFFFFFFFFFFFFFFFF]": `[9007199254740992,"9007199254740993","-9223372036854775809","295147905179352825855"]`,
		"['1', \"2\", !!str 3, !!int 4, !!float 5, !!bool true, !!null null]":             `["1","2","3",4,5,true,null]`,
		"a: |\n  x\n  y\nb: >-\n  x\n  y\n":                                               `{"a":"x\ny\n","b":"x y"}`,
		"80: a\n1.5: b\ntrue: c\n~: d\n2024-01-01: e":                                     `{"1.5":"b","2024-01-01":"e","80":"a","true":"c","~":"d"}`,
		"b: &x {k: [1]}\na: *x":                                                           `{"a":{"k":[1]},"b":{"k":[1]}}`,
		"a: &x b\n*x : 1":                                                                 `{"a":"b","b":1}`,
		"d: &d {a: 1}\ne:\n  <<: *d\n":                                                    `{"d":{"a":1},"e":{"\u003c\u003c":{"a":1}}}`,
		"\ufeffa: é":                                                                      `{"a":"é"}`,
		"a: 1\n...\n":                                                                     `{"a":1}`,
		"%YAML 1.2\n---\na: 1":                                                            `{"a":1}`,
		"a: \"\\u00e9\\x41\\n\"":                                                          `{"a":"éA\n"}`,
		"- - a\n  - b\n- c: 1\n  d: 2":                                                    `[["a","b"],{"c":1,"d":2}]`,
		"{\"a\":[1,{\"b\":null}]}":                                                        `{"a":[1,{"b":null}]}`,
	} {
		out, err := run(t, "print(json.encode(yaml.decode(s)))", text)
		if want = strings.ReplaceAll(want, `\u003c`, "<"); err != nil || out != want+"\n" {
			t.Errorf("%q: got %q %v, want %s", text, out, err, want)
		}
	}
	out, err := run(t, `local d = yaml.decode("[.inf, -.INF, .nan]") print(d[1], d[2], d[3] ~= d[3], (next(yaml.decode("z: 1\na: 2"))))`)
	if err != nil || out != "inf\t-inf\ttrue\tz\n" {
		t.Errorf("got %q %v", out, err)
	}
	out, err = run(t, `local all = {all = true} print(json.encode{yaml.decode("a: 1\n---\n- 2\n---\n", all), yaml.decode("", all), yaml.decode("x", all)})
		local d = yaml.decode("a: &x {n: 1}\nb: *x") d.a.n = 2 print(d.b.n)`)
	if err != nil || out != `[[{"a":1},[2],null],[],["x"]]`+"\n1\n" {
		t.Errorf("got %q %v", out, err)
	}
}

func TestEncode(t *testing.T) {
	for value, want := range map[string]string{
		`{b = 1, a = {1, "x", {c = true}}}`: "a:\n  - 1\n  - x\n  - c: true\nb: 1\n",
		`{}`:                                "{}\n",
		`{a = {}, b = json.array{}, c = json.null}`: "a: {}\nb: []\nc: null\n",
		`"no"`: "\"no\"\n",
		`{"on", "Yes", "22:22", "2024-01-01", "1", "1e3", "0x1", "null", "~", "", "-", "- a", "a: b", "a #b", "*a", "x:", " a", "a ", "@x", "<<", ".5", "true"}`: "- \"on\"\n- \"Yes\"\n- \"22:22\"\n- \"2024-01-01\"\n- \"1\"\n- \"1e3\"\n- \"0x1\"\n- \"null\"\n- \"~\"\n- \"\"\n- \"-\"\n- \"- a\"\n- \"a: b\"\n- \"a #b\"\n- \"*a\"\n- \"x:\"\n- \" a\"\n- \"a \"\n- \"@x\"\n- \"<<\"\n- \".5\"\n- \"true\"\n",
		`{"nginx:1.25", "/etc/x", "a b", "x-y_z", "10.0.0.1", "é"}`: "- nginx:1.25\n- /etc/x\n- a b\n- x-y_z\n- \"10.0.0.1\"\n- é\n",
		`{t = "a\n  b\n", u = "a\nb", v = "\nx", w = "a\n\n"}`:      "t: |\n  a\n    b\nu: |-\n  a\n  b\nv: \"\\nx\"\nw: |+\n  a\n\n",
		`{["no"] = 1, ["a\nb"] = 2, [80] = 3}`:                      "\"80\": 3\n? \"a\\nb\"\n: 2\n\"no\": 1\n",
		`{0.5, 1e300, 2^60, 2^53, -1}`:                              "- 0.5\n- 1.0e+300\n- 1.152921504606847e+18\n- 9007199254740992\n- -1\n",
		`"\a\0\127\r"`:                                              "\"\\a\\0\\x7F\\r\"\n",
		`("x "):rep(60) .. "y"`:                                     strings.Repeat("x ", 60) + "y\n",
	} {
		out, err := run(t, "print(yaml.encode("+value+"))")
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
		`yaml.decode("a: b: c")`:                                            {luabind.KindParse, "yaml.decode: line 1, column 5: mapping values are not allowed"},
		`yaml.decode("x:\n  a: 1\n  b\n  c: 2\n")`:                          {luabind.KindParse, "line 4, column 3: could not find expected ':'"},
		`yaml.decode("x:\n  y:\n    - 1\n   - 2\n")`:                        {luabind.KindParse, "line 4, column 4: did not find expected"},
		`yaml.decode("a: [1,\n  2")`:                                        {luabind.KindParse, "line 3, column 1: did not find expected ',' or ']'"},
		`yaml.decode("a: 1\n\tb: 2")`:                                       {luabind.KindParse, "line 2, column 1: found a tab character"},
		`yaml.decode("a: 1\nb: *x")`:                                        {luabind.KindParse, "line 2, column 4: unknown anchor 'x'"},
		`yaml.decode("a: 'x")`:                                              {luabind.KindParse, "column 6: found unexpected end of stream"},
		`yaml.decode("a: 1\nb: x\255")`:                                     {luabind.KindParse, "line 2, column 5: "},
		`yaml.decode("a: \1")`:                                              {luabind.KindParse, "line 1, column 4: control characters"},
		`yaml.decode("a: 1\nb: 2\na: 3")`:                                   {luabind.KindParse, `line 3, column 1: the name "a" comes twice, first on line 1`},
		`yaml.decode("x: {1: a, '1': b}")`:                                  {luabind.KindParse, `column 11: the name "1" comes twice`},
		`yaml.decode("a: 1\n---\nb: 2")`:                                    {luabind.KindParse, "line 3, column 1: a second document begins here; {all = true}"},
		`yaml.decode("a: 1\n---\n")`:                                        {luabind.KindParse, "a second document begins here"},
		`yaml.decode("a: !Ref x")`:                                          {luabind.KindParse, "line 1, column 4: the tag !Ref"},
		`yaml.decode("a: !!binary aGk=")`:                                   {luabind.KindParse, "the tag !!binary"},
		`yaml.decode("a: !!set {b}")`:                                       {luabind.KindParse, "the tag !!set"},
		`yaml.decode("!!int x")`:                                            {luabind.KindParse, `"x" is not what its tag !!int says`},
		`yaml.decode("? [a]\n: 1")`:                                         {luabind.KindParse, "line 1, column 3: a list or a table as a name"},
		`yaml.decode("a: &x [*x]")`:                                         {luabind.KindParse, "*x stands for what it is a part of"},
		`yaml.decode("&x {a: {*x : 1}}")`:                                   {luabind.KindParse, "a list or a table as a name"},
		`yaml.decode(("["):rep(1100) .. ("]"):rep(1100))`:                   {luabind.KindParse, "column 1002: nested deeper than 1000"},
		`yaml.decode(("["):rep(1e6))`:                                       {luabind.KindParse, "exceeded max depth"},
		`yaml.decode(("- "):rep(1e5))`:                                      {luabind.KindParse, "exceeded max depth"},
		`yaml.decode("%YAML 2.0\n---\na: 1")`:                               {luabind.KindParse, "line 1, column 1: found incompatible YAML document"},
		`yaml.decode("1e999")`:                                              {luabind.KindParse, "the number 1e999 is too large"},
		`yaml.decode(("9"):rep(1e5))`:                                       {luabind.KindParse, "more than 1000 digits"},
		`yaml.decode(("k"):rep(1e5) .. ": 1\n" .. ("k"):rep(1e5) .. ": 2")`: {luabind.KindParse, "line"},
		`yaml.decode({})`:                                                   {luabind.KindUsage, "text: got table"},
		`yaml.decode("a", {al = true})`:                                     {luabind.KindUsage, `did you mean "all"`},
		`yaml.encode("\255")`:                                               {luabind.KindUsage, "not UTF-8"},
		`yaml.encode({["\255"] = 1})`:                                       {luabind.KindUsage, "not UTF-8"},
		`yaml.encode(print)`:                                                {luabind.KindUsage, "a function"},
		`yaml.encode({a = {0/0}})`:                                          {luabind.KindUsage, "value.a[1]: nan"},
		`local t = {} t.t = t yaml.encode(t)`:                               {luabind.KindUsage, "contains itself"},
		`local t = {} for _ = 1, 1001 do t = {t} end yaml.encode(t)`:        {luabind.KindUsage, "nested deeper than 1000"},
	} {
		_, err := run(t, call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text) || len(e.Message) > 400 || strings.Contains(e.Message, "\n") {
			t.Errorf("%s: got %v, want %s with %q", call, err, want.kind, want.text)
		}
	}
}

// bomb is the well-known text of nine lines that stands for 10^9 values.
const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g, *g]
i: [*h, *h, *h, *h, *h, *h, *h, *h, *h, *h]
`

func TestBomb(t *testing.T) {
	for _, text := range []string{bomb, strings.ReplaceAll(strings.ReplaceAll(bomb, "[", "{k: ["), "]", "]}")} {
		started := time.Now()
		_, err := run(t, `yaml.decode(s)`, text)
		if err == nil || !strings.Contains(err.Error(), "aliases stand for more than 100000 values") {
			t.Errorf("got %v", err)
		}
		if d := time.Since(started); d > 10*time.Second {
			t.Errorf("refused after %s", d)
		}
	}
	if out, err := run(t, `print(#yaml.decode(s).c)`, strings.Join(strings.SplitAfter(bomb, "\n")[:3], "")); err != nil || out != "10\n" {
		t.Errorf("three levels: got %q %v", out, err)
	}
}

// TestStops: the deadline and the limit of memory end a long text.
func TestStops(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := runIn(t, ctx, luabind.Limits{}, `local s = ("- {a: 1, b: [x, y]}\n"):rep(1e6) while true do yaml.decode(s) end`)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: got %v", err)
	}
	_, err = runIn(t, t.Context(), luabind.Limits{Memory: 32 << 20}, `yaml.decode(("- a\n"):rep(3e6))`)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindResource {
		t.Errorf("memory: got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = runIn(t, ctx, luabind.Limits{}, `local t = {} for i = 1, 1e5 do t[i] = {a = i} end while true do yaml.encode(t) end`)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("encode: got %v", err)
	}
}

func TestWithoutJSON(t *testing.T) {
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(yaml.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", `local d = yaml.decode("a: null\nb: [null, 1]\nc: []") print(d.a, d.b[1], #d.b, #d.c, yaml.decode(""))`)
	if err != nil || out.String() != "nil\tfalse\t2\t0\tnil\n" {
		t.Errorf("got %q %v", out.String(), err)
	}
}

// FuzzYAML: a text is read or refused with its place; what was read survives a
// round trip.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: 1\nb: [x, {c: ~}]\n", "- &a x\n- *a\n", "a: |\n  x\n\n y", "? a\n: b", "{a: 'x', \"b\": !!str 1}", "a: 1\n---\nb", "%YAML 1.2\n---\n- 1", "\"\\u00e9\"", "a: >+\n\n  x\n\n", "[.inf, 0x1f, 1e3]", "a: # c\n  b", bomb, "\xff\xfea\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, `local d = yaml.decode(s)
			yaml.decode(s, {all = true})
			local ok, text = pcall(yaml.encode, d)
			if not ok then assert(text.message:find("nan") or text.message:find("inf") or text.message:find("UTF%-8"), text) return end
			local ok, again = pcall(yaml.decode, text) assert(ok, text)
			assert(json.encode(again) == json.encode(d), text) assert(yaml.encode(again) == text, text)`, s)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindParse || !strings.Contains(e.Message, "yaml.decode: line ")) {
			t.Fatalf("%q: got %q %v", s, out, err)
		}
	})
}

// FuzzYAMLEncode: any value of JSON is read back as it was, by this module and by
// the library with its leanings to YAML 1.1.
func FuzzYAMLEncode(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":[]},[{}]],"":{"x y":"\n"}}`, `"a\n b\n"`, `["no","22:22","- x","a: b","# c","|","é\u2028"]`, `"x\n\n"`, `" x\ny"`, `"a\tb\n\tc"`, `"\ufeff"`, `["a\n","b"]`, `{"a\nb":"c"}`, `"x\n "`, `[[["a\nb"]]]`, `"---\nx"`, `"...\n"`, `1e300`, `"a #b\nc"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, `local ok, v = pcall(json.decode, s)
			if not ok then return end
			local ok, text = pcall(yaml.encode, v)
			if not ok then assert(text:is("usage")) return end
			assert(json.encode(yaml.decode(text)) == json.encode(v), text)
			print(json.encode(v)) print(text)`, s)
		if err != nil {
			t.Fatalf("%q: got %q %v", s, out, err)
		}
		if out == "" {
			return
		}
		doc, text, _ := strings.Cut(strings.TrimSuffix(out, "\n"), "\n")
		var want, got any
		if err := yamlv3.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%q: the library refuses %q: %v", s, text, err)
		}
		if stdjson.Unmarshal([]byte(doc), &want) != nil {
			t.Fatal(doc)
		}
		if asJSON, err := stdjson.Marshal(got); err != nil || stdjson.Unmarshal(asJSON, &got) != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: the library reads %#v from %q, want %#v (%v)", s, got, text, want, err)
		}
	})
}
