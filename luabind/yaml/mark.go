package yaml

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// markOf finds the place at which the library stopped, line and column from 1.
// It keeps the place of a mistake to itself, and tells a line that is often not
// that of the mistake; so this looks at its parser, and only reads. Where a
// later version of the library is made in another way, ok is false.
func markOf(dec *yaml.Decoder, text string) (line, column int, ok bool) {
	outer := field(reflect.ValueOf(dec), "parser")
	inner := field(outer, "parser")
	kind, problem := field(inner, "error"), field(inner, "problem_mark")
	switch {
	case !isInt(kind):
		return 0, 0, false
	case kind.Int() == noError:
		// What the parser took well and the library refuses: an unknown alias.
		return position(field(field(outer, "event"), "start_mark"))
	case kind.Int() == readError:
		offset := field(inner, "problem_offset")
		if !isInt(offset) {
			return 0, 0, false
		}
		before := text[:min(max(int(offset.Int()), 0), len(text))]
		return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n'), true
	}
	return position(problem)
}

// The kinds of errors of the library's parser that have no mark.
const (
	noError   = 0
	readError = 2
)

func position(mark reflect.Value) (line, column int, ok bool) {
	l, c := field(mark, "line"), field(mark, "column")
	if !isInt(l) || !isInt(c) {
		return 0, 0, false
	}
	return int(l.Int()) + 1, int(c.Int()) + 1, true
}

func field(v reflect.Value, name string) reflect.Value {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v.FieldByName(name)
}

func isInt(v reflect.Value) bool { return v.IsValid() && v.CanInt() }
