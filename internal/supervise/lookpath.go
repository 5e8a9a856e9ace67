package supervise

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultPath is for a child without PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// LookPath finds the program that a command called name would run with the
// working directory dir (empty: this process's) and the environment env. The
// PATH is that of env, or the usual one where env has none; its empty entries
// are skipped, they do not mean the working directory. A name with a slash is
// relative to dir. The path given is absolute unless dir and the entry are
// both relative. The error is an *Error of KindNotFound or KindNotExecutable.
func LookPath(name, dir string, env []string) (string, error) {
	switch {
	case name == "" || name == "." || name == "..":
		return "", &Error{Kind: KindNotFound, Op: "exec", Name: name, Err: fs.ErrNotExist}
	case strings.IndexByte(name, 0) >= 0:
		return "", &Error{Kind: KindUsage, Op: "exec", Name: name, Err: constError("a NUL in the name of the program")}
	case strings.IndexByte(name, '/') >= 0:
		path := under(dir, name)
		if err := executable(path); err != nil {
			return "", lookError(name, err)
		}
		return path, nil
	}
	path, ok := variable(env, "PATH")
	if !ok {
		path = defaultPath
	}
	var refused error
	for entry := range strings.SplitSeq(path, ":") {
		if entry == "" {
			continue
		}
		file := under(dir, strings.TrimSuffix(entry, "/")+"/"+name)
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if refused == nil && !missing(err) {
			refused = &fs.PathError{Op: "exec", Path: file, Err: err}
		}
	}
	if refused != nil {
		return "", &Error{Kind: KindNotExecutable, Op: "exec", Name: name, Err: refused}
	}
	return "", &Error{Kind: KindNotFound, Op: "exec", Name: name, Err: constNotFound{path}}
}

// constNotFound names the PATH that was searched, and is fs.ErrNotExist.
type constNotFound struct{ path string }

func (e constNotFound) Error() string        { return "not found in PATH " + e.path }
func (e constNotFound) Is(target error) bool { return target == fs.ErrNotExist }

func lookError(name string, err error) error {
	kind := KindNotExecutable
	if missing(err) {
		kind = KindNotFound
	}
	return &Error{Kind: kind, Op: "exec", Name: name, Err: err}
}

func missing(err error) bool {
	return err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ENAMETOOLONG
}

// executable says why this process could not execute the file.
func executable(path string) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		return syscall.EISDIR
	default:
		return syscall.EACCES
	}
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
	if err == unix.ENOSYS || err == unix.EPERM { // a seccomp filter that does not know faccessat2
		return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, 0)
	}
	return err
}

// under joins without cleaning: "a/../b" goes through a, which may be a link.
func under(dir, name string) string {
	if dir == "" || filepath.IsAbs(name) {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// variable gives the first value, as getenv does.
func variable(env []string, name string) (string, bool) {
	for _, pair := range env {
		if len(pair) > len(name) && pair[len(name)] == '=' && pair[:len(name)] == name {
			return pair[len(name)+1:], true
		}
	}
	return "", false
}
