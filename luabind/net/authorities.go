package net

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"opslua/internal/httpclient"
	"opslua/luabind"
	"opslua/policy"
)

// maxAuthorities is how large a file of certificates may be: the whole of
// Mozilla's list is a quarter of it.
const maxAuthorities = 1 << 20

// authorities reads the file of the option ca. The policy is asked about the
// file in the end, links followed; what is there by the time it is opened must
// be no link.
func authorities(c *luabind.Call, path string) ([]byte, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, caError(c, path, err)
	}
	real, missing := filepath.EvalSymlinks(abs)
	if missing != nil {
		real = abs
	}
	if err := c.Require(policy.Read{Path: real}); err != nil {
		return nil, err
	}
	if missing != nil { // said only to who may read it
		return nil, caError(c, path, missing)
	}
	pem, err := readRegular(real)
	if err != nil {
		return nil, caError(c, path, err)
	}
	if _, err := httpclient.Pool(pem); err != nil {
		return nil, luabind.Errorf(luabind.KindParse, "%s: ca: %s: no certificate in PEM in it", c.Name(), short(path))
	}
	return pem, nil
}

var (
	errNoFile = errors.New("not a regular file")
	errLarge  = errors.New("larger than 1 MiB")
)

func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNoFile
	}
	text, err := io.ReadAll(io.LimitReader(f, maxAuthorities+1))
	if err == nil && len(text) > maxAuthorities {
		err = errLarge
	}
	return text, err
}

func caError(c *luabind.Call, path string, err error) error {
	kind, text := luabind.KindIO, err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind, text = luabind.KindNotFound, "no such file"
	case errors.Is(err, fs.ErrPermission):
		kind, text = luabind.KindAccess, "permission denied"
	}
	return luabind.Errorf(kind, "%s: ca: %s: %s", c.Name(), short(path), text)
}
