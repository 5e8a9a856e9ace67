package check

import "opslua/internal/report"

// unskip runs the checks that were skipped and whose needs a fix has met: the
// last state counts.
func (e *engine) unskip() error {
	for _, d := range e.todo {
		f := e.finding(d.name)
		if f.Skipped == "" {
			continue
		}
		if reason := e.skips(d); reason != "" {
			f.Skipped = reason
			continue
		}
		if _, err := e.rerun(d.name); err != nil {
			return err
		}
	}
	return nil
}

// rerun runs a check again, within or after a fix, and replaces its finding,
// which keeps the one from before the fixes.
func (e *engine) rerun(name string) (report.State, error) {
	d, _ := find(e.g.checks, name)
	f, err := e.check(d)
	if err != nil {
		return report.Unknown, err
	}
	old := e.finding(name)
	if f.Before = old.Before; f.Before == nil {
		before := *old
		f.Before = &before
	}
	*old = f
	return f.State, nil
}
