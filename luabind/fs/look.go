package fs

import (
	"context"

	"opslua/luabind"
)

func stat(c *luabind.Call) error {
	var path string
	follow := true
	if err := c.Unpack("path", &path, "follow?", &follow); err != nil {
		return err
	}
	t, err := locate(c, "path", path, follow)
	if err != nil {
		return err
	}
	if err := t.mayRead(); err != nil {
		return err
	}
	link := ""
	in, err := wait(c, func(context.Context) (info, error) {
		if err := t.v.known(t.real); err != nil {
			return info{}, err // its size is not
		}
		in, err := t.v.stat(t.real)
		if err == nil && in.typ == typeLink {
			link, err = t.v.link(t.real)
		}
		return in, err
	}, nil)
	if err != nil {
		return t.failed(err, "")
	}
	row := map[string]any{
		"type": in.typ, "size": in.size, "mode": modeText(in.mode), "uid": in.uid, "gid": in.gid,
		"mtime": floorSeconds(in.mtime), "inode": in.ino, "device": in.dev,
	}
	if in.typ == typeLink {
		row["target"] = link
	}
	return c.Return(row)
}

func floorSeconds(ns int64) int64 {
	s := ns / 1e9
	if ns%1e9 < 0 {
		s--
	}
	return s
}

func exists(c *luabind.Call) error {
	var path string
	if err := c.Unpack("path", &path); err != nil {
		return err
	}
	t, err := locate(c, "path", path, true)
	if err != nil {
		if isMissing(err) {
			return c.Return(false)
		}
		return err
	}
	if err := t.mayRead(); err != nil {
		return err
	}
	_, err = wait(c, func(context.Context) (info, error) { return t.v.stat(t.real) }, nil)
	if isMissing(err) {
		return c.Return(false)
	}
	if err != nil {
		return t.failed(err, "")
	}
	return c.Return(true)
}

func list(c *luabind.Call) error {
	var path string
	if err := c.Unpack("path", &path); err != nil {
		return err
	}
	return reading(c, path, func(_ context.Context, t *target) ([]string, error) {
		entries, err := t.v.list(t.real)
		if err != nil {
			if in, statErr := t.v.stat(t.real); statErr == nil && in.typ != typeDir {
				err = refuse("it is " + in.is() + ", want a directory")
			}
			return nil, err
		}
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.name
		}
		return names, nil
	})
}
