package fs

import (
	"context"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

func link(c *luabind.Call) error {
	var to, path string
	if err := c.Unpack("target", &to, "path", &path); err != nil {
		return err
	}
	if to == "" || strings.IndexByte(to, 0) >= 0 {
		return c.Usage("target", "%q is no path", to)
	}
	t, err := locateName(c, "path", path)
	if err != nil {
		return err
	}
	if err := t.mayWrite(); err != nil {
		return err
	}
	was, err := wait(c, func(context.Context) (string, error) { return t.linkNow() }, nil)
	if err != nil {
		return t.failed(err, "")
	}
	if was == to {
		return t.result(false, "")
	}
	diff := "new target " + shown(to) + "\n"
	if was != "" {
		diff = "old target " + shown(was) + "\n" + diff
	}
	ch := luabind.Change{Op: "write", Text: "link " + shown(t.abs) + " to " + shown(to), Path: t.abs, Diff: diff}
	if c.DryRun() {
		c.Plan(ch)
		in := newInfo(typeLink, 0o777)
		in.size = int64(len(to))
		t.v.put(t.real, &entry{info: in, target: to})
		return t.result(true, diff)
	}
	if err := c.Changing(ch); err != nil {
		return err
	}
	err = do(c, func(context.Context) error {
		p, err := openPlace(t.real)
		if err != nil {
			return err
		}
		defer p.close()
		return p.setLink(to)
	})
	if err != nil {
		return t.failed(err, "")
	}
	c.Changed(ch)
	return t.result(true, diff)
}

// linkNow is the target of the link that is there; empty where nothing is.
func (t *target) linkNow() (string, error) {
	in, err := t.v.stat(t.real)
	switch {
	case isMissing(err):
		return "", t.v.hasFolder(t.real)
	case err != nil:
		return "", err
	case in.typ != typeLink:
		return "", refuse("it is " + in.is() + "; only a link is replaced by a link")
	}
	return t.v.link(t.real)
}

// setLink makes the place a link, in one step also where something is there.
func (p *place) setLink(to string) error {
	prefix := tempPrefix(p.name)
	p.sweep(prefix)
	name := tempName(prefix)
	if err := again(func() error { return unix.Symlinkat(to, p.dir, name) }); err != nil {
		return err
	}
	if err := p.takes(p, name); err != nil {
		_ = p.unlink(name, 0)
		return err
	}
	return p.sync()
}
