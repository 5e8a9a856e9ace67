package check

import (
	"reflect"
	"testing"
)

// What is kept of rows comes back as it was, whatever bytes the texts have; and
// what somebody else put there is rows or an error.
func FuzzKeptRows(f *testing.F) {
	f.Add("name", "text", []byte(`[{"a":1e400}]`))
	f.Add("\xff", bytesMark+"x", []byte(`[null]`))
	f.Add("", "\x00", []byte(`[{"a":[1,{"b":9007199254740993}]}] x`))
	f.Fuzz(func(t *testing.T, name, text string, raw []byte) {
		rows := []map[string]any{{name: text, "n" + name: int64(5), "list" + name: []any{text, 0.5, true}}}
		data, err := writeRows(rows)
		if err != nil {
			t.Fatal(err)
		}
		back, err := readRows(data)
		if err != nil || !reflect.DeepEqual(back, rows) {
			t.Fatalf("%v became %v, %v", rows, back, err)
		}
		if got, err := readRows(raw); err == nil {
			if _, err := writeRows(got); err != nil {
				t.Fatal(err)
			}
		}
	})
}
