package supervise

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// diagnose says what one number from between fork and exec was about: the
// kernel gives the same for a missing program, interpreter or directory.
func diagnose(c *Cmd, path string, err error) error {
	if done, ok := err.(*Error); ok {
		return done
	}
	e := &Error{Kind: KindSpawn, Op: "exec", Name: name(c), Err: err}
	switch err {
	case unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.ENOSPC, unix.EUSERS:
		e.Kind, e.Op = KindResource, "start"
		return e
	case unix.E2BIG:
		e.Kind = KindTooLong
		return e
	case unix.EPERM:
		if c.User != nil && !same(c.User) && os.Geteuid() != 0 {
			e.Kind, e.Op, e.Name = KindAccess, "setuid", fmt.Sprintf("%d:%d", c.User.UID, c.User.GID)
			return e
		}
	}
	if bad := badDir(c); bad != nil {
		return bad
	}
	if found := executable(path); found != nil {
		if missing(found) {
			e.Kind, e.Err = KindNotFound, found
		} else {
			e.Kind, e.Err = KindNotExecutable, found
		}
		return e
	}
	switch err {
	case unix.ENOENT, unix.EACCES, unix.ENOTDIR, unix.ELIBBAD, unix.ELOOP:
		e.Kind = KindNotExecutable
		if inter := interpreter(path); inter != "" {
			if bad := executable(under(c.Dir, inter)); bad != nil {
				e.Op, e.Name = "interpreter", inter
				e.Err = &fs.PathError{Op: "exec", Path: path, Err: bad}
			}
		}
	case unix.ENOEXEC:
		e.Kind, e.Err = KindNotExecutable, notProgram{}
	case unix.ETXTBSY, unix.EISDIR, unix.EINVAL, unix.EPERM:
		e.Kind = KindNotExecutable
	}
	return e
}

// notProgram is ENOEXEC in words that help.
type notProgram struct{}

func (notProgram) Error() string        { return "neither a program of this machine nor a script with #!" }
func (notProgram) Is(target error) bool { return target == syscall.ENOEXEC }

// badDir says what is wrong with the working directory, nil if nothing is.
func badDir(c *Cmd) error {
	if c.Dir == "" {
		return nil
	}
	e := &Error{Kind: KindBadDir, Op: "chdir", Name: c.Dir}
	var st unix.Stat_t
	err := unix.Stat(c.Dir, &st)
	switch {
	case err != nil:
		e.Err = err
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		e.Err = unix.ENOTDIR
	case c.User != nil && !searchable(c.Dir, c.User):
		e.Err = unix.EACCES
	case c.User == nil && unix.Faccessat(unix.AT_FDCWD, c.Dir, unix.X_OK, unix.AT_EACCESS) != nil:
		e.Err = unix.EACCES
	default:
		return nil
	}
	return e
}

// searchable goes by the permission bits of the directory and all above it.
func searchable(dir string, u *Credential) bool {
	if u.UID == 0 {
		return true
	}
	for at := dir; ; {
		var st unix.Stat_t
		if unix.Stat(at, &st) != nil {
			return false
		}
		bit := uint32(0o001)
		switch {
		case st.Uid == u.UID:
			bit = 0o100
		case st.Gid == u.GID || slices.Contains(u.Groups, st.Gid):
			bit = 0o010
		}
		if st.Mode&bit == 0 {
			return false
		}
		cut := strings.LastIndexByte(strings.TrimRight(at, "/"), '/')
		if cut < 0 || at == "/" {
			return true
		}
		at = at[:max(cut, 1)]
	}
}

// interpreter gives what the kernel starts in place of the file: the program
// after #!, or the loader of a dynamic executable.
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.ReadAt(head, 0)
	head = head[:n]
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte{'\n'})
		fields := bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(fields) == 0 {
			return ""
		}
		return string(fields[0])
	}
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return ""
	}
	image, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range image.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz > 1 && p.Filesz < 4096 {
			b := make([]byte, p.Filesz-1)
			if _, err := p.ReadAt(b, 0); err == nil {
				return string(b)
			}
		}
	}
	return ""
}
