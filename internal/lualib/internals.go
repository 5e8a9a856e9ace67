package lualib

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua closes every open upvalue of a thread when an error is raised,
// those of callers that go on after a pcall included: from then on a local
// variable and the closures over it no longer share their value. It leaves
// them open when told that an error function is set, but then nobody closes
// those of the calls that were left, and closures read whatever reuses the
// slots. Both lose data without a word. The flag and the list are not
// exported; this file is the one place that reaches for them.

// These are gopher-lua's types as far as they matter here: the same fields in
// the same order. A test holds them against the real ones.
type (
	stateFields struct {
		G            *lua.Global
		Parent       *lua.LState
		Env          *lua.LTable
		Panic        func(*lua.LState)
		Dead         bool
		Options      lua.Options
		stop         int32
		reg          *registryFields
		stack        any
		alloc        unsafe.Pointer
		currentFrame unsafe.Pointer
		wrapped      bool
		uvcache      *upvalueFields
		hasErrorFunc bool
	}
	registryFields struct {
		_   []lua.LValue
		top int
	}
	upvalueFields struct {
		next  *upvalueFields
		reg   *registryFields
		index int
	}
)

func fieldsOf(L *lua.LState) *stateFields { return (*stateFields)(unsafe.Pointer(L)) }

// keepUpvalues stops L from closing the upvalues of all its calls at the next
// error. L.PCall undoes it at its end.
func keepUpvalues(L *lua.LState) { fieldsOf(L).hasErrorFunc = true }

// stackTop is the number of registers in use, in all calls of L.
func stackTop(L *lua.LState) int { return fieldsOf(L).reg.top }

// closeUpvalues gives every closure over a register from base on a value of
// its own, as a return from those calls would have done.
func closeUpvalues(L *lua.LState, base int) {
	link := &fieldsOf(L).uvcache
	for *link != nil {
		uv := *link
		if uv.index < base {
			link = &uv.next
			continue
		}
		(*lua.Upvalue)(unsafe.Pointer(uv)).Close()
		*link = uv.next
	}
}
