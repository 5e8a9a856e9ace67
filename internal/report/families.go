package report

// families are the samples of one document by name, in the order in which each
// name came first, so that no family is interleaved with another. They are built
// and written by one goroutine and live as long as the writing.
type families struct {
	list     []*family
	byName   map[string]*family
	repeated []string // series that came more than once
}

// family is every sample of one name; it belongs to its families.
type family struct {
	name    string     // of the samples
	kind    MetricType // empty where one name came with two types
	help    string
	samples []promSample
	at      map[string]int // where in samples a series is
}

// promSample is one series with its value; immutable once its family is written.
type promSample struct {
	labels string // as both formats write them: {a="b"}, or nothing
	value  float64
}

// noHelp stands where a script gave no help, so that each family has a HELP. It
// is the same for all scripts: a reader of several files refuses one family with
// two texts.
const noHelp = "Reported by an opslua script."

// families gathers the metrics of the collectors and those about the findings;
// name says what a sample of a metric is called in the format. Where a series
// comes twice the last one stands, at the place of the first.
func (r *Report) families(o Options, name func(MetricType, string) string) *families {
	fs := &families{byName: map[string]*family{}}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		fs.add(name(m.Type, metricName(m.Name)), m)
	}
	for _, m := range r.ownMetrics(o) {
		fs.add(m.Name, &m)
	}
	return fs
}

func (fs *families) add(name string, m *Metric) {
	f := fs.byName[name]
	if f == nil {
		f = &family{name: name, kind: m.Type, at: map[string]int{}}
		fs.byName[name] = f
		fs.list = append(fs.list, f)
	}
	if f.kind != m.Type {
		f.kind = ""
	}
	if f.help == "" {
		f.help = m.Help
	}
	value := m.Value
	if m.Type == Info {
		value = 1
	}
	text, key := labelText(m.Labels)
	if at, again := f.at[key]; again {
		f.samples[at] = promSample{text, value}
		fs.repeated = append(fs.repeated, name+text)
		return
	}
	f.at[key] = len(f.samples)
	f.samples = append(f.samples, promSample{text, value})
}
