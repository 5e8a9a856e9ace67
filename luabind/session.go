package luabind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/lualib"
	"opslua/internal/mask"
	"opslua/internal/supervise"
)

// Session is one Lua state that keeps its variables between evaluations. It is
// for one goroutine; Close ends it, with everything that it started.
type Session struct {
	host   *Host
	L      *lua.LState
	life   context.Context // bounds the session
	ctx    context.Context // bounds what runs now
	script string
	file   bool // the script is a file, and its folder has modules for require

	rt        *luacode.Runtime
	closeLib  func()
	metas     map[string]*lua.LTable
	objects   map[string]bool // types that had an object, by module.type
	locals    map[any]any
	environ   []string              // what Call.Environ gives
	pristine  *lua.LTable           // globals as scripts find them, for modules in Lua
	loaded    map[string]lua.LValue // modules of opslua and values of the embedder
	files     map[string]lua.LValue // of the script's own folder
	mask      *mask.Mask
	stdout    *mask.Writer
	stderr    *mask.Writer
	closers   []func()
	atEnd     []func() error
	failures  ledger // of the part of the script that runs now
	finishers []func(*Call) error
	exit      *ExitError
	watchMu   sync.Mutex
	watchers  []watcher // of changes
	planFile  []PlannedFile

	execOnce  sync.Once
	exec      ExecFunc
	super     *supervise.Supervisor
	superErr  error
	closed    chan struct{} // closed by Close
	closeOnce sync.Once
	closeErr  error
}

// NewSession makes a session whose life is bounded by ctx.
func (h *Host) NewSession(ctx context.Context) (*Session, error) {
	return h.newSession(ctx, "session")
}

func (h *Host) newSession(ctx context.Context, script string) (*Session, error) {
	s := &Session{
		host: h, life: ctx, ctx: ctx, script: script,
		metas: map[string]*lua.LTable{}, objects: map[string]bool{},
		locals: map[any]any{},
		loaded: map[string]lua.LValue{}, files: map[string]lua.LValue{},
		closed: make(chan struct{}),
	}
	if s.mask = h.cfg.mask; s.mask == nil {
		s.mask = &mask.Mask{}
	}
	s.stdout, s.stderr = s.mask.Writer(h.cfg.stdout), s.mask.Writer(h.cfg.stderr)
	s.L = lua.NewState(lualib.Options())
	s.openGlobals()
	return s, nil
}

// Eval runs a piece of code, or gives the values of an expression. Ctx bounds
// this evaluation. The error is as that of Host.Run; after an exit(n), 0
// included, it is *ExitError.
func (s *Session) Eval(ctx context.Context, source string) ([]lua.LValue, error) {
	if s.isClosed() {
		return nil, s.scriptError(Errorf(KindCancelled, "the session is closed"), "")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })()
	chunk, err := s.host.compile(s.script, "return "+source, nil)
	if err != nil {
		if chunk, err = s.host.compile(s.script, source, nil); err != nil {
			return nil, err
		}
	}
	values, err := s.runChunk(ctx, chunk, nil, false)
	if err == nil && s.exit != nil {
		return nil, s.exit
	}
	return values, err
}

// String is the text of a value, as tostring gives it. A __tostring runs under
// the limits of an evaluation; where it fails, its table is shown instead.
func (s *Session) String(v lua.LValue) string {
	switch v.(type) {
	case *lua.LTable, *lua.LUserData:
	default:
		return lualib.ToString(s.L, v)
	}
	if !s.isClosed() {
		ctx, stop := s.bound(s.life)
		defer stop()
		s.ctx, s.exit = ctx, nil
		s.L.SetContext(ctx)
		if text, ok := s.text(v); ok {
			return text
		}
	}
	return inline(v, 0)
}

// text is tostring; ok is false where __tostring fails.
func (s *Session) text(v lua.LValue) (text string, ok bool) {
	base := s.L.GetTop()
	defer s.L.SetTop(base)
	s.L.Push(s.L.NewFunction(func(l *lua.LState) int {
		l.Push(lua.LString(lualib.ToString(l, l.Get(1))))
		return 1
	}))
	s.L.Push(v)
	if api := lualib.PCall(s.L, 1, 1); api != nil {
		return "", false
	}
	got, ok := s.L.Get(-1).(lua.LString)
	return string(got), ok
}

func (s *Session) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// runChunk runs compiled code under the limits. A whole script also runs its
// last looks.
func (s *Session) runChunk(parent context.Context, chunk *luacode.Chunk, args []string, whole bool) (values []lua.LValue, err error) {
	ctx, stop := s.bound(parent)
	defer stop()
	s.ctx, s.exit = ctx, nil
	s.L.SetContext(ctx)
	base := s.L.GetTop()
	s.L.Push(chunk.Function(s.L, s.rt))
	for _, a := range args {
		s.L.Push(lua.LString(a))
	}
	api := lualib.PCall(s.L, len(args), lua.MultRet)
	if s.exit == nil {
		err = s.outcome(api, whole)
	}
	if s.exit != nil { // or by what looked at the outcome
		err = nil
		if s.exit.Code != 0 {
			err = s.exit
		}
	}
	if err == nil {
		for i := base + 1; i <= s.L.GetTop(); i++ {
			values = append(values, s.L.Get(i))
		}
	}
	s.L.SetTop(base)
	return values, err
}

// outcome is the error of what has run, if any.
func (s *Session) outcome(api *lua.ApiError, whole bool) error {
	switch {
	case api != nil:
		return s.failure(api)
	case s.ctx.Err() != nil:
		return s.stopped(nil)
	case whole:
		return s.lastLook()
	}
	return nil
}

// bound adds the limits of the host to a context.
func (s *Session) bound(parent context.Context) (context.Context, func()) {
	ctx, stop := parent, context.CancelFunc(func() {})
	if t := s.host.cfg.limits.Timeout; t > 0 {
		ctx, stop = context.WithTimeout(ctx, t)
	}
	if s.host.cfg.limits.Memory <= 0 {
		return ctx, stop
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := watchMemory(s.host.cfg.own, s.host.cfg.limits.Memory, cancel)
	return ctx, func() { cancel(nil); done(); stop() }
}

// lastLook runs what the script has declared, and says what has to hold at the
// end of it all. What its text left may be looked at by what it declared.
func (s *Session) lastLook() error {
	if err := s.finish(); err != nil || s.exit != nil {
		return err
	}
	var errs []error
	for _, f := range append([]func() error{s.failures.settle}, s.atEnd...) {
		if err := f(); err != nil {
			errs = append(errs, s.scriptError(errorFor(err), ""))
		}
	}
	return joined(errs...)
}

// protected runs a Go function as a call of the script's, so that it may use
// Lua; its error is that of the run.
func (s *Session) protected(name string, f func(*Call) error) error {
	s.L.Push(s.wrap("", name, f))
	api := lualib.PCall(s.L, 0, 0)
	if s.exit != nil {
		return nil
	}
	return s.outcome(api, false)
}

// joined is errors.Join, but that one error alone stays itself.
func joined(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// Close ends what the session started and frees its state. It may be called again.
func (s *Session) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Session) close() error {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closeLib()
	s.L.Close()
	close(s.closed)
	var err error
	if s.super != nil {
		err = s.super.Close()
	}
	return joined(err, s.stdout.Flush(), s.stderr.Flush())
}

func readLimited(r io.Reader, limit int) ([]byte, error) {
	if limit <= 0 {
		return io.ReadAll(r)
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(data) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, err
}
