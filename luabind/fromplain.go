package luabind

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// FromPlain turns a decoded document into a Lua value. Nil becomes json.null, a
// list is marked as json.array marks it where it is empty, integers beyond 2^53
// become strings of digits; the members of a map come in the order of their
// names. Where the host has no module json, nil stays nil (in a list, false,
// for a list has no holes) and an empty list is a plain table. It takes nil,
// bool, string, []byte, int, int64, uint64, float64, []any, []map[string]any,
// map[string]any and Lua values; more than 1,000 levels are an error of kind
// parse. It ends when the context of the call does.
func (c *Call) FromPlain(v any) (lua.LValue, error) {
	f := fromPlain{c: c, null: c.s.jsonNull()}
	return f.value(v, 0)
}

// fromPlain converts one document. For one goroutine.
type fromPlain struct {
	c    *Call
	null lua.LValue
	n    int
}

func (f *fromPlain) value(v any, depth int) (lua.LValue, error) {
	if depth > maxNested {
		return nil, Errorf(KindParse, "%s: nested deeper than %d", f.c.Name(), maxNested)
	}
	if f.n++; f.n%plainLook == 0 {
		if err := f.c.Context().Err(); err != nil {
			return nil, err
		}
	}
	switch x := v.(type) {
	case nil:
		return f.null, nil
	case []any:
		return fromList(f, x, depth)
	case []map[string]any:
		return fromList(f, x, depth)
	case map[string]any:
		return f.object(x, depth)
	}
	return f.c.s.toLua(v, depth)
}

func fromList[T any](f *fromPlain, list []T, depth int) (lua.LValue, error) {
	if len(list) == 0 {
		return f.c.emptyList(), nil
	}
	t := f.c.l.CreateTable(len(list), 0)
	for i, item := range list {
		v, err := f.value(item, depth+1)
		if err != nil {
			return nil, err
		}
		if v == lua.LNil {
			v = lua.LFalse
		}
		t.RawSetInt(i+1, v)
	}
	return t, nil
}

func (f *fromPlain) object(m map[string]any, depth int) (lua.LValue, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	t := f.c.l.CreateTable(0, len(keys))
	for _, k := range keys {
		v, err := f.value(m[k], depth+1)
		if err != nil {
			return nil, err
		}
		t.RawSetString(k, v)
	}
	return t, nil
}

// emptyList is a list without items, marked as one where module json is there.
func (c *Call) emptyList() lua.LValue {
	t := c.l.NewTable()
	if c.s.jsonHas("array") {
		t.Metatable = c.s.typeMeta("json", "array")
	}
	return t
}

// jsonNull is json.null, or nil where the host has no such module.
func (s *Session) jsonNull() lua.LValue {
	if !s.jsonHas("null") {
		return lua.LNil
	}
	module, ok := s.builtin(s.L, "json")
	if !ok {
		return lua.LNil
	}
	return s.L.GetField(module, "null")
}

// jsonHas says whether the host has a module json with that type.
func (s *Session) jsonHas(typ string) bool {
	for _, t := range s.host.modules["json"].Types {
		if t.Name == typ {
			return true
		}
	}
	return false
}

// isOf says whether a metatable is that of a type of module json. A type that
// has no metatable yet has no values either.
func (s *Session) isOf(mt lua.LValue, typ string) bool {
	of, ok := s.metas["json."+typ]
	return ok && mt == lua.LValue(of)
}
