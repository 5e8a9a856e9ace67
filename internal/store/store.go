// Package store is what scripts remember from one run to the next, and the
// locks between runs. It is durable: what Update has returned without an error
// is there after a crash, and what it has not is not there in part.
package store

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Store is a folder with one database a script, and a folder of locks. It is
// immutable and safe for concurrent use, by several processes too; nothing is
// held open between two calls.
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

// longestWait bounds the wait for another process that is reading or writing
// the same database: that takes milliseconds, unless the process is stopped.
const longestWait = time.Minute

// View reads what the script of a key remembers, as it is at one moment. What
// was never written is empty, and no file is made for it. An error of f is
// returned as it is. No call for the same key may be made within f: it would
// wait for the one around it. View waits for the Update of another process, as
// long as the context and one minute allow.
func (s *Store) View(ctx context.Context, key string, f func(Tx) error) error {
	d, err := s.open(ctx, key, false)
	if errors.Is(err, fs.ErrNotExist) {
		return f(emptyTx{})
	}
	if err != nil {
		return err
	}
	return d.run(false, f)
}

// Update reads and changes what the script of a key remembers: all that f does,
// or nothing of it where f or the disk fails. When it returns without an error
// the change is on the disk. An error of f is returned as it is. It waits for
// other processes as View does.
func (s *Store) Update(ctx context.Context, key string, f func(Tx) error) error {
	d, err := s.open(ctx, key, true)
	if err != nil {
		return err
	}
	return d.run(true, f)
}
