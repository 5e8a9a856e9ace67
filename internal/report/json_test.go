package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// keys gives the names of an object in the order in which they stand.
func keys(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("no object: %.40s", raw)
	}
	var names []string
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		name := tok.(string)
		if slices.Contains(names, name) {
			t.Fatalf("%q stands twice in %.200s", name, raw)
		}
		names = append(names, name)
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func TestJSONHasTheNamesOfTheSchema(t *testing.T) {
	doc := render(t, fullReport(t), JSON, Options{})
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &top); err != nil {
		t.Fatal(err)
	}
	first := func(k string) json.RawMessage {
		var l []json.RawMessage
		if err := json.Unmarshal(top[k], &l); err != nil || len(l) == 0 {
			t.Fatalf("%s: %v", k, err)
		}
		return l[0]
	}
	for _, c := range []struct {
		raw  json.RawMessage
		want string
	}{
		{json.RawMessage(doc), "schema script host started dry_run state seconds error incomplete commands_omitted degraded verified findings metrics rows row_changes fixes commands changes processes"},
		{first("findings"), "name state text lines values metrics seconds attempts soft skipped needs before"},
		{first("metrics"), "name type help labels value"},
		{first("fixes"), "name status on reason steps diffs evidence error seconds"},
		{first("commands"), "argv code signal seconds probe planned error where"},
		{top["verified"], "bundle digest signers"},
		{top["rows"], "top"},
	} {
		if got := strings.Join(keys(t, c.raw), " "); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	for k, want := range map[string]string{
		"schema": "1", "state": `"CRITICAL"`, "error": "null", "seconds": "1.5", "row_changes": "{}",
		"rows": `{"top":[{"pid":1,"name":"init"},{"pid":22,"name":"sshd","zz":true}]}`,
	} {
		if string(top[k]) != want {
			t.Errorf("%s: %s", k, top[k])
		}
	}
}

func TestJSONOfNothingHasListsAndNoNulls(t *testing.T) {
	doc := render(t, &Report{Findings: []Finding{{}}}, JSON, Options{})
	for _, want := range []string{`"needs":[]`, `"values":[]`, `"metrics":[]`, `"fixes":[]`, `"commands":[]`, `"degraded":[]`, `"changes":[]`, `"rows":{}`, `"soft":null`, `"skipped":null`, `"before":null`, `"verified":null`} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in %s", want, doc)
		}
	}
}

func TestJSONTextsAndNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb\xc3":         `"a\udcffb\udcc3"`,
		"q\"\\\n\t\r\x00":    `"q\"\\\n\t\r\u0000"`,
		"\x7f\u009b\u202e":   `"\u007f\u009b\u202e"`,
		"é日\U0001f600\ufffd": "\"é日\U0001f600\ufffd\"",
		"":                   `""`,
	} {
		if got := string(appendJSON(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", 1e14: "100000000000000", 1e300: "1e+300", 0.1: "0.1", math.Inf(1): "null", 1 << 53: "9.007199254740992e+15"} {
		j := &jsonWriter{}
		j.num(f)
		if string(j.buf) != want {
			t.Errorf("%g: %s, want %s", f, j.buf, want)
		}
	}
	j := &jsonWriter{}
	j.num(math.NaN())
	if string(j.buf) != "null" {
		t.Errorf("NaN: %s", j.buf)
	}
}

func TestJSONValuesOfRows(t *testing.T) {
	deep := any("end")
	for range 200 {
		deep = []any{deep}
	}
	row := map[string]any{"a": nil, "b": true, "c": 1, "d": int64(2), "e": uint64(math.MaxUint64), "f": []string{"x"}, "g": []byte("\xff"),
		"h": map[string]any{"z": 1.0, "y": []map[string]any{{"k": "v"}}}, "i": deep, "j": fmt.Errorf("an error")}
	r := &Report{Rows: []Rows{{Name: "t", Columns: []string{"c", "c", "missing"}, Rows: []map[string]any{row}}, {Name: "t", Rows: []map[string]any{{"second": 1}}}}}
	doc := render(t, r, JSON, Options{})
	if !json.Valid([]byte(doc)) {
		t.Fatal(doc)
	}
	for _, want := range []string{`{"t":[{"c":1,"a":null,"b":true,"d":2,"e":18446744073709551615,"f":["x"],"g":"\udcff","h":{"y":[{"k":"v"}],"z":1},"i":[[`, `"j":"an error"},{"second":1}]}`, "[null]]]"} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in %.400s", want, doc)
		}
	}
}

func TestRandomReportsAreJSON(t *testing.T) {
	t.Parallel()
	each(t, 300, func(t *testing.T, r *Report) {
		doc := render(t, r, JSON, Options{})
		keys(t, json.RawMessage(doc))
		if strings.Count(doc, "\n") != 1 {
			t.Fatal("the document is more than one line")
		}
		lines := strings.Split(strings.TrimSuffix(render(t, r, JSONL, Options{}), "\n"), "\n")
		count := make(map[string]int)
		for i, l := range lines {
			keys(t, json.RawMessage(l))
			var head struct{ Type, State string }
			if err := json.Unmarshal([]byte(l), &head); err != nil {
				t.Fatal(err)
			}
			count[head.Type]++
			if head.Type == "run" && (i != len(lines)-1 || head.State != r.State().String()) {
				t.Fatalf("line %d of %d: %s", i, len(lines), l)
			}
		}
		if count["run"] != 1 || count["finding"] != len(r.Findings) || count["metric"] != len(r.Metrics) || count["fix"] != len(r.Fixes) {
			t.Fatal(count)
		}
	})
}

// A reader that is not ours finds every byte again.
func TestPythonReadsEveryByte(t *testing.T) {
	python := tool(t, "python3")
	var all strings.Builder
	for i := range 256 {
		all.WriteByte(byte(i))
	}
	r := &Report{Error: all.String() + strings.Join(hostileTexts(), "\n")}
	script := `import json, sys
d = json.load(sys.stdin)
sys.stdout.write(d["error"].encode("utf-8", "surrogateescape").hex())`
	if got := foreign(t, render(t, r, JSON, Options{}), python, "-c", script); got != fmt.Sprintf("%x", r.Error) {
		t.Errorf("got %s\nwant %x", got, r.Error)
	}
	foreign(t, render(t, fullReport(t), JSON, Options{}), python, "-m", "json.tool")
}

func TestJqReadsBoth(t *testing.T) {
	t.Parallel()
	jq := tool(t, "jq")
	each(t, 10, func(t *testing.T, r *Report) {
		foreign(t, render(t, r, JSON, Options{}), jq, "-e", `.schema == 1 and (.findings | type) == "array" and (.fixes | all(.diffs | type == "array"))`)
		if n := foreign(t, render(t, r, JSONL, Options{}), jq, "-s", "-r", "map(select(.type == \"run\")) | length"); n != "1\n" {
			t.Errorf("%s lines of type run", n)
		}
	})
}

func BenchmarkFormats(b *testing.B) {
	r := fullReport(b)
	for i := range 1000 {
		f := r.Findings[i%5]
		f.Name = fmt.Sprint(f.Name, i)
		r.Findings = append(r.Findings, f)
	}
	for _, f := range ours() {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Write(io.Discard, f, Options{Width: 120, Color: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
