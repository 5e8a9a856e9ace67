package proc

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/internal/units"
	"opslua/luabind"
)

// bound is a range that a number has to be in.
type bound struct {
	set   bool
	text  string
	r     units.Range
	parse func(string) (float64, error) // of the numbers in it; nil for plain ones
	exact bool                          // a number means just that number
}

func (*bound) LuaType() string { return "number or range" }

func (b *bound) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	parse := b.parse
	if parse == nil {
		parse = units.ParseNumber
	}
	text := ""
	switch x := v.(type) {
	case lua.LNumber:
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return errWant(v, `a number, or a range such as "1:64"`)
		}
		text = formatNumber(float64(x))
		if b.exact {
			if x < 0 || x != lua.LNumber(math.Trunc(float64(x))) {
				return errWant(v, `a whole number from 0, or a range such as "1:64"`)
			}
			b.set, b.text, b.r = true, text, units.Range{Start: float64(x), End: float64(x)}
			return nil
		}
	case lua.LString:
		text = string(x)
	default:
		return errWant(v, `a number, or a range such as "1:64"`)
	}
	r, err := units.ParseRangeFunc(text, parse)
	if err != nil {
		return err
	}
	b.set, b.text, b.r = true, text, r
	return nil
}

func parseSize(s string) (float64, error) {
	n, err := units.ParseSize(s)
	return float64(n), err
}

// sampleForCPU is how long cpu is measured where the script does not say.
const sampleForCPU = 200 * time.Millisecond

// wish is how a script wants processes to be.
type wish struct {
	selectors
	count, rss, cpu bound
}

// checkProcesses is proc.check with selectors in place of a command.
func checkProcesses(c *luabind.Call) error {
	w := &wish{count: bound{exact: true}, rss: bound{parse: parseSize}}
	if err := c.Unpack(w.with("count?", &w.count, "rss?", &w.rss, "cpu?", &w.cpu)...); err != nil {
		return err
	}
	if !w.count.set {
		w.count.text, w.count.r = "1:", units.Range{Start: 1, End: math.Inf(1)}
	}
	fields := proctable.DefaultFields
	if w.cpu.set || w.sample.Set && !w.sample.Off {
		fields |= proctable.FieldCPU
		if !w.sample.Set {
			w.sample = luabind.Opt[time.Duration]{Set: true, V: sampleForCPU}
		}
	}
	q, err := w.query(c, fields)
	if err != nil {
		return err
	}
	snap, err := look(c, q)
	if err != nil {
		return err
	}
	if w.state != "zombie" {
		living := snap.Procs[:0]
		for i := range snap.Procs {
			if snap.Procs[i].State != "zombie" {
				living = append(living, snap.Procs[i])
			}
		}
		snap.Procs = living
	}
	l := &listing{selectors: w.selectors}
	out, err := l.tables(newRows(c, fields, snap, ""), snap)
	if err != nil {
		return err
	}
	if err := w.verdict(c, out, snap); err != nil {
		return err
	}
	return c.Return(out)
}

// verdict raises what is not as wanted.
func (w *wish) verdict(c *luabind.Call, out *lua.LTable, snap *proctable.Snapshot) error {
	found := luatable.Len(out)
	if snap.Partial && !w.certain(found) {
		return w.raise(c, luabind.KindAccess, out, fmt.Sprintf(
			"the kernel hides processes of others (hidepid): found %d of %s, wanted %s, and absence cannot be seen",
			found, w.describe(c), w.count.text))
	}
	if snap.Undecided != 0 && !w.certain(found) {
		return w.raise(c, luabind.KindAccess, out, fmt.Sprintf(
			"the %s of some processes may not be read: found %d of %s, wanted %s, and absence cannot be seen",
			strings.Join(snap.Undecided.Names(), " and the "), found, w.describe(c), w.count.text))
	}
	if w.count.r.Alerts(float64(found)) {
		return w.raise(c, luabind.KindAssert, out,
			fmt.Sprintf("found %s, wanted %s of %s", number(found), w.count.text, w.describe(c)))
	}
	for _, b := range []struct {
		name  string
		bound bound
		show  func(float64) string
	}{
		{"rss", w.rss, func(n float64) string { return units.FormatBytes(int64(n)) }},
		{"cpu", w.cpu, func(n float64) string { return formatNumber(math.Round(n*10)/10) + "%" }},
	} {
		if !b.bound.set {
			continue
		}
		for i := 1; i <= found; i++ {
			row := luatable.Get(out, lua.LNumber(i)).(*lua.LTable)
			n, known := luatable.Get(row, lua.LString(b.name)).(lua.LNumber)
			if !known {
				return w.raise(c, luabind.KindAccess, out,
					fmt.Sprintf("%s of process %s cannot be read", b.name, which1(row)))
			}
			if b.bound.r.Alerts(float64(n)) {
				return w.raise(c, luabind.KindAssert, out, fmt.Sprintf("process %s has %s %s, wanted %s",
					which1(row), b.name, b.show(float64(n)), b.bound.text))
			}
		}
	}
	return nil
}

// certain says that hidden processes could not change whether the count is as
// wanted: enough are seen already.
func (w *wish) certain(found int) bool {
	r := w.count.r
	if r.Alerts(float64(found)) {
		// More cannot help where there are too many already.
		return !r.Inside && float64(found) > r.End
	}
	return !r.Inside && math.IsInf(r.End, 1) || r.Inside && float64(found) > r.End
}

func (w *wish) raise(c *luabind.Call, kind luabind.Kind, out *lua.LTable, text string) error {
	return &luabind.Error{Kind: kind, Message: c.Name() + ": " + text,
		Fields: map[string]any{"wanted": w.count.text, "found": luatable.Len(out), "rows": lua.LValue(out)}}
}

func number(n int) string {
	if n == 0 {
		return "none"
	}
	return formatNumber(float64(n))
}

// which1 names a process in a message.
func which1(row *lua.LTable) string {
	name := luatable.Get(row, lua.LString("name")).String()
	return fmt.Sprintf("%s (%s)", luatable.Get(row, lua.LString("pid")), name)
}

// describe says which processes were meant.
func (w *wish) describe(*luabind.Call) string {
	parts := []string{}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("name", string(w.name))
	add("match", string(w.match))
	add("exe", string(w.exe))
	add("user", string(w.user))
	add("state", string(w.state))
	add("unit", string(w.unit))
	if w.pid.set {
		add("pid", strings.Trim(fmt.Sprint(w.pid.list), "[]"))
	}
	if w.ppid.Set {
		add("parent", fmt.Sprint(w.ppid.V))
	}
	if w.under.Set {
		add("ancestor", fmt.Sprint(w.under.V))
	}
	if w.port != 0 {
		add("port", fmt.Sprint(w.port))
	}
	if w.where != nil {
		parts = append(parts, "where(p)")
	}
	if len(parts) == 0 {
		return "processes"
	}
	return "processes with " + strings.Join(parts, ", ")
}
