// Package cli is the opslua command line: flags, environment, signals, exit
// codes, and everything that is printed for a person. Nothing below it reads
// the environment or decides about the process.
package cli

import (
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/report"
)

// Env is what a run of the command line gets from outside. It is plain data,
// for one call of Main.
type Env struct {
	Args    []string // without the program's own name
	Environ []string // NAME=value
	Stdin   *os.File
	Stdout  *os.File
	Stderr  *os.File
	// OwnProcess says that the process is opslua's alone: signals, memory limits
	// and descriptors may be set for the whole of it.
	OwnProcess bool
}

// OSEnv is the Env of this process. Descriptors above 2, which a careless
// parent left open, are kept from all children.
func OSEnv() Env {
	// An old kernel does not know the call; Go's own descriptors are marked anyway.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	return Env{
		Args: os.Args[1:], Environ: os.Environ(), OwnProcess: true,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
}

// Main does what the arguments say and gives the exit code.
func Main(env Env) (code int) {
	p := &program{env: env, started: time.Now(), term: newTerm(env)}
	if env.OwnProcess {
		// What still ends the process from another goroutine does so without a dump.
		debug.SetTraceback("none")
	}
	defer func() {
		if v := recover(); v != nil {
			code = p.end(newPanicError(v))
		}
	}()
	p.set.foresee(env.Args)
	l, err := splitLine(env.Args)
	if err == nil {
		err = p.app(l).Run(l.argv())
	}
	return p.end(err)
}

// end says what went wrong, on standard error and, in a format for machines, in
// the document that standard output owes its reader.
func (p *program) end(err error) int {
	code := p.report(err)
	return p.undocumented(err, code)
}

// program is one run of Main; it belongs to Main's goroutine.
type program struct {
	env     Env
	started time.Time
	term    *term
	set     settings
	// documented says that the report was written, or is being written by a run
	// that was left behind.
	documented atomic.Bool
	// left is the report of a run that was left behind, leftDeclared that its
	// script has checks and the like.
	left         *report.Report
	leftDeclared bool
}
