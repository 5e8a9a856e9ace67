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
func (c *Call) Plain(v lua.LValue) (any, error) { return c.PlainWith(v, nil) }

// PlainWith is Plain with a say in what a number or an object becomes: leaf is
// asked about each of them first, and ok means that it knows.
func (c *Call) PlainWith(v lua.LValue, leaf func(lua.LValue) (data any, ok bool)) (any, error) {
	p := plainer{c: c, leaf: leaf, on: map[*lua.LTable]bool{}}
	return p.value(v)
}

// plainer converts one value. For one goroutine.
type plainer struct {
	c    *Call
	leaf func(lua.LValue) (any, bool) // may be nil
	on   map[*lua.LTable]bool         // the tables around the value
	path []step                       // their keys, for errors
	n    int                          // values seen
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
	case *lua.LTable:
		return p.table(x)
	}
	if p.leaf != nil {
		if data, ok := p.leaf(v); ok {
			return data, nil
		}
	}
	switch x := v.(type) {
	case lua.LNumber:
		return p.number(float64(x))
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
