package csv_test

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"opslua/luabind"
	"opslua/luabind/csv"
	"opslua/luabind/json"
)

func run(t *testing.T, script string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(csv.Module(), json.Module()), luabind.WithStdio(nil, &out, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", "local s, sep = ... "+script, args...)
	return out.String(), err
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n":                `[{"a":"1","b":"2"}]`,
		"\ufeffa,b\r\n1,\r\n\r\n,2": `[{"a":"1","b":""},{"a":"","b":"2"}]`,
		"\ufeff\"a\",b\n1,2":        `[{"a":"1","b":"2"}]`,
		"a\n\"x,\"\"y\"\"\r\nz\"\n": `[{"a":"x,\"y\"\r\nz"}]`,
		"a,b\n\"\",\"x\"\n":         `[{"a":"","b":"x"}]`,
		"a\n\"\"\n":                 `[{"a":""}]`,
		"a\n\xff \xe9\n":            `[{"a":"\udcff \udce9"}]`,
		"a,b\nx\ry, z \n":           `[{"a":"x\ry","b":" z "}]`,
		"a":                         `{}`,
		"":                          `{}`,
		"\n\r\n":                    `{}`,
		"a,\n1,2\n":                 `[{"":"2","a":"1"}]`,
		"a\n1\r":                    `[{"a":"1"}]`,
	} {
		out, err := run(t, "print(json.encode(csv.decode(s)))", text)
		if err != nil || out != want+"\n" {
			t.Errorf("%q: got %q %v, want %s", text, out, err, want)
		}
	}
	out, err := run(t, `print(json.encode(csv.decode("a;b,c\n1;2", {header = false, sep = ";"})), json.encode(csv.decode("a\tb\n", {header = false, sep = "\t"})), json.encode(csv.decode("aéb", {header = false, sep = "é"})))`)
	if err != nil || out != `[["a","b,c"],["1","2"]]	[["a","b"]]	[["a","b"]]`+"\n" {
		t.Errorf("options: got %q %v", out, err)
	}
}

func TestEncode(t *testing.T) {
	for call, want := range map[string]string{
		`{{b = 1, a = "x"}, {c = true, a = json.null}}`: "a,b,c\nx,1,\n,,true\n",
		`{{1, 2.5}, {"a,b", 'q"'}, {"x\ny", "z\r"}}`:    "1,2.5\n\"a,b\",\"q\"\"\"\n\"x\ny\",\"z\r\"\n",
		`{{""}, {" a"}, {"a "}}`:                        "\"\"\n\" a\"\n\"a \"\n",
		`{}`:                                            "",
		`{}, {columns = {"b", "a"}}`:                    "b,a\n",
		`{{a = 1, b = 2}}, {columns = {"b", "c"}}`:      "b,c\n2,\n",
		`{{a = 1}}, {header = false}`:                   "1\n",
		`{{"a;", "b,"}}, {sep = ";"}`:                   "\"a;\";b,\n",
		`{{"\255", 2^60}}`:                              "\xff,1152921504606846976\n",
		`{{"\239\187\191a"}, {"\239\187\191b"}}`:        "\"\ufeffa\"\n\ufeffb\n",
		`csv.decode("b,a\n1,2\n")`:                      "a,b\n2,1\n",
	} {
		out, err := run(t, "print(csv.encode("+call+"))")
		if err != nil || out != want+"\n" {
			t.Errorf("%s: got %q %v, want %q", call, out, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	long := `("k"):rep(1e5)`
	for call, want := range map[string]struct {
		kind luabind.Kind
		text string
	}{
		`csv.decode("a,b\n1,2\n1\n")`:                     {luabind.KindParse, "csv.decode: line 3: 1 field, the first row has 2"},
		`csv.decode("a,b\n\n\"x\ny\",1\n1,2,3\n")`:        {luabind.KindParse, "line 5: 3 fields"},
		`csv.decode("a,a\n")`:                             {luabind.KindParse, `line 1: the name "a" comes twice`},
		`csv.decode(` + long + ` .. "," .. ` + long + `)`: {luabind.KindParse, "kkk\"…"},
		`csv.decode("a\nx\"y\n")`:                         {luabind.KindParse, "line 2, column 2: a quote in a field"},
		`csv.decode("a,b\n1,\"x\"y\n")`:                   {luabind.KindParse, "line 2, column 6: something follows"},
		`csv.decode("a,b\n1,\"x\n\ny")`:                   {luabind.KindParse, "line 2, column 3: a field in quotes without its end"},
		`csv.decode("a\n\"x\ny\"z")`:                      {luabind.KindParse, "line 3, column 3: something follows"},
		`csv.decode("a", {sep = ""})`:                     {luabind.KindUsage, "sep: want one character"},
		`csv.decode("a", {sep = ",,"})`:                   {luabind.KindUsage, "sep: want one character"},
		`csv.decode("a", {sep = '"'})`:                    {luabind.KindUsage, "sep: a quote, a line end"},
		`csv.decode("a", {sep = "\255"})`:                 {luabind.KindUsage, "sep: want one character"},
		`csv.decode("a", {sep = "\239\187\191"})`:         {luabind.KindUsage, "byte order mark"},
		`csv.decode("a", {sep = 1})`:                      {luabind.KindUsage, "sep: want one character"},
		`csv.decode({})`:                                  {luabind.KindUsage, "text: got table"},
		`csv.decode("a", {headers = false})`:              {luabind.KindUsage, `did you mean "header"`},
		`csv.encode("a")`:                                 {luabind.KindUsage, "rows: got a string"},
		`csv.encode({a = 1})`:                             {luabind.KindUsage, "rows: got a table by name"},
		`csv.encode({1, 2})`:                              {luabind.KindUsage, "row 1 is no table"},
		`csv.encode({{1}, {a = 1}})`:                      {luabind.KindUsage, "row 2 is no list"},
		`csv.encode({{a = 1}, {1}})`:                      {luabind.KindUsage, "row 2 is no table by name"},
		`csv.encode({{1, 2}, {1}})`:                       {luabind.KindUsage, "row 2 has 1 field, the first has 2"},
		`csv.encode({{a = {}}})`:                          {luabind.KindUsage, `row 1: "a" is a table`},
		`csv.encode({{1, {2}}})`:                          {luabind.KindUsage, "row 1: field 2 is a table"},
		`csv.encode({{a = print}})`:                       {luabind.KindUsage, "value[1].a: a function"},
		`csv.encode({{}})`:                                {luabind.KindUsage, "the rows have no names"},
		`csv.encode({json.array{}})`:                      {luabind.KindUsage, "row 1 has no fields"},
		`csv.encode({{1}}, {columns = {"a"}})`:            {luabind.KindUsage, "columns: the rows are lists"},
	} {
		_, err := run(t, call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != want.kind || !strings.Contains(e.Message, want.text) || len(e.Message) > 300 {
			t.Errorf("%s: got %v, want %s with %q", call, err, want.kind, want.text)
		}
	}
}

// TestTheContextEndsIt: one call may work on very much, so that it asks the
// context itself.
func TestTheContextEndsIt(t *testing.T) {
	for _, script := range []string{
		`test.stopped(csv.decode, ("a,b\n"):rep(1e5))`,
		`test.stopped(csv.decode, '"' .. ('""'):rep(1e5) .. '"')`,
		`local rows = {} for i = 1, 1e4 do rows[i] = {("x"):rep(100)} end test.stopped(csv.encode, rows)`,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got error
		host, err := luabind.New(luabind.WithModules(csv.Module(), luabind.Module{Name: "test", Funcs: []luabind.Func{
			{Name: "stopped", Impl: func(c *luabind.Call) error {
				cancel()
				_, got = c.Invoke(c.Arg(0), c.Arg(1))
				return got
			}},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		if err = host.RunText(ctx, "t.lua", script); !errors.Is(err, context.Canceled) || !errors.Is(got, context.Canceled) {
			t.Errorf("%s: got %v, and from the call %v", script, err, got)
		}
	}
}

// FuzzCSV: what is accepted is what Go's own reader accepts, and survives a
// round trip byte for byte.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\ufeffa\r\n\"x\"\"\r\ny\"\r\n", "a\n\"\"\n\n", "\"a\"b\n", "a\rb,c\n", ",\n,", "\"\ufeff\"", "é;\xff\n;"} {
		f.Add(s, ",")
		f.Add(s, ";")
	}
	f.Fuzz(func(t *testing.T, s, sep string) {
		if len([]rune(sep)) != 1 || !utf8.ValidString(sep) || strings.ContainsAny(sep, "\"\r\n\ufeff") {
			return
		}
		out, err := run(t, `local o = {header = false, sep = sep}
			local rows = csv.decode(s, o) local text = csv.encode(rows, o)
			local again = csv.decode(text, o)
			assert(json.encode(again) == json.encode(rows), text) assert(csv.encode(again, o) == text)
			local ok, named = pcall(csv.decode, text, {sep = sep})
			if ok and #named > 0 then assert(json.encode(csv.decode(csv.encode(named, {sep = sep}), {sep = sep})) == json.encode(named)) end
			print(json.encode(rows))`, s, sep)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindParse) {
			t.Fatalf("%q %q: got %q %v", s, sep, out, err)
		}
		r := stdcsv.NewReader(strings.NewReader(strings.TrimPrefix(s, "\ufeff")))
		if r.Comma = []rune(sep)[0]; sep == "\x00" || r.Comma == utf8.RuneError {
			return
		}
		rows, stdErr := r.ReadAll()
		if (err == nil) != (stdErr == nil) {
			t.Fatalf("%q %q: got %v, Go's reader %v", s, sep, err, stdErr)
		}
		if err != nil || strings.Contains(s, "\r") {
			return // Go's reader takes carriage returns out of fields
		}
		out, err = run(t, `for _, row in ipairs(csv.decode(s, {header = false, sep = sep})) do print(#row) for _, f in ipairs(row) do print(#f, f) end end`, s, sep)
		var want strings.Builder
		if err != nil || out != listing(&want, rows) {
			t.Fatalf("%q %q: got %q %v, want %q", s, sep, out, err, want.String())
		}
	})
}

func listing(out *strings.Builder, rows [][]string) string {
	for _, row := range rows {
		fmt.Fprintln(out, len(row))
		for _, f := range row {
			fmt.Fprintf(out, "%d\t%s\n", len(f), f)
		}
	}
	return out.String()
}
