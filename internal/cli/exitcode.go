package cli

import (
	"errors"
	"fmt"
	"runtime/debug"

	"opslua/luabind"
	"opslua/luabind/check"
)

// The exit codes that are not a script's own.
const (
	codeOK       = 0
	codeFailed   = 1
	codeUnable   = 3 // the script could not be run, or was denied something
	codeDeadline = 124
	codeClosed   = 141 // the reader of the output went away
	codeSignal   = 128 // and the signal's number
)

// usageError is a mistake on the command line. Its text is not escaped.
type usageError struct{ msg string }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func (e *usageError) Error() string { return e.msg }

// unableError is a script that cannot be read.
type unableError struct{ msg string }

func (e *unableError) Error() string { return e.msg }

// stopError is why a run was ended from outside.
type stopError struct {
	code   int
	msg    string
	script string // where it is known
}

func (e *stopError) Error() string { return e.msg }

// of is the same for a script that did not stop by itself, so that its line is
// not known.
func (e *stopError) of(script string) error { return &stopError{e.code, e.msg, script} }

// verdict is the exit code of a run whose document says why.
type verdict struct{ code int }

func (*verdict) Error() string { return "the report says why" }

// outputError is standard output that could not be written.
type outputError struct{ err error }

func (e *outputError) Error() string { return outputText(e.err) }
func (e *outputError) Unwrap() error { return e.err }

// panicError is a defect of opslua.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(v any) *panicError { return &panicError{v, debug.Stack()} }

func (e *panicError) Error() string { return panicText(e.value) }

// exitCode is the one place that maps errors to exit codes. Where several came
// together, the first that decides does.
func exitCode(err error) int {
	var (
		exit   *luabind.ExitError
		script *luabind.ScriptError
		stop   *stopError
		load   *luabind.LoadError
		usage  *usageError
		unable *unableError
		raised *luabind.Error
		told   *verdict
	)
	switch {
	case err == nil:
		return codeOK
	case errors.As(err, &told):
		return told.code
	case errors.As(err, &stop):
		return stop.code
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, check.ErrAsked), errors.As(err, &raised) && raised.Kind == luabind.KindDenied:
		return codeUnable
	case errors.As(err, &script): // also where its cause is a module that does not load
		return codeFailed
	case errors.As(err, &usage), errors.As(err, &unable), errors.As(err, &load):
		return codeUnable
	}
	return codeFailed
}
