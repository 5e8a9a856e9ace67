package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
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

// read reads the memory; without a file it is empty.
func (p place) read() (*memory, error) {
	f, err := openOwn(p.file, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return &memory{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, failed("look at", p.file, err)
	}
	if info.Size() > maxSize+step {
		return nil, damaged(p.file, "it is larger than any that is written")
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) { // which is a file that was cut meanwhile
		return nil, failed("read", p.file, err)
	}
	return p.parse(data[:n])
}

// readBeside reads without the lock. By the time a file is read, two changes may
// have made it the spare one and written to it: what looks damaged is looked at
// again while nobody writes.
func (p place) readBeside(ctx context.Context) (*memory, error) {
	m, err := p.read()
	if !errors.Is(err, errDamaged) {
		return m, err
	}
	lock, lockErr := p.lock(ctx, os.O_RDONLY, unix.LOCK_SH)
	switch {
	case errors.Is(lockErr, fs.ErrNotExist):
		return nil, err
	case lockErr != nil:
		return nil, lockErr
	}
	defer letGo(lock)
	return p.read()
}

// write makes a memory the one that is read, at once or not at all. It needs
// the lock.
func (p place) write(m *memory) error {
	data := m.bytes(p.key)
	if len(data) > maxSize {
		return errTooLarge
	}
	if err := p.writeSpare(data); err != nil {
		return err
	}
	err := unix.Renameat2(unix.AT_FDCWD, p.spare, unix.AT_FDCWD, p.file, unix.RENAME_EXCHANGE)
	first := errors.Is(err, unix.ENOENT)
	if first || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		err = os.Rename(p.spare, p.file) // not every file system can exchange
	}
	if err == nil {
		err = syncFolder(filepath.Dir(p.file))
	}
	if err == nil && first {
		_ = p.writeSpare(data) // takes the space that the next change needs
	}
	return err
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
