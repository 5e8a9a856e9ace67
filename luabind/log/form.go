package log

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"opslua/internal/escape"
)

// humanLine is a message with its fields; the names of a group's members stand
// behind that of the group.
func humanLine(msg string, fields []field) []byte {
	return appendHuman(escape.Append(nil, msg), "", fields)
}

func appendHuman(out []byte, group string, fields []field) []byte {
	for _, f := range fields {
		if members, ok := f.value.([]field); ok {
			out = appendHuman(out, group+f.key+".", members)
			continue
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = append(append(out, word(group+f.key)...), '=')
		if text, ok := f.value.(string); ok {
			out = append(out, word(text)...)
		} else {
			out = appendJSON(out, f.value)
		}
	}
	return out
}

// word is a text that a person can tell from its neighbours: quoted where it
// has blanks and the like.
func word(s string) string {
	if s != "" && !strings.ContainsAny(s, " =\"\\") && escape.String(s) == s {
		return s
	}
	return `"` + escape.String(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)) + `"`
}

// appendRecord writes a record as JSON.
func appendRecord(out []byte, r slog.Record, fields []field) []byte {
	out = append(out, '{')
	if !r.Time.IsZero() {
		out = append(out, `"time":"`...)
		out = append(r.Time.UTC().AppendFormat(out, "2006-01-02T15:04:05.000Z07:00"), `",`...)
	}
	out = append(out, `"level":"`+levelName(r.Level)+`","msg":`...)
	out = append(appendString(out, r.Message), `,"fields":`...)
	return append(appendJSON(out, fields), '}')
}

// appendJSON writes plain data. What JSON has no number for is a text.
func appendJSON(out []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, x)
	case int:
		return strconv.AppendInt(out, int64(x), 10)
	case int64:
		return strconv.AppendInt(out, x, 10)
	case uint64:
		return strconv.AppendUint(out, x, 10)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return appendString(out, strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+")))
		}
		return strconv.AppendFloat(out, x, 'g', -1, 64)
	case string:
		return appendString(out, x)
	case []field:
		return appendMembers(out, x)
	case map[string]any:
		members := make([]field, 0, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			members = append(members, field{k, x[k]})
		}
		return appendMembers(out, members)
	case []any:
		out = append(out, '[')
		for i, item := range x {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, item)
		}
		return append(out, ']')
	}
	return appendString(out, fmt.Sprint(v))
}

func appendMembers(out []byte, members []field) []byte {
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, m.key), ':')
		out = appendJSON(out, m.value)
	}
	return append(out, '}')
}

// appendString writes a text as JSON that a terminal can show too: what would
// be escaped for one is \uXXXX. A byte that is not UTF-8 becomes \udcXX.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		part := s[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\udc%02x`, s[i])
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\r':
			out = append(out, `\r`...)
		case escape.String(part) != part:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, part...)
		}
		i += size
	}
	return append(out, '"')
}
