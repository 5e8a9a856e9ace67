package luabind

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
)

const (
	errNoFolder = loadError("the script is no file and has no folder")
	errNoFile   = loadError("not a regular file")
)

type loadError string

func (e loadError) Error() string { return string(e) }

// require gives a module of opslua, or runs a file of the script's own folder
// once. Nothing else can be reached: names have no "..", links that lead out of
// the folder are refused by the root handle.
func (s *Session) require(c *Call) error {
	var name string
	if err := c.Unpack("name", &name); err != nil {
		return err
	}
	if v, ok := s.builtin(c.l, name); ok {
		return c.Return(v)
	}
	if !regexp.MustCompile(`^\w[\w-]*([./]\w[\w-]*)*$`).MatchString(name) {
		return c.Usage("name", "%q is not the name of a module, such as %q or %q", name, "proc", "lib.disks")
	}
	file := strings.ReplaceAll(name, ".", "/") + ".lua"
	if v, ok := s.files[file]; ok {
		return c.Return(v)
	}
	source, resolved, err := s.readModule(file)
	if err != nil {
		return &Error{Kind: KindNotFound, Cause: err, Message: "require: no module " + quoteName(name) +
			didYouMean(name, s.names()) + ", and " + file + " in the script's folder: " + reason(err)}
	}
	v, ok := s.files[resolved] // by another name: a link leads to it
	if !ok {
		if v, err = s.load(c, resolved, source); err != nil {
			return err
		}
	}
	s.files[file] = v
	return c.Return(v)
}

// over is the error of the context once what runs has to end.
func (s *Session) over() error { return s.ctx.Err() }

func (s *Session) load(c *Call, file, source string) (lua.LValue, error) {
	chunk, err := s.host.compile(file, source, s.over)
	if err != nil {
		return nil, &Error{Kind: KindParse, Message: err.Error(), Cause: err}
	}
	s.files[file] = lua.LFalse // what a module that requires itself sees
	values, err := c.Invoke(chunk.Function(s.L, s.rt), file)
	if err != nil {
		delete(s.files, file)
		return nil, err
	}
	v := lua.LValue(lua.LTrue)
	if len(values) > 0 && values[0] != lua.LNil {
		v = values[0]
	}
	s.files[file] = v
	return v, nil
}

// readModule reads a file of the script's folder and gives its name there once
// links are followed.
func (s *Session) readModule(file string) (source, resolved string, err error) {
	if !s.file {
		return "", "", errNoFolder
	}
	if s.host.cfg.scripts != nil {
		data, err := fs.ReadFile(s.host.cfg.scripts, path.Join(path.Dir(s.script), file))
		return string(data), file, err
	}
	script, err := filepath.EvalSymlinks(s.script)
	if err != nil {
		return "", "", fs.ErrNotExist
	}
	folder := filepath.Dir(script)
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = root.Close() }()
	// What is no file must not keep the script waiting, as a pipe would.
	f, err := root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return "", "", err
	}
	data, err := readLimited(f, s.host.cfg.limits.Source)
	return string(data), nameWithin(folder, file), err
}

// nameWithin follows the links of a file that was opened within a folder.
func nameWithin(folder, file string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(folder, file))
	if err != nil {
		return file
	}
	if name, err := filepath.Rel(folder, real); err == nil && filepath.IsLocal(name) {
		return name
	}
	return file
}
