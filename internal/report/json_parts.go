package report

// jsonRows writes the tables by name, and how they changed. Tables of one name
// are one list.
func jsonRows(j *jsonWriter, tables []Rows) {
	at := make(map[string][]*Rows, len(tables))
	var names []string
	for i := range tables {
		t := &tables[i]
		if at[t.Name] == nil {
			names = append(names, t.Name)
		}
		at[t.Name] = append(at[t.Name], t)
	}
	j.key("rows")
	j.open('{')
	for _, name := range names {
		j.key(name)
		j.open('[')
		for _, t := range at[name] {
			for _, row := range t.Rows {
				j.object(t.Columns, row, 0)
			}
		}
		j.close(']')
	}
	j.close('}')
	j.key("row_changes")
	j.open('{')
	for _, name := range names {
		for _, t := range at[name] {
			if t.Diff != nil {
				j.key(name)
				jsonRowsDiff(j, t)
				break
			}
		}
	}
	j.close('}')
}

func jsonRowsDiff(j *jsonWriter, t *Rows) {
	rows := func(k string, rows []map[string]any) {
		j.key(k)
		items(j, rows, func(row map[string]any) { j.object(t.Columns, row, 0) })
	}
	j.open('{')
	j.fieldOrNull("key", t.Key)
	rows("added", t.Diff.Added)
	rows("removed", t.Diff.Removed)
	j.key("changed")
	list(j, t.Diff.Changed, func(j *jsonWriter, c *RowChange) {
		j.key("key")
		j.value(c.Key, 0)
		j.key("before")
		j.object(t.Columns, c.Before, 0)
		j.key("after")
		j.object(t.Columns, c.After, 0)
	})
	j.close('}')
}

func jsonFix(j *jsonWriter, f *Fix) {
	j.field("name", f.Name)
	j.field("status", string(f.Status))
	j.fieldOrNull("on", f.On)
	j.fieldOrNull("reason", f.Reason)
	j.key("steps")
	list(j, f.Steps, func(j *jsonWriter, s *Step) {
		j.field("title", s.Title)
		j.field("status", s.Status)
		j.fieldOrNull("text", s.Text)
		j.fieldNum("seconds", s.Seconds)
		j.key("changes")
		list(j, s.Changes, jsonChange)
	})
	j.key("diffs")
	j.open('[')
	for i := range f.Steps {
		for _, c := range f.Steps[i].Changes {
			if c.Diff != "" {
				j.open('{')
				j.fieldOrNull("path", c.Path)
				j.field("diff", c.Diff)
				j.close('}')
			}
		}
	}
	j.close(']')
	j.key("evidence")
	list(j, f.Evidence, func(j *jsonWriter, e *Evidence) {
		j.field("name", e.Name)
		j.field("text", e.Text)
	})
	j.fieldOrNull("error", f.Error)
	j.fieldNum("seconds", f.Seconds)
}

func jsonCommand(j *jsonWriter, c *Command) {
	j.fieldStrings("argv", c.Argv)
	j.key("code")
	if c.Signal != "" || c.Error != "" || c.Planned {
		j.raw("null")
	} else {
		j.integer(int64(c.Code))
	}
	j.fieldOrNull("signal", c.Signal)
	j.fieldNum("seconds", c.Seconds)
	j.fieldBool("probe", c.Probe)
	j.fieldBool("planned", c.Planned)
	j.fieldOrNull("error", c.Error)
	j.fieldOrNull("where", c.Where)
}

func jsonChange(j *jsonWriter, c *Change) {
	j.field("op", c.Op)
	j.field("text", c.Text)
	j.fieldStrings("argv", c.Argv)
	j.fieldOrNull("path", c.Path)
	j.fieldOrNull("diff", c.Diff)
	j.fieldOrNull("where", c.Where)
}

func jsonProcess(j *jsonWriter, p *Process) {
	j.fieldInt("depth", int64(p.Depth))
	j.fieldInt("pid", int64(p.PID))
	j.field("name", p.Name)
	j.field("command", p.Command)
	j.field("state", p.State)
	j.fieldInt("rss", p.RSS)
	j.fieldNum("cpu_time", p.CPUTime)
	j.fieldInt("children", int64(p.Children))
}
