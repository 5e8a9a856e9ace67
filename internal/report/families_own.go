package report

import (
	"slices"
	"strconv"
	"time"
)

// ownMetrics are the metrics about the run itself.
func (r *Report) ownMetrics(o Options) []Metric {
	list := append(r.stateMetrics(), r.valueMetrics()...)
	if !o.Written {
		return list
	}
	success := 0.0
	if r.succeeded() {
		success = 1
	}
	list = append(list, Metric{
		Name: "opslua_success", Type: Gauge, Value: success,
		Help: "Whether the last run evaluated its script and no collector or fix failed: 1, else 0.",
	})
	if r.Started.IsZero() {
		return list
	}
	ended := r.Started.Add(duration(r.Seconds).Round(time.Millisecond))
	return append(list, Metric{
		Name: "opslua_last_run_timestamp_seconds", Type: Gauge, Value: float64(ended.UnixMilli()) / 1000,
		Help: "When the last run ended, in seconds since 1970 began, UTC.",
	})
}

// succeeded says that the script was evaluated, that no metrics are missing and
// that no fix failed; what the checks found does not matter.
func (r *Report) succeeded() bool {
	missing := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Collector })
	return r.Error == "" && !missing && !r.fixFailed()
}

// stateMetrics has one state a name: where two checks have one name it is the
// worse of the two, so that a known CRITICAL is not hidden.
func (r *Report) stateMetrics() []Metric {
	var names []string
	states := map[string]State{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Skipped != "" {
			continue
		}
		state, again := states[f.Name]
		if !again {
			names, state = append(names, f.Name), f.State
		}
		states[f.Name] = Worse(state, f.State)
	}
	list := make([]Metric, 0, len(names))
	for _, name := range names {
		list = append(list, Metric{
			Name: "opslua_check_state", Type: Gauge, Value: float64(states[name]),
			Labels: []Label{{"check", name}},
			Help:   "State of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
		})
	}
	return list
}

// valueMetrics has what the checks measured. Two values with one label and unit
// in one check are kept apart as in performance data: label, label~2, label~3.
func (r *Report) valueMetrics() []Metric {
	type series struct{ check, label, unit string }
	var list []Metric
	taken, last := map[series]bool{}, map[series]int{}
	add := func(check string, v *Value) {
		asked := series{check, v.Label, v.Unit}
		s, n := asked, last[asked]
		for taken[s] {
			n++
			s.label = v.Label + "~" + strconv.Itoa(n+1)
		}
		taken[s], last[asked] = true, n
		list = append(list, Metric{
			Name: "opslua_check_value", Type: Gauge, Value: v.Value,
			Labels: []Label{{"check", check}, {"label", s.label}, {"unit", v.Unit}},
			Help:   "What a check measured, in the unit that the label unit names.",
		})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Skipped != "" {
			continue
		}
		for j := range f.Values {
			add(f.Name, &f.Values[j])
		}
		for j := range f.Metrics {
			add(f.Name, &f.Metrics[j])
		}
	}
	return list
}
