package lualib

import (
	"context"
	"errors"
	"iter"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua's coroutines leave the Go stack at a yield, so that a yield below
// any Go function, pcall or a sort order, is a nil pointer later. Here each
// coroutine has a Go stack of its own: it runs in a function that iter.Pull
// switches to and from, and a yield may stand anywhere.

// maxCoroutines bounds those that have started and not ended. They hold a Go
// stack that nothing can collect, even when the script has dropped them.
const maxCoroutines = 10000

// status is what coroutine.status says.
type status string

const (
	suspended status = "suspended"
	running   status = "running"
	normal    status = "normal"
	dead      status = "dead"
)

// coroutine is one coroutine of a state; a goroutine exists for it from its
// first resume to its end.
type coroutine struct {
	th     *lua.LState
	fn     *lua.LFunction
	status status
	below  int // calls from Go into Lua beneath it, in those who resumed it
	nested int // and in itself; see enter
	killed bool

	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	moved []lua.LValue  // what the last switch carried
	err   *lua.ApiError // how it ended
}

// errKilled unwinds a coroutine that close ends. It is carried by an error
// value that no script sees, as every catcher passes it on.
var errKilled = errors.New("coroutine ended by force")

func isKill(err *lua.ApiError) bool {
	ud, ok := err.Object.(*lua.LUserData)
	return ok && ud.Value == errKilled
}

// threadContext is the context of a coroutine's thread: that of the thread
// that resumes it, and the way from the thread to the coroutine.
type threadContext struct {
	context.Context
	c *coroutine
}

type coroutineKey struct{}

func (t *threadContext) Value(key any) any {
	if key == (coroutineKey{}) {
		return t.c
	}
	return t.Context.Value(key)
}

// plainContext is L's context without the coroutine.
func plainContext(L *lua.LState) context.Context {
	ctx := L.Context()
	if t, ok := ctx.(*threadContext); ok {
		return t.Context
	}
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

func (s *state) openCoroutine() *lua.LTable {
	return s.library([]function{
		{"create", s.coCreate}, {"resume", s.coResume}, {"yield", s.coYield},
		{"status", s.coStatus}, {"running", s.coRunning}, {"wrap", s.coWrap},
	})
}

// newCoroutine makes a thread that has not started. It holds no goroutine yet,
// and the collector takes it when the script drops it.
func (s *state) newCoroutine(L *lua.LState, fn *lua.LFunction) *coroutine {
	// NewThread takes its sizes from here, and a context to cancel from L.
	opts, ctx := L.Options, L.Context()
	L.Options.CallStackSize = threadCallStack
	L.Options.RegistrySize = threadRegistry
	if ctx != nil {
		L.RemoveContext()
	}
	th, _ := L.NewThread()
	L.Options = opts
	if ctx != nil {
		L.SetContext(ctx)
	}
	th.Options = opts
	th.Panic = panicTraced
	keepUpvalues(th)
	c := &coroutine{th: th, fn: fn, status: suspended}
	th.SetContext(&threadContext{plainContext(L), c})
	return c
}

// coroutineOf finds the coroutine of a thread; nil for the main program and
// for threads that are long dead.
func (s *state) coroutineOf(th *lua.LState) *coroutine {
	if th == s.main {
		return &s.root
	}
	if c, ok := s.live[th]; ok {
		return c
	}
	if ctx := th.Context(); ctx != nil {
		if c, ok := ctx.Value(coroutineKey{}).(*coroutine); ok && c.th == th {
			return c
		}
	}
	return nil
}

// resume switches to c and comes back when it yields or ends. An error of c is
// returned; one that nobody may catch goes on from here.
func (s *state) resume(L *lua.LState, c *coroutine, args []lua.LValue) ([]lua.LValue, *lua.ApiError) {
	from := s.current
	c.below = from.below + from.nested + 1
	if c.below+c.nested >= maxNest {
		L.RaiseError("stack overflow (coroutines nest too deep)")
	}
	if c.next == nil {
		s.start(L, c)
	}
	if ctx := plainContext(L); plainContext(c.th) != ctx {
		c.th.SetContext(&threadContext{ctx, c})
	}
	c.moved = args
	from.status, c.status = normal, running
	s.current, L.G.CurrentThread = c, c.th
	_, more := c.next()
	s.current, L.G.CurrentThread = from, L
	from.status = running
	moved := c.moved
	c.moved = nil
	if more {
		c.status = suspended
		return moved, nil
	}
	s.bury(c)
	if c.err != nil {
		s.pass(L, c.err)
	}
	return moved, c.err
}

func (s *state) start(L *lua.LState, c *coroutine) {
	if s.closed {
		L.RaiseError("cannot resume dead coroutine")
	}
	if len(s.live) >= maxCoroutines {
		s.resource(L, "too many unfinished coroutines")
	}
	if s.live == nil {
		s.live = make(map[*lua.LState]*coroutine)
	}
	s.live[c.th] = c
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) { s.run(c, yield) })
}

func (s *state) bury(c *coroutine) {
	c.status = dead
	c.th.Dead = true
	c.fn, c.yield = nil, nil
	delete(s.live, c.th)
}

// run is the life of a coroutine, on its own stack. Every panic ends here.
func (s *state) run(c *coroutine, yield func(struct{}) bool) {
	c.yield = yield
	th := c.th
	defer func() {
		if r := recover(); r != nil {
			c.moved = nil
			c.err = s.apiError(th, r)
		}
	}()
	th.Push(c.fn)
	for _, v := range c.moved {
		th.Push(v)
	}
	th.Call(len(c.moved), lua.MultRet)
	c.moved = values(th, 1)
}

// values are the stack's values from index i on.
func values(L *lua.LState, i int) []lua.LValue {
	n := L.GetTop() - i + 1
	if n <= 0 {
		return nil
	}
	vs := make([]lua.LValue, n)
	for k := range vs {
		vs[k] = L.Get(i + k)
	}
	return vs
}

func (s *state) coCreate(L *lua.LState) int {
	L.Push(s.newCoroutine(L, checkFunction(L, 1, "create")).th)
	return 1
}

// refusal says why a coroutine cannot be resumed, or "".
func refusal(c *coroutine) string {
	switch {
	case c == nil || c.status == dead:
		return "cannot resume dead coroutine"
	case c.status != suspended:
		return "cannot resume non-suspended coroutine"
	}
	return ""
}

func (s *state) coResume(L *lua.LState) int {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		argError(L, 1, "resume", "coroutine expected")
	}
	c := s.coroutineOf(th)
	if why := refusal(c); why != "" {
		L.Push(lua.LFalse)
		L.Push(lua.LString(why))
		return 2
	}
	vs, err := s.resume(L, c, values(L, 2))
	if err != nil {
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.SetTop(0)
	L.Push(lua.LTrue)
	for _, v := range vs {
		L.Push(v)
	}
	return len(vs) + 1
}

func (s *state) coWrap(L *lua.LState) int {
	c := s.newCoroutine(L, checkFunction(L, 1, "wrap"))
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if why := refusal(c); why != "" {
			L.RaiseError("%s", why)
		}
		vs, err := s.resume(L, c, values(L, 1))
		if err != nil {
			panic(err) // the very error: a text gets no second position
		}
		L.SetTop(0)
		for _, v := range vs {
			L.Push(v)
		}
		return len(vs)
	}))
	return 1
}

func (s *state) coYield(L *lua.LState) int {
	c := s.current
	if c == &s.root || c.th != L {
		L.RaiseError("attempt to yield from outside a coroutine")
	}
	c.moved = values(L, 1)
	if c.killed || !c.yield(struct{}{}) {
		c.killed = true
		panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: &lua.LUserData{Value: errKilled}, StackTrace: noTrace})
	}
	L.SetTop(0)
	for _, v := range c.moved {
		L.Push(v)
	}
	return len(c.moved)
}

func (s *state) coStatus(L *lua.LState) int {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		argError(L, 1, "status", "coroutine expected")
	}
	st := dead
	if c := s.coroutineOf(th); c != nil {
		st = c.status
	}
	L.Push(lua.LString(st))
	return 1
}

func (s *state) coRunning(L *lua.LState) int {
	if s.current == &s.root {
		L.Push(lua.LNil)
	} else {
		L.Push(s.current.th)
	}
	return 1
}

// close ends the coroutines that have not ended.
func (s *state) close() {
	s.closed = true
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range s.live {
		// A Go function that wrongly catches the end gets no further than to
		// the next instruction.
		c.th.SetContext(&threadContext{over, c})
		c.killed = true
		from := s.current
		s.current = c
		c.stop()
		s.current = from
		s.bury(c)
	}
}
