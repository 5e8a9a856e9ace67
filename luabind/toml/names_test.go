package toml_test

import (
	"errors"
	"strings"
	"testing"

	"opslua/luabind"
)

// TestNamesSetTwice: what would take the place of something else, or vanish, is
// refused with its line.
func TestNamesSetTwice(t *testing.T) {
	for text, want := range map[string]string{
		"a.b = 1\na = 2":                     `line 2, column 1: the name "a" is set twice`,
		"a = [1]\na.b = 1":                   `line 2, column 1: the name "a.b" is set twice`,
		"a = {}\na.b = 1":                    `line 2`,
		"a.b = {}\n  a.b.c = 1":              `line 2, column 3`,
		"a.b = 1\n[a]":                       `line 2, column 1: the name "a" is set twice`,
		"a = {}\n[a.b]":                      `line 2`,
		"a = {b.c = 1}\n[a.b]":               `line 2`,
		"a = {b.c = 1, b = 2}":               `line 1, column 15: the name "b" is set twice`,
		"a = {b = {}, b.c = 1}":              `line 1, column 14`,
		"a = [[{b = 1}, {b.c = 2, b = 3}]]":  `line 1, column 26`,
		"[a]\nb.c = 1\n[a.b]":                `line 3`,
		"[[a]]\nb.c = 1\n[a.b]":              `line 3`,
		"[a.b.c]\nz = 9\n[a]\nb.c.t = 1":     `line 4, column 1: the name "b.c.t" is set twice`,
		"[a.b.c.d]\n[a]\nb.c.d.k.t = 1":      `line 3`,
		"[[a.b]]\n[a]\nb.c = 1":              `line 3`,
		"\"\\u0061\".b = 1\n'a' = 2":         `line 2`,
		"\ufeffa.b = ']' # [x]\n\n\"a\" = 2": `line 3, column 1: the name "a" is set twice`,
		"a . 'b' = \"\"\"\n# x\n\"\"\"\na=1": `line 4`,
	} {
		_, err := run(t, `toml.decode(s)`, text)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindParse || !strings.Contains(e.Message, want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestNamesThatLookAlike: what only looks like a second setting is read.
func TestNamesThatLookAlike(t *testing.T) {
	for text, want := range map[string]string{
		"a.b = 1\na.c = 2\nb = 1\na.d = 3":                        `{"a":{"b":1,"c":2,"d":3},"b":1}`,
		"[a.b]\n[a]\n[a.b.c]":                                     `{"a":{"b":{"c":{}}}}`,
		"[a.b.c]\nz = 9\n[a]\nb.d = 1":                            `{"a":{"b":{"c":{"z":9},"d":1}}}`,
		"[a]\nb.c = 1\n[a.b.d]\ne = 1":                            `{"a":{"b":{"c":1,"d":{"e":1}}}}`,
		"[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2":                `{"a":[{"b":{"c":1}},{"b":{"c":2}}]}`,
		"[[a]]\n[[a.b]]\nc = 1\n[[a]]\n[[a.b]]\nc = 2":            `{"a":[{"b":[{"c":1}]},{"b":[{"c":2}]}]}`,
		"a = [{b = 1}, {b = 2}] # a = 1\nc = \"a = 1\"":           `{"a":[{"b":1},{"b":2}],"c":"a = 1"}`,
		"\"a.b\" = 1\na.b = 2\nA.b = 3":                           `{"A":{"b":3},"a":{"b":2},"a.b":1}`,
		"d = 1979-05-27 07:32:00Z\ne = 1.5\n'e.x' = 1\n[ f . g ]": `{"d":"1979-05-27T07:32:00Z","e":1.5,"e.x":1,"f":{"g":{}}}`,
		"a = '''\n[a]\n'''\r\n[b]\r\na = 1\r\n":                   `{"a":"[a]\n","b":{"a":1}}`,
	} {
		out, err := run(t, `print(json.encode(toml.decode(s)))`, text)
		if err != nil || out != want+"\n" {
			t.Errorf("%q: got %q %v, want %s", text, out, err, want)
		}
	}
}
