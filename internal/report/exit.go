package report

import "slices"

// Exit gives the exit code of the run: 0 OK; 1 WARNING, a fix that failed or was
// rolled back, or a plan that could not go on; 2 CRITICAL; 3 UNKNOWN, or a
// script that could not be evaluated. A blocked fix and a skipped check change
// nothing. With detailed, 2 says too that a fix changed something, or in a dry
// run that something would change.
//
// A report with an Error is 3 whatever its checks had found: a monitoring system
// must not take part of the answer for all of it. A collector that failed is a
// finding like others and hides nothing CRITICAL.
func (r *Report) Exit(detailed bool) int {
	if r.Error != "" {
		return int(Unknown)
	}
	code := int(r.State())
	if code == 0 && (r.Incomplete != "" || r.fixFailed()) {
		code = 1
	}
	if detailed && code < 2 && r.changed() {
		code = 2
	}
	return code
}

// failed says that the host is not as the fix should have left it.
func (s FixStatus) failed() bool { return s == FixFailed || s == FixRolledBack }

func (r *Report) fixFailed() bool {
	return slices.ContainsFunc(r.Fixes, func(f Fix) bool { return f.Status.failed() })
}

// changed says that a fix changed the host, or in a dry run that it, or anything
// else, would.
func (r *Report) changed() bool {
	if r.DryRun && len(r.Changes) > 0 {
		return true
	}
	for i := range r.Fixes {
		switch r.Fixes[i].Status {
		case FixChanged:
			return true
		case FixPlanned:
			if r.Fixes[i].plansChange() {
				return true
			}
		}
	}
	return false
}

// plansChange says that a planned fix has something to do: a step that stands to
// be done, or a change that was already seen.
func (f *Fix) plansChange() bool {
	for i := range f.Steps {
		if f.Steps[i].Status == StepPlanned || len(f.Steps[i].Changes) > 0 {
			return true
		}
	}
	return false
}
