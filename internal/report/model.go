// Package report is what a run found, measured and did, and the formats in
// which it is told: to a person, to a monitoring system, to a program.
package report

import (
	"time"

	"opslua/internal/units"
)

// Report is one run. It is plain data, filled by one goroutine and then written
// in any format; Recorder is for several goroutines.
type Report struct {
	Script   string
	Host     string // name of the machine
	Started  time.Time
	Seconds  float64 // wall time of the run
	DryRun   bool
	Findings []Finding
	Metrics  []Metric
	Rows     []Rows
	Fixes    []Fix
	Commands []Command
	// CommandsOmitted is how many more commands there were than Commands holds.
	CommandsOmitted int
	Changes         []Change // what a dry run planned outside of fixes too, in order
	Degraded        []string // what the kernel lacks of what was asked for
	Verified        *Verified
	// Processes is the tree to show, in the order of a depth-first walk; empty
	// where nobody asked for it.
	Processes []Process
	// Error is why the script as a whole could not be evaluated; empty: it was.
	Error string
	// Exited is the n of exit(n), with which the script ended itself; 0: it did
	// not, or all was well.
	Exited int
	// Incomplete is where a dry run could not go on: "cannot predict past …".
	Incomplete string
}

// Finding is the result of one check, or of a collector that failed.
type Finding struct {
	Name      string
	Collector bool // it is that of a collector: UNKNOWN, with why it failed
	State     State
	Text      string // one line, offender first
	Lines     []Line // what the check said, in order
	Values    []Value
	Metrics   []Value // measured without a threshold
	Seconds   float64
	Attempts  int      // consecutive runs in this state, this one included; 0 without soft
	Soft      *Soft    // nil: hard
	Skipped   string   // why it did not run; then State does not count
	Needs     []string // the checks that it needs
	Before    *Finding // the state before the fixes ran, where one ran after
}

// Line is one statement of a check.
type Line struct {
	State State
	Text  string
}

// Soft says that a state is not hard yet: run N of Of.
type Soft struct{ N, Of int }

// Value is a number with its thresholds.
type Value struct {
	Label string
	Value float64
	Unit  string // as the script says it: "%", "s", "ms", "B", "KiB", "c", …
	Warn  *units.Range
	Crit  *units.Range
	Min   *float64
	Max   *float64
	Note  string
	State State
}

// Metric is one sample of a collector.
type Metric struct {
	Name   string
	Type   MetricType
	Help   string
	Labels []Label // sorted by name
	Value  float64
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// MetricType is how a metric behaves.
type MetricType string

// The types of metrics.
const (
	Gauge   MetricType = "gauge"
	Counter MetricType = "counter"
	Info    MetricType = "info"
)

// Rows is a table that a collector reports.
type Rows struct {
	Name    string
	Columns []string // in order; derived from the rows where the script names none
	Key     string   // the column that identifies a row; empty: none
	Rows    []map[string]any
	// Diff, when set, is how the rows differ from those of the last run.
	Diff *RowsDiff
}

// RowsDiff is the difference of two sets of rows with the same key.
type RowsDiff struct {
	Added, Removed []map[string]any
	Changed        []RowChange
}

// RowChange is a row of which some columns changed.
type RowChange struct {
	Key    any
	Before map[string]any // the columns that changed
	After  map[string]any
}

// FixStatus is how a fix ended.
type FixStatus string

// How a fix can end.
const (
	FixOK         FixStatus = "ok"          // nothing to do
	FixChanged    FixStatus = "changed"     // done, and verified where asked for
	FixFailed     FixStatus = "failed"      // a step, the verification or an undo failed
	FixRolledBack FixStatus = "rolled_back" // failed, and every undo ran
	FixBlocked    FixStatus = "blocked"     // the limit or the lock said no
	FixPlanned    FixStatus = "planned"     // a dry run
)

// Fix is what one fix did.
type Fix struct {
	Name     string
	Status   FixStatus
	On       string // the check that it is for
	Reason   string // why it acted, or did not
	Steps    []Step
	Evidence []Evidence
	Error    string
	Seconds  float64
}

// How a step, or an undo, can end.
const (
	StepDone       = "done"
	StepFailed     = "failed"
	StepPlanned    = "planned"
	StepUndone     = "undone"
	StepUndoFailed = "undo failed"
	StepSkipped    = "skipped"
)

// Step is one step of a fix, or one undo.
type Step struct {
	Title   string
	Status  string // StepDone and its kind
	Text    string // why it failed
	Seconds float64
	Changes []Change
}

// Change is one change to the host, made or planned.
type Change struct {
	Op    string   // "command", "write", "signal", "service", "request", "state", "notify", "lock"
	Text  string   // one line: what is done
	Argv  []string // of a command
	Path  string   // of a file
	Diff  string   // unified, of a text file
	Where string   // "fix.lua:12"
}

// Evidence is what a fix saved before it acted.
type Evidence struct{ Name, Text string }

// Command is one command that ran, or was planned.
type Command struct {
	Argv    []string
	Code    int
	Signal  string
	Seconds float64
	Probe   bool
	Planned bool
	Error   string // why there is no exit status
	Where   string
}

// Verified says which bundle ran and who had vetted it.
type Verified struct {
	Bundle, Digest string
	Signers        []string
}

// Process is one line of a process tree.
type Process struct {
	Depth    int
	PID      int
	Name     string
	Command  string
	State    string
	RSS      int64   // bytes
	CPUTime  float64 // seconds
	Children int
}
