// Package store is what scripts remember from one run to the next, and the
// locks between runs. It is durable: what Update has returned without an error
// is there after a crash, and what it has not is not there in part.
//
// The memory of a script is one file with a checksum over all of it. It is read
// whole by each call, and a change writes a second file, the spare one, and
// exchanges the two. So a reader needs no lock, nothing is ever written where
// it is read, and the blocks of the spare are at hand on a disk that is full.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Store is a folder with the memory of each script, and a folder of locks. It
// is immutable and safe for concurrent use, by several processes too; nothing
// is held open between two calls.
type Store struct{ dir string }

// New makes a store in a folder, which is made (0700) by the first call that
// needs it.
func New(dir string) *Store { return &Store{dir} }

// ErrLocked is a lock that another run holds. The error that wraps it names the
// process.
var ErrLocked = errors.New("locked")

// ErrState is a memory that cannot be read or written: no permission, no space,
// a damaged file, a file of somebody else. The error that wraps it says what,
// where, why and what to do, and also wraps the cause, such as fs.ErrPermission.
var ErrState = errors.New("state that cannot be used")

// Tx is one transaction; it is valid until the function that got it returns,
// on that function's goroutine. A section is a part of a script's memory with
// names of its own: "state", "soft", "limit", "owed", "notify", "rows".
type Tx interface {
	Get(section, name string) []byte // nil: not there; a copy
	Put(section, name string, value []byte) error
	Delete(section, name string) error
	Each(section string, f func(name string, value []byte) error) error // sorted by name
}

// longestWait bounds the wait for another process that is writing the same
// memory: that takes milliseconds, unless the process is stopped.
const longestWait = time.Minute

// View reads what the script of a key remembers, as it is at one moment. What
// was never written is empty, and no file is made for it. An error of f is
// returned as it is. View does not wait for an Update: it sees what was before.
func (s *Store) View(ctx context.Context, key string, f func(Tx) error) error {
	p, err := s.place(key)
	if err != nil {
		return err
	}
	switch err := folder(s.dir, false); {
	case errors.Is(err, fs.ErrNotExist):
		return f(&memory{})
	case err != nil:
		return err
	}
	m, err := p.readBeside(ctx)
	if err != nil {
		return err
	}
	return f(m)
}

// Update reads and changes what the script of a key remembers: all that f does,
// or nothing of it where f or the disk fails. When it returns without an error
// the change is on the disk. An error of f is returned as it is. It waits for
// the Update of another process, as long as the context and one minute allow;
// none for the same key may be made within f, which would wait for the one
// around it.
func (s *Store) Update(ctx context.Context, key string, f func(Tx) error) error {
	p, err := s.place(key)
	if err != nil {
		return err
	}
	if err := folder(s.dir, true); err != nil {
		return err
	}
	lock, err := p.lock(ctx, openLock, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer letGo(lock)
	m, err := p.read()
	if err != nil {
		return err
	}
	m.writable = true
	if err := f(m); err != nil || !m.changed {
		return err
	}
	if err := p.write(m); err != nil {
		return failed("write", p.file, err)
	}
	return nil
}

// place is where the memory of one key is kept. It is immutable.
type place struct{ key, file, spare, lockFile string }

func (s *Store) place(key string) (place, error) {
	if key == "" {
		return place{}, errors.New("a store needs a key")
	}
	path := func(suffix string) string { return filepath.Join(s.dir, fileName(key, suffix)) }
	return place{key, path(".state"), path(".spare"), path(".lock")}, nil
}

// lock takes the lock of those who write.
func (p place) lock(ctx context.Context, flag, how int) (*os.File, error) {
	f, err := waitFlock(ctx, p.lockFile, flag, how, longestWait)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for another process to let go of %s: %w", p.file, err)
	case err == nil && f == nil:
		return nil, refused(p.file, "another process has kept it locked for %s: look for a stopped one (fuser %s)", longestWait, p.lockFile)
	}
	return f, err
}
