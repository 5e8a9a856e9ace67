package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

var (
	errTooLarge = errors.New("a memory beyond the largest size")
	errDamaged  = errors.New("damaged")
)

// stateError is an ErrState with its message and its cause.
type stateError struct {
	msg   string
	cause error
}

func (e *stateError) Error() string { return e.msg }

func (e *stateError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrState}
	}
	return []error{ErrState, e.cause}
}

// failed is the error of something that was tried with a file or folder.
func failed(did, path string, err error) error {
	var known *stateError
	if errors.As(err, &known) {
		return err
	}
	return &stateError{fmt.Sprintf("cannot %s %s: %s", did, path, reasonOf(err)), err}
}

// reasonOf says why, and what to do about it.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "no space is left on its file system, and what was there before is kept: make space"
	case errors.Is(err, syscall.EDQUOT):
		return "the disk quota is used up, and what was there before is kept: make space"
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("it would grow beyond %d MiB, and what was there before is kept: delete names that are not needed", maxSize>>20)
	case errors.Is(err, syscall.EROFS):
		return "its file system is mounted read-only: mount it writable, or keep the state elsewhere"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("permission denied for user %d: run as the owner, or give that user the folder", os.Geteuid())
	case errors.Is(err, syscall.ELOOP):
		return "it is a symbolic link, and state is not kept behind one: remove the link"
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of the path is no folder: remove what is in its place"
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.EISDIR):
		return "it is no regular file: remove what is in its place"
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EOPNOTSUPP):
		return "its file system knows no locks: keep the state on a local one"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many files are open: raise the limit"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

// refused is the error of something that is in place but must not be used.
func refused(path, format string, args ...any) error {
	return &stateError{msg: "cannot use " + path + ": " + fmt.Sprintf(format, args...)}
}

// damaged is the error of a memory whose contents are not what was written.
func damaged(path, what string) error {
	return &stateError{"cannot use " + path + ": it is damaged (" + what + "): restore it, or move it away to begin with nothing remembered", errDamaged}
}
