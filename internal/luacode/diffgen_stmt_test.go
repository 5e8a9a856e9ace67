package luacode

import (
	"fmt"
	"strings"
)

func (g *generator) block(n int) {
	mark := len(g.scope)
	g.depth++
	for range n {
		g.stmt()
	}
	g.depth--
	g.scope = g.scope[:mark]
}

func (g *generator) stmt() {
	nested := g.depth < 5
	switch k := g.n(26); {
	case k < 5:
		g.local()
	case k < 11:
		g.assign()
	case k < 14:
		g.line("show(%s)", g.args(2))
	case k < 15:
		g.line("%s(%s)", g.visible('f'), g.args(2))
	case k < 16:
		t := fmt.Sprintf("lg%d", g.n(3)) // the border of a list without holes
		g.line("%s[#%s + 1] = %s", t, t, g.value(g.pick("n", "s")[0], 2))
		g.line("show(#%s, %s[#%s])", t, t, t)
	case k < 17 && g.loops > 0:
		g.line("if %s then break end", g.cond(2))
	case k < 18:
		t := g.visible('t')
		g.line("show(%s .. %s, %s.a)", g.pick("obj(1)", g.visible('s')), g.pick("obj(2)", "1 .. obj(3)"), t)
	case !nested:
		g.line("show(%s)", g.visible('x'))
	case k < 20:
		g.branch()
	case k < 22:
		g.loop()
	case k < 24:
		g.function()
	case k < 25:
		g.line("do")
		g.block(g.n(4) + 1)
		g.line("end")
	default:
		g.method()
	}
}

func (g *generator) local() {
	names, values := []string{}, []string{}
	for range g.n(3) + 1 {
		k := g.kind()
		names = append(names, g.fresh(k))
		values = append(values, g.value(k, 3))
	}
	if g.chance(15) { // names of kind x may miss a value
		names = append(names, "x7")
	}
	if g.chance(15) {
		values = append(values, g.value('x', 2))
	}
	g.line("local %s = %s", strings.Join(names, ", "), strings.Join(values, ", "))
	g.scope = append(g.scope, names...)
}

func (g *generator) assign() {
	targets, values := []string{}, []string{}
	for range []int{1, 1, 2, 2, 3, 4}[g.n(6)] {
		t, k := g.target(3)
		targets = append(targets, t)
		values = append(values, g.value(k, 3))
	}
	g.line("%s = %s", strings.Join(targets, ", "), strings.Join(values, ", "))
}

func (g *generator) branch() {
	g.line("if %s then", g.cond(3))
	g.block(g.n(3) + 1)
	for range g.n(3) {
		g.line("elseif %s then", g.cond(3))
		g.block(g.n(3))
	}
	if g.chance(50) {
		g.line("else")
		g.block(g.n(3))
	}
	g.line("end")
}

func (g *generator) loop() {
	g.loops++
	mark := len(g.scope)
	switch g.n(4) {
	case 0:
		v := g.fresh('n')
		bounds := g.pick("1, 3", "3, 1, -1", "0, 1, 0.5", "'1', 2", g.value('n', 1)+", 4", "1, 0")
		g.line("for %s = %s do", v, bounds)
		g.scope = append(g.scope, v)
		if strings.Contains(bounds, "0.5") {
			g.line("%s = %s * 2", v, v)
		}
		g.block(g.n(3) + 1)
		g.line("end")
	case 1:
		g.line("for n9, x9 in ipairs(%s) do fuel()", g.value('t', 2))
		g.scope = append(g.scope, "n9", "x9")
		g.block(g.n(3) + 1)
		g.line("end")
	case 2:
		g.line("while %s do fuel()", g.cond(2))
		g.block(g.n(3) + 1)
		g.line("end")
	case 3:
		g.line("repeat fuel()")
		g.depth++
		g.local()
		for range g.n(3) {
			g.stmt()
		}
		g.depth--
		g.line("until %s", g.cond(3))
	}
	g.scope = g.scope[:mark]
	g.loops--
}

func (g *generator) function() {
	loops, vararg, mark := g.loops, g.vararg, len(g.scope)
	g.loops, g.vararg = 0, g.chance(40)
	pars := []string{}
	for range g.n(4) {
		pars = append(pars, g.fresh(g.kind()))
	}
	guards := pars
	if g.vararg {
		pars = append(pars[:len(pars):len(pars)], "...")
	}
	name := g.fresh('f')
	if g.chance(30) {
		g.line("fg%d = function(%s) fuel()", g.n(3), strings.Join(pars, ", "))
		name = ""
	} else {
		g.line("local function %s(%s) fuel()", name, strings.Join(pars, ", "))
		mark++
		g.scope = append(g.scope, name)
	}
	g.scope = append(g.scope, guards...)
	for _, p := range guards {
		g.line(" %s = %s(%s)", p, map[byte]string{'n': "num", 's': "str", 't': "tab", 'x': "log2"}[p[0]], p)
	}
	g.block(g.n(4) + 1)
	switch g.n(4) {
	case 0:
		g.line(" return %s", g.value('x', 3))
	case 1:
		g.line(" return %s(%s)", g.visible('f'), g.args(2))
	case 2:
		g.line(" return %s, %s", g.value('x', 2), g.value('x', 2))
	}
	g.line("end")
	g.loops, g.vararg, g.scope = loops, vararg, g.scope[:mark]
}

func (g *generator) method() {
	t := g.visible('t')
	g.line("if type(%s) == 'table' then", t)
	g.line(" function %s:m(n5, ...) fuel() self.a = n5; return self, ... end", t)
	g.line(" show(%s:m(%s))", t, g.args(2))
	g.line("end")
}

// prelude defines what the programs use; it is plain enough to be right
// everywhere. Every program gets a limited number of steps.
const prelude = `
local steps = 400
function fuel() steps = steps - 1; if steps < 0 then error("out of steps") end end
function refuel() steps = 400 end
local function one(v)
  if type(v) == "number" then
    if v ~= v then return "nan" end
    if v == 0 then return "0" end
    return string.format("%.9g", v)
  elseif type(v) == "table" or type(v) == "function" then return type(v) end
  return tostring(v)
end
function show(...)
  fuel()
  local line = ""
  for i = 1, select("#", ...) do line = line .. "|" .. one((select(i, ...))) end
  print(line)
end
function log(name, ...) fuel() print("log " .. name); return ... end
function log2(v) return v end
function num(v) return type(v) == "number" and v == v and v > -1e9 and v < 1e9 and v or 7 end
function str(v) return type(v) == "string" and v or "str" end
function tab(v) return type(v) == "table" and v or {} end
function cut(s) if type(s) ~= "string" then return "other" end return (string.sub(s, 1, 40)) end
local mt = {}
mt.__index = function(t, k) print("index " .. one(k)); return nil end
mt.__newindex = function(t, k, v) print("newindex " .. one(k)); rawset(t, k, v) end
mt.__concat = function(a, b) print("concat " .. one(a) .. one(b)); return "<" .. one(a) .. one(b) .. ">" end
mt.__eq = function(a, b) print("eq"); return a.v == b.v end
mt.__lt = function(a, b) print("lt"); return a.v < b.v end
mt.__call = function(self, ...) print("call"); return ... end
function obj(v) fuel() return setmetatable({v = v}, mt) end
function reset()
  ng0, ng1, ng2 = 1, 2, 3
  sg0, sg1, sg2 = "x", "yy", "z"
  tg0, tg1, tg2 = {}, {1, 2, 3}, {a = 1, b = "b"}
  fg0 = function(...) fuel() return ... end
  fg1 = function(a) fuel() return a, 2 end
  fg2 = function() fuel() end
  lg0, lg1, lg2 = {}, {}, {}
  xg0, xg1, xg2 = nil, true, "q"
end
`

func (g *generator) program(i int) string {
	g.b.Reset()
	g.scope, g.depth, g.loops, g.vararg = nil, 0, 0, true
	fmt.Fprintf(&g.b, "print('program %d') refuel() reset()\nprint(pcall(function(...)\n", i)
	g.block(g.n(12) + 4)
	g.b.WriteString("end, 11, 'v') and 'ok' or 'error')\n")
	return g.b.String()
}
