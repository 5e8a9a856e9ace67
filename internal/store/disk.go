package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	// maxSize bounds the memory of one script, which each call reads whole.
	maxSize = 64 << 20
	// step is what files are padded to, so that a memory which grows a little
	// needs no space.
	step = 16 << 10
)

// read gives an empty memory and fs.ErrNotExist where there is no file.
func (p place) read() (*memory, error) {
	m := empty(p.key)
	f, err := openOwn(p.file, os.O_RDONLY)
	if err != nil {
		return m, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return m, failed("look at", p.file, err)
	}
	if info.Size() > maxSize+step {
		return m, damaged(p.file, "it is larger than any that is written")
	}
	data := make([]byte, info.Size())
	if n, err := f.ReadAt(data, 0); errors.Is(err, io.EOF) {
		data = data[:n] // cut meanwhile
	} else if err != nil {
		return m, failed("read", p.file, err)
	}
	return m, p.understood(m.parse(data))
}

// readBeside reads without the lock. By the time a file is read, two changes may
// have made it the spare one and written to it: what looks damaged is looked at
// again while nobody writes.
func (p place) readBeside(ctx context.Context) (*memory, error) {
	m, err := p.read()
	var first *damage
	if !errors.As(err, &first) {
		return m, err
	}
	lock, lockErr := p.lock(ctx, os.O_RDONLY, unix.LOCK_SH)
	if errors.Is(lockErr, os.ErrNotExist) {
		return m, err
	}
	if lockErr != nil {
		return m, lockErr
	}
	defer letGo(lock)
	return p.read()
}

// understood makes what is wrong with the contents of a file an error that says
// which file it is.
func (p place) understood(err error) error {
	var bad *damage
	if errors.As(err, &bad) {
		return &stateError{damaged(p.file, bad.what).Error(), bad}
	}
	var other *foreign
	if errors.As(err, &other) {
		return refused(p.file, "%s", other.what)
	}
	return err
}

// write makes a memory the one that is read, at once or not at all. It needs
// the lock.
func (p place) write(m *memory) error {
	data := m.bytes()
	if len(data) > maxSize {
		return failed("write", p.file, errTooLarge)
	}
	if err := p.writeSpare(data); err != nil {
		return failed("write", p.file, err)
	}
	err := unix.Renameat2(unix.AT_FDCWD, p.spare, unix.AT_FDCWD, p.file, unix.RENAME_EXCHANGE)
	fresh := errors.Is(err, unix.ENOENT)
	if fresh || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		err = os.Rename(p.spare, p.file) // the first, or a file system that cannot exchange
	}
	if err == nil {
		err = syncFolder(filepath.Dir(p.file))
	}
	if err != nil {
		return failed("write", p.file, err)
	}
	if fresh {
		_ = p.writeSpare(data) // takes the space that the next change needs
	}
	return nil
}

// writeSpare writes the spare file. One that is not a file of ours alone, such
// as a link or a copy by hard links that a backup has made, is replaced.
func (p place) writeSpare(data []byte) (err error) {
	const flag = os.O_RDWR | os.O_CREATE
	f, err := openOwn(p.spare, flag)
	if err != nil || linked(f) {
		if err == nil {
			_ = f.Close()
		}
		if err := os.RemoveAll(p.spare); err != nil {
			return err
		}
		if f, err = openOwn(p.spare, flag|os.O_EXCL); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = unix.Fdatasync(int(f.Fd()))
	}
	switch {
	case err != nil: // gives back what it took, which may be what it failed for
		_ = f.Truncate(info.Size())
	case info.Size() > int64(2*len(data)):
		_ = f.Truncate(int64(len(data)))
	}
	return err
}
