package fs

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/units"
	"opslua/luabind"
)

const (
	lockTimeout = 60 * time.Second
	lockPoll    = 20 * time.Millisecond
)

// held is a lock of the script. For the script's goroutine; nil is one that a
// dry run has not taken.
type held struct{ f *os.File }

func (h *held) release() {
	if h.f != nil {
		_ = h.f.Close()
	}
}

func lock(c *luabind.Call) error {
	var path string
	timeout := luabind.Opt[time.Duration]{V: lockTimeout}
	if err := c.Unpack("path", &path, "timeout?", &timeout); err != nil {
		return err
	}
	t, err := locateFile(c, path)
	if err != nil {
		return err
	}
	if err := t.mayWrite(); err != nil {
		return err
	}
	if c.DryRun() {
		if err := do(c, func(context.Context) error { return t.lockable() }); err != nil {
			return t.failed(err, "")
		}
		c.Plan(luabind.Change{Op: "lock", Text: "lock " + shown(t.abs), Path: t.abs})
		return c.Return(c.NewObject("lock", &held{}))
	}
	f, err := wait(c, func(ctx context.Context) (*os.File, error) {
		if timeout.Off {
			return t.lock(ctx, 0)
		}
		return t.lock(ctx, max(timeout.V, time.Nanosecond))
	}, func(f *os.File) { _ = f.Close() })
	if errors.Is(err, errHeld) {
		return luabind.Errorf(luabind.KindTimeout, "%s %s: somebody else still holds it after %s",
			c.Name(), shown(path), units.FormatDuration(timeout.V))
	}
	if err != nil {
		return t.failed(err, "")
	}
	h := &held{f}
	c.OnClose(h.release)
	return c.Return(c.NewObject("lock", h))
}

func unlock(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	c.Self().(*held).release()
	return nil
}

var errHeld = errors.New("somebody else holds it")

// lockable refuses what is there and is no file.
func (t *target) lockable() error {
	in, err := t.v.stat(t.real)
	if isMissing(err) {
		return t.v.hasFolder(t.real)
	}
	if err == nil {
		err = in.regular()
	}
	return err
}

// lock waits for the lock; timeout 0 waits as long as the script may run. The
// descriptor is closed in children, so none of them keeps it.
func (t *target) lock(ctx context.Context, timeout time.Duration) (*os.File, error) {
	waiting := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	for {
		if err := t.lockable(); err != nil {
			return nil, err
		}
		f, err := lockNow(t.real)
		if err == nil && t.still(f) {
			return f, nil
		}
		if err == nil {
			_ = f.Close() // the file was removed or replaced while we waited
			continue
		}
		if err != unix.EWOULDBLOCK {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-waiting.Done():
			return nil, errHeld
		case <-time.After(lockPoll):
		}
	}
}

// lockNow locks the file, which it makes if it is not there; EWOULDBLOCK is that
// somebody else holds the lock. Network file systems lock for writers only.
func lockNow(real string) (*os.File, error) {
	const flags = unix.O_CREAT | unix.O_NONBLOCK | unix.O_NOCTTY
	fd, err := openReal(real, unix.O_RDWR|flags, 0o600)
	if err != nil {
		fd, err = openReal(real, unix.O_RDONLY|flags, 0o600)
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), real)
	if err := flockNow(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// still says that the path names the file that is locked.
func (t *target) still(f *os.File) bool {
	locked, err := statFd(int(f.Fd()))
	if err != nil {
		return false
	}
	now, err := statAt(unix.AT_FDCWD, t.real)
	return err == nil && now.dev == locked.dev && now.ino == locked.ino
}
