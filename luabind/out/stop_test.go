package out_test

import (
	"context"
	"errors"
	"testing"

	"opslua/luabind"
	"opslua/luabind/out"
)

// TestTheContextEndsIt: one call may lay out very much, so that it asks the
// context itself.
func TestTheContextEndsIt(t *testing.T) {
	for _, call := range []string{`out.pp({a, b})`, `out.table({{x = a}, {x = b}}, {columns = {"x"}})`} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		reached := false
		host, err := luabind.New(luabind.WithModules(out.Module(), luabind.Module{Name: "test", Funcs: []luabind.Func{
			{Name: "stop", Impl: func(c *luabind.Call) error { cancel(); return c.Return("a") }},
			{Name: "reach", Impl: func(c *luabind.Call) error { reached = true; return c.Return("b") }},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		err = host.RunText(ctx, "t.lua", `local a, b = setmetatable({}, {__tostring = test.stop}), setmetatable({}, {__tostring = test.reach}) `+call)
		if !errors.Is(err, context.Canceled) || reached {
			t.Errorf("%s: got %v, went on: %v", call, err, reached)
		}
	}
}
