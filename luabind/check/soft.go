package check

import (
	"opslua/internal/report"
	"opslua/internal/store"
)

// streak is how many runs in a row a check with soft was as it is now: OK, or
// not. A problem that gets worse or better meanwhile is the same problem.
type streak struct {
	OK bool `json:"ok"`
	N  int  `json:"n"`
}

// maxStreak bounds what is counted.
const maxStreak = 1_000_000_000

// next is the streak after one more run.
func (s streak) next(ok bool) streak {
	if s.OK == ok {
		return streak{ok, min(max(s.N, 0)+1, maxStreak)}
	}
	return streak{ok, 1}
}

// soften counts the runs of a check with soft = n and marks a state that is not
// hard yet. UNKNOWN neither counts nor resets. What looks again within this run
// finds it counted, unless a problem came or went. An error ends the script.
func (e *engine) soften(f *report.Finding, of int) error {
	if of <= 1 || f.State == report.Unknown { // with 1, every state is hard at once
		return nil
	}
	if !e.mem.there() {
		e.uncounted(f, "soft needs a state directory: this run cannot be counted")
		return nil
	}
	s, counted := e.streaks[f.Name]
	if ok := f.State == report.OK; !counted || s.OK != ok {
		var err error
		if s, err = e.count(f.Name, ok); err != nil {
			if e.over(err) {
				return err
			}
			e.uncounted(f, "soft: state cannot be kept: "+oneLine(err.Error()))
			return nil
		}
		e.streaks[f.Name] = s
	}
	delete(e.unsure, f.Name)
	f.Attempts = s.N
	if !s.OK && s.N < of {
		f.Soft = &report.Soft{N: s.N, Of: of}
	}
	return nil
}

// count adds a run to the streak of a check; a dry run keeps nothing.
func (e *engine) count(name string, ok bool) (s streak, err error) {
	one := func(tx store.Tx) error {
		s = streak{}
		if _, err := load(tx, sectionSoft, name, &s); err != nil {
			return err
		}
		if s = s.next(ok); e.dry {
			return nil
		}
		return save(tx, sectionSoft, name, s)
	}
	err = e.mem.exchange(e.c.Context(), e.dry, one)
	return s, err
}

// uncounted adds that nobody can say whether the state is hard.
func (e *engine) uncounted(f *report.Finding, text string) {
	e.unsure[f.Name] = text
	f.Lines = append(f.Lines, report.Line{State: report.Unknown, Text: text})
	if report.Worse(f.State, report.Unknown) == f.State {
		f.Text = joinWith(", ", f.Text, text)
		return
	}
	f.State, f.Text = report.Unknown, joinWith(", ", text, f.Text)
}
