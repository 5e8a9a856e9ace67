package check

import (
	"context"
	"errors"
	"fmt"

	"opslua/internal/report"
	"opslua/luabind"
)

// textOf is what an error says. One that comes from the end of the run itself,
// and not from what the script did, has the reason of that.
func (e *engine) textOf(err error) string {
	var exit *luabind.ExitError
	if errors.As(err, &exit) {
		return fmt.Sprintf("the script ended itself: exit(%d)", exit.Code)
	}
	ended, cause := e.c.Context().Err(), context.Cause(e.c.Context())
	switch {
	case ended == nil || kindOf(err) != "" && !errors.Is(err, ended):
		return e.c.ErrorText(err)
	case errors.Is(cause, context.DeadlineExceeded):
		return "not finished: the deadline passed"
	case errors.Is(cause, context.Canceled):
		return "not finished: interrupted"
	}
	return "not finished: " + e.c.ErrorText(cause)
}

// over says that an error ends the script and not just a part of it: its
// deadline, an interrupt, exit(n).
func (e *engine) over(err error) bool {
	var exit *luabind.ExitError
	return e.c.Context().Err() != nil || errors.As(err, &exit)
}

// stateOf is what an error that a check raised says of the host: that a command
// failed or something is not as it should be is known, all else is not.
func stateOf(err error) report.State {
	switch kindOf(err) {
	case luabind.KindExit, luabind.KindSignal, luabind.KindAssert:
		return report.Critical
	}
	return report.Unknown
}

// kindOf is the kind of an error value, or empty.
func kindOf(err error) luabind.Kind {
	var e *luabind.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
