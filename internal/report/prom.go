package report

import (
	"bufio"
	"fmt"
	"io"
)

// promRepeated is how many series that came twice are named in the document.
const promRepeated = 20

// writeProm writes the text format 0.0.4 of Prometheus, without timestamps. The
// last of two equal series stands, and a comment at the end says so.
func (r *Report) writeProm(w io.Writer, o Options) error {
	out := bufio.NewWriter(w)
	fs := r.families(o, promName)
	for _, f := range fs.list {
		fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.helpText(false), f.name, promType(f.kind))
		f.writeSamples(out)
	}
	for i, series := range fs.repeated {
		if i == promRepeated {
			fmt.Fprintf(out, "# ... and %d more.\n", len(fs.repeated)-i)
			break
		}
		fmt.Fprintf(out, "# Came more than once, the last value stands: %s\n", series)
	}
	return out.Flush()
}

// helpText escapes the help, with quotes or without.
func (f *family) helpText(quotes bool) string {
	if f.help == "" {
		return noHelp
	}
	return string(appendQuoted(nil, f.help, quotes))
}

// promName leaves a counter's name as the script wrote it.
func promName(t MetricType, name string) string {
	if t == Info {
		_, name = withSuffix(name, "_info")
	}
	return name
}

// promType: an information is a gauge that is always 1.
func promType(t MetricType) string {
	switch t {
	case Gauge, Info:
		return "gauge"
	case Counter:
		return "counter"
	}
	return "untyped"
}
