package lualib

import (
	"reflect"
	"testing"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// TestFieldsAreWhereTheyShouldBe fails when an update of gopher-lua moves what
// internals.go reaches for.
func TestFieldsAreWhereTheyShouldBe(t *testing.T) {
	registry, ok := reflect.TypeFor[lua.LState]().FieldByName("reg")
	if !ok {
		t.Fatal("gopher-lua's state has no registry")
	}
	for _, pair := range []struct{ ours, theirs reflect.Type }{
		{reflect.TypeFor[stateFields](), reflect.TypeFor[lua.LState]()},
		{reflect.TypeFor[registryFields](), registry.Type.Elem()},
		{reflect.TypeFor[upvalueFields](), reflect.TypeFor[lua.Upvalue]()},
	} {
		for i := range pair.ours.NumField() {
			our, their := pair.ours.Field(i), pair.theirs.Field(i)
			if our.Name != "_" && our.Name != their.Name || our.Offset != their.Offset || our.Type.Size() != their.Type.Size() ||
				our.Type.Kind() != their.Type.Kind() && our.Type.Kind() != reflect.UnsafePointer {
				t.Errorf("%s.%s %s at %d is %s %s at %d in gopher-lua", pair.theirs, our.Name, our.Type,
					our.Offset, their.Name, their.Type, their.Offset)
			}
		}
	}
}

// TestCloseUpvalues sees that just those from the given register on are closed,
// and that the list keeps the others.
func TestCloseUpvalues(t *testing.T) {
	w := newWorld(t, nil)
	open := func() (n int) {
		for uv := fieldsOf(w.L).uvcache; uv != nil; uv = uv.next {
			n++
		}
		return n
	}
	w.L.SetGlobal("look", w.L.NewFunction(func(L *lua.LState) int {
		uv := fieldsOf(L).uvcache
		if open() != 3 {
			t.Fatalf("%d open upvalues, want 3", open())
		}
		second := uv.next
		closeUpvalues(L, second.index)
		if open() != 1 || (*lua.Upvalue)(unsafe.Pointer(uv)).IsClosed() {
			t.Errorf("the first one has to stay, alone; %d are open", open())
		}
		if !(*lua.Upvalue)(unsafe.Pointer(second)).IsClosed() || second.index <= uv.index {
			t.Error("the second one has to be closed")
		}
		return 0
	}))
	w.lua(`local a, b, c = 1, 2, 3
local function f() return a + b + c end
look() assert(f() == 6) a = 10 assert(f() == 15)`)
}
