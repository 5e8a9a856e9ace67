package fs

import (
	"context"
	"errors"
	"path"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// rewrite is one call that gives a file a new content. For one goroutine.
type rewrite struct {
	t    *target
	opts *fileOptions
	// compose gives the new content, from the old one where that matters (nil:
	// there is no file). It must not use the call.
	compose func(old *source) (*source, error)
	inPlace bool  // append: what others write meanwhile is kept
	expect  *info // edit: the file that the new content was made from
	perm    uint32
	permSet bool // copy: the mode of a file that is new
}

// outlook is what a rewrite found, and what it will do: plain data, with the
// files open.
type outlook struct {
	old     *source // nil: there is none
	next    *source
	equal   bool   // the content is the same
	diff    string // of the content
	attrs   string // of mode and owner
	oldInfo *info
}

func (o *outlook) close() {
	if o == nil {
		return
	}
	o.old.close()
	if o.next != nil && (o.old == nil || o.next.f != o.old.f) {
		o.next.close()
	}
}

// errMoved says that somebody else has changed the file meanwhile.
var errMoved = errors.New("somebody else has changed it meanwhile")

// run does it, and returns the result to the script.
func (r *rewrite) run() error {
	t := r.t
	if err := r.granted(); err != nil {
		return err
	}
	if kernel, err := wait(t.c, func(context.Context) (bool, error) { return ofKernel(t.v, t.real), nil }, nil); err != nil {
		return err
	} else if kernel {
		return r.setKernel()
	}
	look, err := wait(t.c, r.look, (*outlook).close)
	if err != nil {
		return t.failed(err, "")
	}
	defer look.close()
	if !t.c.DryRun() && (look.equal || r.inPlace) {
		if err := do(t.c, func(context.Context) error { t.v.sweepOnce(t.real); return nil }); err != nil {
			return err
		}
	}
	if look.equal && look.attrs == "" {
		return t.result(false, "")
	}
	ch := luabind.Change{Op: "write", Text: "write " + shown(t.abs), Path: t.abs, Diff: look.attrs + look.diff}
	if t.c.DryRun() {
		return r.plan(look, ch)
	}
	switch {
	case look.equal:
		err = r.setAttrs(look, ch)
	case r.inPlace && !r.opts.validate.set():
		err = r.extend(look, ch)
	default:
		err = r.replace(look, ch)
	}
	if err != nil {
		return err
	}
	return t.result(true, r.visible(ch.Diff))
}

// granted asks for all that will be written.
func (r *rewrite) granted() error {
	if err := r.t.mayWrite(); err != nil {
		return err
	}
	if r.opts.backup {
		return (&target{c: r.t.c, real: backupOf(r.t.real)}).mayWrite()
	}
	return nil
}

func backupOf(real string) string { return real + ".bak" }

// visible is the diff for the script: who may only write does not read it here.
func (r *rewrite) visible(diff string) string {
	if diff == "" || r.t.readable() {
		return diff
	}
	return "not shown: the script may not read the file\n"
}

// result is what the functions that change something return.
func (t *target) result(changed bool, diff string) error {
	return t.c.Return(map[string]any{"changed": changed, "path": t.written, "diff": diff})
}

// look opens what is there and compares.
func (r *rewrite) look(ctx context.Context) (o *outlook, err error) {
	v, real := r.t.v, r.t.real
	o = &outlook{}
	defer func() {
		if err != nil {
			o.close()
			o = nil
		}
	}()
	o.old, err = v.open(real)
	var unknown *unknownError
	switch {
	case errors.As(err, &unknown) && !r.inPlace: // what it is then does not matter
		in, err := v.stat(real)
		if err != nil {
			return o, err
		}
		o.oldInfo = &in
	case err == unix.ENOENT:
		if err := v.hasFolder(real); err != nil {
			return o, err
		}
	case err != nil:
		return o, err
	default:
		o.oldInfo = &o.old.info
	}
	if o.next, err = r.compose(o.old); err != nil {
		return o, err
	}
	if o.old != nil {
		if o.equal, err = same(ctx, o.old, o.next); err != nil {
			return o, err
		}
	}
	o.attrs = r.opts.attrDiff(o.oldInfo)
	if !o.equal {
		o.diff, err = contentDiff(ctx, r.t.written, o.old, o.next)
	}
	return o, err
}

// hasFolder says which folder is missing.
func (v *view) hasFolder(real string) error {
	dir := path.Dir(real)
	in, err := v.stat(dir)
	switch {
	case isMissing(err):
		return &problem{luabind.KindNotFound, "there is no folder " + shown(dir) + "; fs.mkdir makes it"}
	case err != nil:
		return err
	case in.typ != typeDir:
		return &problem{luabind.KindNotFound, shown(dir) + " is no folder"}
	}
	return nil
}

// contentDiff is the diff of two contents, read as far as that makes sense.
func contentDiff(ctx context.Context, label string, old, next *source) (string, error) {
	if old == nil {
		old = textSource("")
	}
	a, whole, err := old.read(ctx, 0, diffMax)
	if err != nil {
		return "", err
	}
	b, whole2, err := next.read(ctx, 0, diffMax)
	if err != nil {
		return "", err
	}
	if !whole || !whole2 {
		return sizes("large", old.info.size, next.info.size), nil
	}
	return unified(label, a, b), nil
}

// plan tells of the change, and has the file read so from now on.
func (r *rewrite) plan(o *outlook, ch luabind.Change) error {
	t := r.t
	if r.opts.validate.set() {
		ch.Text += " (it would be validated first)"
	}
	if r.opts.backup && o.oldInfo != nil {
		before, err := wait(t.c, func(context.Context) (*entry, error) { return t.v.snapshot(t.real) }, nil)
		if err != nil {
			return t.failed(err, "")
		}
		t.v.put(backupOf(t.real), before)
	}
	t.c.Plan(ch)
	e := &entry{info: r.futureInfo(o), origin: o.next.origin, text: o.next.text}
	e.info.size = o.next.info.size
	t.v.put(t.real, e)
	return t.result(true, r.visible(ch.Diff))
}

// futureInfo is what stat gives once the change is made.
func (r *rewrite) futureInfo(o *outlook) info {
	in := newInfo(typeFile, 0o644)
	if o.oldInfo != nil {
		in.mode, in.uid, in.gid = o.oldInfo.mode, o.oldInfo.uid, o.oldInfo.gid
	} else if r.permSet {
		in.mode = r.perm
	}
	r.opts.planned(&in)
	return in
}

// setAttrs changes mode and owner alone.
func (r *rewrite) setAttrs(o *outlook, ch luabind.Change) error {
	t := r.t
	if err := t.c.Changing(ch); err != nil {
		return err
	}
	err := do(t.c, func(context.Context) error { return setAttrs(int(o.old.f.Fd()), o.oldInfo, r.opts) })
	if err != nil {
		return t.failed(err, "")
	}
	t.c.Changed(ch)
	return nil
}

func setAttrs(fd int, old *info, o *fileOptions) error {
	mode, uid, gid, isSet := o.of(old)
	if err := chown(fd, old, uid, gid); err != nil {
		return err
	}
	if !isSet {
		return nil
	}
	return chmod(fd, mode)
}
