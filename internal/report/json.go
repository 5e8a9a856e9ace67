package report

import (
	"io"
	"time"

	"opslua/internal/units"
)

// writeJSON writes the document that Schema describes.
func (r *Report) writeJSON(w io.Writer) error {
	j := &jsonWriter{w: w}
	j.open('{')
	jsonRun(j, r)
	j.key("findings")
	list(j, r.Findings, jsonFinding)
	j.key("metrics")
	list(j, r.Metrics, jsonMetric)
	jsonRows(j, r.Rows)
	j.key("fixes")
	list(j, r.Fixes, jsonFix)
	j.key("commands")
	list(j, r.Commands, jsonCommand)
	j.key("changes")
	list(j, r.Changes, jsonChange)
	j.key("processes")
	list(j, r.Processes, jsonProcess)
	j.close('}')
	j.line()
	return j.end()
}

// jsonRun writes what the document and the last of the lines say of the run.
func jsonRun(j *jsonWriter, r *Report) {
	j.fieldInt("schema", Schema)
	j.field("script", r.Script)
	j.fieldOrNull("host", r.Host)
	started := ""
	if !r.Started.IsZero() {
		started = r.Started.UTC().Format(time.RFC3339Nano)
	}
	j.fieldOrNull("started", started)
	j.fieldBool("dry_run", r.DryRun)
	j.field("state", r.State().String())
	j.fieldNum("seconds", r.Seconds)
	j.fieldOrNull("error", r.Error)
	j.fieldOrNull("incomplete", r.Incomplete)
	j.fieldInt("commands_omitted", int64(r.CommandsOmitted))
	j.fieldStrings("degraded", r.Degraded)
	j.key("verified")
	if v := r.Verified; v != nil {
		j.open('{')
		j.field("bundle", v.Bundle)
		j.field("digest", v.Digest)
		j.fieldStrings("signers", v.Signers)
		j.close('}')
	} else {
		j.raw("null")
	}
}

// jsonFinding writes the fields of a finding and of the one before the fixes.
func jsonFinding(j *jsonWriter, f *Finding) {
	jsonFound(j, f)
	j.key("before")
	if f.Before == nil {
		j.raw("null")
		return
	}
	j.open('{')
	jsonFound(j, f.Before)
	j.key("before")
	j.raw("null")
	j.close('}')
}

func jsonFound(j *jsonWriter, f *Finding) {
	j.field("name", f.Name)
	j.field("state", f.State.String())
	j.field("text", f.Text)
	j.key("lines")
	list(j, f.Lines, func(j *jsonWriter, l *Line) {
		j.field("state", l.State.String())
		j.field("text", l.Text)
	})
	j.key("values")
	list(j, f.Values, jsonValue)
	j.key("metrics")
	list(j, f.Metrics, jsonMeasured)
	j.fieldNum("seconds", f.Seconds)
	j.fieldInt("attempts", int64(f.Attempts))
	j.key("soft")
	if f.Soft != nil {
		j.open('{')
		j.fieldInt("n", int64(f.Soft.N))
		j.fieldInt("of", int64(f.Soft.Of))
		j.close('}')
	} else {
		j.raw("null")
	}
	j.fieldOrNull("skipped", f.Skipped)
	j.fieldStrings("needs", f.Needs)
}

func jsonValue(j *jsonWriter, v *Value) {
	j.field("label", v.Label)
	j.fieldNum("value", v.Value)
	j.fieldOrNull("unit", v.Unit)
	jsonRange(j, "warn", v.Warn)
	jsonRange(j, "crit", v.Crit)
	jsonBounds(j, v)
	j.field("state", v.State.String())
}

// jsonMeasured is a value that nothing was asked of.
func jsonMeasured(j *jsonWriter, v *Value) {
	j.field("label", v.Label)
	j.fieldNum("value", v.Value)
	j.fieldOrNull("unit", v.Unit)
	jsonBounds(j, v)
}

func jsonBounds(j *jsonWriter, v *Value) {
	jsonBound(j, "min", v.Min)
	jsonBound(j, "max", v.Max)
	j.fieldOrNull("note", v.Note)
}

func jsonRange(j *jsonWriter, k string, r *units.Range) {
	s := ""
	if r != nil {
		s = r.String()
	}
	j.fieldOrNull(k, s)
}

func jsonBound(j *jsonWriter, k string, f *float64) {
	j.key(k)
	if f == nil {
		j.raw("null")
		return
	}
	j.num(*f)
}

func jsonMetric(j *jsonWriter, m *Metric) {
	j.field("name", m.Name)
	j.field("type", string(m.Type))
	jsonMetricRest(j, m)
}

func jsonMetricRest(j *jsonWriter, m *Metric) {
	j.fieldOrNull("help", m.Help)
	j.key("labels")
	j.open('{')
	for _, l := range m.Labels {
		j.field(l.Name, l.Value)
	}
	j.close('}')
	j.fieldNum("value", m.Value)
}
