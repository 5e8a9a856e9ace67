package check

import (
	"regexp"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/luatable"
	"opslua/luabind"
)

// The types of parameters, as a description names them.
const (
	typeText    = "text"
	typeNumber  = "number"
	typeBoolean = "boolean"
	typeList    = "list"
)

// parameter is one parameter as it is declared. It lives as long as the call
// of param.
type parameter struct {
	name     string
	typ      string
	item     string // the type of a list's items
	value    any    // string, float64, bool or []any
	required bool
	oneOf    []any
	min, max luabind.Opt[float64]
}

func param(c *luabind.Call) error {
	var t *lua.LTable
	if err := c.Unpack("parameters", &t); err != nil {
		return err
	}
	g := registryOf(c)
	switch {
	case g.begun || g.anything():
		return c.Usage("", "called after a check, a collector or a fix; parameters are declared before")
	case g.run.params:
		return c.Usage("", "called twice; one call declares all parameters")
	}
	list, err := parameters(c, t)
	if err != nil {
		return err
	}
	g.run.params = true
	if g.run.Describe {
		if g.run.Description == nil {
			g.run.Description = &Description{}
		}
		for _, p := range list {
			g.run.Description.Params = append(g.run.Description.Params, p.describe())
			if p.required && p.value == "" {
				p.value = "<" + p.name + ">" // a name to go on with
			}
		}
	} else if err := set(list, g.run.Set); err != nil {
		return err
	}
	out := c.NewTable("parameters", 0, len(list))
	for _, p := range list {
		v, err := c.ToLua(p.value)
		if err != nil {
			return err
		}
		out.RawSetString(p.name, v)
	}
	return c.Return(out)
}

// unknownParam answers where a parameter is read that was not declared.
func unknownParam(c *luabind.Call) error {
	var key lua.LValue
	if err := c.Unpack("key", &key); err != nil {
		return err
	}
	known := map[string]bool{}
	if t, ok := c.Self().(*lua.LTable); ok {
		luatable.ForEach(t, func(k, _ lua.LValue) bool { known[c.String(k)] = true; return true })
	}
	name := c.String(key)
	return luabind.Errorf(luabind.KindUsage, "there is no parameter %s%s", quoted(name), luabind.DidYouMean(name, known))
}

func refuseParam(c *luabind.Call) error {
	var key, v lua.LValue
	if err := c.Unpack("key", &key, "value", &v); err != nil {
		return err
	}
	return luabind.Errorf(luabind.KindUsage, "parameters are read-only: %s cannot be set", quoted(c.String(key)))
}

// parameters reads the declarations, in their order.
func parameters(c *luabind.Call, t *lua.LTable) ([]*parameter, error) {
	var list []*parameter
	var err error
	valid := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		name, ok := k.(lua.LString)
		if !ok || !valid.MatchString(string(name)) {
			err = c.Usage("", "%s is no name of a parameter: want letters, digits, _ and -, no digit first", inShort(c, k))
			return false
		}
		p := &parameter{name: string(name)}
		if err = p.declare(c, v); err == nil {
			list = append(list, p)
		}
		return err == nil
	})
	return list, err
}

// declare reads one declaration: a default, or a table of constraints.
func (p *parameter) declare(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return p.byDefault(c, v)
	}
	constrained := false
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		_, constrained = k.(lua.LString)
		return !constrained
	})
	if !constrained {
		return p.byDefault(c, t)
	}
	return p.constrain(c, t)
}

func (p *parameter) byDefault(c *luabind.Call, v lua.LValue) error {
	var ok bool
	if p.value, p.typ, ok = scalar(v); ok {
		return p.finiteDefault(c)
	}
	t, isTable := v.(*lua.LTable)
	if !isTable {
		return c.Usage(p.name, "got %s, want a default: a text, a number, true or false, or a list", inShort(c, v))
	}
	items, item, err := p.items(c, t)
	p.typ, p.item, p.value = typeList, item, items
	return err
}

func (p *parameter) finiteDefault(c *luabind.Call) error {
	if f, ok := p.value.(float64); ok && !finite(f) {
		return c.Usage(p.name, "got %s, want a finite number", luacode.FormatNumber(f))
	}
	return nil
}

func scalar(v lua.LValue) (value any, typ string, ok bool) {
	switch x := v.(type) {
	case lua.LString:
		return string(x), typeText, true
	case lua.LNumber:
		return float64(x), typeNumber, true
	case lua.LBool:
		return bool(x), typeBoolean, true
	}
	return nil, "", false
}

// items reads a list of texts, numbers or booleans, all of one type.
func (p *parameter) items(c *luabind.Call, t *lua.LTable) (values []any, item string, err error) {
	values, item = []any{}, typeText
	for i, lv := range items(t) {
		v, typ, ok := scalar(lv)
		if !ok || i > 1 && typ != item {
			return nil, "", c.Usage(p.name, "item %d: want a list of texts or of numbers", i)
		}
		if f, isNumber := v.(float64); isNumber && !finite(f) {
			return nil, "", c.Usage(p.name, "item %d: want a finite number", i)
		}
		values, item = append(values, v), typ
	}
	return values, item, nil
}
