package luabind_test

import (
	"bytes"
	"context"
	"testing"

	"opslua/luabind"
)

// A module in Lua has globals of its own, reaches other modules, is read-only
// and runs once; what the script does to its globals changes nothing for it.
func TestModuleInLua(t *testing.T) {
	seen := luabind.Module{Name: "seen", Doc: "Counts.", Funcs: []luabind.Func{{Name: "one", Doc: "one() -> 1", Impl: func(c *luabind.Call) error {
		if err := c.Unpack(); err != nil {
			return err
		}
		return c.Return(1)
	}}}}
	double := luabind.Module{Name: "double", Doc: "Doubles.", Lua: `
count = 1
local M = {}
function M.twice(x) return tostring(2 * x * seen.one()) end
function M.loads() count = count + 1 return count end
function M.words(s) local out = {} for w in string.gmatch(s, "%a+") do table.insert(out, w) end return out end
return M`}
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(seen, double), luabind.WithStdio(nil, &out, &out))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(context.Background(), "t.lua", `
local keep = {print = print, pcall = pcall}
tostring, seen, count = nil, "mine", 7
keep.print(double.twice(21), double.loads(), require("double").loads(), count, seen, #double.words("a b c"))
local co = coroutine.wrap(function() return double.twice(1) end)
keep.print(co())
keep.print(keep.pcall(function() double.x = 1 end))
keep.print(keep.pcall(function() return double.thrice end))
`)
	want := "42\t2\t3\t7\tmine\t3\n2\n" +
		"false\tdouble is read-only: double.x cannot be set\n" +
		"false\tdouble has no \"thrice\" (did you mean \"twice\"?)\n"
	if err != nil || out.String() != want {
		t.Errorf("%v, got\n%swant\n%s", err, out.String(), want)
	}
}

// A module in Lua may be loaded first within a coroutine.
func TestModuleInLuaFromACoroutine(t *testing.T) {
	m := luabind.Module{Name: "m", Doc: "M.", Lua: `return {f = function() return "f" end}`}
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(m), luabind.WithStdio(nil, &out, &out))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(context.Background(), "t.lua", `
local co = coroutine.wrap(function() coroutine.yield(m.f()) return m.f() .. "2" end)
print(co(), co(), m.f())`)
	if err != nil || out.String() != "f\tf2\tf\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}
