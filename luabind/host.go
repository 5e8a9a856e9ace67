package luabind

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"opslua/internal/luacode"
)

// Host holds a configuration and runs scripts with it. It is immutable and
// safe for concurrent use; every run has a Lua state of its own.
type Host struct {
	cfg     config
	modules map[string]Module
}

// New makes a Host. Unset means a documented default; without WithPolicy,
// scripts may touch nothing.
func New(options ...Option) (*Host, error) {
	cfg := newConfig()
	for _, o := range options {
		if err := o(cfg); err != nil {
			return nil, err
		}
	}
	if err := cfg.finish(); err != nil {
		return nil, err
	}
	h := &Host{cfg: *cfg, modules: make(map[string]Module, len(cfg.modules))}
	for _, m := range cfg.modules {
		h.modules[m.Name] = m
	}
	return h, nil
}

// typeOf finds a type of a module; asking for one that is not there is a
// programmer's mistake.
func (h *Host) typeOf(module, name string) Type {
	for _, t := range h.modules[module].Types {
		if t.Name == name {
			return t
		}
	}
	panic("luabind: module " + module + " has no type " + name)
}

// Run runs a script, found in WithScripts or else on the disk, with its
// arguments as "..." and arg. The error is nil, *LoadError, *ScriptError or,
// for exit(n) with n other than 0, *ExitError.
func (h *Host) Run(ctx context.Context, script string, args ...string) error {
	source, err := h.read(ctx, script)
	if err != nil {
		return err
	}
	return h.run(ctx, script, source, args, true)
}

// RunText is Run for a script that is at hand as text; require finds only modules.
func (h *Host) RunText(ctx context.Context, name, source string, args ...string) error {
	return h.run(ctx, name, source, args, false)
}

func (h *Host) run(ctx context.Context, name, source string, args []string, file bool) error {
	chunk, err := h.compile(name, source, nil)
	if err != nil {
		return err
	}
	s, err := h.newSession(ctx, name)
	if err != nil {
		return err
	}
	s.file = file
	s.setArgs(args)
	_, err = s.runChunk(ctx, chunk, args, true)
	return joined(err, s.Close())
}

// compile gives up where stop, if it is not nil, says so.
func (h *Host) compile(name, source string, stop func() error) (*luacode.Chunk, error) {
	chunk, err := luacode.Compile(name, source, luacode.Limits{Source: h.cfg.limits.Source, Stop: stop, Equal: h.cfg.plan != nil})
	if err == nil {
		return chunk, nil
	}
	var syntax *luacode.Error
	if errors.As(err, &syntax) {
		return nil, &LoadError{Script: name, Line: syntax.Line, Msg: syntax.Msg, Incomplete: syntax.Incomplete, Cause: err}
	}
	return nil, &LoadError{Script: name, Msg: err.Error(), Cause: err}
}

func (h *Host) read(ctx context.Context, script string) (string, error) {
	var data []byte
	var err error
	if h.cfg.scripts != nil {
		data, err = fs.ReadFile(h.cfg.scripts, script)
	} else {
		data, err = h.readScript(ctx, script)
	}
	if err != nil {
		return "", &LoadError{Script: script, Msg: reason(err), Cause: err}
	}
	return string(data), nil
}

// readScript reads a regular file or a pipe, but not more than a script can be.
func (h *Host) readScript(ctx context.Context, path string) ([]byte, error) {
	path, limit := filepath.Clean(path), h.cfg.limits.Source
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		return readFile(path, limit)
	}
	if t := h.cfg.limits.Timeout; t > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, t)
		defer stop()
	}
	// A pipe that nobody writes to cannot be given up: the goroutine stays
	// until somebody does.
	type content struct {
		data []byte
		err  error
	}
	got := make(chan content, 1)
	go func() {
		data, err := readFile(path, limit)
		got <- content{data, err}
	}()
	select {
	case c := <-got:
		return c.data, c.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func readFile(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readLimited(f, limit)
}

// reason is the system's word for an error, without the path that the caller names.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
