package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/luatable"
	"opslua/luabind"
)

// constraint is a table such as {80, min = 0, max = 100}.
type constraint struct {
	required bool
	typ      string
	oneOf    *lua.LTable
	def      lua.LValue
}

func (p *parameter) constrain(c *luabind.Call, t *lua.LTable) error {
	k := constraint{def: luatable.Get(t, lua.LNumber(1))}
	options := c.L().NewTable() // without the default, which is no option
	luatable.ForEach(t, func(key, v lua.LValue) bool {
		if key != lua.LNumber(1) {
			options.RawSet(key, v)
		}
		return true
	})
	err := c.UnpackValue(p.name, options, "required?", &k.required, "type?", &k.typ, "one_of?", &k.oneOf, "min?", &p.min, "max?", &p.max)
	if err != nil {
		return err
	}
	if p.required = k.required; p.required && k.def != lua.LNil {
		return c.Usage(p.name, "it is required and has a default; one of them is too much")
	}
	if k.oneOf != nil {
		if err := p.choices(c, k.oneOf); err != nil {
			return err
		}
	}
	if err := p.typeBy(c, &k); err != nil {
		return err
	}
	return p.consistent(c)
}

func (p *parameter) choices(c *luabind.Call, t *lua.LTable) error {
	items, item, err := p.items(c, t)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return c.Usage(p.name, "one_of: an empty list, want values")
	}
	p.oneOf, p.typ = items, item
	return nil
}

// typeBy finds the type: that of the default, or else what the constraints say.
func (p *parameter) typeBy(c *luabind.Call, k *constraint) error {
	bounded := p.min.Set || p.max.Set
	switch {
	case k.def != lua.LNil:
		choice := p.typ
		if err := p.byDefault(c, k.def); err != nil {
			return err
		}
		if k.typ != "" && k.typ != p.typ {
			return c.Usage(p.name, "type: got %s, but the default is of type %s", quoted(k.typ), p.typ)
		}
		return p.fits(c, choice, bounded)
	case k.typ != "":
		choice := p.typ
		p.typ, p.value = k.typ, []any{}
		if err := p.fits(c, choice, bounded); err != nil {
			return err
		}
	case p.typ == "" && bounded:
		p.typ = typeNumber
	case p.typ == "":
		p.typ = typeText
	}
	switch p.typ {
	case typeText:
		p.value = ""
	case typeNumber:
		p.value = 0.0
	case typeBoolean:
		p.value = false
	case typeList:
		p.value = []any{}
	default:
		return c.Usage(p.name, "type: got %s, want text, number, boolean or list", quoted(p.typ))
	}
	if p.required {
		return nil
	}
	if p.oneOf == nil {
		return c.Usage(p.name, "there is no default, and it is not required")
	}
	if p.typ != typeList {
		p.value = p.oneOf[0]
	}
	return nil
}

// fits gives an empty list the type of its items, from what the constraints are
// about, and holds the type of the choices against that of the parameter.
func (p *parameter) fits(c *luabind.Call, choice string, bounded bool) error {
	if list, _ := p.value.([]any); p.typ == typeList && len(list) == 0 {
		switch p.item = typeText; {
		case choice != "":
			p.item = choice
		case bounded:
			p.item = typeNumber
		}
	}
	if choice != "" && choice != p.typ && choice != p.item {
		return c.Usage(p.name, "one_of: the choices are of type %s, the parameter is not", choice)
	}
	return nil
}

// consistent holds the constraints against the type and the default.
func (p *parameter) consistent(c *luabind.Call) error {
	if (p.min.Set || p.max.Set) && p.typ != typeNumber && p.item != typeNumber {
		return c.Usage(p.name, "min and max are for numbers, and this is of type %s", p.typ)
	}
	if p.min.Set && !finite(p.min.V) || p.max.Set && !finite(p.max.V) {
		return c.Usage(p.name, "min and max: want finite numbers")
	}
	if p.min.Set && p.max.Set && p.min.V > p.max.V {
		return c.Usage(p.name, "min is above max")
	}
	if p.required {
		return nil
	}
	if err := p.allows(p.value); err != nil {
		return c.Usage(p.name, "the default: %v", err)
	}
	return nil
}

// allows holds a value against the constraints.
func (p *parameter) allows(v any) error {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			if err := p.allows(item); err != nil {
				return err
			}
		}
		return nil
	}
	if p.oneOf != nil && !slices.Contains(p.oneOf, v) {
		return fmt.Errorf("got %s, want one of %s", quoted(text(v)), strings.Join(allTexts(p.oneOf), ", "))
	}
	f, ok := v.(float64)
	if !ok {
		return nil
	}
	low, high := math.Inf(-1), math.Inf(1)
	if p.min.Set {
		low = p.min.V
	}
	if p.max.Set {
		high = p.max.V
	}
	if f < low || f > high {
		return fmt.Errorf("got %s, want a number %s", text(v), bounds(&p.min, &p.max))
	}
	return nil
}

func bounds(low, high *luabind.Opt[float64]) string {
	switch {
	case low.Set && high.Set:
		return "from " + text(low.V) + " to " + text(high.V)
	case low.Set:
		return "from " + text(low.V)
	}
	return "up to " + text(high.V)
}

// text is a value as --set takes it.
func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return luacode.FormatNumber(x)
	case []any:
		return strings.Join(allTexts(x), ",")
	}
	return fmt.Sprint(v)
}

func allTexts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	return out
}

func (p *parameter) describe() Param {
	d := Param{Name: p.name, Type: p.typ, Required: p.required}
	if !p.required {
		d.Default = text(p.value)
	}
	if p.oneOf != nil {
		d.OneOf = allTexts(p.oneOf)
	}
	if p.min.Set {
		d.Min = text(p.min.V)
	}
	if p.max.Set {
		d.Max = text(p.max.V)
	}
	return d
}
