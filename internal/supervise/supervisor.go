package supervise

import (
	"context"
	"io"
	"os"
	"syscall"
	"time"

	"opslua/internal/proctable"
)

// Options configure a Supervisor. The zero value suits a library in somebody
// else's process: no process-wide state is touched.
type Options struct {
	// Subreaper makes this process the one that orphans of its commands fall
	// to. It is process-wide, so only a program of its own sets it.
	Subreaper bool
	// RunDir is where commands under way are noted, so that the next start can
	// end what a killed one left. Empty: nothing is noted.
	RunDir string
	// Stdin, Stdout and Stderr are what Inherit means; nil is /dev/null.
	Stdin          *os.File
	Stdout, Stderr io.Writer
}

// Supervisor runs commands. It is safe for concurrent use; Close it once no
// Run is under way.
type Supervisor struct{ opts Options }

// The functions that package proc builds on:
//
//	func New(Options) (*Supervisor, error)
//	func (s *Supervisor) Run(ctx context.Context, c *Cmd) (*Result, error)
//	func (s *Supervisor) Close() error
//	func (s *Supervisor) Sweep() (ended int, err error)  // ends what a killed supervisor of this user left
//	func (p *Process) Signal(sig syscall.Signal) error
//	func (p *Process) Stop(sig syscall.Signal, grace time.Duration) // asks the tree to go; Run returns as for a signal
//	func Pipe(ctx, stages []*Cmd, run func(context.Context, *Cmd) (*Result, error)) ([]*Result, []error)
//	func LookPath(name, dir string, env []string) (string, error)
//	func Quote(argv []string) string
//	func StopProcesses(ctx, ids []proctable.Identity, StopOptions) (StopResult, error)
var _ = []any{context.Background, syscall.SIGTERM, time.Second, proctable.Proc{}}
