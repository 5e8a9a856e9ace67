// Package check is what a script declares: checks, collectors, fixes and
// parameters. What they find and do goes into a report.
package check

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
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

	params bool             // the script called param
	now    func() time.Time // nil: time.Now
	seen   seen
}

// ErrAsked is the cause of every error about Set and Only: the mistake is not
// the script's, but that of whoever asked for the run.
var ErrAsked = errors.New("not what the script has")

func askedError(format string, args ...any) error {
	e := luabind.Errorf(luabind.KindUsage, format, args...)
	e.Cause = ErrAsked
	return e
}

// seen is what other goroutines may know of a run that goes on. It lives as long
// as the run and is safe for concurrent use.
type seen struct {
	mu       sync.Mutex
	declared bool
	findings []report.Finding
}

// SoFar gives whether the script has declared anything, and the findings of the
// checks that have ended, as they were before any fix. Unlike the rest of a run
// it may be asked by any goroutine at any time: for a run that does not stop.
func (r *Run) SoFar() (declared bool, findings []report.Finding) {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	return r.seen.declared, slices.Clone(r.seen.findings)
}

func (r *Run) declare() {
	r.Declared = true
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	r.seen.declared = true
}

func (r *Run) found(f report.Finding) {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	r.seen.findings = append(r.seen.findings, f)
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

// Unused gives an error of kind usage where parameters or names were given to a
// script that has come to its end and declares none. A script that declared
// anything has seen to it already.
func (r *Run) Unused() error {
	if r.Describe {
		return nil
	}
	if len(r.Set) > 0 && !r.params {
		return askedError("--set %s: the script declares no parameters (param{...})", oneLine(r.Set[0]))
	}
	if len(r.Only) > 0 && !r.Declared {
		return askedError("--only %s: the script declares no check, collector or fix", oneLine(r.Only[0]))
	}
	return nil
}

func (r *Run) clock() time.Time {
	if r.now != nil {
		return r.now()
	}
	return time.Now()
}

// oneLine is a text on one line.
func oneLine(s string) string {
	s = strings.TrimRight(s, "\r\n")
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.NewReplacer("\n", "; ", "\r", " ").Replace(s)
}
