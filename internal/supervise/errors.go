package supervise

import (
	"fmt"
	"time"
)

// Kind says why there is no exit status. The words are those of the Lua API.
type Kind string

// ErrNow, as the cause of a cancelled context, cuts the grace of the commands
// under it to 250 ms: context.WithCancelCause and cancel(ErrNow). For one that
// was cancelled already there is Supervisor.Hurry.
const ErrNow = constError("cancelled, now")

// constError is an error that nobody can assign to.
type constError string

func (e constError) Error() string { return string(e) }

// The kinds of error that Run returns.
const (
	KindTimeout       Kind = "timeout"      // Timeout, or the context's deadline
	KindIdle          Kind = "idle_timeout" // nothing written for IdleTimeout
	KindOutputLimit   Kind = "output_limit"
	KindCancelled     Kind = "cancelled" // the context was cancelled
	KindNotFound      Kind = "not_found" // no such program
	KindNotExecutable Kind = "not_executable"
	KindBadDir        Kind = "bad_cwd"
	KindTooLong       Kind = "too_long" // arguments or environment beyond the kernel's limits
	KindUsage         Kind = "usage"    // NUL in an argument, an impossible Cmd
	KindAccess        Kind = "access"   // the system refused a file or an identity
	KindFile          Kind = "io"       // an input or output file, for any other reason
	KindFileMissing   Kind = "file_not_found"
	KindResource      Kind = "resource" // no processes, descriptors or memory left
	KindSpawn         Kind = "spawn"    // everything else between fork and exec
	KindCallback      Kind = "callback" // an Output.Line said stop; Unwrap has its error
)

// Error is plain data of one failed Run: a command that came to no exit status. Result is set, as far as it
// is known, when the command had been started.
type Error struct {
	Kind    Kind
	Op      string        // what was done: "exec", "chdir", "open", "setuid"…
	Name    string        // on what: a program, a directory, a file, an interpreter
	Timeout time.Duration // for KindTimeout and KindIdle
	Err     error         // the cause; context.DeadlineExceeded and context.Canceled are kept
	Result  *Result
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Name, e.Err)
	}
	return fmt.Sprintf("%s %s: %s", e.Op, e.Name, e.Kind)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
