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
	if v, ok := s.builtin(name); ok {
		return c.Return(v)
	}
	if !regexp.MustCompile(`^\w[\w-]*([./]\w[\w-]*)*$`).MatchString(name) {
		return c.Usage("name", "%q is not the name of a module, such as %q or %q", name, "proc", "lib.disks")
	}
	file := strings.ReplaceAll(name, ".", "/") + ".lua"
	if v, ok := s.files[file]; ok {
		return c.Return(v)
	}
	source, err := s.readModule(file)
	if err != nil {
		return &Error{Kind: KindNotFound, Cause: err, Message: "require: no module " + quoteName(name) +
			didYouMean(name, s.names()) + ", and " + file + " in the script's folder: " + reason(err)}
	}
	return s.load(c, file, source)
}

// over is the error of the context once what runs has to end.
func (s *Session) over() error { return s.ctx.Err() }

func (s *Session) load(c *Call, file, source string) error {
	chunk, err := s.host.compile(file, source, s.over)
	if err != nil {
		return &Error{Kind: KindParse, Message: err.Error(), Cause: err}
	}
	s.files[file] = lua.LFalse // what a module that requires itself sees
	values, err := c.Invoke(chunk.Function(s.L, s.rt), file)
	if err != nil {
		delete(s.files, file)
		return err
	}
	v := lua.LValue(lua.LTrue)
	if len(values) > 0 && values[0] != lua.LNil {
		v = values[0]
	}
	s.files[file] = v
	return c.Return(v)
}

func (s *Session) readModule(file string) (string, error) {
	if !s.file {
		return "", errNoFolder
	}
	if s.host.cfg.scripts != nil {
		data, err := fs.ReadFile(s.host.cfg.scripts, path.Join(path.Dir(s.script), file))
		return string(data), err
	}
	script, err := filepath.EvalSymlinks(s.script)
	if err != nil {
		return "", fs.ErrNotExist
	}
	root, err := os.OpenRoot(filepath.Dir(script))
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	// What is no file must not keep the script waiting, as a pipe would.
	f, err := root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return "", err
	}
	data, err := readLimited(f, s.host.cfg.limits.Source)
	return string(data), err
}
