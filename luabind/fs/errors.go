package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/internal/escape"
	"opslua/luabind"
)

// problem is a refusal of ours, with its kind; immutable.
type problem struct {
	kind luabind.Kind
	text string
}

func (p *problem) Error() string { return p.text }

// refuse makes a problem of kind io.
func refuse(text string) error { return &problem{luabind.KindIO, text} }

// atPath is an error about another path than the one of the call; immutable.
type atPath struct {
	path string
	err  error
}

func (a *atPath) Error() string { return shown(a.path) + ": " + bare(a.err) }
func (a *atPath) Unwrap() error { return a.err }

// shown is a path in a message: on one line, whatever is in its name, and
// without its middle where it is very long.
func shown(path string) string {
	const most = 2000
	s := escape.String(path)
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most/2], "") + "…" + strings.ToValidUTF8(s[len(s)-most/2:], "")
}

// bare is the text of an error without the path, which the caller names.
func bare(err error) string {
	var at *atPath
	if errors.As(err, &at) {
		return at.Error()
	}
	var own *problem
	if errors.As(err, &own) {
		return own.text
	}
	if errors.Is(err, unix.ELOOP) {
		return "too many links, or one that came while the path was followed"
	}
	var pe *iofs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// kindOf sorts the errors of files: everything that is neither "not there" nor
// "not allowed" is io, no space included.
func kindOf(err error) luabind.Kind {
	var own *problem
	switch {
	case errors.As(err, &own):
		return own.kind
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return luabind.KindNotFound
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return luabind.KindAccess
	}
	return luabind.KindIO
}

// failed is the error of a call about a path. After says how things stand now.
func failed(c *luabind.Call, path string, err error, after string) error {
	var own *luabind.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	if c.Context().Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	var unknown *unknownError
	if errors.As(err, &unknown) {
		return c.ReadsPlanned(unknown.what)
	}
	msg := c.Name() + " " + shown(path) + ": " + bare(err)
	if after != "" {
		msg += "; " + after
	}
	return &luabind.Error{Kind: kindOf(err), Message: msg, Cause: err}
}

// isMissing says that there is nothing at the path.
func isMissing(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) }
