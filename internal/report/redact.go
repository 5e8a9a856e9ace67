package report

import (
	"reflect"
	"slices"
	"strconv"
)

// Redact replaces every text of the report that came from a script or from the
// host, before any format encodes it: what a format makes of a text afterwards,
// such as an escaped quote, cannot hide a secret from a search. Numbers and the
// words of the formats stay as they are.
func (r *Report) Redact(text func(string) string) {
	redact(reflect.ValueOf(r).Elem(), text)
}

// redact walks plain data. Values of named types of string are words of ours.
func redact(v reflect.Value, text func(string) string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() {
			v.SetString(text(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			redact(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				redact(f, text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			redact(v.Index(i), text)
		}
	case reflect.Map:
		redactMap(v, text)
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() {
			v.Set(redacted(v, text))
		}
	}
}

// redactMap replaces in the names too: a column may be called as a process or a
// file is. Names that become one are kept apart.
func redactMap(v reflect.Value, text func(string) string) {
	var changed []string
	for _, k := range v.MapKeys() {
		v.SetMapIndex(k, redacted(v.MapIndex(k), text))
		if text(k.String()) != k.String() {
			changed = append(changed, k.String())
		}
	}
	slices.Sort(changed)
	for _, old := range changed {
		k := reflect.ValueOf(old)
		value := v.MapIndex(k)
		v.SetMapIndex(k, reflect.Value{})
		name := text(old)
		for n := 2; v.MapIndex(reflect.ValueOf(name)).IsValid(); n++ {
			name = text(old) + "~" + strconv.Itoa(n)
		}
		v.SetMapIndex(reflect.ValueOf(name), value)
	}
}

// redacted is a copy of what cannot be changed in place.
func redacted(v reflect.Value, text func(string) string) reflect.Value {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		return reflect.Zero(reflect.TypeFor[any]())
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	redact(c, text)
	return c
}
