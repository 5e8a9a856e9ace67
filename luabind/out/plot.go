package out

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/escape"
	"opslua/internal/luatable"
	"opslua/luabind"
)

const (
	plotWidth, plotHeight = 60, 10
	mostWidth, mostHeight = 500, 200
	// markers tell several series apart; one alone is drawn finer.
	markers = "*+ox#@%&"
	// look is how many values are read between two looks at the context.
	look = 4096
)

// series is a list of numbers with a name. What is not finite is a gap.
type series struct {
	name   string
	values []float64
}

func plot(c *luabind.Call) error {
	var t *lua.LTable
	w, h := plotWidth, plotHeight
	if err := c.Unpack("series", &t, "width?", &w, "height?", &h); err != nil {
		return err
	}
	if w < 2 || w > mostWidth {
		return c.Usage("width", "got %d, want 2 to %d characters", w, mostWidth)
	}
	if h < 2 || h > mostHeight {
		return c.Usage("height", "got %d, want 2 to %d lines", h, mostHeight)
	}
	all, err := seriesOf(c, t)
	if err != nil {
		return err
	}
	p := &chart{c: c, width: w, height: h, all: all}
	if !p.bounds() {
		return write(c, "no values\n")
	}
	if err := p.draw(); err != nil {
		return err
	}
	return write(c, p.text())
}

// seriesOf takes a list of numbers, a list of such lists, or lists by name.
func seriesOf(c *luabind.Call, t *lua.LTable) ([]series, error) {
	first := luatable.Get(t, lua.LNumber(1))
	if _, nested := first.(*lua.LTable); first != lua.LNil && !nested {
		values, err := numbers(c, "series", t)
		return []series{{"", values}}, err
	}
	var all []series
	var inner error
	err := c.ForEach(t, func(k, v lua.LValue) bool {
		list, ok := v.(*lua.LTable)
		if !ok {
			inner = c.Usage("series", "%s is a %s, want a list of numbers", c.String(k), v.Type())
			return false
		}
		if len(all) == len(markers) {
			inner = c.Usage("series", "got more than %d series", len(markers))
			return false
		}
		s := series{name: c.String(k)}
		s.values, inner = numbers(c, "series."+s.name, list)
		all = append(all, s)
		return inner == nil
	})
	if inner != nil {
		err = inner
	}
	return all, err
}

// numbers reads a list of numbers.
func numbers(c *luabind.Call, name string, t *lua.LTable) ([]float64, error) {
	out := make([]float64, luatable.Len(t))
	for i := range out {
		if i%look == 0 && c.Context().Err() != nil {
			return nil, c.Context().Err()
		}
		v := luatable.Get(t, lua.LNumber(i+1))
		n, ok := v.(lua.LNumber)
		if !ok {
			return nil, c.Usage(name, "item %d is a %s, want a number", i+1, v.Type())
		}
		out[i] = float64(n)
	}
	var stray lua.LValue
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		if n, ok := k.(lua.LNumber); !ok || n < 1 || n > lua.LNumber(len(out)) {
			stray = k
		}
		return stray == nil
	})
	if stray != nil {
		return nil, c.Usage(name, "got the key %s, want a list of numbers without holes", escape.String(c.String(stray)))
	}
	return out, nil
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// extent is the least and the greatest finite value.
func extent(values []float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if isFinite(v) {
			lo, hi, ok = min(lo, v), max(hi, v), true
		}
	}
	return lo, hi, ok
}

// share is where v lies from lo to hi, 0 to 1; halves keep the largest numbers finite.
func share(v, lo, hi float64) float64 { return (v/2 - lo/2) / (hi/2 - lo/2) }

// spark is a chart of one line.
func spark(c *luabind.Call) error {
	var t *lua.LTable
	if err := c.Unpack("list", &t); err != nil {
		return err
	}
	values, err := numbers(c, "list", t)
	if err != nil {
		return err
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	lo, hi, _ := extent(values)
	var b strings.Builder
	for _, v := range values {
		switch {
		case !isFinite(v):
			b.WriteByte(' ')
		case lo == hi:
			b.WriteRune(bars[len(bars)/2-1])
		default:
			b.WriteRune(bars[int(math.Round(share(v, lo, hi)*float64(len(bars)-1)))])
		}
	}
	return c.Return(b.String())
}

// label writes the value at a line of the scale, with as many digits as tell
// the lines apart.
func label(v, step float64) string {
	if math.Abs(v) < step/1e6 {
		v = 0
	}
	decimals := 0
	if step < 10 {
		decimals = int(math.Ceil(-math.Log10(step))) + 1
	}
	if math.Abs(v) >= 1e15 || decimals > 15 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
