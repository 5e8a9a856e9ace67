package proc

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/escape"
	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/luabind"
)

const (
	maxDrawn      = 8 << 20 // bytes of a drawn tree
	maxDrawnDepth = 1000
)

// treeText draws a tree as pstree does: a process and its only child on one
// line, equal leaves once with their number.
func treeText(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	t := c.Self().(*lua.LTable)
	p := &painter{}
	if luatable.Get(t, lua.LString("name")) == lua.LNil && luatable.Get(t, lua.LString("pid")) == lua.LNumber(0) {
		// Nothing stands above the first processes.
		for i, b := range fold(childrenOf(t)) {
			if i > 0 {
				p.write("\n")
			}
			p.branch(b, "", 0)
		}
	} else {
		p.branch(bough{t, 1}, "", 0)
	}
	return c.Return(p.out.String())
}

// bough is a child, or several leaves of one name.
type bough struct {
	node  *lua.LTable
	count int
}

// fold puts leaves of one name together, at the place of the first.
func fold(nodes []*lua.LTable) []bough {
	out := make([]bough, 0, len(nodes))
	leaves := map[string]int{}
	for _, n := range nodes {
		if len(childrenOf(n)) > 0 {
			out = append(out, bough{n, 1})
			continue
		}
		name := label(n)
		if at, ok := leaves[name]; ok {
			out[at].count++
			continue
		}
		leaves[name] = len(out)
		out = append(out, bough{n, 1})
	}
	return out
}

// label is the name of a node, harmless to print.
func label(n *lua.LTable) string {
	if name, ok := luatable.Get(n, lua.LString("name")).(lua.LString); ok {
		return escape.String(string(name))
	}
	return escape.String(luatable.Get(n, lua.LString("pid")).String())
}

type painter struct {
	out  strings.Builder
	full bool
}

func (p *painter) write(s string) {
	switch {
	case p.full:
	case p.out.Len()+len(s) > maxDrawn:
		p.full = true
		p.out.WriteString("\n…")
	default:
		p.out.WriteString(s)
	}
}

// branch draws a node where the pen is; prefix stands in front of further lines.
func (p *painter) branch(b bough, prefix string, depth int) {
	text := label(b.node)
	if b.count > 1 {
		text = fmt.Sprintf("%d*[%s]", b.count, text)
	}
	p.write(text)
	boughs := fold(childrenOf(b.node))
	if len(boughs) == 0 || p.full {
		return
	}
	if depth >= maxDrawnDepth {
		p.write("───…")
		return
	}
	pad := prefix + strings.Repeat(" ", utf8.RuneCountInString(text))
	for i, child := range boughs {
		last := i == len(boughs)-1
		switch {
		case i == 0 && last:
			p.write("───")
		case i == 0:
			p.write("─┬─")
		case last:
			p.write("\n" + pad + " └─")
		default:
			p.write("\n" + pad + " ├─")
		}
		rail := " │ "
		if last {
			rail = "   "
		}
		p.branch(child, pad+rail, depth+1)
		if p.full {
			return
		}
	}
}

// find gives the first node, depth first, that selectors choose.
func find(c *luabind.Call) error {
	var sel finder
	if err := c.Unpack("selector", &sel); err != nil {
		return err
	}
	w := &walker{stack: []step{{c.Self().(*lua.LTable), 0}}}
	for n := 0; ; n++ {
		s, ok := w.next()
		if !ok {
			return c.Return(nil)
		}
		if n%1024 == 0 && c.Context().Err() != nil {
			return c.Context().Err()
		}
		yes, err := sel.chooses(c, s.node)
		if err != nil {
			return err
		}
		if yes {
			return c.Return(s.node)
		}
	}
}

// finder are selectors over nodes that are tables already: what a node does not
// have cannot be asked about.
type finder struct {
	equal map[string]lua.LValue
	pids  pids
	match *regexp.Regexp
	where *lua.LFunction
}

func (*finder) LuaType() string { return "integer or table of selectors" }

func (f *finder) UnpackLua(c *luabind.Call, v lua.LValue) error {
	s := &selectors{}
	next := finder{equal: map[string]lua.LValue{}}
	switch v.(type) {
	case lua.LNumber:
		if err := s.pid.UnpackLua(c, v); err != nil {
			return err
		}
	case *lua.LTable:
		if err := c.UnpackValue("selector", v, "pid?", &s.pid, "ppid?", &s.ppid, "name?", &s.name, "match?", &s.match,
			"exe?", &s.exe, "user?", &s.user, "state?", &s.state, "unit?", &s.unit, "where?", &s.where); err != nil {
			return err
		}
	default:
		return errWant(v, `selectors such as {name = "nginx"}, or a pid`)
	}
	next.pids, next.where = s.pid, s.where
	if s.ppid.Set {
		next.equal["ppid"] = lua.LNumber(s.ppid.V)
	}
	for name, value := range map[string]string{"name": string(s.name), "exe": string(s.exe), "user": s.user.shown(), "state": string(s.state), "unit": string(s.unit)} {
		if value != "" {
			next.equal[name] = lua.LString(value)
		}
	}
	if s.match != "" {
		re, err := regexp.Compile(string(s.match))
		if err != nil {
			return luabind.Errorf(luabind.KindParse, "%s: match: %s: %w", c.Name(), s.match, err)
		}
		next.match = re
	}
	*f = next
	return nil
}

func (f *finder) chooses(c *luabind.Call, n *lua.LTable) (bool, error) {
	if f.pids.set {
		pid, _ := luatable.Get(n, lua.LString("pid")).(lua.LNumber)
		found := false
		for _, want := range f.pids.list {
			found = found || pid == lua.LNumber(want)
		}
		if !found {
			return false, nil
		}
	}
	for name, want := range f.equal {
		got := luatable.Get(n, lua.LString(name))
		if got == lua.LNil && luatable.Get(n, lua.LString("pid")) != lua.LNumber(0) && !denies(n, name) && name != "exe" && name != "unit" {
			return false, c.Usage(name, "the tree was made without it; ask for it: fields = {%q, …}", name)
		}
		same := got == want
		if name == "unit" {
			same = proctable.SameUnit(lua.LVAsString(got), lua.LVAsString(want))
		}
		if !same {
			return false, nil
		}
	}
	if f.match != nil {
		cmd, ok := luatable.Get(n, lua.LString("cmd")).(lua.LString)
		if !ok && luatable.Get(n, lua.LString("pid")) != lua.LNumber(0) && !denies(n, "cmd") {
			return false, c.Usage("match", `the tree was made without command lines; ask for them: fields = {"cmd", …}`)
		}
		if !ok || !f.match.MatchString(string(cmd)) {
			return false, nil
		}
	}
	if f.where == nil {
		return true, nil
	}
	answer, err := c.Invoke(f.where, n)
	return err == nil && len(answer) > 0 && lua.LVAsBool(answer[0]), err
}

// denies says that the system refused a field of a row.
func denies(n *lua.LTable, name string) bool {
	list, ok := luatable.Get(n, lua.LString("denied")).(*lua.LTable)
	for i := 1; ok && i <= luatable.Len(list); i++ {
		if luatable.Get(list, lua.LNumber(i)) == lua.LString(name) {
			return true
		}
	}
	return false
}
