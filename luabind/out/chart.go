package out

import (
	"math"
	"strconv"
	"strings"

	"opslua/internal/escape"
	"opslua/luabind"
)

// chart draws series over their item numbers. For one goroutine.
type chart struct {
	c             *luabind.Call
	width, height int // characters
	all           []series
	lo, hi        float64
	most          int      // items of the longest series
	cells         [][]rune // lines from the top
}

// bounds finds the scale; false where there is nothing to draw.
func (p *chart) bounds() bool {
	found := false
	p.lo, p.hi = math.Inf(1), math.Inf(-1)
	for _, s := range p.all {
		p.most = max(p.most, len(s.values))
		if lo, hi, ok := extent(s.values); ok {
			p.lo, p.hi, found = min(p.lo, lo), max(p.hi, hi), true
		}
	}
	if p.lo == p.hi { // a line in the middle
		around := max(1, math.Abs(p.lo)/10)
		p.lo, p.hi = max(p.lo-around, -math.MaxFloat64), min(p.hi+around, math.MaxFloat64)
	}
	return found
}

func (p *chart) draw() error {
	p.cells = make([][]rune, p.height)
	for i := range p.cells {
		p.cells[i] = []rune(strings.Repeat(" ", p.width))
	}
	if len(p.all) == 1 {
		// A character of braille has two by four dots.
		return p.line(p.all[0].values, 2*p.width, 4*p.height, p.dot)
	}
	for i, s := range p.all {
		mark := func(x, y int) { p.cells[y][x] = rune(markers[i]) }
		if err := p.line(s.values, p.width, p.height, mark); err != nil {
			return err
		}
	}
	return nil
}

// dot sets one dot, counted from the top.
func (p *chart) dot(x, y int) {
	bits := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	cell := &p.cells[y/4][x/2]
	if *cell == ' ' {
		*cell = 0x2800
	}
	*cell |= bits[y%4][x%2]
}

// line draws values on w by h places, each joined to the one before; a gap is
// not crossed.
func (p *chart) line(values []float64, w, h int, set func(x, y int)) error {
	joined := false
	var x0, y0 int
	for i, v := range values {
		if i%look == 0 && p.c.Context().Err() != nil {
			return p.c.Context().Err()
		}
		if !isFinite(v) {
			joined = false
			continue
		}
		x := 0
		if p.most > 1 {
			x = int(math.Round(float64(i) / float64(p.most-1) * float64(w-1)))
		}
		y := h - 1 - int(math.Round(share(v, p.lo, p.hi)*float64(h-1)))
		if !joined {
			x0, y0 = x, y
		}
		stroke(x0, y0, x, y, set)
		x0, y0, joined = x, y, true
	}
	return nil
}

// stroke sets the places from one to another.
func stroke(x0, y0, x1, y1 int, set func(x, y int)) {
	steps := max(abs(x1-x0), abs(y1-y0))
	for i := 0; i <= steps; i++ {
		at := 0.0
		if steps > 0 {
			at = float64(i) / float64(steps)
		}
		set(x0+int(math.Round(at*float64(x1-x0))), y0+int(math.Round(at*float64(y1-y0))))
	}
}

func abs(n int) int { return max(n, -n) }

// text is the chart with its axes.
func (p *chart) text() string {
	labels := p.labels()
	wide := 0
	for _, l := range labels {
		wide = max(wide, len(l))
	}
	var b strings.Builder
	for i, row := range p.cells {
		axis := " │"
		if labels[i] != "" {
			axis = " ┤"
		}
		line := strings.Repeat(" ", wide-len(labels[i])) + labels[i] + axis + string(row)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	margin := strings.Repeat(" ", wide+1)
	b.WriteString(margin + "└" + strings.Repeat("─", p.width) + "\n")
	last := ""
	if p.most > 1 {
		last = strconv.Itoa(p.most)
	}
	b.WriteString(margin + " 1" + strings.Repeat(" ", max(p.width-1-len(last), 1)) + last)
	return strings.TrimRight(b.String(), " ") + "\n" + p.legend(margin)
}

// labels are the values beside the lines: at the top, at the bottom, and at
// some between.
func (p *chart) labels() []string {
	out := make([]string, p.height)
	gaps := 4 // between labels
	for (p.height-1)%gaps != 0 {
		gaps--
	}
	step := min((p.hi/2-p.lo/2)/float64(gaps)*2, math.MaxFloat64)
	for i := range gaps + 1 {
		at := float64(i) / float64(gaps)
		out[i*(p.height-1)/gaps] = label(p.hi*(1-at)+p.lo*at, step)
	}
	return out
}

// legend says which marker is which series.
func (p *chart) legend(margin string) string {
	if len(p.all) == 1 {
		if p.all[0].name == "" {
			return ""
		}
		return margin + " " + escape.String(p.all[0].name) + "\n"
	}
	var parts []string
	for i, s := range p.all {
		parts = append(parts, markers[i:i+1]+" "+escape.String(s.name))
	}
	return margin + " " + strings.Join(parts, "   ") + "\n"
}
