package lualib

import (
	"fmt"
	"runtime/debug"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openProtected puts the functions that catch errors into the globals.
func (s *state) openProtected(g *lua.LTable) {
	s.register(g, []function{
		{"pcall", s.pcall}, {"xpcall", s.xpcall}, {"try", s.try},
		{"error", s.raise}, {"assert", s.assert},
	})
}

// PCall calls the function that lies below nargs arguments on the stack, as
// L.PCall does, and is what Go functions use instead of it: local variables
// stay shared with their closures after an error, a stack overflow is an error
// like any other, and nesting is bounded. Results, or nothing after an error,
// take the place of function and arguments. It needs a state that Open has
// prepared. Where Passes says so, the caller has to panic with the error again.
func PCall(L *lua.LState, nargs, nret int) *lua.ApiError {
	return stateOf(L).protect(L, nargs, nret, traced)
}

// Passes reports whether an error must go through every Go function that would
// catch it: the end of the context, the end of a coroutine by force, and what
// Config.Fatal names.
func Passes(L *lua.LState, err *lua.ApiError) bool { return stateOf(L).passes(L, err) }

func (s *state) passes(L *lua.LState, err *lua.ApiError) bool {
	if ended(L) != nil || isKill(err) {
		return true
	}
	return s.cfg.Fatal != nil && s.cfg.Fatal(err)
}

// A mode says what an error brings along.
type mode int

const (
	quiet  mode = iota // nothing: the script catches it
	traced             // where it was raised: it may reach the user
)

// protect is PCall with a choice of mode.
func (s *state) protect(L *lua.LState, nargs, nret int, m mode) *lua.ApiError {
	c, d := s.enter(L)
	// A full call stack has to show here: gopher-lua loses frames when PCall
	// itself runs into its end.
	L.Push(s.noop)
	L.Call(0, 0)
	L.Insert(s.guarded, L.GetTop()-nargs)
	L.Push(lua.LNumber(m))
	err := L.PCall(nargs+2, nret, nil)
	c.nested = d
	keepUpvalues(L)
	if err == nil {
		return nil
	}
	api, ok := err.(*lua.ApiError)
	if !ok {
		api = &lua.ApiError{Type: lua.ApiErrorPanic, Object: lua.LString(err.Error()), Cause: err}
	}
	return api
}

// runGuarded is what protect has PCall call: function, arguments, mode. It sees
// an error while the stack is still as it was.
func (s *state) runGuarded(L *lua.LState) int {
	base := stackTop(L) - L.GetTop()
	if L.Get(-1) == lua.LNumber(quiet) {
		L.Panic = panicQuiet
	} else {
		L.Panic = panicTraced
	}
	L.Pop(1)
	defer func() {
		if r := recover(); r != nil {
			closeUpvalues(L, base)
			panic(s.apiError(L, r))
		}
	}()
	L.Call(L.GetTop()-1, lua.MultRet)
	return L.GetTop()
}

func panicQuiet(L *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: L.Get(-1), StackTrace: noTrace})
}

func panicTraced(L *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: L.Get(-1), StackTrace: Traceback(L)})
}

// noTrace is the trace of an error that the script catches. It is not empty,
// because gopher-lua would then make one at a cost quadratic in the depth.
const noTrace = "stack traceback: none"

// apiError makes an error of whatever was recovered. What is not a Lua error
// is a bug in a Go function, but for the one text by which gopher-lua says
// that its call stack is full.
func (s *state) apiError(L *lua.LState, r any) *lua.ApiError {
	switch r := r.(type) {
	case *lua.ApiError:
		if str, ok := r.Object.(lua.LString); ok && strings.HasSuffix(string(str), "registry overflow") {
			r.Object = str[:len(str)-len("registry overflow")] + "stack overflow"
		}
		return r
	case string:
		if r == "lua callstack overflow" {
			text := position(L, 0, nil) + "stack overflow"
			return &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(text), StackTrace: noTrace}
		}
	}
	text := fmt.Sprintf("%sinternal error: %v", position(L, 0, nil), r)
	err := &lua.ApiError{Type: lua.ApiErrorPanic, Object: lua.LString(text), StackTrace: string(debug.Stack())}
	if cause, ok := r.(error); ok {
		err.Cause = cause
	}
	return err
}

func (s *state) pcall(L *lua.LState) int {
	checkAny(L, 1, "pcall")
	if err := s.protect(L, L.GetTop()-1, lua.MultRet, quiet); err != nil {
		s.pass(L, err)
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// xpcall calls the handler when the failed call has been left, not before: no
// script can tell, as there is no debug library, and a handler has the whole
// stack to itself.
func (s *state) xpcall(L *lua.LState) int {
	checkAny(L, 2, "xpcall")
	handler := L.Get(2)
	L.SetTop(1)
	err := s.protect(L, 0, lua.MultRet, quiet)
	if err == nil {
		L.Insert(lua.LTrue, 1)
		return L.GetTop()
	}
	s.pass(L, err)
	L.Push(lua.LFalse)
	L.Push(handler)
	L.Push(err.Object)
	if err := s.protect(L, 1, 1, quiet); err != nil {
		s.pass(L, err)
		L.Push(lua.LString("error in error handling"))
	}
	return 2
}

// try is pcall in the shape of the modules: results, or nil and the error.
func (s *state) try(L *lua.LState) int {
	checkAny(L, 1, "try")
	if err := s.protect(L, L.GetTop()-1, lua.MultRet, quiet); err != nil {
		s.pass(L, err)
		L.Push(lua.LNil)
		L.Push(err.Object)
		return 2
	}
	return L.GetTop()
}

// pass raises an error again that the script must not catch. When the context
// ends while some other error is on its way, it is the end that is told.
func (s *state) pass(L *lua.LState, err *lua.ApiError) {
	if !s.passes(L, err) {
		return
	}
	over := ended(L)
	if over == nil || isKill(err) || (s.cfg.Fatal != nil && s.cfg.Fatal(err)) {
		panic(err)
	}
	if text, ok := err.Object.(lua.LString); ok && strings.HasSuffix(string(text), over.Error()) {
		panic(err)
	}
	L.RaiseError("%s", over.Error())
}

// raise is Lua's error function.
func (s *state) raise(L *lua.LState) int {
	level := optInt(L, 2, "error", 1)
	v := L.Get(1)
	switch v.(type) {
	case lua.LString, lua.LNumber:
		if level > 0 {
			v = lua.LString(position(L, level, s.guarded) + textOf(v))
		}
	}
	L.Error(v, 0)
	return 0
}

// assert raises its message, of any type; a text gets the caller's position,
// as in Lua 5.1.
func (s *state) assert(L *lua.LState) int {
	if lua.LVAsBool(checkAny(L, 1, "assert")) {
		return L.GetTop()
	}
	v := L.Get(2)
	if v == lua.LNil {
		v = lua.LString("assertion failed!")
	}
	switch v.(type) {
	case lua.LString, lua.LNumber:
		v = lua.LString(position(L, 1, s.guarded) + textOf(v))
	}
	L.Error(v, 0)
	return 0
}
