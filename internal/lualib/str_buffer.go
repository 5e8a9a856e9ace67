package lualib

import lua "github.com/yuin/gopher-lua"

// textBuffer is what string.buffer makes: text that grows at its end without
// being copied each time. It belongs to the state that made it.
type textBuffer struct{ data []byte }

// buffer is string.buffer(): an object with the methods add, len and tostring.
func (s *strLib) buffer(L *lua.LState) int {
	if s.bufferMT == nil {
		s.bufferMT = s.newBufferMT(L)
	}
	ud := L.NewUserData()
	ud.Value = &textBuffer{}
	ud.Metatable = s.bufferMT
	L.Push(ud)
	return 1
}

func (s *strLib) newBufferMT(L *lua.LState) *lua.LTable {
	methods := L.NewTable()
	methods.RawSetString("add", L.NewFunction(s.bufferAdd))
	methods.RawSetString("len", L.NewFunction(bufferLen))
	methods.RawSetString("tostring", L.NewFunction(bufferText))
	mt := L.NewTable()
	mt.RawSetString("__index", methods)
	mt.RawSetString("__len", L.NewFunction(bufferLen))
	mt.RawSetString("__tostring", L.NewFunction(bufferText))
	mt.RawSetString("__metatable", lua.LString("locked"))
	return mt
}

func checkBuffer(L *lua.LState, fn string) *textBuffer {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if b, ok := ud.Value.(*textBuffer); ok {
			return b
		}
	}
	typeError(L, 1, fn, "buffer")
	return nil
}

// bufferAdd adds all of its arguments, or none where one is no text.
func (s *strLib) bufferAdd(L *lua.LState) int {
	b := checkBuffer(L, "add")
	top := L.GetTop()
	for i := 2; i <= top; i++ {
		if v := L.Get(i); !lua.LVCanConvToString(v) {
			argError(L, i-1, "add", "string expected, got "+v.Type().String())
		}
	}
	for i := 2; i <= top; i++ {
		text := textOf(L.Get(i))
		s.room(L, len(b.data), len(text))
		b.data = append(b.data, text...)
	}
	L.SetTop(1)
	return 1
}

func bufferLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(checkBuffer(L, "len").data)))
	return 1
}

func bufferText(L *lua.LState) int {
	return pushString(L, string(checkBuffer(L, "tostring").data))
}
