package json_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
	"opslua/luabind/json"
)

// TestTheContextEndsIt: one call may work on very much, so that it asks the
// context itself.
func TestTheContextEndsIt(t *testing.T) {
	var cancel context.CancelFunc
	ctx, first := context.WithCancel(t.Context())
	defer first()
	cancel = first
	reached := false
	var decoded error
	empty := func(c *luabind.Call) error { // what __pairs gives for an empty table
		return c.Return(c.L().GetGlobal("next"), c.L().NewTable(), lua.LNil)
	}
	host, err := luabind.New(luabind.WithModules(json.Module(), luabind.Module{Name: "test", Funcs: []luabind.Func{
		{Name: "stop", Impl: func(c *luabind.Call) error { cancel(); return empty(c) }},
		{Name: "reach", Impl: func(c *luabind.Call) error { reached = true; return empty(c) }},
		{Name: "decode", Impl: func(c *luabind.Call) error {
			cancel()
			_, decoded = c.Invoke(c.Arg(0), "["+strings.Repeat("[],", 100_000)+"1]")
			return nil
		}},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, "t.lua", `local function with(f) return setmetatable({}, {__pairs = f}) end
		json.encode({with(test.stop), ("x"):rep(1e5), 1, with(test.reach)})`)
	if !errors.Is(err, context.Canceled) || reached {
		t.Errorf("encode: got %v, went on: %v", err, reached)
	}
	again, second := context.WithCancel(t.Context())
	defer second()
	cancel = second
	err = host.RunText(again, "t.lua", `test.decode(json.decode)`)
	if !errors.Is(err, context.Canceled) || !errors.Is(decoded, context.Canceled) {
		t.Errorf("decode: got %v, and from Decode %v", err, decoded)
	}
}
