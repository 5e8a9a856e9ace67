package luacode

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random Lua programs that end, print much, and mean the same
// in every right Lua 5.1: no addresses, no fractions in text, no order of
// pairs. Variables are named by kind: n numbers, s strings, t tables, f
// functions, x anything.
type generator struct {
	r      *rand.Rand
	b      strings.Builder
	depth  int
	scope  []string
	loops  int
	vararg bool
}

func (g *generator) n(n int) int { return g.r.IntN(n) }

func (g *generator) chance(percent int) bool { return g.n(100) < percent }

func (g *generator) line(format string, args ...any) {
	g.b.WriteString(strings.Repeat(" ", g.depth))
	fmt.Fprintf(&g.b, format, args...)
	g.b.WriteByte('\n')
}

// visible gives a variable of the kind: a local, or a global that the prelude
// set.
func (g *generator) visible(kind byte) string {
	var found []string
	for _, v := range g.scope {
		if v[0] == kind {
			found = append(found, v)
		}
	}
	if len(found) == 0 || g.chance(20) {
		return fmt.Sprintf("%cg%d", kind, g.n(3))
	}
	return found[g.n(len(found))]
}

func (g *generator) fresh(kind byte) string { return fmt.Sprintf("%c%d", kind, g.n(6)) }

func (g *generator) kind() byte { return "nsntx"[g.n(5)] }

func (g *generator) value(kind byte, d int) string {
	if d > 0 && g.chance(12) {
		return fmt.Sprintf("log(%q, %s)", string(kind)+fmt.Sprint(g.n(9)), g.value(kind, d-1))
	}
	switch kind {
	case 'n':
		return g.number(d)
	case 's':
		return g.text(d)
	case 't':
		return g.table(d)
	case 'f':
		return g.visible('f')
	}
	return g.anything(d)
}

func (g *generator) number(d int) string {
	if d <= 0 {
		return g.pick(fmt.Sprint(g.n(20)), g.visible('n'), g.visible('n'))
	}
	a, b := g.value('n', d-1), g.value('n', d-1)
	switch g.n(12) {
	case 0:
		return fmt.Sprintf("(%s + %s)", a, b)
	case 1:
		return fmt.Sprintf("(%s - %s)", a, b)
	case 2:
		return fmt.Sprintf("(%s * %s) %% 1009", a, b)
	case 3:
		return fmt.Sprintf("-(%s) %% %d", a, g.n(9)+1)
	case 4:
		return fmt.Sprintf("#%s", g.visible('s'))
	case 5:
		return fmt.Sprintf("num(%s)", g.visible('t')+"["+a+"]")
	case 6:
		return fmt.Sprintf("num(%s(%s))", g.visible('f'), g.args(d-1))
	case 7:
		return fmt.Sprintf("(%s and %s or %s)", g.cond(d-1), a, b)
	case 8:
		return fmt.Sprintf("(%q + %s)", fmt.Sprint(g.n(50)), a)
	case 9:
		if g.vararg {
			return "num((...))"
		}
	case 10:
		if g.vararg {
			return "select('#', ...)"
		}
	}
	return g.visible('n')
}

func (g *generator) pick(list ...string) string { return list[g.n(len(list))] }

func (g *generator) text(d int) string {
	if d <= 0 {
		return g.pick(fmt.Sprintf("%q", string(rune('a'+g.n(26)))), g.visible('s'))
	}
	switch g.n(5) {
	case 0, 1:
		parts := []string{}
		for range g.n(4) + 2 {
			if g.chance(30) {
				parts = append(parts, "("+g.value('n', d-1)+")")
			} else {
				parts = append(parts, g.value('s', d-1))
			}
		}
		return "cut(" + strings.Join(parts, " .. ") + ")"
	case 2:
		return fmt.Sprintf("str(%s(%s))", g.visible('f'), g.args(d-1))
	case 3:
		return fmt.Sprintf("(%s or %s)", g.value('s', d-1), g.value('s', d-1))
	}
	return g.visible('s')
}

func (g *generator) table(d int) string {
	if d <= 0 {
		return g.pick("{}", g.visible('t'))
	}
	switch g.n(5) {
	case 0:
		return fmt.Sprintf("obj(%s)", g.value('n', d-1))
	case 1, 2:
		fields := []string{}
		for range g.n(5) {
			switch g.n(4) {
			case 0:
				fields = append(fields, fmt.Sprintf("%s = %s", g.pick("a", "b", "c"), g.value(g.kind(), d-1)))
			case 1:
				key := g.pick("num(%s)", "str(%s)")
				fields = append(fields, fmt.Sprintf("["+key+"] = %s", g.value(key[0], d-1), g.value(g.kind(), d-1)))
			default:
				fields = append(fields, g.value(g.kind(), d-1))
			}
		}
		if g.chance(25) {
			fields = append(fields, fmt.Sprintf("%s(%s)", g.visible('f'), g.args(d-1)))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return g.visible('t')
}

func (g *generator) anything(d int) string {
	switch g.n(10) {
	case 0:
		return "nil"
	case 1:
		return g.pick("true", "false")
	case 2:
		return g.cond(d - 1)
	case 3:
		return fmt.Sprintf("%s.%s", g.visible('t'), g.pick("a", "b", "c"))
	case 4:
		if d > 0 {
			return fmt.Sprintf("%s(%s)", g.visible('f'), g.args(d-1))
		}
	case 5:
		if g.vararg {
			return g.pick("...", "(...)")
		}
	case 6:
		if d > 0 {
			return fmt.Sprintf("(%s %s %s)", g.value('x', d-1), g.pick("and", "or"), g.value('x', d-1))
		}
	case 7:
		if d > 0 {
			return "not " + g.value('x', d-1)
		}
	}
	return g.value(g.pick("n", "s", "x")[0], min(d-1, 2))
}

func (g *generator) cond(d int) string {
	if d <= 0 {
		return g.pick("true", "false", "nil", g.visible('x'), g.visible('n')+" == 3")
	}
	switch g.n(9) {
	case 0:
		return fmt.Sprintf("%s %s %s", g.value('n', d-1), g.pick("<", "<=", ">", ">=", "==", "~="), g.value('n', d-1))
	case 1:
		return fmt.Sprintf("%s %s %s", g.value('s', d-1), g.pick("<", "<=", ">", ">=", "==", "~="), g.value('s', d-1))
	case 2, 3:
		return fmt.Sprintf("(%s %s %s)", g.cond(d-1), g.pick("and", "or"), g.cond(d-1))
	case 4:
		return fmt.Sprintf("not (%s)", g.cond(d-1))
	case 5:
		return fmt.Sprintf("(%s) %s (%s)", g.cond(d-1), g.pick("==", "~="), g.cond(d-1))
	case 6:
		return fmt.Sprintf("obj(%s) %s obj(%s)", g.value('n', d-1), g.pick("<", "<=", ">", ">=", "==", "~="), g.value('n', d-1))
	case 7:
		return g.value('x', d-1)
	}
	return fmt.Sprintf("log('c', %s)", g.cond(d-1))
}

func (g *generator) args(d int) string {
	list := []string{}
	for range g.n(4) {
		list = append(list, g.value(g.kind(), d))
	}
	return strings.Join(list, ", ")
}

// target is what may stand left of =, with the kind of value it wants.
func (g *generator) target(d int) (string, byte) {
	switch g.n(8) {
	case 0:
		return g.visible('t') + "." + g.pick("a", "b", "c"), 'x'
	case 1:
		return fmt.Sprintf("%s[%s]", g.visible('t'), g.value('n', d-1)), 'x'
	case 2:
		return fmt.Sprintf("log('t', %s)[%s]", g.visible('t'), g.value(g.pick("n", "s")[0], d-1)), 'x'
	}
	k := g.kind()
	return g.visible(k), k
}
