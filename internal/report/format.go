package report

import "io"

// Format is the name of an output format.
type Format string

// The formats.
const (
	Human       Format = "human"
	JSON        Format = "json"
	JSONL       Format = "jsonl"
	Nagios      Format = "nagios"
	Prom        Format = "prom"
	OpenMetrics Format = "openmetrics"
	JUnit       Format = "junit"
	TAP         Format = "tap"
	HTML        Format = "html"
)

// Formats are all formats, in the order of the help.
func Formats() []Format {
	return []Format{Human, JSON, JSONL, Nagios, Prom, OpenMetrics, JUnit, TAP, HTML}
}

// Options say how a report is written.
type Options struct {
	Color bool // human: ANSI colours
	Width int  // human: columns of the terminal; 0: not a terminal
	// Written says that the document goes to a file (--out): prom and
	// openmetrics then add whether the run succeeded and when it was.
	Written bool
}

// Write writes the report as one document. Every text that came from outside is
// escaped as the format asks for. The error is that of w.
func (r *Report) Write(w io.Writer, f Format, o Options) error {
	switch f {
	case JSON:
		return r.writeJSON(w)
	case JSONL:
		return r.writeJSONL(w)
	case Nagios:
		return r.writeNagios(w)
	case Prom:
		return r.writeProm(w, o)
	case OpenMetrics:
		return r.writeOpenMetrics(w, o)
	case JUnit:
		return r.writeJUnit(w)
	case TAP:
		return r.writeTAP(w)
	case HTML:
		return r.writeHTML(w)
	}
	return r.writeHuman(w, o)
}
