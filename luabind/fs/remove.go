package fs

import (
	"context"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/luabind"
	"opslua/policy"
)

func remove(c *luabind.Call) error {
	var written string
	var recursive bool
	if err := c.Unpack("path", &written, "recursive?", &recursive); err != nil {
		return err
	}
	t, err := locateName(c, "path", written)
	if isMissing(err) { // below something that is no folder
		return (&target{c: c, written: written}).result(false, "")
	}
	if err != nil {
		return err
	}
	if err := t.mayWrite(); err != nil {
		return err
	}
	if recursive {
		if err := t.mayChangeBelow(t); err != nil {
			return err
		}
	}
	diff, err := wait(c, func(ctx context.Context) (string, error) { return t.removes(ctx, recursive) }, nil)
	if isMissing(err) {
		return t.result(false, "")
	}
	if err != nil {
		return t.failed(err, "")
	}
	ch := luabind.Change{Op: "write", Text: "remove " + shown(t.abs), Path: t.abs, Diff: diff}
	if c.DryRun() {
		c.Plan(ch)
		t.v.put(t.real, &entry{absent: true})
	} else {
		if err := c.Changing(ch); err != nil {
			return err
		}
		if err := do(c, func(ctx context.Context) error { return removeNow(ctx, t.real, recursive) }); err != nil {
			return t.failed(err, "")
		}
		c.Changed(ch)
	}
	if diff != "" && !t.readable() {
		diff = "not shown: the script may not read the file\n"
	}
	return t.result(true, diff)
}

// treeMost is how many names one call asks a policy about.
const treeMost = 1_000_000

// mayChangeBelow asks for all that is in a folder, since a policy may deny a part
// of what it grants; for the paths that it has now, and those it will have below to.
func (t *target) mayChangeBelow(to *target) error {
	if t.c.Unlimited() {
		return nil
	}
	below, err := wait(t.c, func(ctx context.Context) ([]string, error) { return t.v.below(ctx, t.real) }, nil)
	if err != nil {
		return t.failed(err, "")
	}
	for _, p := range below {
		if err := t.c.Require(policy.Write{Path: p}); err != nil {
			return err
		}
		if to == t {
			continue
		}
		if err := t.c.Require(policy.Read{Path: p}); err != nil {
			return err
		}
		if err := t.c.Require(policy.Write{Path: to.real + strings.TrimPrefix(p, t.real)}); err != nil {
			return err
		}
	}
	return nil
}

// below gives the paths of all that is in a folder; of what is none, nothing.
func (v *view) below(ctx context.Context, real string) ([]string, error) {
	in, err := v.stat(real)
	if err != nil || in.typ != typeDir {
		return nil, nil // what is wrong with it is told later
	}
	var out []string
	for todo := []string{real}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		entries, err := v.list(dir)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && len(out)+len(entries) > treeMost {
			err = refuse("there is too much in it to ask the policy about")
		}
		if err != nil {
			return nil, &atPath{dir, err}
		}
		for _, e := range entries {
			p := path.Join(dir, e.name)
			out = append(out, p)
			if e.typ == typeDir {
				todo = append(todo, p)
			}
		}
	}
	return out, nil
}

// removes says what will go, or why it will not.
func (t *target) removes(ctx context.Context, recursive bool) (string, error) {
	in, err := t.v.stat(t.real)
	if err != nil {
		return "", err
	}
	switch in.typ {
	case typeFile:
		diff, err := t.lost(ctx)
		if err != nil && ctx.Err() == nil {
			return "removed a file that cannot be read\n", nil // nor need it be
		}
		return diff, err
	case typeDir:
		entries, err := t.v.list(t.real)
		if err == nil && len(entries) > 0 && !recursive {
			err = refuse("it is a folder that is not empty; recursive = true removes it with all that is in it")
		}
		return "removed a directory\n", err
	}
	return "removed " + in.is()[2:] + "\n", nil
}

// lost is the diff of a file that goes.
func (t *target) lost(ctx context.Context) (string, error) {
	s, err := t.v.open(t.real)
	if err != nil {
		return "", err
	}
	defer s.close()
	return contentDiff(ctx, t.written, s, textSource(""))
}

func removeNow(ctx context.Context, real string, recursive bool) error {
	p, err := openPlace(real)
	if err != nil {
		return err
	}
	defer p.close()
	if err := removeAt(ctx, p.dir, p.name, real, recursive); err != nil {
		return err
	}
	return p.sync()
}

// removeAt removes a name in a folder. Links are removed, not followed; what is
// gone already is no mistake.
func removeAt(ctx context.Context, dir int, name, full string, recursive bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in, err := statAt(dir, name)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return &atPath{full, err}
	}
	flags := 0
	if in.typ == typeDir {
		flags = unix.AT_REMOVEDIR
		if recursive {
			if err := emptyDir(ctx, dir, name, full); err != nil {
				return err
			}
		}
	}
	err = again(func() error { return unix.Unlinkat(dir, name, flags) })
	if err == nil || err == unix.ENOENT {
		return nil
	}
	return &atPath{full, err}
}

// emptyDir removes all that is in a folder. One that another file system is
// mounted on is left alone: what is in there was hardly meant.
func emptyDir(ctx context.Context, dir int, name, full string) error {
	how := &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV}
	fd := -1
	err := again(func() (err error) { fd, err = unix.Openat2(dir, name, how); return err })
	if err == unix.ENOSYS || err == unix.EPERM {
		fd, err = openSameDevice(dir, name)
	}
	if err == unix.EXDEV {
		return &atPath{full, refuse("a file system is mounted there, which is not removed")}
	}
	if err != nil {
		return &atPath{full, err}
	}
	defer func() { _ = unix.Close(fd) }()
	names, err := dirNames(fd)
	if err != nil {
		return &atPath{full, err}
	}
	for _, n := range names {
		if err := removeAt(ctx, fd, n, path.Join(full, n), true); err != nil {
			return err
		}
	}
	return nil
}

// openSameDevice is for kernels that have no openat2.
func openSameDevice(dir int, name string) (int, error) {
	fd, err := openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return -1, err
	}
	here, err := statFd(dir)
	if err == nil {
		var there info
		if there, err = statFd(fd); err == nil && there.dev != here.dev {
			err = unix.EXDEV
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
