package luabind_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// parts is a module of a test: parts of a script, and failures to look at.
func parts() luabind.Module {
	n := 0
	return luabind.Module{Name: "part", Funcs: []luabind.Func{
		{Name: "run", Impl: func(c *luabind.Call) error {
			var fn *lua.LFunction
			var limit time.Duration
			if err := c.Unpack("fn", &fn, "[limit]", &limit); err != nil {
				return err
			}
			err := c.Scope("part", limit, func() error { _, err := c.Invoke(fn); return err })
			switch {
			case c.Context().Err() != nil:
				return err
			case err != nil:
				return c.Return(err.Error())
			}
			return c.Return("fine")
		}},
		{Name: "panic", Impl: func(c *luabind.Call) error {
			return c.Scope("part", time.Second, func() error { panic("a bug") })
		}},
		{Name: "finally", Impl: func(c *luabind.Call) error {
			var fn *lua.LFunction
			if err := c.Unpack("fn", &fn); err != nil {
				return err
			}
			c.OnFinish(func(c *luabind.Call) error { _, err := c.Invoke(fn); return err })
			return nil
		}},
		{Name: "fail", Impl: func(c *luabind.Call) error { // gives the look at it
			n++
			look := c.MustLook(luabind.Errorf(luabind.KindExit, "failure %d", n))
			return c.Return(c.Function("look", func(*luabind.Call) error { look(); return nil }))
		}},
	}}
}

// A failure that was not looked at belongs to the part of the script that made
// it: not to the next one, and not to one that ran within it.
func TestFailuresOfParts(t *testing.T) {
	for script, want := range map[string]string{
		`print(part.run(function() part.fail() end))`:                                                           "failure 1; the script never",
		`print(part.run(function() part.fail() error("x") end), part.run(function() end))`:                      "x\tfine",
		`local look part.run(function() look = part.fail() look() end) print("well")`:                           "well",
		`local look = part.fail() print(part.run(function() end)) look()`:                                       "fine",
		`local look = part.fail() print(part.run(function() look() end))`:                                       "fine",
		`print(part.run(function() local l = part.fail() print(part.run(function() part.fail() end)) l() end))`: "failure 2; the script never",
		`print(part.run(function() part.fail() part.run(function() end) end))`:                                  "failure 1; the script never",
		`print(part.run(function() for _ = 1, 300 do part.fail()() end for _ = 1, 3 do part.fail() end end))`:   "failure 301; the script never looked at its result (ok = \"any\" says that it does not matter), and 2 more",
		`local look = part.fail() part.finally(function() look() print("well") end)`:                            "well",
		`part.fail() part.finally(function() print("runs") end)`:                                                "runs\nt.lua: failure 1; the script never",
		`part.fail() print(part.run(function() end))`:                                                           "fine\nt.lua: failure 1; the script never",
		`part.fail() part.finally(function() exit(0) end) print("ends")`:                                        "ends",
		`print(part.run(function() part.fail() exit(4) end))`:                                                   "exit 4",
		`print(part.run(function() part.fail() while true do end end, "20ms"), part.run(function() end, "1s"))`: "part: its deadline of 20ms passed\tfine",
		`print(part.run(function() pcall(part.run, function() while true do end end, "20ms") part.fail() end))`: "failure 1; the script never",
		`print(part.run(function() pcall(function() while true do end end) end, "20ms"))`:                       "part: its deadline",
		`print(part.run(function() part.run(function() while true do end end, "1h") print("no") end, "20ms"))`:  "part: its deadline of 20ms",
		`print(pcall(part.panic)) for i = 1, 1000 do local t = {} end print(part.run(function() end))`:          "fine",
	} {
		out, err := run(t, script, luabind.WithModules(parts()))
		if err != nil {
			out += err.Error()
		}
		if !strings.Contains(out, want) || strings.Contains(out, "no\n") {
			t.Errorf("%s\ngave %s\nwant %s", script, out, want)
		}
	}
}

// Failures that were looked at are not kept for the rest of the run.
func BenchmarkMustLook(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(parts()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if err := host.RunText(b.Context(), "t.lua", fmt.Sprintf("for _ = 1, %d do part.fail()() end", b.N)); err != nil {
		b.Fatal(err)
	}
}
