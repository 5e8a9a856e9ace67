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
	"time"

	"golang.org/x/sys/unix"
)

const (
	locksDir = "locks"
	openLock = os.O_RDWR | os.O_CREATE
	// longestPid bounds what is read from a lock file.
	longestPid = 32
	// The wait between two looks at a lock.
	firstPause, longestPause = 200 * time.Microsecond, 20 * time.Millisecond
)

// Lock is a lock between runs, held until Unlock or the end of the process,
// however it ends; processes that it starts do not inherit it. Safe for
// concurrent use.
type Lock struct {
	mu   sync.Mutex
	name string
	file *os.File // nil once let go
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
	f, err := waitFlock(ctx, path, openLock, unix.LOCK_EX, wait)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for the lock %q: %w", name, err)
	case err != nil:
		return nil, err
	case f == nil:
		return nil, &lockedError{"the lock " + strconv.Quote(name) + " is held by " + holder(path)}
	}
	sign(f, strconv.Itoa(os.Getpid())+"\n")
	return &Lock{name: name, file: f}, nil
}

// lockedError is an ErrLocked that names the process.
type lockedError struct{ msg string }

func (e *lockedError) Error() string { return e.msg }
func (e *lockedError) Unwrap() error { return ErrLocked }

// waitFlock opens and locks a file. It gives nil where another open file holds
// the lock to the end of the wait.
func waitFlock(ctx context.Context, path string, flag, how int, wait time.Duration) (*os.File, error) {
	end := time.Now().Add(max(wait, 0))
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := tryFlock(path, flag, how)
		if f != nil || err != nil {
			return f, err
		}
		left := time.Until(end)
		if left <= 0 {
			return nil, nil
		}
		rest(ctx, min(left, pause/2+rand.N(pause)))
	}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// tryFlock gives nil where the lock is held by somebody.
func tryFlock(path string, flag, how int) (*os.File, error) {
	f, err := openOwn(path, flag)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, unix.EINTR):
		_ = f.Close()
		return nil, nil
	case err != nil:
		_ = f.Close()
		return nil, failed("lock", path, err)
	case !samePlace(path, f): // removed by somebody meanwhile: another run can hold the new one
		letGo(f)
		return nil, nil
	}
	return f, nil
}

// letGo unlocks before it closes: a child that is between fork and exec at this
// moment would keep the lock for a while.
func letGo(f *os.File) {
	_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
	_ = f.Close()
}

// sign writes who holds a lock, for messages; that it fails, on a full disk, is
// no reason not to have the lock.
func sign(f *os.File, text string) {
	if f.Truncate(0) == nil && text != "" {
		_, _ = f.WriteAt([]byte(text), 0)
	}
}

// Unlock lets go of the lock. Once is enough; more do nothing.
func (l *Lock) Unlock() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	sign(l.file, "")
	err := errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close())
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
