package check

import (
	"context"

	"opslua/internal/report"
)

// Run is what one run of a script was asked for, and what it has found. It is
// made by whoever runs the script, handed over through the context of
// Host.Run, and belongs to the script's goroutine until that returns.
type Run struct {
	Set     []string // parameters as "name=value"
	Only    []string // checks, collectors or fixes that run; empty: all
	Changes bool     // rows with a key are reported as differences
	// Describe says that nothing is to be run: the script is only read for what
	// it declares, which Description gives then.
	Describe    bool
	Description *Description
	// Report is what the run found; never nil inside a run.
	Report *report.Report
	// Declared says that the script declared a check, a collector or a fix.
	Declared bool
}

// Description is what a script declares: plain data.
type Description struct {
	Params  []Param
	Checks  []string
	Collect []string
	Fixes   []string
}

// Param is one parameter, for the help of a script.
type Param struct {
	Name     string
	Type     string // "text", "number", "boolean", "list"
	Default  string // as --set takes it; empty where it is required
	Required bool
	OneOf    []string
	Min, Max string // empty: no bound
}

type runKey struct{}

// NewContext hands a run over to the script that Host.Run runs with the context.
func NewContext(ctx context.Context, r *Run) context.Context {
	return context.WithValue(ctx, runKey{}, r)
}

// fromContext gives the run of the script, or nil.
func fromContext(ctx context.Context) *Run {
	r, _ := ctx.Value(runKey{}).(*Run)
	return r
}
