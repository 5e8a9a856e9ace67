// Package store is what scripts remember from one run to the next, and the
// locks between runs. It is durable: what Update has returned without an error
// is there after a crash, and what it has not is not there in part.
package store

import (
	"context"
	"errors"
	"time"
)

// Store is a folder with one database a script, and a folder of locks. It is
// immutable and safe for concurrent use, by several processes too; nothing is
// held open between two calls.
type Store struct{ dir string }

// New makes a store in a folder, which is made (0700) by the first call that
// needs it.
func New(dir string) *Store { return &Store{dir} }

// ErrLocked is a lock that another run holds.
var ErrLocked = errors.New("locked")

// Tx is one transaction; it is valid until the function that got it returns.
// A section is a part of a script's memory with names of its own: "state",
// "soft", "limit", "owed", "notify", "rows".
type Tx interface {
	Get(section, name string) []byte // nil: not there; a copy
	Put(section, name string, value []byte) error
	Delete(section, name string) error
	Each(section string, f func(name string, value []byte) error) error // sorted by name
}

// view, update and lock, as they are called:
//
//	View(ctx, key, func(Tx) error) error
//	Update(ctx, key, func(Tx) error) error
//	Lock(ctx, name, wait) (*Lock, error)
var _ = []any{context.Background, time.Now}
