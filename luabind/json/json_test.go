package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"opslua/luabind"
	"opslua/luabind/json"
)

func run(t *testing.T, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(json.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script, args...)
	return out.String(), err
}

func TestEncode(t *testing.T) {
	for script, want := range map[string]string{
		`{}`: `{}`, `json.array{}`: `[]`, `{1, 2, "x"}`: `[1,2,"x"]`, `json.null`: `null`, `nil`: `null`,
		`{b = 1, a = {true, false}}`:             `{"a":[true,false],"b":1}`,
		`{[1] = "a", [3] = "c"}`:                 `{"1":"a","3":"c"}`,
		`{[4194304] = "far"}`:                    `{"4194304":"far"}`,
		`{1, 2, x = 3}`:                          `{"1":1,"2":2,"x":3}`,
		`{[0] = 1}`:                              `{"0":1}`,
		`{[-5] = 1}`:                             `{"-5":1}`,
		`0.1`:                                    `0.1`,
		`1757000000`:                             `1757000000`,
		`2^53`:                                   `9007199254740992`,
		`"a\n\"\\\t\0\127\255é漢"`:                "\"a\\n\\\"\\\\\\t\\u0000\x7f\\udcffé漢\"",
		`json.decode("[]")`:                      `[]`,
		`json.decode('{"a":[],"b":null}')`:       `{"a":[],"b":null}`,
		`json.decode('"\\udcff\\ud83d\\ude00"')`: `"\udcff😀"`,
		`json.decode("9007199254740993")`:        `"9007199254740993"`,
		`json.decode("10000000000000000.0")`:     `1e+16`,
		`json.decode("1e2")`:                     `100`,
	} {
		out, err := run(t, "print(json.encode("+script+"))")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %q", script, out, err, want)
		}
	}
	out, err := run(t, `print(json.encode({a = {1, 2}, b = {}}, {indent = 2}))`)
	if want := "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n"; err != nil || out != want {
		t.Errorf("indent: got %q %v", out, err)
	}
}

func TestRefusals(t *testing.T) {
	for script, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`json.encode(print)`:                  {luabind.KindUsage, "function"},
		`json.encode(0/0)`:                    {luabind.KindUsage, "nan"},
		`json.encode(1/0)`:                    {luabind.KindUsage, "inf"},
		`json.encode{[1.5] = 1}`:              {luabind.KindUsage, "1.5"},
		`json.encode{[{}] = 1}`:               {luabind.KindUsage, "table"},
		`json.encode{[3] = 1, ["3"] = 1}`:     {luabind.KindUsage, `"3"`},
		`local t = {} t.t = t json.encode(t)`: {luabind.KindUsage, "contains itself"},
		`local t = {} for _ = 1, 2000 do t = {t} end json.encode(t)`: {luabind.KindUsage, "1000"},
		`json.decode(("["):rep(1e6))`:                                {luabind.KindParse, "1000"},
		`json.decode("")`:                                            {luabind.KindParse, "line 1, column 1"},
		`json.decode("{\n  \"a\": nope}")`:                           {luabind.KindParse, "line 2, column 8"},
		`json.decode("[1,]")`:                                        {luabind.KindParse, "column 4"},
		`json.decode("01")`:                                          {luabind.KindParse, "number"},
		`json.decode("1 2")`:                                         {luabind.KindParse, "follows"},
		`json.decode("1e999")`:                                       {luabind.KindParse, "too large"},
		`json.decode('"a')`:                                          {luabind.KindParse, "end"},
		`json.decode('"\n"')`:                                        {luabind.KindParse, "control"},
		`json.decode({})`:                                            {luabind.KindUsage, "string"},
		`json.array(setmetatable({}, {}))`:                           {luabind.KindUsage, "metatable"},
		`json.null.x = 1`:                                            {"", ""},
	} {
		_, err := run(t, script)
		var e *luabind.Error
		if err == nil || want.kind != "" && (!errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text)) {
			t.Errorf("%s: got %v, want %s with %q", script, err, want.kind, want.text)
		}
	}
}

func TestNullIsItself(t *testing.T) {
	out, err := run(t, `local v = json.decode("[null,{}]") print(v[1] == json.null, v[1] == nil, #v, tostring(json.null), next(v[2]))`)
	if err != nil || out != "true\tfalse\t2\tnull\tnil\n" {
		t.Errorf("got %q %v", out, err)
	}
}

// FuzzDecode: what is accepted is what Go's own reader accepts, and survives a round trip.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true,"\u00e9\udcff"]}`, `[]`, `"x`, `-0`, `1e5`, "\"\xff\"", `{"a":1,"a":2}`, `9007199254740993`, `"\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := run(t, `local v = json.decode((...)) local s = json.encode(v) assert(json.encode(json.decode(s)) == s) print("ok")`, s)
		if strings.Contains(s, "\x00") && err != nil {
			return
		}
		var e *luabind.Error
		accepted := err == nil
		if !accepted && (!errors.As(err, &e) || e.Kind != luabind.KindParse) {
			t.Fatalf("%q: got %q %v", s, out, err)
		}
		if !utf8.ValidString(s) || strings.Count(s, "[")+strings.Count(s, "{") > 500 {
			return
		}
		var v any
		dec := stdjson.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		if valid := stdjson.Valid([]byte(s)); valid != accepted && (accepted || !strings.Contains(err.Error(), "too large")) {
			t.Fatalf("%q: accepted %v, want %v (%v) %v", s, accepted, valid, err, dec.Decode(&v))
		}
	})
}
