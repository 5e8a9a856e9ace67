package luabind_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"opslua/luabind"
)

// planning is a module of a test: planned results, and functions that want others.
func planning() luabind.Module {
	take := func(dst func() any) func(*luabind.Call) error {
		return func(c *luabind.Call) error { return c.Unpack("value", dst()) }
	}
	return luabind.Module{Name: "p", Funcs: []luabind.Func{
		{Name: "new", Impl: func(c *luabind.Call) error { return c.Return(c.NewPlanned("the output of `git pull`")) }},
		{Name: "text", Impl: take(func() any { return new(string) })},
		{Name: "number", Impl: take(func() any { return new(int) })},
		{Name: "list", Impl: take(func() any { return new([]string) })},
		{Name: "map", Impl: take(func() any { return new(map[string]string) })},
		{Name: "table", Impl: take(func() any { return new(*lua.LTable) })},
		{Name: "any", Impl: take(func() any { return new(lua.LValue) })},
		{Name: "refuse", Impl: func(c *luabind.Call) error { return c.Usage("value", "has no form") }},
		{Name: "fail", Impl: func(c *luabind.Call) error { return luabind.Errorf(luabind.KindIO, "no disk") }},
	}}
}

// Whatever would need a planned result raises planned; to hand it on does not.
func TestPlannedResults(t *testing.T) {
	ignore := luabind.WithDryRun(func(context.Context, luabind.Change) {})
	for _, script := range []string{
		"p.text(r)", "p.number(r)", "p.list{r}", "p.list(r)", "p.map{a = r}", "p.table(r)", "p.refuse(r)", "p.refuse{a = {b = {r}}}",
		"p.refuse{[r] = 1}", "local t = {r} t.t = t p.refuse(t)", "error(r)", "assert(nil, r)", "next(r)", "rawget(r, 'ok')", "unpack(r)",
		"rawset(r, 1, 1)", "table.insert(r, 1)", "for k in next, r do end", "string.len(r)", "('x'):rep(r)", "string.format('%d', r)",
		"string.format('%s', r)", "table.concat(r)", "print(r)", "local x = 'a' .. r", "local x = 1 .. r .. 2", "local x = r + 1",
		"local x = #r", "local x = r == p.new()", "local x = r == r", "local x = r == nil", "local x = 'x' ~= r", "if r == 1 then end",
		"while r ~= 1 do end", "repeat until r == 1", "local t = {r == 1}", "return not (r == 1) and 2 or 3", "local x = r.ok", "r.ok = 1", "r()", "for k in pairs(r) do end", "for i in ipairs(r) do end",
		"coroutine.wrap(function() return r.ok end)()", "table.sort({r, p.new()}, function(a, b) return a < b end)",
	} {
		_, err := run(t, "local r = p.new() "+script, luabind.WithModules(planning()), ignore)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindPlanned || !strings.Contains(e.Message, "`git pull`") {
			t.Errorf("%s gave %v", script, err)
		}
	}
	out, err := run(t, `local r = p.new()
p.any(r) p.any{r, {r}} assert(r) assert(rawequal(r, r)) local t = {[r] = r} assert(rawequal(t[r], r))
assert(type(r) == "userdata" and tonumber(r) == nil and select("#", r) == 1 and not getmetatable(r))
local ok, e = pcall(p.fail, r) assert(e.kind == "io", e)
local ok, e = pcall(p.refuse, {}) assert(e.kind == "usage", e)
local t = {} t.t = t local ok, e = pcall(p.refuse, t) assert(e.kind == "usage", e)
local ok, e = pcall(error, r) assert(not ok and rawequal(e, r))
print("well")`, luabind.WithModules(planning()), ignore)
	if err != nil || out != "well\n" {
		t.Errorf("%v %s", err, out)
	}
}
