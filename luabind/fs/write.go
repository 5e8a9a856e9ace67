package fs

import (
	"context"
	"errors"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

func write(c *luabind.Call) error {
	var path string
	var text luabind.Text
	var opts fileOptions
	if err := c.Unpack(opts.and("path", &path, "text", &text)...); err != nil {
		return err
	}
	return put(c, path, string(text), &opts)
}

// put makes a text the content of a file.
func put(c *luabind.Call, path, text string, opts *fileOptions) error {
	t, err := locateFile(c, path)
	if err != nil {
		return err
	}
	r := &rewrite{t: t, opts: opts, compose: func(*source) (*source, error) { return textSource(text), nil }}
	return r.run()
}

// locateFile is locate for a file that will be written.
func locateFile(c *luabind.Call, path string) (*target, error) {
	if n := len(path); n > 0 && path[n-1] == '/' {
		return nil, c.Usage("path", "%s ends in /, so it names a folder; want a file", shown(path))
	}
	return locate(c, "path", path, true)
}

func appendTo(c *luabind.Call) error {
	var path string
	var text luabind.Text
	var opts fileOptions
	if err := c.Unpack(opts.and("path", &path, "text", &text)...); err != nil {
		return err
	}
	t, err := locateFile(c, path)
	if err != nil {
		return err
	}
	r := &rewrite{t: t, opts: &opts, inPlace: true, compose: func(old *source) (*source, error) {
		if old == nil {
			return textSource(string(text)), nil
		}
		return old.with(string(text)), nil
	}}
	return r.run()
}

func template(c *luabind.Call) error {
	var path, text string
	var values *lua.LTable
	var opts fileOptions
	if err := c.Unpack(opts.and("path", &path, "text", &text, "values", &values)...); err != nil {
		return err
	}
	filled, err := fillIn(text, func(name string) (string, error) {
		v := values.RawGetString(name)
		if v == lua.LNil {
			return "", c.Usage("values", "the text has {{%s}}, which is not in them", name)
		}
		var value luabind.Text
		err := c.UnpackValue("values", v, name, &value)
		return string(value), err
	})
	if err != nil {
		var own *luabind.Error
		if errors.As(err, &own) {
			return err
		}
		return c.Usage("text", "%v", err)
	}
	return put(c, path, filled, &opts)
}

// editTries is how often fn is asked where others keep changing the file.
const editTries = 5

func edit(c *luabind.Call) error {
	var path string
	var fn *lua.LFunction
	var opts fileOptions
	limit := luabind.Size(readMax)
	if err := c.Unpack(opts.and("path", &path, "fn", &fn, "max?", &limit)...); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := editOnce(c, path, fn, &opts, int64(limit))
		if !errors.Is(err, errMoved) || try == editTries {
			return err
		}
	}
}

func editOnce(c *luabind.Call, path string, fn *lua.LFunction, opts *fileOptions, limit int64) error {
	t, err := locateFile(c, path)
	if err != nil {
		return err
	}
	if err := t.mayRead(); err != nil {
		return err
	}
	if err := t.mayWrite(); err != nil {
		return err
	}
	var was info
	old, err := wait(c, func(ctx context.Context) (string, error) {
		text, in, err := readAll(ctx, t.v, t.real, 0, limit)
		was = in
		return text, err
	}, nil)
	if err != nil {
		return t.failed(err, "")
	}
	got, err := c.Invoke(fn, old)
	if err != nil {
		return err
	}
	if len(got) == 0 {
		return c.Usage("fn", "it returned nothing, want the new text as a string")
	}
	text, ok := got[0].(lua.LString)
	if !ok {
		return c.Usage("fn", "it returned a %s, want the new text as a string", got[0].Type())
	}
	r := &rewrite{t: t, opts: opts, compose: func(*source) (*source, error) { return textSource(string(text)), nil }}
	if !c.DryRun() {
		r.expect = &was
	}
	return r.run()
}
