package fs

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// extend appends in place: others may have the file open, or append at the
// same moment, and lose nothing. The text goes in one write, and is taken back
// where it does not fit.
func (r *rewrite) extend(o *outlook, ch luabind.Change) error {
	t := r.t
	if err := t.c.Changing(ch); err != nil {
		return err
	}
	err := do(t.c, func(ctx context.Context) error {
		if r.opts.backup && o.old != nil {
			if err := saveBackup(ctx, t.real, o.old); err != nil {
				return &atPath{backupOf(t.real), err}
			}
		}
		return r.appendInPlace(ctx, o)
	})
	if err != nil {
		after := "nothing was written"
		var torn *tornError
		if errors.As(err, &torn) {
			after = ""
		}
		return t.failed(err, after)
	}
	t.c.Changed(ch)
	return nil
}

func (r *rewrite) appendInPlace(ctx context.Context, o *outlook) error {
	p, err := openPlace(r.t.real)
	if err != nil {
		return err
	}
	defer p.close()
	perm := uint32(0o666)
	if r.opts.mode.set {
		perm = 0o600
	}
	f, err := p.open(p.name, unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT|unix.O_NONBLOCK|unix.O_NOCTTY, perm)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in, err := statFd(int(f.Fd()))
	if err == nil {
		err = in.regular()
	}
	if err != nil {
		return err
	}
	if o.attrs != "" || o.old == nil {
		if err := setAttrs(int(f.Fd()), &in, r.opts); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := appendText(f, in.size, o.appended()); err != nil {
		if o.old == nil && in.size == 0 {
			_ = p.unlink(p.name, 0) // made for this
		}
		return err
	}
	if o.old == nil {
		return p.sync()
	}
	return nil
}

// appended is the text that comes behind the old content.
func (o *outlook) appended() string {
	if o.old == nil {
		return o.next.text
	}
	return o.next.text[len(o.old.text):]
}

// tornError is a text of which a part stays in the file; immutable.
type tornError struct{ err error }

func (e *tornError) Error() string { return e.err.Error() }
func (e *tornError) Unwrap() error { return e.err }

// appendText writes a text at the end, or nothing of it: what did not fit is cut
// off again, unless others have written behind it.
func appendText(f *os.File, size int64, text string) error {
	n, err := io.WriteString(f, text)
	if err == nil {
		err = f.Sync()
	}
	if err == nil || n == 0 {
		return err
	}
	if now, statErr := statFd(int(f.Fd())); statErr == nil && now.size == size+int64(n) {
		if unix.Ftruncate(int(f.Fd()), size) == nil {
			return err
		}
	}
	return &tornError{refuse(bare(err) + "; a part of the text was written")}
}
