package fs

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// The types of files, as stat names them.
const (
	typeFile = "file"
	typeDir  = "directory"
	typeLink = "link"
)

// info is what is known of a file without opening it: plain data.
type info struct {
	typ          string
	size         int64
	mode         uint32 // permissions, with setuid, setgid and sticky
	uid, gid     uint32
	mtime, ctime int64 // nanoseconds
	dev, ino     uint64
}

func infoOf(st *unix.Stat_t) info {
	return info{
		typ: typeOf(uint32(st.Mode)), size: st.Size, mode: uint32(st.Mode) & 0o7777, uid: st.Uid, gid: st.Gid,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), dev: uint64(st.Dev), ino: st.Ino,
	}
}

// newInfo is what a dry run foresees of what will be made.
func newInfo(typ string, mode uint32) info {
	now := time.Now().UnixNano()
	return info{typ: typ, mode: mode, uid: uint32(unix.Geteuid()), gid: uint32(unix.Getegid()), mtime: now, ctime: now}
}

func typeOf(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return typeFile
	case unix.S_IFDIR:
		return typeDir
	case unix.S_IFLNK:
		return typeLink
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFBLK:
		return "block"
	case unix.S_IFCHR:
		return "char"
	}
	return "unknown"
}

// is says what something is, for a person.
func (i *info) is() string {
	switch i.typ {
	case typeFile:
		return "a regular file"
	case typeDir:
		return "a directory"
	case typeLink:
		return "a symbolic link"
	case "fifo":
		return "a FIFO"
	case "socket":
		return "a socket"
	case "block", "char":
		return "a device"
	}
	return "of an unknown type"
}

// regular refuses what is no regular file: reading from it may never end, and
// writing to it would replace it.
func (i *info) regular() error {
	if i.typ == typeFile {
		return nil
	}
	return refuse("it is " + i.is() + ", want a regular file")
}

// sameFile says that nobody has touched the file in between.
func (i *info) sameFile(j *info) bool {
	return i.dev == j.dev && i.ino == j.ino && i.size == j.size && i.mtime == j.mtime && i.ctime == j.ctime
}

func modeText(mode uint32) string { return fmt.Sprintf("%04o", mode) }

// again repeats a system call that a signal interrupted, as it happens on
// network file systems.
func again(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

// statAt looks at a name in a folder, or, with AT_FDCWD, at a path. A link at
// its end is not followed.
func statAt(dir int, name string) (info, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return infoOf(&st), err
}

func statFd(fd int) (info, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstat(fd, &st) })
	return infoOf(&st), err
}

func readLink(path string) (string, error) {
	buf := make([]byte, 4096)
	var n int
	err := again(func() (err error) { n, err = unix.Readlink(path, buf); return err })
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
