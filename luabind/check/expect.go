package check

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/report"
	"opslua/luabind"
)

// expectation is a value of which something is expected. It lives as long as
// the check that made it.
type expectation struct {
	o     *checkObject
	r     *record // of the run of the check that made it
	label string
	v     lua.LValue
	state report.State
	asked bool // that something was expected of it
	said  bool // that it is as expected
}

// level is the option that says how bad it is.
type level report.State

func (l *level) LuaType() string { return "string" }

func (l *level) UnpackLua(c *luabind.Call, v lua.LValue) error {
	switch c.String(v) {
	case "warn":
		*l = level(report.Warning)
	case "crit":
		*l = level(report.Critical)
	default:
		return fmt.Errorf(`got %s, want "warn" or "crit"`, inShort(c, v))
	}
	return nil
}

func expect(c *luabind.Call) error {
	x := &expectation{}
	at := level(report.Critical)
	if err := c.Unpack("label", &x.label, "value", &x.v, "level?", &at); err != nil {
		return err
	}
	r, err := recordOf(c)
	if err != nil {
		return err
	}
	if err := notPlanned(c, x.v); err != nil {
		return err
	}
	x.o, x.r, x.state = c.Self().(*checkObject), r, report.State(at)
	r.open = append(r.open, x)
	return c.Return(c.NewObject("expectation", x))
}

// notPlanned raises for what a dry run cannot know.
func notPlanned(c *luabind.Call, v lua.LValue) error {
	if _, ok := v.(*lua.LUserData); ok {
		if _, err := c.Plain(v); kindOf(err) == luabind.KindPlanned {
			return err
		}
	}
	return nil
}

// comparing makes a method of an expectation. Holds says whether it is as
// expected; wanted says what that is.
func comparing(arg, words string, holds func(c *luabind.Call, got, want lua.LValue) (bool, error)) func(*luabind.Call) error {
	return func(c *luabind.Call) error {
		var want lua.LValue
		var at level
		if err := c.Unpack(arg, &want, "level?", &at); err != nil {
			return err
		}
		x, ok := c.Self().(*expectation)
		if !ok || x.o.r != x.r {
			return c.Usage("", "the check has ended: this is of use only while its function runs")
		}
		if err := notPlanned(c, want); err != nil {
			return err
		}
		x.asked = true
		good, err := holds(c, x.v, want)
		if err != nil {
			return err
		}
		if at == 0 {
			at = level(x.state)
		}
		x.tell(c, good, words, want, report.State(at))
		return c.Return(c.Arg(-1))
	}
}

// unasked tells of expectations that expect nothing: they would always be OK.
func (r *record) unasked(c *luabind.Call) {
	for _, x := range r.open {
		if !x.asked {
			r.say(report.Unknown, c.Mask(oneLine(x.label))+`: c:expect without a comparison; want one such as c:expect("n", n):ge(1)`)
		}
	}
}

func (x *expectation) tell(c *luabind.Call, good bool, words string, want lua.LValue, at report.State) {
	label, got := c.Mask(oneLine(x.label)), listed(c, x.v)
	if good {
		if !x.said {
			x.r.say(report.OK, joinWith(": ", label, got))
		}
		x.said = true
		return
	}
	x.r.say(at, joinWith(": ", label, "got "+got+", want "+words+listed(c, want)))
}

// listed shows a value, and a list with its first items.
func listed(c *luabind.Call, v lua.LValue) string {
	t, ok := v.(*lua.LTable)
	if !ok || luatable.Len(t) == 0 {
		return inShort(c, v)
	}
	const most = 8
	var shown []string
	for i, item := range items(t) {
		if i > most {
			shown = append(shown, "…")
			break
		}
		shown = append(shown, inShort(c, item))
	}
	return "{" + strings.Join(shown, ", ") + "}"
}
