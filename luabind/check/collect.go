package check

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/luatable"
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
	withoutOptions(c)
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

// collectors runs the collectors. One that raises makes the report's error: what
// is missing must not look like what is not there. The others still run.
func (e *engine) collectors(sel selection) error {
	for _, d := range e.g.collects {
		if !sel.collects[d.name] {
			continue
		}
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
		if e.rep.Error == "" {
			e.rep.Error = "collect " + d.name + ": " + strings.TrimPrefix(e.c.ErrorText(err), "collect "+d.name+": ")
		}
	}
	return nil
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

func rows(c *luabind.Call) error {
	var name, key string
	var list *lua.LTable
	var columns []string
	if err := c.Unpack("name", &name, "rows", &list, "key?", &key, "columns?", &columns); err != nil {
		return err
	}
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	switch {
	case name == "":
		return c.Usage("name", "an empty text, want a name")
	case e.rows[name]:
		return c.Usage("name", "rows %q were given already", name)
	}
	out := report.Rows{Name: name, Key: key, Columns: columns}
	if out.Rows, err = plainRows(c, list); err != nil {
		return err
	}
	if columns == nil {
		out.Columns = columnsOf(list, out.Rows)
	}
	if err := e.compare(c, &out); err != nil {
		return err
	}
	e.rows[name] = true
	e.rep.Rows = append(e.rep.Rows, out)
	return nil
}

// plainRows takes the items of a list; what else the list carries is not theirs.
func plainRows(c *luabind.Call, list *lua.LTable) ([]map[string]any, error) {
	n := luatable.Len(list)
	out := make([]map[string]any, 0, n)
	for i := 1; i <= n; i++ {
		item := luatable.Get(list, lua.LNumber(i))
		data, err := c.Plain(item)
		if err != nil {
			return nil, err
		}
		row, ok := data.(map[string]any)
		if !ok {
			return nil, c.Usage("rows", "item %d is %s, want a table with named columns", i, inShort(c, item))
		}
		out = append(out, masked(c, row).(map[string]any))
	}
	if n == 0 {
		if k, _, _ := luatable.Next(list, lua.LNil); k != lua.LNil {
			if _, named := k.(lua.LString); !named {
				return nil, c.Usage("rows", "the list has holes")
			}
		}
	}
	return out, nil
}

// masked hides secrets in plain data.
func masked(c *luabind.Call, v any) any {
	switch x := v.(type) {
	case string:
		return c.Mask(x)
	case []any:
		for i := range x {
			x[i] = masked(c, x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = masked(c, x[k])
		}
	}
	return v
}

// columnsOf are all columns, in the order in which the rows have them.
func columnsOf(list *lua.LTable, rows []map[string]any) []string {
	seen := map[string]bool{}
	var out []string
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for i, row := range rows {
		if t, ok := luatable.Get(list, lua.LNumber(i+1)).(*lua.LTable); ok {
			luatable.ForEach(t, func(k, _ lua.LValue) bool {
				if name, ok := k.(lua.LString); ok {
					add(string(name))
				}
				return true
			})
		}
		if len(row) > 0 { // a row that computes its columns
			rest := make([]string, 0, len(row))
			for name := range row {
				rest = append(rest, name)
			}
			sort.Strings(rest)
			for _, name := range rest {
				add(name)
			}
		}
	}
	return out
}
