package report

import "io"

// writeJSONL writes the lines that Schema describes.
func (r *Report) writeJSONL(w io.Writer) error {
	j := &jsonWriter{w: w}
	for i := range r.Findings {
		jsonLine(j, "finding", func() { jsonFinding(j, &r.Findings[i]) })
	}
	for i := range r.Metrics {
		jsonLine(j, "metric", func() { jsonlMetric(j, &r.Metrics[i]) })
	}
	for i := range r.Rows {
		jsonlRows(j, &r.Rows[i])
	}
	for i := range r.Fixes {
		jsonLine(j, "fix", func() { jsonFix(j, &r.Fixes[i]) })
	}
	for i := range r.Commands {
		jsonlEvent(j, "command", func() { jsonCommand(j, &r.Commands[i]) })
	}
	for i := range r.Changes {
		jsonlEvent(j, "change", func() { jsonChange(j, &r.Changes[i]) })
	}
	for i := range r.Processes {
		jsonlEvent(j, "process", func() { jsonProcess(j, &r.Processes[i]) })
	}
	jsonLine(j, "run", func() { jsonRun(j, r) })
	return j.end()
}

func jsonLine(j *jsonWriter, kind string, fields func()) {
	j.open('{')
	j.field("type", kind)
	fields()
	j.close('}')
	j.line()
}

func jsonlEvent(j *jsonWriter, event string, fields func()) {
	jsonLine(j, "event", func() {
		j.field("event", event)
		fields()
	})
}

func jsonlRows(j *jsonWriter, t *Rows) {
	for _, row := range t.Rows {
		jsonLine(j, "row", func() {
			j.field("name", t.Name)
			j.key("row")
			j.object(t.Columns, row, 0)
		})
	}
	if t.Diff == nil {
		return
	}
	change := func(kind string, key any, before, after map[string]any) {
		side := func(k string, row map[string]any) {
			j.key(k)
			if row == nil {
				j.raw("null")
				return
			}
			j.object(t.Columns, row, 0)
		}
		jsonlEvent(j, "row_change", func() {
			j.field("name", t.Name)
			j.field("change", kind)
			j.key("key")
			j.value(key, 0)
			side("before", before)
			side("after", after)
		})
	}
	for _, row := range t.Diff.Added {
		change("added", row[t.Key], nil, row)
	}
	for _, row := range t.Diff.Removed {
		change("removed", row[t.Key], row, nil)
	}
	for _, c := range t.Diff.Changed {
		change("changed", c.Key, c.Before, c.After)
	}
}

// jsonlMetric writes a metric; its own type has another name here, as the line
// has a type too.
func jsonlMetric(j *jsonWriter, m *Metric) {
	j.field("name", m.Name)
	j.field("metric_type", string(m.Type))
	jsonMetricRest(j, m)
}
