package proctable

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below are those of the scan's inner loop: paths are relative to a
// descriptor and built in a buffer that is used again, errors stay numbers.

// maxFile bounds what is read of one file of /proc: command lines and
// environments have at most 6 MiB, tables of sockets are read elsewhere.
const maxFile = 8 << 20

// cpath gives the bytes of a constant that ends in NUL.
func cpath(name string) *byte { return unsafe.StringData(name) }

func openat(dir int, path *byte, flags int) (int, syscall.Errno) {
	for {
		fd, _, e := syscall.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

func readfd(fd int, b []byte) (int, syscall.Errno) {
	for {
		n, _, e := syscall.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if e == 0 {
			return int(n), 0
		}
		if e != unix.EINTR {
			return 0, e
		}
	}
}

func closefd(fd int) { _, _, _ = syscall.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

func readlinkat(dir int, path *byte, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	return int(n), e
}

func gone(e syscall.Errno) bool   { return e == unix.ENOENT || e == unix.ESRCH }
func denied(e syscall.Errno) bool { return e == unix.EACCES || e == unix.EPERM }

// starved says that the reader itself ran out of something: then what was
// read is not the table, and the error is the snapshot's.
func starved(e syscall.Errno) bool {
	return e == unix.EMFILE || e == unix.ENFILE || e == unix.ENOMEM
}

// files reads small files into a buffer that the next read takes again. It is
// for one goroutine.
type files struct {
	buf  []byte
	path []byte
}

// pid builds "PID" + suffix, where suffix ends in NUL.
func (f *files) pid(pid int, suffix string) *byte {
	f.path = append(strconv.AppendInt(f.path[:0], int64(pid), 10), suffix...)
	return &f.path[0]
}

// short reads a file that the kernel gives whole in one read if the buffer is
// large enough: stat, cmdline, environ.
func (f *files) short(dir int, path *byte) ([]byte, syscall.Errno) {
	return f.read(dir, path, true)
}

// whole reads until the end: files of many lines come a page at a time.
func (f *files) whole(dir int, path *byte) ([]byte, syscall.Errno) {
	return f.read(dir, path, false)
}

func (f *files) read(dir int, path *byte, short bool) ([]byte, syscall.Errno) {
	fd, e := openat(dir, path, unix.O_RDONLY)
	if e != 0 {
		return nil, e
	}
	defer closefd(fd)
	used := 0
	for {
		n, e := readfd(fd, f.buf[used:])
		if e != 0 {
			return nil, e
		}
		used += n
		if n == 0 || short && used < len(f.buf) {
			return f.buf[:used], 0
		}
		if used < len(f.buf) {
			continue
		}
		if used >= maxFile {
			return f.buf[:used], 0
		}
		grown := make([]byte, 2*len(f.buf))
		copy(grown, f.buf)
		f.buf = grown
	}
}

// maxTable bounds what is read of one table: room for millions of sockets.
const maxTable = 1 << 30

// lines hands on a file piece by piece, whole lines each, so that a long one
// takes no memory. What is longer than maxTable is an error, not cut.
func (f *files) lines(dir int, path *byte, each func(b []byte)) syscall.Errno {
	fd, e := openat(dir, path, unix.O_RDONLY)
	if e != 0 {
		return e
	}
	defer closefd(fd)
	used := 0
	for total := 0; total < maxTable; {
		n, e := readfd(fd, f.buf[used:])
		if e != 0 {
			return e
		}
		used, total = used+n, total+n
		if n == 0 {
			each(f.buf[:used])
			return 0
		}
		end := bytes.LastIndexByte(f.buf[:used], '\n') + 1
		if end == 0 && used == len(f.buf) {
			return unix.EFBIG // no line of these tables is so long
		}
		each(f.buf[:end])
		used = copy(f.buf, f.buf[end:used])
	}
	return unix.EFBIG
}

// link reads a symbolic link.
func (f *files) link(dir int, path *byte) ([]byte, syscall.Errno) {
	for {
		n, e := readlinkat(dir, path, f.buf)
		if e != 0 {
			return nil, e
		}
		if n < len(f.buf) || len(f.buf) >= maxFile {
			return f.buf[:n], 0
		}
		f.buf = make([]byte, 2*len(f.buf))
	}
}

// entries calls f with the name of each entry of an open folder; the name is
// valid during the call.
func entries(fd int, buf []byte, f func(name []byte)) syscall.Errno {
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			e, _ := err.(syscall.Errno)
			return e
		}
		if n <= 0 {
			return 0
		}
		eachDirent(buf[:n], f)
	}
}

// eachDirent walks linux_dirent64 records: inode and offset of 8 bytes each,
// length of 2, type of 1, name up to a NUL.
func eachDirent(b []byte, f func(name []byte)) {
	const header = 19
	for len(b) > header {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size <= header || size > len(b) {
			return
		}
		name := b[header:size]
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		if len(name) > 0 && string(name) != "." && string(name) != ".." {
			f(name)
		}
		b = b[size:]
	}
}

// pidsOf lists the entries of fd that are numbers.
func pidsOf(fd int, buf []byte, out []int) ([]int, syscall.Errno) {
	e := entries(fd, buf, func(name []byte) {
		if name[0]-'0' <= 9 {
			if pid, ok := number[int](name); ok {
				out = append(out, pid)
			}
		}
	})
	return out, e
}
