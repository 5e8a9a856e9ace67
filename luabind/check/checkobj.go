package check

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/luabind"
)

// checkObject is what the function of a check gets. It lives as long as the
// script, and is of use while that check runs.
type checkObject struct{ r *record }

// record is what one run of a check has said so far.
type record struct {
	said    []report.Line // lines and values, in order
	lines   []report.Line
	values  []report.Value
	metrics []report.Value
	open    []*expectation
}

// recordOf gives the record of the check that runs.
func recordOf(c *luabind.Call) (*record, error) {
	if o, ok := c.Self().(*checkObject); ok && o.r != nil {
		return o.r, nil
	}
	return nil, c.Usage("", "the check has ended: this is of use only while its function runs")
}

// say adds a statement.
func (r *record) say(s report.State, text string) {
	l := report.Line{State: s, Text: oneLine(text)}
	r.said = append(r.said, l)
	r.lines = append(r.lines, l)
}

// mostSaid is how many statements the text of a finding has; all are in its lines.
const mostSaid = 10

// finding makes the result: the worst state wins, the offender comes first. A
// check that is fine says what it said, or else what it measured.
func (r *record) finding() report.Finding {
	f := report.Finding{Lines: r.lines, Values: r.values, Metrics: r.metrics}
	for _, l := range r.said {
		f.State = report.Worse(f.State, l.State)
	}
	said := r.said
	if f.State != report.OK {
		said = slices.DeleteFunc(slices.Clone(said), func(l report.Line) bool { return l.State == report.OK })
		slices.SortStableFunc(said, func(a, b report.Line) int { return byBadness(a.State, b.State) })
	} else if len(r.lines) > 0 {
		said = r.lines
	}
	var texts []string
	for _, l := range said {
		if l.Text != "" {
			texts = append(texts, l.Text)
		}
	}
	if more := len(texts) - mostSaid; more > 0 {
		texts = append(texts[:mostSaid], fmt.Sprintf("and %d more", more))
	}
	f.Text = strings.Join(texts, ", ")
	return f
}

// saying makes c:ok, c:warn, c:crit and c:unknown.
func saying(s report.State) func(*luabind.Call) error {
	return func(c *luabind.Call) error {
		if c.Describing() {
			var format lua.LValue
			return c.Unpack("[fmt]", &format)
		}
		r, err := recordOf(c)
		if err != nil {
			return err
		}
		text, err := formatted(c)
		if err != nil {
			return err
		}
		r.say(s, c.Mask(text))
		return nil
	}
}

// formatted is the text of the arguments, if any, as string.format makes it,
// whatever the script did to its globals. What stands alone and is no format is taken as
// it is, such as the text of an error with a percent sign.
func formatted(c *luabind.Call) (string, error) {
	if c.NArgs() == 0 {
		return "", nil
	}
	v := c.Arg(0)
	switch x := v.(type) {
	case lua.LString:
	case lua.LNumber:
		return c.String(x), nil
	case *lua.LUserData:
		if err := notPlanned(c, x); err != nil {
			return "", err
		}
		return c.String(x), nil
	default:
		return "", c.Usage("fmt", "got %s, want a text", v.Type())
	}
	args := make([]any, c.NArgs())
	for i := range args {
		args[i] = c.Arg(i)
	}
	out, err := c.Invoke(c.L().GetField(lua.LString(""), "format"), args...)
	if err != nil {
		if len(args) == 1 && c.Context().Err() == nil {
			return c.String(v), nil
		}
		return "", err
	}
	return c.String(out[0]), nil
}
