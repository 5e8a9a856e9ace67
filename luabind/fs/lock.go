package fs

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/gofrs/flock"
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
type held struct{ f *flock.Flock }

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
	f, err := wait(c, func(ctx context.Context) (*flock.Flock, error) {
		if timeout.Off {
			return t.lock(ctx, 0)
		}
		return t.lock(ctx, max(timeout.V, time.Nanosecond))
	}, func(f *flock.Flock) { _ = f.Close() })
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
func (t *target) lock(ctx context.Context, timeout time.Duration) (*flock.Flock, error) {
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
		f := flock.New(t.real, flock.SetFlag(unix.O_CREAT|unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC))
		ok, err := f.TryLock()
		if err == nil && ok {
			if t.still(f) {
				return f, nil
			}
			_ = f.Close() // the file was removed or replaced while we waited
			continue
		}
		if err != nil {
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

// still says that the path names the file that is locked.
func (t *target) still(f *flock.Flock) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := locked.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	now, err := statAt(unix.AT_FDCWD, t.real)
	return err == nil && now.dev == uint64(st.Dev) && now.ino == st.Ino
}
