// Package supervise runs commands: each in a group of its own, with bounded
// capture, deadlines, and the certainty that nothing of a failed command stays
// behind. It knows nothing of Lua. Linux only.
package supervise

import (
	"io"
	"os"
	"syscall"
	"time"

	"opslua/internal/proctable"
)

// Cmd says what to run and how. It is plain data; Run does not change it, and
// one Cmd may be run several times but not by two goroutines at once.
type Cmd struct {
	// Argv is the command; Argv[0] is looked up in the PATH of Env when it has
	// no slash, and relative to Dir when it has one. At least one element.
	Argv []string
	// Path, when set, is the executable to use; Argv[0] is then only a name.
	Path string
	// Dir is the working directory; empty means the supervisor's.
	Dir string
	// Env is the child's whole environment as NAME=value; nil means empty.
	Env []string

	Stdin  Input
	Stdout Output
	Stderr Output
	// Merge sends standard error where standard output goes, in the order written.
	Merge bool

	// Timeout ends the command; 0 means no deadline of its own. The nearest of
	// this and the context's deadline wins.
	Timeout time.Duration
	// IdleTimeout ends a command that writes nothing for so long; 0 means never.
	IdleTimeout time.Duration
	// Signal asks the tree to go (default SIGTERM); after Grace comes SIGKILL.
	// Grace 0 means SIGKILL at once.
	Signal syscall.Signal
	Grace  time.Duration

	// MaxOutput bounds each captured stream, in bytes; 0 means 64 MiB, or 4 MiB
	// of head and 4 MiB of tail with Truncate.
	MaxOutput int64
	// Truncate keeps head and tail of a longer output and lets the command
	// finish, where otherwise it is ended with KindOutputLimit.
	Truncate bool

	// User, when set, is whom to run as.
	User *Credential
	// Umask and Nice, when set, are the child's alone.
	Umask *int
	Nice  *int
	// Limits bound the command and all that it starts.
	Limits Limits

	// Success says which exit statuses are no failure; nil means 0 alone. What
	// a command that failed left in the background is ended, what one that
	// succeeded left stays.
	Success func(code int) bool

	// Detach lets the command outlive the supervisor: no group kill, no cgroup,
	// no sweep. Run returns once it has started; output that is not sent to a
	// file, a descriptor or the supervisor's own is discarded.
	Detach bool

	// OnStart, when set, is called once from Run's goroutine after a successful exec.
	OnStart func(*Process)
}

// Credential is a numeric identity.
type Credential struct {
	UID, GID uint32
	Groups   []uint32
}

// Limits are per process tree where the kernel allows it and per process
// otherwise (Result.Degraded then names what is missing). Zero means no limit.
type Limits struct {
	Memory    int64         // bytes of data (RLIMIT_DATA, and a cgroup where there is one)
	CPU       time.Duration // processor time, rounded up to seconds
	Files     int64         // open descriptors
	Processes int64         // processes in the tree
}

// Input is where a command's standard input comes from. At most one field is
// set; the zero value is /dev/null.
type Input struct {
	Inherit bool
	Text    string
	File    string    // a path, opened for reading
	Fd      *os.File  // handed to the child as it is; the caller closes it
	Reader  io.Reader // copied by the supervisor; a *os.File should go into Fd
}

// Output is where one of a command's output streams goes. At most one of the
// modes is set; the zero value captures.
type Output struct {
	Discard bool
	Inherit bool
	File    string // a path, created 0666 before umask; truncated unless Append
	Append  bool
	Fd      *os.File // handed to the child as it is; the caller closes it
	// Line is called from Run's goroutine with every line, without its newline;
	// a line over 1 MiB comes in pieces. The slice is valid during the call. An
	// error ends the command and is returned by Run, wrapped in KindCallback.
	Line func(line []byte) error
	// Tee, when set, gets a live copy of what is captured or handed to Line.
	Tee io.Writer
}

// Result is what is known of a command that was started. It is plain data.
type Result struct {
	PID    int
	Argv   []string
	Path   string // the executable that ran
	Dir    string
	Code   int            // exit status; -1 when ended by a signal
	Signal syscall.Signal // 0 when it exited
	Stdout []byte
	Stderr []byte // empty with Merge: Stdout then has both
	// TruncatedStdout and TruncatedStderr count the bytes that were left out
	// between head and tail.
	TruncatedStdout, TruncatedStderr int64
	// PipeHeld says that a child in the background still held an output pipe
	// 500 ms after the command had ended.
	PipeHeld bool
	Started  time.Time
	Duration time.Duration
	User     time.Duration // processor time
	System   time.Duration
	MaxRSS   int64 // bytes, of the largest process waited for
	Attempts int   // 1 unless retried
	Degraded []string
	// Forced says that SIGKILL was needed; Survivors are processes of the tree
	// that could not be ended (in uninterruptible sleep, or of another user).
	Forced    bool
	Survivors []proctable.Proc
	// Evidence is the tree as it was just before it was killed.
	Evidence []proctable.Proc
}

// Process is a running command. It may be used by any goroutine until its Run
// has returned; later calls do nothing.
type Process struct {
	PID int
	run *running
}
