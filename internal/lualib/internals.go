package lualib

import (
	"fmt"
	"reflect"
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

// offsets says where the fields are. They are the same in every state.
type offsets struct {
	keep, list, reg, top, next, index uintptr
}

// locate asks the type for its own layout, so that a change of gopher-lua
// fails loudly here instead of writing somewhere else.
func locate() offsets {
	state := reflect.TypeFor[lua.LState]()
	upvalue := reflect.TypeFor[lua.Upvalue]()
	reg := field(state, "reg", reflect.Pointer)
	return offsets{
		keep:  field(state, "hasErrorFunc", reflect.Bool).Offset,
		list:  field(state, "uvcache", reflect.Pointer).Offset,
		reg:   reg.Offset,
		top:   field(reg.Type.Elem(), "top", reflect.Int).Offset,
		next:  field(upvalue, "next", reflect.Pointer).Offset,
		index: field(upvalue, "index", reflect.Int).Offset,
	}
}

func field(t reflect.Type, name string, kind reflect.Kind) reflect.StructField {
	f, ok := t.FieldByName(name)
	if !ok || f.Type.Kind() != kind {
		panic(fmt.Sprintf("lualib: gopher-lua's %s has no field %s of kind %s", t, name, kind))
	}
	return f
}

// layout is written once, before main, and only read.
var layout = locate()

// keepUpvalues stops L from closing the upvalues of all its calls at the next
// error. L.PCall undoes it at its end.
func keepUpvalues(L *lua.LState) {
	*(*bool)(unsafe.Add(unsafe.Pointer(L), layout.keep)) = true
}

// stackTop is the number of registers in use, in all calls of L.
func stackTop(L *lua.LState) int {
	reg := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(L), layout.reg))
	return *(*int)(unsafe.Add(reg, layout.top))
}

// closeUpvalues gives every closure over a register from base on a value of
// its own, as a return from those calls would have done.
func closeUpvalues(L *lua.LState, base int) {
	link := (**lua.Upvalue)(unsafe.Add(unsafe.Pointer(L), layout.list))
	for uv := *link; uv != nil; uv = *link {
		next := (**lua.Upvalue)(unsafe.Add(unsafe.Pointer(uv), layout.next))
		if *(*int)(unsafe.Add(unsafe.Pointer(uv), layout.index)) < base {
			link = next
			continue
		}
		uv.Close()
		*link = *next
	}
}
