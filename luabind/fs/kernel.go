package fs

import (
	"context"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

// ofKernel says that a file is a setting of the kernel, in /proc or /sys: there
// is nothing to replace there, a write to it is the change.
func ofKernel(v *view, real string) bool {
	if !strings.HasPrefix(real, "/proc/") && !strings.HasPrefix(real, "/sys/") {
		return false
	}
	if in, err := v.stat(real); err != nil || in.typ != typeFile {
		return false
	}
	var st unix.Statfs_t
	if err := again(func() error { return unix.Statfs(real, &st) }); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC,
		unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC:
		return true
	}
	return false
}

// setKernel writes a setting of the kernel, with one write as the kernel wants it.
func (r *rewrite) setKernel() error {
	t, o := r.t, r.opts
	if o.backup || o.validate.set() || o.mode.set || o.owner.set {
		return t.c.Usage("", "%s is a setting of the kernel, which takes no mode, owner, validate or backup", shown(t.written))
	}
	type setting struct{ old, text string }
	s, err := wait(t.c, func(ctx context.Context) (setting, error) {
		// Some may be written and not read.
		old, _, _ := readAll(ctx, t.v, t.real, 0, diffMax)
		next, err := r.compose(textSource(old))
		if err != nil {
			return setting{}, err
		}
		defer next.close()
		text, ok, err := next.read(ctx, 0, diffMax)
		if err == nil && !ok {
			err = refuse("the text is too long for a setting of the kernel")
		}
		return setting{old, text}, err
	}, nil)
	if err != nil {
		return t.failed(err, "")
	}
	if r.inPlace {
		s.text = strings.TrimPrefix(s.text, s.old)
	} else if strings.TrimSuffix(s.text, "\n") == strings.TrimSuffix(s.old, "\n") {
		return t.result(false, "")
	}
	diff := unified(t.written, s.old, s.text)
	ch := luabind.Change{Op: "write", Text: "write " + shown(t.abs), Path: t.abs, Diff: diff}
	if t.c.DryRun() {
		t.c.Plan(ch)
		in := newInfo(typeFile, 0o644)
		in.size = int64(len(s.text))
		t.v.put(t.real, &entry{info: in, text: s.text})
		return t.result(true, r.visible(diff))
	}
	if err := t.c.Changing(ch); err != nil {
		return err
	}
	if err := do(t.c, func(context.Context) error { return writeKernel(t.real, s.text) }); err != nil {
		return t.failed(err, "the kernel did not take it")
	}
	t.c.Changed(ch)
	return t.result(true, r.visible(diff))
}

func writeKernel(real, text string) error {
	fd, err := openReal(real, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	n := 0
	err = again(func() (err error) { n, err = unix.Write(fd, []byte(text)); return err })
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	return err
}
