package supervise

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	maxString = 128 << 10 // of one argument or variable with its NUL, whatever the page size is not
	sureTotal = 96 << 10  // below this the limit on the stack need not be asked
)

// check refuses what cannot be run, before anything is opened.
func check(c *Cmd) error {
	if len(c.Argv) == 0 {
		return usage(c, "the command is empty")
	}
	if strings.IndexByte(c.Path, 0) >= 0 || strings.IndexByte(c.Dir, 0) >= 0 {
		return usage(c, "a NUL in the name of a file")
	}
	if c.Timeout < 0 || c.IdleTimeout < 0 || c.Grace < 0 || c.MaxOutput < 0 {
		return usage(c, "a negative timeout, grace or limit")
	}
	l := &c.Limits
	if l.Memory < 0 || l.CPU < 0 || l.Files < 0 || l.Processes < 0 {
		return usage(c, "a negative limit")
	}
	if c.IdleTimeout > 0 && !heard(&c.Stdout) && (c.Merge || !heard(&c.Stderr)) {
		return usage(c, "idle_timeout, but no output of the command is read")
	}
	if c.Detach && (c.Stdout.Line != nil || c.Stderr.Line != nil || c.Stdin.Reader != nil || len(c.Stdin.Text) > 64<<10) {
		return usage(c, "a detached command with a stream that this process would have to serve")
	}
	return checkSize(c)
}

// heard says that the supervisor sees what is written. What goes to the
// supervisor's own output may not be: only files are handed over.
func heard(o *Output) bool {
	return o.Fd == nil && o.File == "" && (!o.Discard || o.Tee != nil) && !o.Inherit
}

func usage(c *Cmd, what string) *Error {
	return &Error{Kind: KindUsage, Op: "run", Name: name(c), Err: constError(what)}
}

func checkSize(c *Cmd) error {
	total := len(c.Path) + 1
	for i, arg := range c.Argv {
		if strings.IndexByte(arg, 0) >= 0 {
			return usage(c, fmt.Sprintf("a NUL in argument %d", i))
		}
		if len(arg) >= maxString {
			return tooLong(c, fmt.Sprintf("argument %d has %d bytes, the system allows %d", i, len(arg), maxString-1))
		}
		total += len(arg) + 1 + 8
	}
	for _, pair := range c.Env {
		name, _, ok := strings.Cut(pair, "=")
		if strings.IndexByte(pair, 0) >= 0 {
			return usage(c, "a NUL in the variable "+strings.ReplaceAll(name, "\x00", "?"))
		}
		if !ok || name == "" {
			return usage(c, fmt.Sprintf("%q is no NAME=value", pair))
		}
		if len(pair) >= maxString {
			return tooLong(c, fmt.Sprintf("the variable %s has %d bytes, the system allows %d", name, len(pair), maxString-1))
		}
		total += len(pair) + 1 + 8
	}
	if total <= sureTotal {
		return nil
	}
	// A quarter of the stack, at most three quarters of 8 MiB, at least 128 KiB.
	limit := uint64(6 << 20)
	var stack unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_STACK, &stack) == nil {
		limit = max(min(limit, stack.Cur/4), 128<<10)
	}
	if uint64(total) > limit {
		return tooLong(c, fmt.Sprintf("arguments and environment have %d bytes, the system allows %d", total, limit))
	}
	return nil
}

func tooLong(c *Cmd, what string) *Error {
	return &Error{Kind: KindTooLong, Op: "exec", Name: name(c), Err: constError(what)}
}
