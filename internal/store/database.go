package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

const (
	// maxSize bounds one database, so that a script cannot fill the disk.
	maxSize = 1 << 30
	// reopenings bounds how often a file may be replaced under our eyes.
	reopenings = 100
	// The wait between two looks at a lock.
	firstPause, longestPause = 200 * time.Microsecond, 10 * time.Millisecond
)

// database is one file, locked and checked, for one call.
type database struct {
	path  string
	key   string
	file  *os.File
	size  int64  // before it was opened
	names uint64 // the sum of the hashes of the names in it, as verify found it
}

// open opens the database of a key under its lock, shared or exclusive. It is
// fs.ErrNotExist where there is none and none is to be made.
func (s *Store) open(ctx context.Context, key string, write bool) (*database, error) {
	if key == "" {
		return nil, errors.New("a store needs a key")
	}
	if err := folder(s.dir, write); err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, fileName(key, ".db"))
	ctx, cancel := context.WithTimeoutCause(ctx, longestWait, errStuck)
	defer cancel()
	for range reopenings {
		d, err := openLocked(ctx, path, key, write)
		switch {
		case errors.Is(err, fs.ErrNotExist) && write:
			if err := s.create(ctx, path, key); err != nil {
				return nil, err
			}
		case err != nil || d != nil:
			return d, err
		}
	}
	return nil, refused(path, "it is replaced all the time by somebody else")
}

var errStuck = errors.New("held for a minute")

// openLocked gives nil where the file was replaced before it was locked.
func openLocked(ctx context.Context, path, key string, write bool) (*database, error) {
	flag, how := os.O_RDONLY, unix.LOCK_SH
	if write {
		flag, how = os.O_RDWR, unix.LOCK_EX
	}
	f, err := openOwn(path, flag)
	if err != nil {
		return nil, err
	}
	if err := lockFile(ctx, f, how); err != nil {
		_ = f.Close()
		return nil, waitFailed(ctx, path, err)
	}
	d := &database{path: path, key: key, file: f}
	if !samePlace(path, f) {
		d.close()
		return nil, nil
	}
	info, err := f.Stat()
	if err == nil {
		d.size = info.Size()
		d.names, err = verify(f, d.size)
	}
	if err != nil {
		d.close()
		var bad *badFile
		if errors.As(err, &bad) {
			return nil, damaged(path, bad.Error())
		}
		return nil, failed("read", path, err)
	}
	return d, nil
}

// samePlace says whether a path still leads to an open file.
func samePlace(path string, f *os.File) bool {
	there, err := os.Lstat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// lockFile waits for a lock on an open file. bbolt's own wait looks every 50 ms
// and knows no context.
func lockFile(ctx context.Context, f *os.File, how int) error {
	fd := int(f.Fd())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := unix.Flock(fd, how|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		timer.Reset(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func waitFailed(ctx context.Context, path string, err error) error {
	switch {
	case context.Cause(ctx) == errStuck:
		return refused(path, "another process has kept it locked for %s: look for a stopped one (fuser %s)", longestWait, path)
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for another process to let go of %s: %w", path, ctx.Err())
	}
	return failed("lock", path, err)
}

// close lets go of the lock first: a child that is between fork and exec at
// this moment would keep it for a while.
func (d *database) close() {
	_ = unix.Flock(int(d.file.Fd()), unix.LOCK_UN)
	_ = d.file.Close()
}

// create makes the file of a key, complete or not at all.
func (s *Store) create(ctx context.Context, path, key string) error {
	l, err := openOwn(filepath.Join(s.dir, "new.lock"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if err := lockFile(ctx, l, unix.LOCK_EX); err != nil {
		return waitFailed(ctx, l.Name(), err)
	}
	defer func() { _ = unix.Flock(int(l.Fd()), unix.LOCK_UN) }()
	if _, err := os.Lstat(path); err == nil {
		return nil // another process was faster
	}
	fresh := path + ".new"
	if err := os.RemoveAll(fresh); err != nil { // left by a process that was killed
		return failed("remove", fresh, err)
	}
	if err := fill(fresh, path, key); err != nil {
		_ = os.Remove(fresh)
		return failed("make", path, err)
	}
	return nil
}

func fill(fresh, path, key string) error {
	f, err := openOwn(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	d := &database{path: fresh, key: key, file: f}
	if err := d.bolt(true, func(tx *bolt.Tx) error { return writeAbout(tx, key) }); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// run runs f in a transaction and closes the database. A panic of f passes on.
func (d *database) run(write bool, f func(Tx) error) error {
	var own error  // of f
	var fault bool // of a value that is read while f runs
	err := d.bolt(write, func(tx *bolt.Tx) error {
		if err := d.checkAbout(tx); err != nil {
			return err
		}
		t := &boltTx{tx: tx, path: d.path, write: write, names: d.names}
		if own = f(t); own != nil {
			return own
		}
		fault = t.err != nil
		if t.err == nil && t.names != d.names {
			return writeNames(tx, t.names)
		}
		return t.err
	})
	switch {
	case err == nil:
		return nil
	case own != nil:
		return own
	case fault:
		return err
	case write:
		return failed("write", d.path, err)
	}
	return failed("read", d.path, err)
}

// bolt opens the file with bbolt for one transaction and closes it. bbolt
// panics on some contents that are wrong, and a file that is cut while it is
// mapped is a fault of memory: both are errors here.
func (d *database) bolt(write bool, f func(*bolt.Tx) error) (err error) {
	defer d.close()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	inside, settled := false, false // f runs, and a panic is not ours; bbolt is done
	defer func() {
		if inside {
			return
		}
		if r := recover(); r != nil {
			err = damaged(d.path, fmt.Sprint(r))
		}
	}()
	db, err := bolt.Open(d.path, fileMode, d.options(write))
	if err != nil {
		return err
	}
	defer func() {
		// After a panic of bbolt itself its mutexes may be held for ever: the
		// mapping is given up then, the file is not.
		if inside || settled {
			_ = unix.Flock(int(d.file.Fd()), unix.LOCK_UN)
			_ = db.Close()
		}
	}()
	within := func(tx *bolt.Tx) error {
		inside = true
		err := f(tx)
		inside = false
		return err
	}
	if write {
		if err = db.Update(within); err != nil {
			d.shrink()
		}
	} else {
		err = db.View(within)
	}
	settled = true
	return err
}

// shrink gives back what a change that failed had taken from the disk, which may
// be what it failed for.
func (d *database) shrink() {
	info, err := d.file.Stat()
	if err != nil || info.Size() <= d.size {
		return
	}
	if m, err := newestMeta(d.file, info.Size()); err == nil {
		_ = d.file.Truncate(max(d.size, int64(m.end)*m.pageSize))
	}
}

func (d *database) options(write bool) *bolt.Options {
	return &bolt.Options{
		Timeout:      time.Second, // never waited for: the lock is ours already
		ReadOnly:     !write,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
		MaxSize:      maxSize,
		// The freelist is kept in the file: without it bbolt walks the whole file
		// at each opening, in a goroutine whose panics nobody can recover.
		NoFreelistSync: false,
		OpenFile:       func(string, int, os.FileMode) (*os.File, error) { return d.file, nil },
	}
}
