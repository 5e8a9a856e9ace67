package luabind

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"time"

	"opslua/internal/mask"
	"opslua/policy"
)

// Limits bound a run. The zero value means the defaults that are named here; a
// negative value lifts a limit.
type Limits struct {
	// Timeout bounds a run, as a deadline of its context does. Default: none.
	Timeout time.Duration
	// Memory is how much the process's heap may grow during a run, in bytes.
	// Default 512 MiB.
	Memory int64
	// Source is the largest script, in bytes. Default 2 MiB.
	Source int
	// Parallel is how many commands one call runs side by side at most. Default 500.
	Parallel int
}

const (
	defaultMemory   = 512 << 20
	defaultSource   = 2 << 20
	defaultParallel = 500
)

// Event is one line of the audit: something that a script did to the host, or
// was not allowed to do. It is plain data.
type Event struct {
	Time    time.Time
	Script  string
	Where   string // "check.lua:12"
	Op      string // "probe", "change", "read", "signal" …
	Args    []string
	Allowed bool
	Rule    string // the grant or the refusal that decided
	Code    int    // of a command that has ended
	Signal  string
	Seconds float64
	Done    bool   // false: the decision; true: the outcome
	Err     string // why there is no exit status
}

// Option configures a Host.
type Option func(*config) error

type config struct {
	modules []Module
	policy  policy.Policy
	scripts fs.FS
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	limits  Limits
	links   []func(ExecFunc) ExecFunc
	values  map[string]any
	audit   func(context.Context, Event)
	environ []string
	own     bool
	runDir  string
	hurry   <-chan struct{}
	hold    func() (release func())

	plan     func(context.Context, Change) // nil: no dry run
	progress func(Progress)
	log      slog.Handler
	stateDir string
	mask     *mask.Mask
}

// WithModules adds modules. A name that is taken already is an error of New.
func WithModules(m ...Module) Option {
	return func(c *config) error { c.modules = append(c.modules, m...); return nil }
}

// WithPolicy says what scripts may do. Default: nothing that touches the world.
func WithPolicy(p policy.Policy) Option {
	return func(c *config) error { c.policy = p; return nil }
}

// WithScripts is where Run finds scripts, and require their modules. Default:
// the disk, and the folder of the script.
func WithScripts(fsys fs.FS) Option {
	return func(c *config) error { c.scripts = fsys; return nil }
}

// WithStdio sets the three streams; nil is /dev/null, which is the default. A
// command that inherits a stream gets the file itself where it is an *os.File;
// any other writer is called by one goroutine of a host at a time.
func WithStdio(in io.Reader, out, errw io.Writer) Option {
	return func(c *config) error { c.stdin, c.stdout, c.stderr = in, out, errw; return nil }
}

// WithLimits bounds every run.
func WithLimits(l Limits) Option {
	return func(c *config) error { c.limits = l; return nil }
}

// WithExec adds a link to the exec chain: dry run, recording, audit, fakes. The
// first one is the outermost. Links see only commands that the policy granted.
func WithExec(link func(next ExecFunc) ExecFunc) Option {
	return func(c *config) error { c.links = append(c.links, link); return nil }
}

// WithValue makes any Go value a global of every script, by reflection. Several
// runs share the value: it must be safe for that.
func WithValue(name string, v any) Option {
	return func(c *config) error {
		if !regexp.MustCompile(`^[A-Za-z_]\w*$`).MatchString(name) {
			return fmt.Errorf("value %q: a name has letters, digits and _", name)
		}
		if _, dup := c.values[name]; dup {
			return fmt.Errorf("value %q: there is one already", name)
		}
		c.values[name] = v
		return nil
	}
}

// WithAudit is told of every decision and every outcome, from the run's goroutines.
func WithAudit(f func(ctx context.Context, e Event)) Option {
	return func(c *config) error { c.audit = f; return nil }
}

// WithEnviron is the environment that commands start from and os.getenv reads,
// as NAME=value. Default: empty.
func WithEnviron(env []string) Option {
	return func(c *config) error { c.environ = env; return nil }
}

// WithOwnProcess says that this process does nothing but run scripts: it may
// adopt the orphans of its commands (which is process-wide), and it notes the
// commands under way in runDir, so that the next start can end what a killed one left.
func WithOwnProcess(runDir string) Option {
	return func(c *config) error { c.own, c.runDir = true, runDir; return nil }
}

// WithHurry cuts the grace of everything that is being stopped, once the
// channel is closed: a second Ctrl-C.
func WithHurry(ch <-chan struct{}) Option {
	return func(c *config) error { c.hurry = ch; return nil }
}

// Mask hides the secrets of runs in texts and in what is written through it. The
// zero value knows none; it lives as long as whoever has it likes, and is safe
// for concurrent use.
type Mask = mask.Mask

// WithMask shares the mask of secrets with whoever writes what a run gave, such
// as a report: what a run learns to be secret stays so for all that share it.
// Default: each run has its own.
func WithMask(m *Mask) Option {
	return func(c *config) error { c.mask = m; return nil }
}

func newConfig() *config { return &config{values: map[string]any{}} }

func (c *config) finish() error {
	seen := map[string]bool{}
	for _, m := range c.modules {
		if seen[m.Name] {
			return fmt.Errorf("module %q: there is one already", m.Name)
		}
		seen[m.Name] = true
	}
	for name := range c.values {
		if seen[name] {
			return fmt.Errorf("value %q: a module has that name", name)
		}
	}
	orDefault(&c.limits.Memory, defaultMemory)
	orDefault(&c.limits.Source, defaultSource)
	orDefault(&c.limits.Parallel, defaultParallel)
	if c.stdin == nil {
		c.stdin = eof{}
	}
	c.stdout, c.stderr = lockStdio(c.stdout, c.stderr)
	return nil
}

func orDefault[T int | int64](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// eof is an empty standard input.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// isDevice says that a stream is a terminal, or something like /dev/null.
func isDevice(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// file gives the stream itself where it is a file, for commands that inherit it.
func file(stream any) *os.File {
	f, _ := stream.(*os.File)
	return f
}
