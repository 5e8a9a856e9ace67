package fs

import (
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// openReal opens an absolute path that has no links in it: the one that was
// granted. Where a link has turned up in it meanwhile, it fails with ELOOP.
func openReal(real string, flags int, perm uint32) (int, error) {
	how := &unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC | unix.O_NOFOLLOW), Resolve: unix.RESOLVE_NO_SYMLINKS}
	if flags&unix.O_CREAT != 0 {
		how.Mode = uint64(perm)
	}
	fd := -1
	err := again(func() (err error) { fd, err = unix.Openat2(unix.AT_FDCWD, real, how); return err })
	if err == unix.ENOSYS || err == unix.EPERM {
		// A kernel before 5.6, or a container's filter that does not know the call.
		return openSteps(real, flags, perm)
	}
	return fd, err
}

// openSteps is openReal folder by folder.
func openSteps(real string, flags int, perm uint32) (int, error) {
	dir, err := openAt(unix.AT_FDCWD, "/", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, err
	}
	names := strings.FieldsFunc(real, func(r rune) bool { return r == '/' })
	for len(names) > 1 {
		next, err := openAt(dir, names[0], unix.O_PATH|unix.O_DIRECTORY, 0)
		_ = unix.Close(dir)
		if err != nil {
			return -1, err
		}
		dir, names = next, names[1:]
	}
	defer func() { _ = unix.Close(dir) }()
	name := "."
	if len(names) == 1 {
		name = names[0]
	}
	return openAt(dir, name, flags, perm)
}

// openAt opens a name in a folder; a link is not followed.
func openAt(dir int, name string, flags int, perm uint32) (int, error) {
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, perm)
		return err
	})
	return fd, err
}

// place is a name in an open folder, so that what is done to it is done in that
// folder, whatever becomes of its path. For one goroutine at a time.
type place struct {
	dir  int
	name string
	path string
}

// openPlace opens the folder of a path without links; "/" has none.
func openPlace(real string) (*place, error) {
	dir, err := openReal(path.Dir(real), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err == unix.EACCES { // a folder may be passed through though it may not be listed
		dir, err = openReal(path.Dir(real), unix.O_PATH|unix.O_DIRECTORY, 0)
	}
	if err != nil {
		return nil, err
	}
	return &place{dir: dir, name: path.Base(real), path: real}, nil
}

func (p *place) close() {
	if p.dir >= 0 {
		_ = unix.Close(p.dir)
		p.dir = -1
	}
}

func (p *place) stat() (info, error) { return statAt(p.dir, p.name) }

// open opens a file at another name in the folder.
func (p *place) open(name string, flags int, perm uint32) (*os.File, error) {
	fd, err := openAt(p.dir, name, flags, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path.Join(path.Dir(p.path), name)), nil
}

func (p *place) unlink(name string, flags int) error {
	return again(func() error { return unix.Unlinkat(p.dir, name, flags) })
}

// takes moves what is called from in the folder of src to this place.
func (p *place) takes(src *place, from string) error {
	return again(func() error { return unix.Renameat(src.dir, from, p.dir, p.name) })
}

// sync makes the names in the folder durable, where the system can.
func (p *place) sync() error {
	err := again(func() error { return unix.Fsync(p.dir) })
	if err == unix.EINVAL || err == unix.EBADF || err == unix.ENOTSUP {
		return nil
	}
	return err
}

// dirNames are the names in a folder, in no order.
func dirNames(dir int) ([]string, error) {
	fd, err := openAt(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), ".")
	defer func() { _ = f.Close() }()
	return f.Readdirnames(-1)
}
