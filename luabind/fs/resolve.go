package fs

import (
	"context"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"opslua/luabind"
	"opslua/policy"
)

// maxLinks is how many links a path may lead through, as in the kernel.
const maxLinks = 40

// resolve follows the links in an absolute path, as the kernel would, as far as
// the path exists; the one at its end only where follow says so. Where it ends
// in a link to what is not there, it is the path of that.
func (v *view) resolve(abs string, follow bool) (string, error) {
	real, rest, links := "/", abs, 0
	wantDir := strings.HasSuffix(abs, "/") || strings.HasSuffix(abs, "/.")
	for {
		name, more, ok := nextName(rest)
		if !ok {
			return real, nil
		}
		rest = more
		if name == ".." {
			real = path.Dir(real)
			continue
		}
		next := path.Join(real, name)
		_, _, inside := nextName(rest)
		if !inside && !follow {
			return next, nil
		}
		in, err := v.stat(next)
		switch {
		case err == unix.ENOENT:
			return beyond(next, rest)
		case err != nil:
			return "", err
		case in.typ == typeLink:
			if links++; links > maxLinks {
				return "", unix.ELOOP
			}
			target, err := v.follow(next)
			if err != nil {
				return "", err
			}
			if rest = target + "/" + rest; strings.HasPrefix(target, "/") {
				real = "/"
			}
		case (inside || wantDir) && in.typ != typeDir:
			return "", unix.ENOTDIR
		default:
			real = next
		}
	}
}

// nextName takes the first name off a path.
func nextName(p string) (name, rest string, ok bool) {
	for p != "" {
		name, rest, _ = strings.Cut(p, "/")
		if name != "" && name != "." {
			return name, rest, true
		}
		p = rest
	}
	return "", "", false
}

// beyond is the path of what is not there yet.
func beyond(missing, rest string) (string, error) {
	for {
		name, more, ok := nextName(rest)
		if !ok {
			return missing, nil
		}
		if name == ".." {
			return "", unix.ENOENT
		}
		missing, rest = path.Join(missing, name), more
	}
}

// follow reads a link. Those of /proc may lead to where no path of this process
// does, such as the root of a container: to go by their text would be to take
// another file.
func (v *view) follow(real string) (string, error) {
	target, err := v.link(real)
	if err != nil || !strings.HasPrefix(real, "/proc/") {
		return target, err
	}
	var there, named unix.Stat_t
	if err := again(func() error { return unix.Stat(real, &there) }); err != nil {
		return "", err
	}
	text := target
	if !strings.HasPrefix(text, "/") {
		text = path.Dir(real) + "/" + text
	}
	if err := unix.Stat(text, &named); err != nil || named.Dev != there.Dev || named.Ino != there.Ino {
		return "", &atPath{real, refuse("it leads to where no path of this process does")}
	}
	return target, nil
}

// target is a path that a call is about, found out once; immutable.
type target struct {
	c       *luabind.Call
	v       *view
	written string // as the script wrote it
	abs     string // absolute and clean
	real    string // what it names, without links
}

// locate finds out what a path names.
func locate(c *luabind.Call, arg, written string, follow bool) (*target, error) {
	if written == "" {
		return nil, c.Usage(arg, "an empty path")
	}
	if strings.IndexByte(written, 0) >= 0 {
		return nil, c.Usage(arg, "%s has a NUL in it", shown(written))
	}
	t := &target{c: c, v: viewOf(c), written: written}
	planned := c.TakePlannedFiles()
	real, err := wait(c, func(context.Context) (string, error) {
		full := written
		if !strings.HasPrefix(full, "/") {
			dir, err := syscall.Getwd()
			if err != nil {
				return "", err
			}
			full = dir + "/" + full
		}
		t.abs = path.Clean(full)
		t.v.learn(planned)
		return t.v.resolve(full, follow)
	}, nil)
	if c.Context().Err() != nil && err != nil {
		return nil, err
	}
	if err != nil && t.abs != "" {
		// Who may not look does not hear what is there.
		if err := c.Require(policy.Read{Path: t.abs}); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, failed(c, written, err, "")
	}
	t.real = real
	return t, nil
}

func (t *target) mayRead() error  { return t.c.Require(policy.Read{Path: t.real}) }
func (t *target) mayWrite() error { return t.c.Require(policy.Write{Path: t.real}) }

// readable says whether the script may see the content, without asking where
// everything is granted.
func (t *target) readable() bool { return t.c.Unlimited() || t.mayRead() == nil }

func (t *target) failed(err error, after string) error { return failed(t.c, t.written, err, after) }
