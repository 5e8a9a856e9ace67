package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// maxDepth bounds how deep a value of a row is followed.
const maxDepth = 100

// value writes plain data as a script gives it; what is none of it is written as
// the text that it prints as, what is nested too deep as null.
func (j *jsonWriter) value(v any, depth int) {
	if depth > maxDepth {
		j.raw("null")
		return
	}
	switch x := v.(type) {
	case nil:
		j.raw("null")
	case string:
		j.str(x)
	case bool:
		j.raw(strconv.FormatBool(x))
	case float64:
		j.num(x)
	case int:
		j.integer(int64(x))
	case int64:
		j.integer(x)
	case uint64:
		j.raw(strconv.FormatUint(x, 10))
	case []byte:
		j.str(string(x))
	case time.Time:
		j.str(x.UTC().Format(time.RFC3339Nano))
	case map[string]any:
		j.object(nil, x, depth)
	case []any:
		items(j, x, func(item any) { j.value(item, depth+1) })
	case []map[string]any:
		items(j, x, func(item map[string]any) { j.object(nil, item, depth+1) })
	case []string:
		items(j, x, j.str)
	default:
		j.str(fmt.Sprint(x))
	}
}

func items[T any](j *jsonWriter, list []T, item func(T)) {
	j.open('[')
	for _, x := range list {
		item(x)
	}
	j.close(']')
}

// object writes the named columns in their order, then all else by name.
func (j *jsonWriter) object(columns []string, m map[string]any, depth int) {
	j.open('{')
	written := 0
	for i, k := range columns {
		if v, ok := m[k]; ok && !slices.Contains(columns[:i], k) {
			j.key(k)
			j.value(v, depth+1)
			written++
		}
	}
	if written < len(m) {
		for _, k := range sortedKeys(m) {
			if !slices.Contains(columns, k) {
				j.key(k)
				j.value(m[k], depth+1)
			}
		}
	}
	j.close('}')
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
