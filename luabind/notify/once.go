package notify

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	"opslua/internal/store"
	"opslua/luabind"
)

const (
	section = "notify"
	markLen = 16
	// longestLock bounds the wait for another run that tells the same.
	longestLock = 24 * time.Hour
)

// name is the key in the store.
func (d *delivery) name() string { return d.c.Name() + " " + d.opts.key.V }

func (d *delivery) store() *store.Store { return store.New(d.c.StateDir()) }

// once tells unless it was told before; the lock is held from the question to
// the mark. A memory that cannot be used does not keep anybody from being told:
// that the disk is full may be the very thing to tell.
func (d *delivery) once() (now bool, err error) {
	l, failed := d.lock()
	if failed == nil {
		defer func() { _ = l.Unlock() }()
		var before bool
		before, failed = d.toldBefore()
		if before {
			return false, nil
		}
	}
	if ended := d.c.Context().Err(); ended != nil {
		return false, ended
	}
	if errors.Is(failed, store.ErrLocked) {
		return false, luabind.Errorf(luabind.KindTimeout, "%s: not told: %w", d.c.Name(), failed)
	}
	if err := d.deliver(); err != nil {
		return false, err
	}
	if failed == nil {
		failed = d.mark()
	}
	return true, d.memoryFailed(failed, true)
}

// lock holds back other runs that tell the same. Keys come and go and the files
// of locks stay, so keys share them, 256 for a script.
func (d *delivery) lock() (*store.Lock, error) {
	c := d.c
	sum := sha256.Sum256([]byte(d.name()))
	name := "notify " + c.ScriptKey() + " " + hex.EncodeToString(sum[:1])
	l, err := d.store().Lock(c.Context(), name, 0)
	if !errors.Is(err, store.ErrLocked) {
		return l, err
	}
	progress := luabind.Progress{ID: new(int), Label: d.shown, Note: "another run tells it just now: " + err.Error()}
	c.Progress(progress)
	l, err = d.store().Lock(c.Context(), name, longestLock)
	progress.Over = true
	c.Progress(progress)
	return l, err
}

// toldBefore says whether a delivery for the key still counts.
func (d *delivery) toldBefore() (before bool, err error) {
	err = d.store().View(d.c.Context(), d.c.ScriptKey(), func(tx store.Tx) error {
		at, _, ok := readMark(tx.Get(section, d.name()))
		before = ok && counts(at, d.opts.within, time.Now())
		return nil
	})
	return before, err
}

// counts says whether a delivery at a time is not too long ago. One in the
// future, as after a clock that was wrong, counts for no longer than it would.
func counts(at time.Time, within time.Duration, now time.Time) bool {
	age := now.Sub(at)
	return age < within && age > -within
}

// mark notes the delivery, and forgets those that count no more.
func (d *delivery) mark() error {
	now := time.Now()
	// The mark has to be written even if the script's time is over by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.c.Context()), 5*time.Second)
	defer cancel()
	return d.store().Update(ctx, d.c.ScriptKey(), func(tx store.Tx) error {
		var old []string
		err := tx.Each(section, func(name string, value []byte) error {
			if at, within, ok := readMark(value); !ok || !counts(at, within, now) {
				old = append(old, name)
			}
			return nil
		})
		for _, name := range old {
			err = errors.Join(err, tx.Delete(section, name))
		}
		if err != nil {
			return err
		}
		return tx.Put(section, d.name(), newMark(now, d.opts.within))
	})
}

func newMark(at time.Time, within time.Duration) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, markLen), uint64(at.UnixNano()))
	return binary.BigEndian.AppendUint64(b, uint64(within))
}

func readMark(b []byte) (at time.Time, within time.Duration, ok bool) {
	if len(b) != markLen {
		return time.Time{}, 0, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))), time.Duration(binary.BigEndian.Uint64(b[8:])), true
}

type plannedKey struct{}

// planOnce says that a dry run has not planned the key before.
func (d *delivery) planOnce() bool {
	planned, ok := d.c.Local(plannedKey{}).(map[string]bool)
	if !ok {
		planned = map[string]bool{}
		d.c.SetLocal(plannedKey{}, planned)
	}
	if planned[d.name()] {
		return false
	}
	planned[d.name()] = true
	return true
}

// memoryFailed makes the error of the store one of the script.
func (d *delivery) memoryFailed(err error, told bool) error {
	if err == nil {
		return nil
	}
	kind := luabind.KindIO
	if errors.Is(err, fs.ErrPermission) {
		kind = luabind.KindAccess
	}
	if told {
		return luabind.Errorf(kind, "%s: it was told, but cannot be remembered, and so may be told again: %w", d.c.Name(), err)
	}
	return luabind.Errorf(kind, "%s: %w", d.c.Name(), err)
}
