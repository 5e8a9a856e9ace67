package fs

import (
	"context"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

func mkdir(c *luabind.Call) error {
	var written string
	var opts fileOptions
	if err := c.Unpack("path", &written, "mode?", &opts.mode, "owner?", &opts.owner); err != nil {
		return err
	}
	t, err := locate(c, "path", written, true)
	if err != nil {
		return err
	}
	if err := t.mayWrite(); err != nil {
		return err
	}
	type state struct {
		there   *info
		missing []string
	}
	s, err := wait(c, func(context.Context) (s state, err error) {
		s.there, s.missing, err = t.v.missing(t.real)
		return s, err
	}, nil)
	if err != nil {
		return t.failed(err, "")
	}
	diff := opts.attrDiff(s.there)
	for _, dir := range s.missing {
		diff += "new directory " + shown(dir) + "\n"
	}
	if diff == "" {
		return t.result(false, "")
	}
	ch := luabind.Change{Op: "write", Text: "make the directory " + shown(t.abs), Path: t.abs, Diff: diff}
	if c.DryRun() {
		c.Plan(ch)
		if err := t.planDirs(s.missing, &opts); err != nil {
			return t.failed(err, "")
		}
		return t.result(true, diff)
	}
	if err := c.Changing(ch); err != nil {
		return err
	}
	if err := do(c, func(ctx context.Context) error { return makeDirs(ctx, t.real, s.missing, &opts) }); err != nil {
		return t.failed(err, "")
	}
	c.Changed(ch)
	return t.result(true, diff)
}

// missing gives what is there, or the folders that are to be made, the
// outermost first.
func (v *view) missing(real string) (*info, []string, error) {
	var dirs []string
	for dir := real; ; dir = path.Dir(dir) {
		in, err := v.stat(dir)
		switch {
		case err == unix.ENOENT && dir != "/":
			dirs = append(dirs, dir)
			continue
		case err != nil:
			return nil, nil, err
		case in.typ != typeDir && dir == real:
			return nil, nil, refuse("it is there already and is " + in.is())
		case in.typ != typeDir:
			return nil, nil, &atPath{dir, unix.ENOTDIR}
		case dir == real:
			return &in, nil, nil
		}
		slices.Reverse(dirs)
		return nil, dirs, nil
	}
}

func (t *target) planDirs(dirs []string, o *fileOptions) error {
	for _, dir := range dirs {
		t.v.put(dir, &entry{info: newInfo(typeDir, 0o755)})
	}
	return do(t.c, func(context.Context) error { return t.v.change(t.real, o.planned) })
}

func makeDirs(ctx context.Context, real string, dirs []string, o *fileOptions) error {
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return err
		}
		perm := uint32(0o777) // as the umask wants it
		if dir == real && (o.mode.set || o.owner.set) {
			perm = 0o700
		}
		if err := makeDir(dir, perm); err != nil {
			return &atPath{dir, err}
		}
	}
	if !o.mode.set && !o.owner.set {
		return nil
	}
	fd, err := openReal(real, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	now, err := statFd(fd)
	if err != nil {
		return err
	}
	if len(dirs) > 0 && !o.mode.set {
		withMode := *o
		withMode.mode = modeArg{true, 0o755}
		o = &withMode
	}
	return setAttrs(fd, &now, o)
}

// makeDir makes one folder; one that somebody else has just made will do.
func makeDir(real string, perm uint32) error {
	p, err := openPlace(real)
	if err != nil {
		return err
	}
	defer p.close()
	err = again(func() error { return unix.Mkdirat(p.dir, p.name, perm) })
	if err == unix.EEXIST {
		in, err := p.stat()
		if err == nil && in.typ != typeDir {
			err = refuse("it is there already and is " + in.is())
		}
		return err
	}
	if err != nil {
		return err
	}
	return p.sync()
}
