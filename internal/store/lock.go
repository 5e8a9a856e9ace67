package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	locksDir = "locks"
	// longestPid bounds what is read from a lock file.
	longestPid = 32
	lockPause  = 20 * time.Millisecond
)

// Lock is a lock between runs, held until Unlock or the end of the process,
// however it ends; processes that it starts do not inherit it. Safe for
// concurrent use.
type Lock struct {
	mu   sync.Mutex
	name string
	file *flock.Flock // nil once let go
}

// Lock takes the lock of a name, for which it waits as long as wait and the
// context allow; no wait is one try. Where another run, or another Lock of this
// process, holds it to the end of the wait, the error is ErrLocked and names
// the process. The file of a lock stays.
func (s *Store) Lock(ctx context.Context, name string, wait time.Duration) (*Lock, error) {
	if name == "" {
		return nil, errors.New("a lock needs a name")
	}
	dir := filepath.Join(s.dir, locksDir)
	for _, d := range []string{s.dir, dir} {
		if err := folder(d, true); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, fileName(name, ".lock"))
	end := time.Now().Add(max(wait, 0))
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("waiting for the lock %q: %w", name, err)
		}
		l, err := tryLock(path, name)
		if l != nil || err != nil {
			return l, err
		}
		left := time.Until(end)
		if left <= 0 {
			return nil, &lockedError{"the lock " + strconv.Quote(name) + " is held by " + holder(path)}
		}
		pause(ctx, min(left, lockPause/2+rand.N(lockPause)))
	}
}

// lockedError is an ErrLocked that names the process.
type lockedError struct{ msg string }

func (e *lockedError) Error() string { return e.msg }
func (e *lockedError) Unwrap() error { return ErrLocked }

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// tryLock gives nil where the lock is held by somebody.
func tryLock(path, name string) (*Lock, error) {
	f := flock.New(path, flock.SetFlag(os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK), flock.SetPermissions(fileMode))
	ok, err := f.TryLock()
	if err != nil {
		return nil, failed("lock", path, err)
	}
	if !ok {
		return nil, nil
	}
	l := &Lock{name: name, file: f}
	held, err := f.Stat()
	switch {
	case err != nil:
		err = failed("look at", path, err)
	case !held.Mode().IsRegular():
		err = refused(path, "it is no regular file: remove what is in its place")
	default:
		err = owned(path, held)
	}
	if err != nil {
		_ = l.Unlock()
		return nil, err
	}
	if there, err := os.Lstat(path); err != nil || !os.SameFile(there, held) {
		_ = l.Unlock() // removed by somebody meanwhile: another run can hold the new one
		return nil, nil
	}
	l.sign(strconv.Itoa(os.Getpid()) + "\n")
	return l, nil
}

// sign writes who holds the lock, for messages; that it fails, on a full disk,
// is no reason not to have the lock.
func (l *Lock) sign(text string) {
	w, err := openOwn(l.file.Path(), os.O_WRONLY)
	if err != nil {
		return
	}
	defer func() { _ = w.Close() }()
	held, err := l.file.Stat()
	if err != nil {
		return
	}
	if there, err := w.Stat(); err != nil || !os.SameFile(there, held) {
		return // the file of another lock
	}
	if w.Truncate(0) == nil && text != "" {
		_, _ = w.WriteAt([]byte(text), 0)
	}
}

// Unlock lets go of the lock. Once is enough; more do nothing.
func (l *Lock) Unlock() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	l.sign("")
	err := l.file.Unlock()
	l.file = nil
	if err != nil {
		return fmt.Errorf("letting go of the lock %q: %w", l.name, err)
	}
	return nil
}

// holder says who holds a lock.
func holder(path string) string {
	f, err := openOwn(path, os.O_RDONLY)
	if err != nil {
		return "another run"
	}
	defer func() { _ = f.Close() }()
	buf := make([]byte, longestPid)
	n, _ := f.Read(buf)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	switch {
	case err != nil || pid <= 0:
		return "another run"
	case pid == os.Getpid():
		return "this process (" + strconv.Itoa(pid) + ")"
	}
	return "process " + strconv.Itoa(pid)
}
