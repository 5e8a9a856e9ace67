package fs

import (
	"context"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

func move(c *luabind.Call) error {
	var from, to string
	if err := c.Unpack("from", &from, "to", &to); err != nil {
		return err
	}
	src, err := locateName(c, "from", from)
	if err != nil {
		return err
	}
	dst, err := locateName(c, "to", to)
	if err != nil {
		return err
	}
	if err := src.mayRead(); err != nil { // what is moved may be read where it is then
		return err
	}
	if err := src.mayWrite(); err != nil {
		return err
	}
	if err := dst.mayWrite(); err != nil {
		return err
	}
	if err := src.mayChangeBelow(dst); err != nil {
		return err
	}
	in, err := wait(c, func(context.Context) (info, error) { return src.movesTo(dst) }, nil)
	if err != nil {
		return src.failed(err, "")
	}
	if src.real == dst.real {
		return dst.result(false, "")
	}
	ch := luabind.Change{Op: "write", Text: "move " + shown(src.abs) + " to " + shown(dst.abs), Path: dst.abs,
		Diff: "rename from " + shown(src.abs) + "\nrename to " + shown(dst.abs) + "\n"}
	if c.DryRun() {
		if err := do(c, func(context.Context) error { return dst.v.move(src.real, dst.real) }); err != nil {
			return src.failed(err, "")
		}
		c.Plan(ch)
		return dst.result(true, ch.Diff)
	}
	if err := c.Changing(ch); err != nil {
		return err
	}
	if err := do(c, func(ctx context.Context) error { return moveNow(ctx, src.real, dst.real, &in) }); err != nil {
		return src.failed(err, "")
	}
	c.Changed(ch)
	return dst.result(true, ch.Diff)
}

// locateName is locate for a name itself, be it a link: what is moved, removed
// or made a link. The root has none.
func locateName(c *luabind.Call, arg, path string) (*target, error) {
	trimmed := strings.TrimRight(path, "/")
	base := trimmed[strings.LastIndexByte(trimmed, '/')+1:]
	if base == "" || base == "." || base == ".." {
		return nil, c.Usage(arg, "%q is refused: it does not end in a name", path)
	}
	t, err := locate(c, arg, path, false)
	if err == nil && t.real == "/" {
		err = c.Usage(arg, "%q is refused: it is the root", path)
	}
	return t, err
}

// movesTo says what is moved, or why it cannot be.
func (t *target) movesTo(dst *target) (info, error) {
	in, err := t.v.stat(t.real)
	if err != nil {
		return in, err
	}
	if strings.HasPrefix(dst.real, t.real+"/") {
		return in, refuse("it cannot be moved into itself")
	}
	there, err := dst.v.stat(dst.real)
	switch {
	case isMissing(err):
		return in, dst.v.canTake(dst.real, &in)
	case err != nil:
		return in, &atPath{dst.written, err}
	case t.real != dst.real && (in.typ == typeDir || there.typ != typeFile && there.typ != typeLink):
		return in, &atPath{dst.written, refuse("it is there already and is " + there.is() + "; name the new path itself")}
	}
	return in, nil
}

// canTake refuses what cannot be moved to a path where nothing is. A folder
// that is only planned has no device.
func (v *view) canTake(real string, in *info) error {
	if err := v.hasFolder(real); err != nil {
		return err
	}
	dir, err := v.stat(path.Dir(real))
	if err == nil && in.stays() && in.dev != dir.dev && in.dev != 0 && dir.dev != 0 {
		return in.cannotCross()
	}
	return err
}

// stays says that it moves within its own file system only.
func (i *info) stays() bool { return i.typ != typeFile && i.typ != typeLink }

func (i *info) cannotCross() error {
	return refuse("it is " + i.is() + ", and moves within its own file system only; for a folder, a command such as cp -a copies it")
}

func moveNow(ctx context.Context, from, to string, in *info) error {
	src, err := openPlace(from)
	if err != nil {
		return err
	}
	defer src.close()
	dst, err := openPlace(to)
	if err != nil {
		return &atPath{to, err}
	}
	defer dst.close()
	if there, err := dst.stat(); err == nil && there.dev == in.dev && there.ino == in.ino {
		if err := src.unlink(src.name, 0); err != nil { // two names of one file: the system would keep both
			return err
		}
		return src.sync()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = dst.takes(src, src.name)
	if err == unix.EXDEV {
		return moveAcross(ctx, src, to, in)
	}
	if err != nil {
		return err
	}
	if err := dst.sync(); err != nil {
		return err
	}
	return src.sync()
}

// moveAcross moves to another file system: the copy is complete before the
// file goes.
func moveAcross(ctx context.Context, src *place, to string, in *info) error {
	dst, err := openPlace(to)
	if err != nil {
		return &atPath{to, err}
	}
	switch in.typ {
	case typeFile:
		err = carryFile(ctx, src, dst)
	case typeLink:
		err = carryLink(src, dst)
	default:
		dst.close()
		return in.cannotCross()
	}
	if err != nil {
		return err
	}
	if err := src.unlink(src.name, 0); err != nil {
		return &atPath{src.path, refuse("it is copied, but cannot be removed: " + err.Error())}
	}
	return src.sync()
}

// carryFile copies a file with all that belongs to it. It closes dst.
func carryFile(ctx context.Context, src, dst *place) error {
	s := &source{}
	var err error
	if s.f, s.info, err = openDisk(src.path); err != nil {
		dst.close()
		return err
	}
	defer s.close()
	tmp, err := newTemp(dst, 0o600)
	if err != nil {
		return err
	}
	defer tmp.discard()
	if err := s.copyTo(ctx, tmp.f); err != nil {
		return err
	}
	to, from := int(tmp.f.Fd()), int(s.f.Fd())
	now, err := statFd(to)
	if err != nil {
		return err
	}
	if err := chown(to, &now, int(s.info.uid), int(s.info.gid)); err != nil {
		return err
	}
	if err := copyXattrs(to, from, true); err != nil {
		return err
	}
	if err := chmod(to, s.info.mode); err != nil {
		return err
	}
	at := unix.NsecToTimeval(s.info.mtime)
	if err := unix.Futimes(to, []unix.Timeval{at, at}); err != nil {
		return err
	}
	if err := tmp.f.Sync(); err != nil {
		return err
	}
	if last, err := src.stat(); err != nil || !last.sameFile(&s.info) {
		return errMoved
	}
	return tmp.commit()
}

func carryLink(src, dst *place) error {
	defer dst.close()
	target, err := readLink(src.path)
	if err != nil {
		return err
	}
	return dst.setLink(target)
}
