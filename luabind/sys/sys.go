// Package sys is the Lua module sys: what the host is, how busy and how full it
// is, who is logged in, and its services.
package sys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"opslua/luabind"
	"opslua/policy"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "sys",
		Doc:  docModule,
		Funcs: []luabind.Func{
			{Name: "facts", Doc: docFacts, Impl: facts},
			{Name: "load", Doc: docLoad, Impl: load},
			{Name: "memory", Doc: docMemory, Impl: memory},
			{Name: "disks", Doc: docDisks, Impl: disks},
			{Name: "users", Doc: docUsers, Impl: users},
			{Name: "uptime", Doc: docUptime, Impl: uptime},
			{Name: "service", Doc: docService, Impl: service},
		},
		Types: []luabind.Type{
			{Name: "service", Doc: docServiceType, Methods: append(actions(), luabind.Func{Name: "logs", Doc: docLogs, Impl: logs})},
			{Name: "planned_service", Doc: docPlannedType, Methods: append(actions(),
				luabind.Func{Name: "logs", Doc: docPlannedLogs, Impl: logs},
				luabind.Func{Name: "__index", Impl: plannedField},
				luabind.Func{Name: "__tostring", Impl: plannedField})},
		},
	}
}

// grantRead asks for files, links followed: a policy is about the file in the end.
func grantRead(c *luabind.Call, paths ...string) error {
	for _, path := range paths {
		if !c.Unlimited() {
			path = resolved(path)
		}
		if err := c.Require(policy.Read{Path: path}); err != nil {
			return err
		}
	}
	return nil
}

// resolved takes links out, as far as the path is there.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// errText is an error of these files that nobody can assign to.
type errText string

func (e errText) Error() string { return string(e) }

const (
	errNoFile = errText("not a regular file")
	errLarge  = errText("larger than such a file can be")
)

// readFile reads a file whole, unless it is larger than most. What is no file
// must not keep the script waiting, as a pipe would.
func readFile(path string, most int64) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = &fs.PathError{Op: "read", Path: path, Err: errLarge}
	}
	return data, err
}

func openFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNoFile}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// fileError is a file that could not be read.
func fileError(c *luabind.Call, err error) error {
	kind := luabind.KindIO
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		kind = luabind.KindNotFound
	case errors.Is(err, fs.ErrPermission):
		kind = luabind.KindAccess
	}
	return luabind.Errorf(kind, "%s: %w", c.Name(), err)
}

// strange is a file of the system that is not what it should be.
func strange(c *luabind.Call, path string, what string) error {
	return luabind.Errorf(luabind.KindParse, "%s: %s: %s", c.Name(), path, what)
}

// shorten keeps the beginning of a text for a message.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s…", s[:most])
}
