package luabind_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
	"opslua/luabind/json"
)

// plainModule lets a script see what Plain and FromPlain make of its values.
func plainModule(give any) luabind.Module {
	plain := func(c *luabind.Call) (any, error) {
		var v lua.LValue
		if err := c.Unpack("value", &v); err != nil {
			return nil, err
		}
		return c.Plain(v)
	}
	return luabind.Module{Name: "test", Funcs: []luabind.Func{
		{Name: "plain", Impl: func(c *luabind.Call) error {
			v, err := plain(c)
			if err != nil {
				return err
			}
			text, err := stdjson.Marshal(v)
			if err != nil {
				return err
			}
			return c.Return(string(text))
		}},
		{Name: "type", Impl: func(c *luabind.Call) error {
			v, err := plain(c)
			if err != nil {
				return err
			}
			return c.Return(fmt.Sprintf("%T", v))
		}},
		{Name: "round", Impl: func(c *luabind.Call) error {
			v, err := plain(c)
			if err != nil {
				return err
			}
			back, err := c.FromPlain(v)
			if err != nil {
				return err
			}
			return c.Return(back)
		}},
		{Name: "give", Impl: func(c *luabind.Call) error {
			v, err := c.FromPlain(give)
			if err != nil {
				return err
			}
			return c.Return(v)
		}},
	}}
}

func runPlain(t *testing.T, script string, give any, modules ...luabind.Module) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(append(modules, plainModule(give))...), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", script)
	return out.String(), err
}

func TestPlain(t *testing.T) {
	for value, want := range map[string]string{
		`nil`: `null`, `json.null`: `null`, `true`: `true`, `"a"`: `"a"`, `1`: `1`, `1.5`: `1.5`, `2^53`: `9007199254740992`,
		`{}`: `{}`, `json.array{}`: `[]`, `{1, "b", {}}`: `[1,"b",{}]`, `json.decode("[[],{}]")`: `[[],{}]`,
		`{[1] = "a", [3] = "c"}`: `{"1":"a","3":"c"}`, `{"a", x = 1}`: `{"1":"a","x":1}`, `{[0] = 1}`: `{"0":1}`,
		`{[-5] = 1, [4194304] = 2}`: `{"-5":1,"4194304":2}`,
		`(function() local t = {} for i = 5000, 1, -1 do t[i] = i end return #test.plain(t) end)()`: `23894`,
		`{[2] = "b", [1] = "a"}`: `["a","b"]`,
		`setmetatable({}, {__pairs = function() return next, {shown = 1} end})`: `{"shown":1}`,
		`(function() local s = {1} return {s, s} end)()`:                        `[[1],[1]]`,
		`select(2, pcall(json.decode, "x")).kind`:                               `"parse"`,
	} {
		out, err := runPlain(t, "print(test.plain("+value+"))", nil, json.Module())
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %s", value, out, err, want)
		}
	}
	out, err := runPlain(t, `print(test.plain(select(2, pcall(json.decode, "x"))))`, nil, json.Module())
	if err != nil || !strings.HasPrefix(out, `{"kind":"parse","message":"json.decode: line 1`) || !strings.Contains(out, `"where":"t.lua:1"`) {
		t.Errorf("an error value: got %q %v", out, err)
	}
	out, err = runPlain(t, `print(test.type(1), test.type(-0.5), test.type(2^53), test.type(2^60))`, nil)
	if err != nil || out != "int64\tfloat64\tint64\tfloat64\n" {
		t.Errorf("types: got %q %v", out, err)
	}
}

func TestPlainRefuses(t *testing.T) {
	for value, want := range map[string]string{
		`print`:                          "test.plain: value: a function has no form as data",
		`{a = {1, {b = print}}}`:         "test.plain: value.a[2].b: a function has no form",
		`{z = print, a = 0/0}`:           "test.plain: value.a: nan has no form",
		`{[("k"):rep(1e6)] = {x = 1/0}}`: "kkk…",
		`{[1.5] = 1}`:                    "the key 1.5",
		`{[{}] = 1}`:                     "a table as a key",
		`{[true] = 1}`:                   "a boolean as a key",
		`{[3] = 1, ["3"] = 1}`:           `the keys 3 and "3" would both become "3"`,
		`{1, ["1"] = 1}`:                 `the keys 1 and "1" would both become "1"`,
		`(function() local t = {} t.a = {b = t} return t end)()`:                  "value.a.b: a table contains itself",
		`(function() local t = {} for _ = 1, 1000 do t = {t} end return t end)()`: "nested deeper than 1000",
		`coroutine.create(print)`: "a thread",
	} {
		_, err := runPlain(t, "test.plain("+value+")", nil)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindUsage || !strings.Contains(e.Message, want) || len(e.Message) > 400 {
			t.Errorf("%s: got %v, want usage with %q", value, err, want)
		}
	}
	if _, err := runPlain(t, `local t = {} for _ = 1, 999 do t = {t} end test.plain(t)`, nil); err != nil {
		t.Errorf("1,000 levels: got %v", err)
	}
}

func TestFromPlain(t *testing.T) {
	doc := map[string]any{
		"null": nil, "list": []any{nil, int64(1), "x", []any{}}, "none": []any{}, "rows": []map[string]any{{"a": true}},
		"big": int64(math.MaxInt64), "huge": uint64(math.MaxUint64), "f": 0.5, "bytes": []byte("\xff"), "o": map[string]any{},
	}
	out, err := runPlain(t, `local d = test.give()
		print(d.null == json.null, d.list[1] == json.null, #d.list, d.rows[1].a, d.big, d.huge, d.f, #d.bytes, json.encode{d.none, d.list[4], d.o})
		local names = {} for k in pairs(d) do names[#names + 1] = k end print(table.concat(names, " "))`, doc, json.Module())
	want := "true\ttrue\t4\ttrue\t9223372036854775807\t18446744073709551615\t0.5\t1\t[[],[],{}]\nbig bytes f huge list none null o rows\n"
	if err != nil || out != want {
		t.Errorf("got %q %v, want %q", out, err, want)
	}
	out, err = runPlain(t, `local d = test.give() print(d.null, #d.list, d.list[1], next(d.none))`, doc)
	if err != nil || out != "nil\t4\tfalse\tnil\n" {
		t.Errorf("without json: got %q %v", out, err)
	}
	var deep any = int64(1)
	for range 1001 {
		deep = []any{deep}
	}
	_, err = runPlain(t, `test.give()`, deep)
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != luabind.KindParse || !strings.Contains(e.Message, "1000") {
		t.Errorf("too deep: got %v", err)
	}
}

// TestPlainAndBack: what Plain makes, FromPlain makes a value of that json
// writes in the same way.
func TestPlainAndBack(t *testing.T) {
	out, err := runPlain(t, `for _, text in ipairs{'[1,[],{},null,{"a":[null,"x\\udcff"],"b":{"c":-1.5}}]', "null", "[]", "{}"} do
		local v = json.decode(text) assert(json.encode(test.round(v)) == json.encode(v), text) end print("ok")`, nil, json.Module())
	if err != nil || out != "ok\n" {
		t.Errorf("got %q %v", out, err)
	}
}

// TestPlainStops: one conversion may be very long, so that it asks the context.
func TestPlainStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got, back error
	host, err := luabind.New(luabind.WithModules(luabind.Module{Name: "test", Funcs: []luabind.Func{{Name: "f", Impl: func(c *luabind.Call) error {
		var v lua.LValue
		if err := c.Unpack("value", &v); err != nil {
			return err
		}
		cancel()
		_, got = c.Plain(v)
		_, back = c.FromPlain(make([]any, 2*1024))
		return nil
	}}}}))
	if err != nil {
		t.Fatal(err)
	}
	// Tables that share their parts have 2^40 values, seen as a tree.
	err = host.RunText(ctx, "t.lua", `local t = {1} for _ = 1, 40 do t = {t, t} end test.f(t)`)
	if !errors.Is(err, context.Canceled) || !errors.Is(got, context.Canceled) || !errors.Is(back, context.Canceled) {
		t.Errorf("got %v, and from Plain %v, FromPlain %v", err, got, back)
	}
}

// FuzzPlain: any document of JSON survives Lua.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,null,true,"\u00e9"],"b":{}}`, `[[],[[]],{"":0}]`, `{"1":1,"2":[]}`, `-0.0`, `1e300`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var doc any
		if stdjson.Unmarshal([]byte(s), &doc) != nil || hasMinusZero(doc) {
			return
		}
		var back any
		host, err := luabind.New(luabind.WithModules(json.Module(), luabind.Module{Name: "test", Funcs: []luabind.Func{{Name: "f", Impl: func(c *luabind.Call) error {
			v, err := c.FromPlain(doc)
			if err == nil {
				back, err = c.Plain(v)
			}
			return err
		}}}}))
		if err != nil {
			t.Fatal(err)
		}
		if err := host.RunText(t.Context(), "t.lua", "test.f()"); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		a, _ := stdjson.Marshal(doc)
		b, _ := stdjson.Marshal(back)
		var x, y any
		if stdjson.Unmarshal(a, &x) != nil || stdjson.Unmarshal(b, &y) != nil || !reflect.DeepEqual(x, y) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}

// hasMinusZero finds the one number that Plain does not keep.
func hasMinusZero(v any) bool {
	switch x := v.(type) {
	case float64:
		return x == 0 && math.Signbit(x)
	case []any:
		for _, item := range x {
			if hasMinusZero(item) {
				return true
			}
		}
	case map[string]any:
		for _, item := range x {
			if hasMinusZero(item) {
				return true
			}
		}
	}
	return false
}
