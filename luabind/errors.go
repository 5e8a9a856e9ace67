package luabind

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kind is the sort of an error, as scripts compare it: err:is("timeout").
type Kind string

// The kinds of error values; the Lua documentation of errors lists the same words.
const (
	KindExit          Kind = "exit"           // a command ended with an exit status that is not accepted
	KindSignal        Kind = "signal"         // a command was ended by a signal
	KindTimeout       Kind = "timeout"        // a deadline passed
	KindIdleTimeout   Kind = "idle_timeout"   // a command wrote nothing for too long
	KindOutputLimit   Kind = "output_limit"   // more output than allowed
	KindCancelled     Kind = "cancelled"      // the run was interrupted
	KindNotFound      Kind = "not_found"      // no such program, file or name
	KindNotExecutable Kind = "not_executable" // a program that the system does not execute
	KindBadCwd        Kind = "bad_cwd"        // a working directory that cannot be used
	KindTooLong       Kind = "too_long"       // arguments beyond the kernel's limits
	KindDenied        Kind = "denied"         // the policy, or a rule of safety, says no
	KindPlanned       Kind = "planned"        // a result that is only planned was read
	KindSpawn         Kind = "spawn"          // a command could not be started, for another reason
	KindResource      Kind = "resource"       // memory, processes or descriptors ran out
	KindGone          Kind = "gone"           // the process does not exist any more
	KindAccess        Kind = "access"         // the system refused
	KindAssert        Kind = "assert"         // the host is not as the script wants it
	KindUsage         Kind = "usage"          // a mistake in the script
	KindIO            Kind = "io"             // reading or writing failed
	KindParse         Kind = "parse"          // a text is not what it should be
	KindNet           Kind = "net"            // a connection failed
	KindUnsupported   Kind = "unsupported"    // not possible on this system
)

// Error is an error of a module: a Go error, and in Lua an error value with the
// same fields. It is not changed once it was raised; safe for concurrent reading.
type Error struct {
	Kind    Kind
	Message string // one line for a person, not escaped
	// Fields are what Lua sees beside kind, message and where: values that
	// Call.Return accepts. Optional.
	Fields map[string]any
	// Methods are functions of the error value, by name. Optional.
	Methods []Func
	// Where is the place in the script where it was raised first, "check.lua:12".
	Where string
	Cause error
}

// Error gives the message, without the place.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error; %w keeps a cause.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// ScriptError is a script that failed while it ran. It is plain data.
type ScriptError struct {
	Script string
	Line   int // 0 where it is not known
	Msg    string
	trace  string
	cause  error
}

// Error gives SCRIPT:LINE: message, on one line but not escaped.
func (e *ScriptError) Error() string {
	msg := strings.ReplaceAll(strings.TrimRight(e.Msg, "\n"), "\n", "; ")
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Script, e.Line, msg)
	}
	return e.Script + ": " + msg
}

// Backtrace gives the Lua functions that were active, one a line.
func (e *ScriptError) Backtrace() string { return e.trace }

// Unwrap gives the *Error that was raised, or the context's error.
func (e *ScriptError) Unwrap() error { return e.cause }

// LoadError is a script that was not run: missing, unreadable, or not Lua.
type LoadError struct {
	Script string
	Line   int // 0 where it is not about a line
	Msg    string
	// Incomplete says that more text could make it valid.
	Incomplete bool
	Cause      error
}

// Error gives SCRIPT:LINE: message.
func (e *LoadError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Script, e.Line, e.Msg)
	}
	return e.Script + ": " + e.Msg
}

// Unwrap gives the cause.
func (e *LoadError) Unwrap() error { return e.Cause }

// ExitError is a script that called exit(n) with n other than 0.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit %d", e.Code) }

// errorFor finds the Error in a chain, or makes one.
func errorFor(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	kind := KindIO
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		kind = KindTimeout
	case errors.Is(err, context.Canceled):
		kind = KindCancelled
	}
	return &Error{Kind: kind, Message: err.Error(), Cause: err}
}
