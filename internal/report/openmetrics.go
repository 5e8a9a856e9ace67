package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
)

// writeOpenMetrics writes OpenMetrics 1.0, without timestamps. The last of two
// equal series stands; the format has no comments that could say so.
func (r *Report) writeOpenMetrics(w io.Writer, o Options) error {
	out := bufio.NewWriter(w)
	fs := r.families(o, openName)
	claimed := map[string]bool{}
	for _, f := range fs.list {
		base, kind := f.openFamily(fs.byName, claimed)
		fmt.Fprintf(out, "# TYPE %s %s\n", base, kind)
		if unit := openUnit(base); unit != "" && kind != "info" {
			fmt.Fprintf(out, "# UNIT %s %s\n", base, unit)
		}
		fmt.Fprintf(out, "# HELP %s %s\n", base, f.helpText(true))
		f.writeSamples(out)
	}
	out.WriteString("# EOF\n")
	return out.Flush()
}

// openName is the name of a sample: with the suffix that its type asks for.
func openName(t MetricType, name string) string {
	switch t {
	case Counter:
		_, name = withSuffix(name, "_total")
	case Info:
		_, name = withSuffix(name, "_info")
	}
	return name
}

// openFamily gives the name and the type of the family. A counter and an
// information have names beside those of their samples; where another family
// needs one of them (a gauge "jobs" beside the counter "jobs_total"), or where
// the format forbids a counter's value, the type is unknown: the samples keep
// their names and nothing is lost.
func (f *family) openFamily(names map[string]*family, claimed map[string]bool) (base, kind string) {
	kind = string(f.kind)
	var extra []string
	switch f.kind {
	case Gauge:
		return f.name, kind
	case Counter:
		base, _ = withSuffix(f.name, "_total")
		extra = []string{base, base + "_created"}
	case Info:
		base, _ = withSuffix(f.name, "_info")
		extra = []string{base}
	}
	for _, name := range extra {
		if names[name] != nil || claimed[name] {
			return f.name, "unknown"
		}
	}
	if extra == nil || f.kind == Counter && !f.counts() {
		return f.name, "unknown"
	}
	for _, name := range extra {
		claimed[name] = true
	}
	return base, kind
}

// counts says that every value can be that of a counter.
func (f *family) counts() bool {
	for _, s := range f.samples {
		if s.value < 0 || math.IsNaN(s.value) {
			return false
		}
	}
	return true
}

// openUnit gives the base unit that a name ends in, or nothing.
func openUnit(name string) string {
	at := strings.LastIndexByte(name, '_')
	if at < 1 {
		return ""
	}
	switch unit := name[at+1:]; unit {
	case "seconds", "bytes", "ratio", "ratios", "meters", "grams", "joules", "volts", "amperes", "celsius", "kelvins", "hertz", "watts":
		return unit
	}
	return ""
}
