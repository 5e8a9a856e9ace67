package luabind_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

func TestErrorText(t *testing.T) {
	var got string
	m := luabind.Module{Name: "m", Doc: "x", Funcs: []luabind.Func{{Name: "tell", Doc: "tell(fn)", Impl: func(c *luabind.Call) error {
		var fn *lua.LFunction
		if err := c.Unpack("fn", &fn); err != nil {
			return err
		}
		_, err := c.Invoke(fn)
		got = c.ErrorText(err)
		return nil
	}}}}
	h, err := luabind.New(luabind.WithModules(m))
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		`error("a\nb\n", 0)`: "a; b",
		`error("x")`:         "t.lua:1: x",
		`m.tell(5)`:          "m.tell: fn: got number 5, want a function",
		`error({a = 1})`:     "error value: {a = 1}",
		`error(setmetatable({}, {__tostring = function() return "mine" end}))`:    "mine",
		`error(setmetatable({a = 1}, {__tostring = function() error("no") end}))`: "error value: {a = 1}",
		`error(nil)`:  "error value: nil",
		`error(5, 0)`: "error value: 5",
		`coroutine.wrap(function() error("in", 0) end)()`: "in",
	} {
		if err := h.RunText(t.Context(), "t.lua", "m.tell(function() "+script+" end)"); err != nil {
			t.Fatal(script, err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}
