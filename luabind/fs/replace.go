package fs

import (
	"context"
	"errors"
	"path"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// replace puts a new file in the place of the old one, in one step.
func (r *rewrite) replace(o *outlook, ch luabind.Change) error {
	t, after := r.t, "nothing was written"
	if o.old != nil {
		after = "the old file is unchanged"
	}
	tmp, err := wait(t.c, func(ctx context.Context) (*temp, error) { return r.prepare(ctx, o) }, (*temp).discard)
	if err != nil {
		return t.failed(err, after)
	}
	defer tidy(tmp.discard)
	if err := r.opts.validate.check(t.c, path.Join(path.Dir(t.real), tmp.name)); err != nil {
		return invalid(t, err, after)
	}
	if err := t.c.Changing(ch); err != nil {
		return err
	}
	if err := do(t.c, func(ctx context.Context) error { return r.commit(ctx, o, tmp) }); err != nil {
		if tmp.done.Load() {
			after = "it is written, but may be lost if the machine stops now"
		}
		return t.failed(err, after)
	}
	t.c.Changed(ch)
	return nil
}

// invalid is the error of a new file that was found wanting.
func invalid(t *target, err error, after string) error {
	var own *luabind.Error
	if !errors.As(err, &own) || t.c.Context().Err() != nil {
		return err
	}
	cp := *own
	cp.Message = t.c.Name() + " " + shown(t.written) + ": not valid: " + own.Message + "; " + after
	return &cp
}

// prepare makes the new file, complete and durable, beside the old one.
func (r *rewrite) prepare(ctx context.Context, o *outlook) (*temp, error) {
	p, err := openPlace(r.t.real)
	if err != nil {
		return nil, err
	}
	perm := uint32(0o600)
	if o.old == nil && !r.opts.mode.set && !r.permSet {
		perm = 0o666 // as the umask wants it
	}
	tmp, err := newTemp(p, perm)
	if err != nil {
		return nil, err
	}
	opts := *r.opts
	if o.old == nil && r.permSet && !opts.mode.set {
		opts.mode = modeArg{true, r.perm}
	}
	if err := tmp.fill(ctx, o.next, o.old, &opts); err != nil {
		tmp.discard()
		return nil, err
	}
	return tmp, nil
}

// fill writes the content, and dresses the file as the old one.
func (t *temp) fill(ctx context.Context, next, old *source, o *fileOptions) error {
	if err := next.copyTo(ctx, t.f); err != nil {
		return err
	}
	var err error
	if old == nil {
		err = dress(t.f, nil, nil, o)
	} else {
		err = dress(t.f, old.f, &old.info, o)
	}
	if err != nil {
		return err
	}
	return t.f.Sync()
}

// commit is the step after which the new file is there.
func (r *rewrite) commit(ctx context.Context, o *outlook, tmp *temp) error {
	tmp.mu.Lock()
	defer tmp.mu.Unlock()
	if r.overtaken(o, tmp.p) {
		return errMoved
	}
	if r.opts.backup && o.old != nil {
		if err := saveBackup(ctx, r.t.real, o.old); err != nil {
			return &atPath{backupOf(r.t.real), err}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := tmp.commit()
	if err == unix.EBUSY {
		return refuse("it is a mount of its own, and cannot be replaced in one step")
	}
	return err
}

// overtaken says that the new content was made from an old one that is not there
// any more: it would take away what somebody else has written since.
func (r *rewrite) overtaken(o *outlook, p *place) bool {
	from := r.expect
	if r.inPlace {
		from = o.oldInfo
	}
	now, err := p.stat()
	if from != nil {
		return err != nil || !now.sameFile(from)
	}
	return r.inPlace && err == nil
}

// saveBackup keeps what is there beside it, atomically too.
func saveBackup(ctx context.Context, real string, old *source) error {
	p, err := openPlace(backupOf(real))
	if err != nil {
		return err
	}
	tmp, err := newTemp(p, 0o600)
	if err != nil {
		return err
	}
	defer tmp.discard()
	if err := tmp.fill(ctx, old, old, &fileOptions{}); err != nil {
		return err
	}
	return tmp.commit()
}
