package fs

import (
	"opslua/luabind"
)

func copyFile(c *luabind.Call) error {
	var from, to string
	var opts fileOptions
	if err := c.Unpack(opts.and("from", &from, "to", &to)...); err != nil {
		return err
	}
	src, err := locate(c, "from", from, true)
	if err != nil {
		return err
	}
	if err := src.mayRead(); err != nil {
		return err
	}
	dst, err := locateFile(c, to)
	if err != nil {
		return err
	}
	r := &rewrite{t: dst, opts: &opts}
	r.compose = func(*source) (*source, error) {
		s, err := src.v.open(src.real)
		if err != nil {
			return nil, &atPath{src.written, err}
		}
		// What a new file may not inherit: to become somebody else when it is run.
		r.perm, r.permSet = s.info.mode&0o777, true
		return s, nil
	}
	return r.run()
}
