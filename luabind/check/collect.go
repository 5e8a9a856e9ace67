package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/report"
	"opslua/luabind"
)

type collectDecl struct {
	declared
	live *collectObject
}

// collectObject is what the function of a collector gets. It lives as long as
// the script, and is of use while that collector runs.
type collectObject struct{ e *engine }

func collect(c *luabind.Call) error {
	declaring(c)
	d := &collectDecl{live: &collectObject{}}
	if err := c.Unpack("name", &d.name, "timeout?", &d.timeout, "fn", &d.fn); err != nil {
		return err
	}
	g := registryOf(c)
	if err := g.admit(c, &d.declared, func(name string) (string, bool) { return placeOf(g.collects, name) }); err != nil {
		return err
	}
	d.obj = c.NewObject("m", d.live)
	g.collects = append(g.collects, d)
	return nil
}

// collectors runs the collectors. One that raises becomes a finding: what is
// missing must not look like what is not there, and must not hide what the checks
// found. The others still run.
func (e *engine) collectors(sel selection) error {
	for _, d := range e.g.collects {
		if !sel.collects[d.name] {
			continue
		}
		started := time.Now()
		d.live.e = e
		err := e.c.Scope("collect "+d.name, d.timeout, func() error {
			_, err := e.c.Invoke(d.fn, d.obj)
			return err
		})
		d.live.e = nil
		if err == nil {
			continue
		}
		if e.over(err) {
			return err
		}
		e.rep.Findings = append(e.rep.Findings, e.failedCollector(d, err, time.Since(started)))
	}
	return nil
}

// failedCollector is never in e.at: no check needs it and no fix is for it.
func (e *engine) failedCollector(d *collectDecl, err error, took time.Duration) report.Finding {
	name := d.name
	for _, clash := e.at[name]; clash; _, clash = e.at[name] {
		name = "collect " + name
	}
	text := oneLine(strings.TrimPrefix(e.c.ErrorText(err), "collect "+d.name+": "))
	return report.Finding{
		Name: name, Collector: true, State: report.Unknown, Text: text, Seconds: took.Seconds(),
		Lines: []report.Line{{State: report.Unknown, Text: text}},
	}
}

func engineOf(c *luabind.Call) (*engine, error) {
	if o, ok := c.Self().(*collectObject); ok && o.e != nil {
		return o.e, nil
	}
	return nil, c.Usage("", "the collector has ended: this is of use only while its function runs")
}

// series are the metrics of a run so far, for what must not come twice.
type series struct {
	types map[string]report.MetricType
	seen  map[string]bool
}

func newSeries() *series {
	return &series{types: map[string]report.MetricType{}, seen: map[string]bool{}}
}

// labels of a metric, sorted by name.
type labels []report.Label

func (l *labels) LuaType() string { return "table of strings" }

func (l *labels) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got %s, want a table of names and texts", inShort(c, v))
	}
	var wrong error
	err := c.ForEach(t, func(k, v lua.LValue) bool {
		wrong = l.add(c, k, v)
		return wrong == nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(*l, func(a, b report.Label) int { return strings.Compare(a.Name, b.Name) })
	return wrong
}

func (l *labels) add(c *luabind.Call, k, v lua.LValue) error {
	name, ok := k.(lua.LString)
	if !ok || !isName(string(name), false) {
		return fmt.Errorf("%s is no name of a label: want letters, digits and _, no digit first and not __", inShort(c, k))
	}
	switch x := v.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		*l = append(*l, report.Label{Name: string(name), Value: c.Mask(c.String(x))})
		return nil
	}
	if err := notPlanned(c, v); err != nil {
		return err
	}
	return fmt.Errorf("%s = %s, want a text", name, inShort(c, v))
}

// isName looks at the name of a metric, which may have colons, or of a label,
// which must not begin as the internal ones do.
func isName(s string, metric bool) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_':
		case r >= '0' && r <= '9' && i > 0:
		case r == ':' && metric:
		default:
			return false
		}
	}
	return s != "" && (metric || !strings.HasPrefix(s, "__"))
}

// reserved are the metrics that a run has of its own.
func reserved(name string) bool {
	switch name {
	case "opslua_check_state", "opslua_check_value", "opslua_success", "opslua_last_run_timestamp_seconds":
		return true
	}
	return false
}

func gauge(c *luabind.Call) error   { return sample(c, report.Gauge) }
func counter(c *luabind.Call) error { return sample(c, report.Counter) }

func sample(c *luabind.Call, typ report.MetricType) error {
	m := report.Metric{Type: typ}
	var n number
	var l labels
	if err := c.Unpack("name", &m.Name, "value", &n, "[labels]", &l, "[help]", &m.Help); err != nil {
		return err
	}
	m.Value, m.Labels = n.f, l
	if typ == report.Counter && !(n.f >= 0) {
		return c.Usage("value", "got %s, want a number from 0: a counter only grows", luacode.FormatNumber(n.f))
	}
	return addMetric(c, m)
}

func info(c *luabind.Call) error {
	m := report.Metric{Type: report.Info, Value: 1}
	var l labels
	if err := c.Unpack("name", &m.Name, "[labels]", &l, "[help]", &m.Help); err != nil {
		return err
	}
	m.Labels = l
	return addMetric(c, m)
}

func addMetric(c *luabind.Call, m report.Metric) error {
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	switch typ, known := e.metrics.types[m.Name]; {
	case !isName(m.Name, true):
		return c.Usage("name", "%s is no name of a metric: want letters, digits, _ and :, no digit first", quoted(m.Name))
	case reserved(m.Name):
		return c.Usage("name", "%q is a metric of opslua itself", m.Name)
	case known && typ != m.Type:
		return c.Usage("name", "%q is a %s already, and cannot be a %s too", m.Name, typ, m.Type)
	}
	key := m.Name
	for _, l := range m.Labels {
		key += "," + l.Name + "=" + strconv.Quote(l.Value)
	}
	if e.metrics.seen[key] {
		return c.Usage("", "%s with these labels was given already", m.Name)
	}
	e.metrics.types[m.Name], e.metrics.seen[key] = m.Type, true
	m.Help = c.Mask(m.Help)
	e.rep.Metrics = append(e.rep.Metrics, m)
	return nil
}
