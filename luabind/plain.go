package luabind

import (
	"errors"
	"math"
	"sort"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
)

const (
	// maxNested is how deep plain data may be nested, both ways.
	maxNested = 1000
	// plainLook is how many values are converted between two looks at the context.
	plainLook = 1024
)

// Plain turns a Lua value into plain Go data, for encoders: nil (for nil and
// json.null), bool, string, int64 (whole numbers up to 2^53), float64, []any
// and map[string]any. A table whose keys are exactly 1..n is a list, and so is
// an empty one that json.array marks; every other is an object with integer keys
// in decimal. An error value becomes its kind, message and where. Functions, NaN,
// infinities, other keys, tables inside themselves and more than 1,000 levels
// are errors of kind usage. It ends when the context of the call does.
func (c *Call) Plain(v lua.LValue) (any, error) {
	p := plainer{c: c, on: map[*lua.LTable]bool{}}
	return p.value(v)
}

// plainer converts one value. For one goroutine.
type plainer struct {
	c    *Call
	on   map[*lua.LTable]bool // the tables around the value
	path []step               // their keys, for errors
	n    int                  // values seen
}

// step is a key on the way to a value: a name, or a place in a list.
type step struct {
	name  string
	index int // 0: a name
}

func (p *plainer) look() error {
	if p.n++; p.n%plainLook != 0 {
		return nil
	}
	return p.c.Context().Err()
}

// refuse is the error about a value, with its place.
func (p *plainer) refuse(format string, args ...any) error {
	place := "value"
	for _, s := range p.path {
		if s.index > 0 {
			place += "[" + strconv.Itoa(s.index) + "]"
		} else {
			place += "." + cut(s.name)
		}
		if len(place) > 4*maxShown {
			place += "…"
			break
		}
	}
	return p.c.Usage(place, format, args...)
}

func (p *plainer) value(v lua.LValue) (any, error) {
	if err := p.look(); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(x), nil
	case lua.LString:
		return string(x), nil
	case lua.LNumber:
		return p.number(float64(x))
	case *lua.LTable:
		return p.table(x)
	case *lua.LUserData:
		return p.object(x)
	}
	return nil, p.refuse("a %s has no form as data", v.Type())
}

func (p *plainer) number(f float64) (any, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, p.refuse("%s has no form as data", formatNumber(f))
	case f == math.Trunc(f) && math.Abs(f) <= maxExact:
		return int64(f), nil
	}
	return f, nil
}

func (p *plainer) object(u *lua.LUserData) (any, error) {
	if p.c.s.isOf(u.Metatable, "null") {
		return nil, nil
	}
	if what, planned := plannedOf(u); planned {
		return nil, p.c.ReadsPlanned(what)
	}
	if e, ok := u.Value.(*Error); ok {
		p.c.l.GetField(u, "kind") // who keeps account of unread errors sees that this one is read
		m := map[string]any{"kind": string(e.Kind), "message": e.Message}
		if e.Where != "" {
			m["where"] = e.Where
		}
		return m, nil
	}
	return nil, p.refuse("got %s, which has no form as data", show(u))
}

func (p *plainer) table(t *lua.LTable) (any, error) {
	if p.on[t] {
		return nil, p.refuse("a table contains itself")
	}
	if len(p.on) >= maxNested {
		return nil, p.refuse("nested deeper than %d", maxNested)
	}
	p.on[t] = true
	defer delete(p.on, t)
	ps, err := p.split(t)
	if err != nil {
		return nil, err
	}
	if len(ps.named) == 0 && ps.whole() && (len(ps.list) > 0 || p.c.s.isOf(luatable.Metatable(t), "array")) {
		return p.list(ps.list)
	}
	return p.members(ps)
}

// parts are the contents of a table, taken apart.
type parts struct {
	list  []lua.LValue         // items 1..n, as far as they came in order
	ints  map[int64]lua.LValue // the other integer keys
	named []member
}

type member struct {
	key string
	v   lua.LValue
}

// whole moves integer keys that came out of order into the list, and says
// whether all keys are exactly 1..n.
func (ps *parts) whole() bool {
	for len(ps.ints) > 0 {
		next := int64(len(ps.list) + 1)
		v, ok := ps.ints[next]
		if !ok {
			return false
		}
		ps.list = append(ps.list, v)
		delete(ps.ints, next)
	}
	return true
}

func (p *plainer) split(t *lua.LTable) (*parts, error) {
	ps := &parts{ints: map[int64]lua.LValue{}}
	var err error
	walk := p.c.ForEach(t, func(k, v lua.LValue) bool {
		if err = p.look(); err != nil {
			return false
		}
		switch key := k.(type) {
		case lua.LString:
			ps.named = append(ps.named, member{string(key), v})
		case lua.LNumber:
			f := float64(key)
			switch {
			case f != math.Trunc(f) || math.Abs(f) > maxExact:
				err = p.refuse("the key %s has no form as data", formatNumber(f))
			case f == float64(len(ps.list)+1):
				ps.list = append(ps.list, v)
			default:
				ps.ints[int64(f)] = v
			}
		default:
			err = p.refuse("a %s as a key has no form as data", k.Type())
		}
		return err == nil
	})
	return ps, errors.Join(err, walk)
}

func (p *plainer) list(items []lua.LValue) (any, error) {
	out := make([]any, len(items))
	for i, v := range items {
		p.path = append(p.path, step{index: i + 1})
		var err error
		if out[i], err = p.value(v); err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
	}
	return out, nil
}

// members makes an object. The first mistake in the order of the names is the
// one that is told.
func (p *plainer) members(ps *parts) (any, error) {
	all := ps.named
	for i, v := range ps.list {
		all = append(all, member{strconv.Itoa(i + 1), v})
	}
	for n, v := range ps.ints {
		all = append(all, member{strconv.FormatInt(n, 10), v})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
	out := make(map[string]any, len(all))
	for i, m := range all {
		if i > 0 && m.key == all[i-1].key {
			return nil, p.refuse("the keys %s and %q would both become %q", m.key, m.key, m.key)
		}
		p.path = append(p.path, step{name: m.key})
		v, err := p.value(m.v)
		if err != nil {
			return nil, err
		}
		out[m.key] = v
		p.path = p.path[:len(p.path)-1]
	}
	return out, nil
}

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
	module, ok := s.builtin("json")
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
