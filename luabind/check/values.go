package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/luabind"
)

// threshold is an option that takes a range: a number, or a text.
type threshold struct {
	text string
	set  bool
}

func (t *threshold) LuaType() string { return "range" }

func (t *threshold) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LNumber:
		if !finite(float64(x)) {
			return fmt.Errorf("got %s, want a finite number or a range such as %q", luacode.FormatNumber(float64(x)), "10:20")
		}
		t.text = units.FormatNumber(float64(x))
	case lua.LString:
		t.text = string(x)
	default:
		return fmt.Errorf("got a %s, want a number or a range such as %q", v.Type(), "10:20")
	}
	t.set = true
	return nil
}

// parse reads the range; bounds may have the unit of the value.
func (t *threshold) parse(c *luabind.Call, name, unit string) (*units.Range, error) {
	if !t.set {
		return nil, nil
	}
	r, err := units.ParseRangeFunc(t.text, func(s string) (float64, error) { return bound(s, unit) })
	if err != nil {
		return nil, c.Usage(name, "%v", err)
	}
	return &r, nil
}

// bound reads an end of a range: a number, and for bytes, seconds and percent
// also one with a unit.
func bound(s, unit string) (float64, error) {
	f, err := units.ParseNumber(s)
	if err == nil {
		return f, nil
	}
	switch unit {
	case "B":
		if n, sizeErr := units.ParseSize(s); sizeErr == nil {
			return float64(n), nil
		}
	case "s":
		if d, durationErr := units.ParseDuration(s); durationErr == nil {
			return d.Seconds(), nil
		}
	case "%":
		if number, ok := strings.CutSuffix(s, "%"); ok {
			return units.ParseNumber(number)
		}
	}
	return f, err
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// number takes a number, or a text that is one: what commands print is text.
type number struct{ f float64 }

func (n *number) LuaType() string { return "number" }

func (n *number) UnpackLua(c *luabind.Call, v lua.LValue) error {
	f, ok := numberOf(v)
	if !ok {
		if err := notPlanned(c, v); err != nil {
			return err
		}
		return fmt.Errorf("got %s, want a number", inShort(c, v))
	}
	n.f = f
	return nil
}

func numberOf(v lua.LValue) (float64, bool) {
	switch x := v.(type) {
	case lua.LNumber:
		return float64(x), true
	case lua.LString:
		return luacode.ParseNumber(string(x))
	}
	return 0, false
}

// measured are the arguments that value and metric have in common.
type measured struct {
	label    string
	n        number
	unit     string
	note     luabind.Text
	min, max luabind.Opt[float64]
}

// take takes them, with what one of the two has beside.
func (m *measured) take(c *luabind.Call, more ...any) (*record, report.Value, error) {
	var v report.Value
	pairs := []any{"label", &m.label, "number", &m.n, "unit?", &m.unit, "min?", &m.min, "max?", &m.max, "note?", &m.note}
	if err := c.Unpack(append(pairs, more...)...); err != nil {
		return nil, v, err
	}
	r, err := recordOf(c)
	if err != nil {
		return nil, v, err
	}
	v, err = m.value(c)
	return r, v, err
}

func (m *measured) value(c *luabind.Call) (v report.Value, err error) {
	v = report.Value{Label: c.Mask(oneLine(m.label)), Value: m.n.f, Unit: m.unit, Note: c.Mask(oneLine(string(m.note)))}
	if v.Min, err = limitOf(c, "min", &m.min); err != nil {
		return v, err
	}
	if v.Max, err = limitOf(c, "max", &m.max); err != nil {
		return v, err
	}
	if v.Min != nil && v.Max != nil && *v.Min > *v.Max {
		return v, c.Usage("min", "%s is above max, %s", luacode.FormatNumber(*v.Min), luacode.FormatNumber(*v.Max))
	}
	return v, nil
}

// limitOf is the least or the most that a value can be, or nil.
func limitOf(c *luabind.Call, name string, o *luabind.Opt[float64]) (*float64, error) {
	switch {
	case !o.Set || o.Off:
		return nil, nil
	case !finite(o.V):
		return nil, c.Usage(name, "got %s, want a finite number", luacode.FormatNumber(o.V))
	}
	return &o.V, nil
}

func value(c *luabind.Call) error {
	var m measured
	var warn, crit threshold
	r, v, err := m.take(c, "warn?", &warn, "crit?", &crit)
	if err != nil {
		return err
	}
	if v.Warn, err = warn.parse(c, "warn", m.unit); err != nil {
		return err
	}
	if v.Crit, err = crit.parse(c, "crit", m.unit); err != nil {
		return err
	}
	r.measure(&v)
	return nil
}

// measure adds a value and what its thresholds say of it.
func (r *record) measure(v *report.Value) {
	if !r.counts(v) {
		return
	}
	switch {
	case v.Crit != nil && v.Crit.Alerts(v.Value):
		v.State = report.Critical
	case v.Warn != nil && v.Warn.Alerts(v.Value):
		v.State = report.Warning
	}
	r.values = append(r.values, *v)
	r.said = append(r.said, report.Line{State: v.State, Text: valueText(v)})
}

// counts says whether a value is a finite number; what is not is UNKNOWN.
func (r *record) counts(v *report.Value) bool {
	if finite(v.Value) {
		return true
	}
	r.say(report.Unknown, fmt.Sprintf("%s: %s is no finite number", v.Label, luacode.FormatNumber(v.Value)))
	return false
}

func metric(c *luabind.Call) error {
	var m measured
	r, v, err := m.take(c)
	if err != nil {
		return err
	}
	if r.counts(&v) {
		r.metrics = append(r.metrics, v)
	}
	return nil
}

// valueText is a value in the text of a finding, with the threshold that it
// breaks: "/: 91.2% (crit 90; 3 GiB free)".
func valueText(v *report.Value) string {
	more := v.Note
	switch v.State {
	case report.Critical:
		more = joinWith("; ", "crit "+report.RangeText(*v.Crit, v.Unit), v.Note)
	case report.Warning:
		more = joinWith("; ", "warn "+report.RangeText(*v.Warn, v.Unit), v.Note)
	}
	text := joinWith(": ", v.Label, report.NumberText(v.Value, v.Unit))
	if more != "" {
		text += " (" + more + ")"
	}
	return text
}

// inShort shows a value in a message.
func inShort(c *luabind.Call, v lua.LValue) string {
	switch x := v.(type) {
	case lua.LString:
		return quoted(c.Mask(string(x)))
	case lua.LNumber, lua.LBool, *lua.LNilType:
		return c.String(x)
	}
	if _, secret := c.TextOf(v); secret {
		return c.String(v)
	}
	return "a " + v.Type().String()
}

// quoted is a text in a message: not the whole of a long one.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
