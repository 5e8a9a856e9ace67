package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

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
		if _, isObject := v.(*lua.LUserData); isObject {
			if _, err := c.Plain(v); kindOf(err) == luabind.KindPlanned {
				return err
			}
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

func (m *measured) pairs(more ...any) []any {
	return append([]any{"label", &m.label, "number", &m.n, "unit?", &m.unit, "min?", &m.min, "max?", &m.max, "note?", &m.note}, more...)
}

func (m *measured) value(c *luabind.Call) report.Value {
	v := report.Value{Label: c.Mask(oneLine(m.label)), Value: m.n.f, Unit: m.unit, Note: c.Mask(oneLine(string(m.note)))}
	if m.min.Set && !m.min.Off {
		v.Min = &m.min.V
	}
	if m.max.Set && !m.max.Off {
		v.Max = &m.max.V
	}
	return v
}

func value(c *luabind.Call) error {
	var m measured
	var warn, crit threshold
	if err := c.Unpack(m.pairs("warn?", &warn, "crit?", &crit)...); err != nil {
		return err
	}
	r, err := recordOf(c)
	if err != nil {
		return err
	}
	v := m.value(c)
	if v.Warn, err = warn.parse(c, "warn", m.unit); err != nil {
		return err
	}
	if v.Crit, err = crit.parse(c, "crit", m.unit); err != nil {
		return err
	}
	return r.measure(&v)
}

// measure adds a value and what its thresholds say of it.
func (r *record) measure(v *report.Value) error {
	if !finite(v.Value) {
		r.say(report.Unknown, fmt.Sprintf("%s: %s is no finite number", v.Label, luacode.FormatNumber(v.Value)))
		return nil
	}
	switch {
	case v.Crit != nil && v.Crit.Alerts(v.Value):
		v.State = report.Critical
	case v.Warn != nil && v.Warn.Alerts(v.Value):
		v.State = report.Warning
	}
	r.values = append(r.values, *v)
	r.said = append(r.said, report.Line{State: v.State, Text: valueText(v)})
	return nil
}

func metric(c *luabind.Call) error {
	var m measured
	if err := c.Unpack(m.pairs()...); err != nil {
		return err
	}
	r, err := recordOf(c)
	if err != nil {
		return err
	}
	v := m.value(c)
	if !finite(v.Value) {
		return r.measure(&v)
	}
	r.metrics = append(r.metrics, v)
	return nil
}

// valueText is a value in the text of a finding, with the threshold that it
// breaks: "/: 91.2% (crit 90; 3 GiB free)".
func valueText(v *report.Value) string {
	more := v.Note
	switch v.State {
	case report.Critical:
		more = joinWith("; ", "crit "+rangeText(v.Crit, v.Unit), v.Note)
	case report.Warning:
		more = joinWith("; ", "warn "+rangeText(v.Warn, v.Unit), v.Note)
	}
	text := joinWith(": ", v.Label, numberText(v.Value, v.Unit))
	if more != "" {
		text += " (" + more + ")"
	}
	return text
}

// rangeText is a range whose bounds are written as the values of the unit are,
// where that says the same in fewer figures: "10 MiB:", "26h".
func rangeText(r *units.Range, unit string) string {
	text := r.String()
	if unit != "B" && unit != "s" {
		return text
	}
	ends := strings.Split(strings.TrimPrefix(text, "@"), ":")
	for i, end := range ends {
		if end == "" || end == "~" {
			continue
		}
		f, err := units.ParseNumber(end)
		if err != nil {
			return text
		}
		short := numberText(f, unit)
		if back, err := bound(short, unit); err != nil || back != f {
			return text
		}
		ends[i] = short
	}
	return text[:len(text)-len(strings.TrimPrefix(text, "@"))] + strings.Join(ends, ":")
}

// numberText is a number with its unit: bytes in the unit that fits, long times
// in minutes, hours and days, and no more figures than a person looks at.
func numberText(f float64, unit string) string {
	if unit == "B" && math.Abs(f) < 1<<62 {
		return units.FormatBytes(int64(math.Round(f)))
	}
	if unit == "s" && math.Abs(f) >= 60 && math.Abs(f) < math.MaxInt64/1e10 {
		return units.FormatDuration(time.Duration(math.Round(f)) * time.Second)
	}
	text := strconv.FormatFloat(f, 'g', 4, 64)
	if a := math.Abs(f); a < 1e15 && (f == math.Trunc(f) || a >= 1000) {
		text = strconv.FormatFloat(f, 'f', -1, 64)
		if f != math.Trunc(f) {
			text = strconv.FormatFloat(f, 'f', 1, 64)
		}
	}
	switch unit {
	case "", "c":
		return text
	case "%", "s", "ms", "us":
		return text + unit
	}
	return text + " " + unit
}

// inShort shows a value in a message.
func inShort(c *luabind.Call, v lua.LValue) string {
	switch x := v.(type) {
	case lua.LString:
		return quoted(c.Mask(string(x)))
	case lua.LNumber, lua.LBool, *lua.LNilType:
		return c.String(x)
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
