package report

import (
	"fmt"
	"slices"
	"strings"
)

type htmlTable struct {
	Name      string
	Size      string // "12 rows"
	Columns   []htmlColumn
	ColsMore  string
	Rows      [][]htmlCell
	RowsMore  string
	IsDiff    bool
	Unchanged bool
	Changes   []htmlRowChange
	ChangMore string
}

type htmlColumn struct {
	Name    string
	Numeric bool
}

type htmlCell struct {
	Text    string
	Numeric bool
}

// htmlRowChange is a row that came, went or changed.
type htmlRowChange struct {
	Badge   htmlBadge
	Key     string
	Columns []htmlRowColumn
}

type htmlRowColumn struct {
	Name, Before, After string
	HasBefore, HasAfter bool
}

type htmlMetric struct {
	Name, Type, Help string
	Series           []htmlSeries
}

type htmlSeries struct {
	Labels []Label
	Value  string
}

const (
	htmlTableRows    = 1000
	htmlTableColumns = 50
)

func (p *htmlPage) tables(c *htmlClip, r *Report) {
	tables, more := htmlTake(c, r.Rows, 100)
	for i := range tables {
		p.Tables = append(p.Tables, c.table(&tables[i]))
	}
	p.TablesMore = htmlMore(more, "table", "tables")
}

func (c *htmlClip) table(t *Rows) htmlTable {
	v := htmlTable{Name: c.line(t.Name), Size: counted(len(t.Rows), "row", "rows"), IsDiff: t.Diff != nil}
	names, more := htmlTake(c, t.columns(t.Rows), htmlTableColumns)
	v.ColsMore = htmlMore(more, "column", "columns")
	if t.Diff != nil {
		v.Changes, v.ChangMore = c.rowChanges(t, names)
		v.Unchanged = len(v.Changes) == 0 && v.ChangMore == ""
	}
	// A row costs as much as its cells.
	rows, more := htmlTake(c, t.Rows, min(htmlTableRows, c.items/max(len(names), 1)))
	c.items -= len(rows) * max(len(names)-1, 0)
	v.RowsMore = htmlMore(more, "row", "rows")
	for _, name := range names {
		v.Columns = append(v.Columns, htmlColumn{c.line(name), numericColumn(rows, name)})
	}
	for _, row := range rows {
		cells := make([]htmlCell, len(names))
		for i, name := range names {
			cells[i] = htmlCell{c.cell(row[name]), v.Columns[i].Numeric}
		}
		v.Rows = append(v.Rows, cells)
	}
	return v
}

func numericColumn(rows []map[string]any, name string) bool {
	numeric := false
	for _, row := range rows {
		if row[name] == nil {
			continue
		}
		if _, number := cellText(row[name]); !number {
			return false
		}
		numeric = true
	}
	return numeric
}

// cell is a value of a row; a text is not shortened as on a terminal, for the
// page has a place for it.
func (c *htmlClip) cell(v any) string {
	if s, ok := v.(string); ok {
		return c.line(s)
	}
	text, _ := cellText(v)
	return c.line(text)
}

// rowChanges are the differences to the last run: what came, went and changed.
func (c *htmlClip) rowChanges(t *Rows, names []string) ([]htmlRowChange, string) {
	var list []htmlRowChange
	whole := func(rows []map[string]any, badge htmlBadge) int {
		rows, more := htmlTake(c, rows, htmlTableRows)
		for _, row := range rows {
			ch := htmlRowChange{Badge: badge, Key: c.cell(row[t.Key])}
			for _, name := range names {
				if row[name] != nil && name != t.Key {
					text := c.cell(row[name])
					ch.Columns = append(ch.Columns, htmlRowColumn{Name: c.line(name), After: text, HasAfter: true})
				}
			}
			list = append(list, ch)
		}
		return more
	}
	more := whole(t.Diff.Added, htmlBadge{"add", "add", "added"})
	more += whole(t.Diff.Removed, htmlBadge{"del", "del", "removed"})
	changed, left := htmlTake(c, t.Diff.Changed, htmlTableRows)
	for _, row := range changed {
		list = append(list, htmlRowChange{htmlBadge{"done", "edit", "changed"}, c.cell(row.Key), c.rowColumns(row)})
	}
	return list, htmlMore(more+left, "difference", "differences")
}

func (c *htmlClip) rowColumns(row RowChange) []htmlRowColumn {
	names := sortedKeys(row.After)
	for _, name := range sortedKeys(row.Before) {
		if _, both := row.After[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names, _ = htmlTake(c, names, htmlTableColumns)
	var list []htmlRowColumn
	for _, name := range names {
		before, had := row.Before[name]
		after, has := row.After[name]
		list = append(list, htmlRowColumn{c.line(name), c.cell(before), c.cell(after), had, has})
	}
	return list
}

// metrics puts the samples of one name together, as the families are.
func (p *htmlPage) metrics(c *htmlClip, r *Report) {
	metrics, more := htmlTake(c, r.Metrics, 2000)
	at := map[string]int{}
	for i := range metrics {
		m := &metrics[i]
		k, seen := at[m.Name]
		if !seen {
			k = len(p.Metrics)
			at[m.Name] = k
			p.Metrics = append(p.Metrics, htmlMetric{Name: c.line(m.Name), Type: c.line(string(m.Type)), Help: c.line(m.Help)})
		}
		labels, cut := htmlTake(c, m.Labels, 50)
		s := htmlSeries{Value: c.metricValue(m)}
		for _, l := range labels {
			s.Labels = append(s.Labels, Label{c.line(l.Name), c.line(l.Value)})
		}
		if cut > 0 {
			s.Labels = append(s.Labels, Label{"…", htmlMore(cut, "label", "labels")})
		}
		p.Metrics[k].Series = append(p.Metrics[k].Series, s)
	}
	p.MetricsMore = htmlMore(more, "metric", "metrics")
}

// metricValue is the number, and in parentheses what a person makes of it.
func (c *htmlClip) metricValue(m *Metric) string {
	if m.Type == Info {
		return "1"
	}
	text := cellNumber(m.Value)
	base, _ := withSuffix(m.Name, "_total")
	if strings.HasSuffix(base, "_bytes") && m.Value >= 1024 {
		text = fmt.Sprintf("%s (%s)", text, NumberText(m.Value, "B"))
	}
	return c.line(text)
}
