package report

import (
	"math"
	"strings"

	"opslua/internal/units"
)

// htmlBar is a value against its thresholds, drawn to scale. Places are percent
// of the width.
type htmlBar struct {
	Alt    string // the same in words
	Low    string // what the left end stands for
	High   string
	Zones  []htmlZone
	Fill   htmlZone
	At     float64
	Was    float64
	HasWas bool
}

// htmlZone is a part of the bar: where it begins and how wide it is.
type htmlZone struct {
	Class       string
	From, Width float64
}

// bar gives none where there is nothing to measure a value against.
func (c *htmlClip) bar(v, was *Value) *htmlBar {
	bounded := v.Min != nil && v.Max != nil || v.Unit == "%"
	if !finite(v.Value) || !bounded && v.Warn == nil && v.Crit == nil {
		return nil
	}
	low, high := htmlScale(v, was)
	if !finite(low) || !finite(high) || !(low/2 < high/2) {
		return nil
	}
	place := func(x float64) float64 { // halves: the difference of two huge ends is none
		at := 100 * ((x/2 - low/2) / (high/2 - low/2))
		return math.Round(100*min(max(at, 0), 100)) / 100
	}
	b := &htmlBar{Low: c.line(NumberText(low, v.Unit)), High: c.line(NumberText(high, v.Unit)), At: place(v.Value)}
	base := place(0)
	b.Fill = htmlZone{htmlState(v.State).Class, min(base, b.At), math.Abs(b.At - base)}
	b.zones("warn", v.Warn, low, high, place)
	b.zones("crit", v.Crit, low, high, place)
	if was != nil && finite(was.Value) && was.Value != v.Value {
		b.Was, b.HasWas = place(was.Value), true
	}
	b.Alt = c.line(b.words(v, was))
	return b
}

// htmlScale gives the ends of the scale: those of the value where it has some,
// else from 0 to a little beyond everything there is to see.
func htmlScale(v, was *Value) (low, high float64) {
	points := []float64{v.Value}
	if was != nil && finite(was.Value) {
		points = append(points, was.Value)
	}
	seen := points // what is never off the scale
	for _, r := range []*units.Range{v.Warn, v.Crit} {
		if r != nil {
			points = append(points, r.Start, r.End)
		}
	}
	for _, x := range points {
		if finite(x) {
			low, high = min(low, x), max(high, x)
		}
	}
	if low == high {
		high = 1
	}
	low, high = -htmlRound(-low), htmlRound(high)
	if v.Unit == "%" {
		low, high = 0, 100
	}
	if v.Min != nil {
		low = *v.Min
	}
	if v.Max != nil {
		high = *v.Max
	}
	for _, x := range seen {
		low, high = min(low, x), max(high, x)
	}
	return low, high
}

// htmlRound gives the round number at or above x that leaves some room: an end
// of a scale that a person reads easily. 0 and what is below stay.
func htmlRound(x float64) float64 {
	if !(x > 0) {
		return x
	}
	x *= 1.05
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, step := range [...]float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if step*unit >= x {
			return step * unit
		}
	}
	return 10 * unit
}

// zones draws where a range alerts.
func (b *htmlBar) zones(class string, r *units.Range, low, high float64, place func(float64) float64) {
	if r == nil {
		return
	}
	add := func(from, to float64) {
		from, to = max(from, low), min(to, high)
		if from < to {
			at := place(from)
			b.Zones = append(b.Zones, htmlZone{class, at, math.Round(100*(place(to)-at)) / 100})
		}
	}
	if r.Inside {
		add(r.Start, r.End)
		return
	}
	add(low, r.Start)
	add(r.End, high)
}

func (b *htmlBar) words(v, was *Value) string {
	parts := []string{NumberText(v.Value, v.Unit) + " on a scale from " + b.Low + " to " + b.High}
	if v.Warn != nil {
		parts = append(parts, "warning "+htmlRange(v.Warn, v))
	}
	if v.Crit != nil {
		parts = append(parts, "critical "+htmlRange(v.Crit, v))
	}
	if b.HasWas {
		parts = append(parts, "before the fixes "+NumberText(was.Value, v.Unit))
	}
	return strings.Join(parts, "; ")
}
