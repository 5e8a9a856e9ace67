package check

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"opslua/internal/report"
	"opslua/internal/store"
	"opslua/luabind"
)

// compare looks at the key of the rows, keeps them for the next run, and where
// the run asks for differences, finds those to the last one.
func (e *engine) compare(c *luabind.Call, r *report.Rows) error {
	if r.Key == "" {
		return nil
	}
	if err := keyed(c, r); err != nil {
		return err
	}
	if !e.mem.there() {
		if e.run.Changes {
			return luabind.Errorf(luabind.KindUnsupported, "%s: differences to the last run need a state directory", c.Name())
		}
		return nil
	}
	var old []map[string]any
	swap := func(tx store.Tx) error {
		var err error
		if old, err = readRows(tx.Get(sectionRows, r.Name)); err != nil {
			if e.run.Changes {
				return fmt.Errorf("what was kept of rows %q cannot be understood: %w", r.Name, err)
			}
			old = nil // it is replaced
		}
		if e.dry {
			return nil
		}
		data, err := writeRows(r.Rows)
		if err != nil {
			return err
		}
		return tx.Put(sectionRows, r.Name, data)
	}
	if err := e.mem.exchange(c.Context(), e.dry, swap); err != nil {
		if c.Context().Err() != nil {
			return err
		}
		if e.run.Changes {
			return luabind.Errorf(luabind.KindIO, "%s: the rows for the next run cannot be kept: %w", c.Name(), err)
		}
		// Nobody asked for differences now; whoever does next sees all rows as new.
		e.rep.Degraded = append(e.rep.Degraded, "the rows "+r.Name+" are not kept for the next run: "+oneLine(err.Error()))
	}
	if e.run.Changes {
		r.Diff = difference(r.Key, old, r.Rows)
	}
	return nil
}

// keyed refuses rows whose key does not identify them.
func keyed(c *luabind.Call, r *report.Rows) error {
	seen := map[any]int{}
	for i, row := range r.Rows {
		k := row[r.Key]
		switch k.(type) {
		case string, int64, float64, bool:
		case nil:
			return c.Usage("key", "row %d has no column %q", i+1, r.Key)
		default:
			return c.Usage("key", "column %q of row %d is no text and no number", r.Key, i+1)
		}
		if first, dup := seen[k]; dup {
			return c.Usage("key", "rows %d and %d both have %s = %v", first, i+1, r.Key, k)
		}
		seen[k] = i + 1
	}
	return nil
}

// difference compares two sets of rows with the same key.
func difference(key string, old, now []map[string]any) *report.RowsDiff {
	d := &report.RowsDiff{}
	before := map[any]map[string]any{}
	for _, row := range old {
		before[row[key]] = row
	}
	here := map[any]bool{}
	for _, row := range now {
		k := row[key]
		here[k] = true
		was, known := before[k]
		if !known {
			d.Added = append(d.Added, row)
			continue
		}
		if ch := changed(was, row); len(ch.Before)+len(ch.After) > 0 {
			ch.Key = k
			d.Changed = append(d.Changed, ch)
		}
	}
	for _, row := range old {
		if !here[row[key]] {
			d.Removed = append(d.Removed, row)
		}
	}
	return d
}

func changed(was, is map[string]any) report.RowChange {
	ch := report.RowChange{Before: map[string]any{}, After: map[string]any{}}
	for name, v := range is {
		if o, had := was[name]; !had || !reflect.DeepEqual(o, v) {
			ch.After[name] = v
			if had {
				ch.Before[name] = o
			}
		}
	}
	for name, o := range was {
		if _, has := is[name]; !has {
			ch.Before[name] = o
		}
	}
	return ch
}

// bytesMark stands in front of a text that is not UTF-8, in base64; and of one
// that begins so itself.
const bytesMark = "\x00base64:"

// writeRows keeps every byte of the rows.
func writeRows(rows []map[string]any) ([]byte, error) {
	if rows == nil {
		rows = []map[string]any{}
	}
	out := make([]any, len(rows))
	for i, row := range rows {
		out[i] = mapTexts(row, func(s string) string {
			if utf8.ValidString(s) && !strings.HasPrefix(s, bytesMark) {
				return s
			}
			return bytesMark + base64.StdEncoding.EncodeToString([]byte(s))
		})
	}
	return json.Marshal(out)
}

// readRows reads what writeRows has written; nil gives no rows.
func readRows(data []byte) ([]map[string]any, error) {
	if data == nil {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var rows []map[string]any
	if err := dec.Decode(&rows); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	for i, row := range rows {
		if row == nil {
			return nil, errors.New("a row that is null")
		}
		rows[i] = mapTexts(row, func(s string) string {
			if text, ok := strings.CutPrefix(s, bytesMark); ok {
				if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
					return string(raw)
				}
			}
			return s
		}).(map[string]any)
	}
	return rows, nil
}

// mapTexts copies plain data with every text, names too, put through f, and
// decoded numbers as Plain has them.
func mapTexts(v any, f func(string) string) any {
	switch x := v.(type) {
	case string:
		return f(x)
	case json.Number:
		if n, err := x.Int64(); err == nil && n <= 1<<53 && n >= -1<<53 {
			return n
		}
		n, err := x.Float64()
		if err != nil {
			return x.String() // more than a number holds: none of ours
		}
		return n
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = mapTexts(x[i], f)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[f(k)] = mapTexts(x[k], f)
		}
		return out
	}
	return v
}
