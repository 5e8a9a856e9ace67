package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Options configure a Supervisor. The zero value suits a library in somebody
// else's process: no process-wide state is touched.
type Options struct {
	// Subreaper makes this process the one that orphans of its commands fall
	// to, and marks all its descriptors from 3 on as not to be inherited. Both
	// are process-wide, so only a program of its own sets it. Children that
	// such a program starts by other means have to stay in its own process
	// group, as they do by default: what is in another one counts as an orphan
	// of a command and is reaped.
	Subreaper bool
	// RunDir is where commands under way are noted, so that the next start can
	// end what a killed one left. Empty: nothing is noted. One that cannot be
	// written, or that others can write, is left alone.
	RunDir string
	// Stdin, Stdout and Stderr are what Inherit means; nil is /dev/null.
	Stdin          *os.File
	Stdout, Stderr io.Writer
}

// Supervisor runs commands. It is safe for concurrent use; Close it once no
// Run is under way.
type Supervisor struct {
	opts   Options
	self   int
	serial atomic.Uint64
	groups groups
	notes  notes
	null   func() (*os.File, error)

	// starting is held for reading between fork and the entry in active, so
	// that Reap, which holds it for writing, knows every child of a Run.
	starting sync.RWMutex

	mu     sync.Mutex
	active map[int]*running
	left   []leftover // children that their Run did not wait for
}

// leftover is a child that still runs, or cannot be ended: it is reaped later.
type leftover struct{ pid, pidfd int }

// New makes a supervisor. The error says that the process could not be made a
// subreaper or its descriptors not be marked.
func New(opts Options) (*Supervisor, error) {
	s := &Supervisor{opts: opts, self: os.Getpid(), active: make(map[int]*running)}
	s.null = sync.OnceValues(func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) })
	s.groups.prefix = groupPrefix + strconv.Itoa(s.self) + "." + strconv.FormatInt(time.Now().UnixNano(), 36) + "."
	s.notes.self, s.notes.dir = s.self, opts.RunDir
	if !opts.Subreaper {
		return s, nil
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become a subreaper: %w", err)
	}
	if err := unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC); err != nil && err != unix.ENOSYS && err != unix.EINVAL && err != unix.EPERM {
		return nil, fmt.Errorf("mark descriptors close-on-exec: %w", err)
	}
	return s, nil
}

// Run runs c and returns when nothing of it is under way any more, save what a
// successful command left in the background. An exit status other than 0 and
// death by a signal are no error of Run: they are in the result. All errors
// are of type *Error. Cancelling ctx asks the command to go with its Signal
// and its Grace.
func (s *Supervisor) Run(ctx context.Context, c *Cmd) (*Result, error) {
	if ctx.Err() != nil {
		return nil, stopError(ctx, c, 0)
	}
	// The command may ask after a daemon that an earlier one has started: to
	// kill -0 one that has ended is alive until it is reaped.
	s.Reap()
	if s.opts.Subreaper {
		defer s.reapMeanwhile()()
	}
	r, err := s.start(ctx, c)
	if err != nil {
		return nil, err
	}
	return r.wait()
}

// Hurry cuts the grace of the commands that were asked to go, or whose context
// has ended, to what is left of 250 ms since then.
func (s *Supervisor) Hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.active {
		r.hurry()
	}
}

// Close lets go of what is kept between runs. It ends no process. A
// second Close does nothing.
func (s *Supervisor) Close() error {
	s.Reap()
	s.mu.Lock()
	for _, l := range s.left {
		closefd(l.pidfd)
	}
	s.left = nil
	s.mu.Unlock()
	err := errors.Join(s.groups.close(), s.notes.close())
	if null, failed := s.null(); failed == nil {
		_ = null.Close()
	}
	return err
}

// detached gives what is known of a command that is on its own from now on.
func (r *running) detached() (*Result, error) {
	r.finish()
	r.s.mu.Lock()
	r.s.left = append(r.s.left, leftover{r.pid, r.pidfd})
	r.s.mu.Unlock()
	r.res.Duration = time.Since(r.res.Started)
	return &r.res, nil
}

// stopError says why ctx ended.
func stopError(ctx context.Context, c *Cmd, ran time.Duration) *Error {
	e := &Error{Kind: KindCancelled, Op: "run", Name: name(c), Err: ctx.Err()}
	if cause := context.Cause(ctx); cause != nil && cause != e.Err {
		e.Err = errors.Join(e.Err, cause)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind, e.Timeout = KindTimeout, ran
	}
	return e
}

func name(c *Cmd) string {
	if len(c.Argv) > 0 {
		return c.Argv[0]
	}
	return c.Path
}

func closefd(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}
