package proc

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/proctable"
	"opslua/luabind"
)

// selectors say which processes are meant. Each narrows the others.
type selectors struct {
	pid    pids
	ppid   luabind.Opt[int]
	name   chosenText
	match  chosenText
	exe    chosenText
	user   account
	state  stateName
	unit   chosenText
	port   portNumber
	under  luabind.Opt[int]
	where  *lua.LFunction
	kernel bool
	sample luabind.Opt[time.Duration]
}

func (s *selectors) pairs() []any {
	return []any{
		"pid?", &s.pid, "ppid?", &s.ppid, "name?", &s.name, "match?", &s.match, "exe?", &s.exe, "user?", &s.user,
		"state?", &s.state, "unit?", &s.unit, "port?", &s.port, "under?", &s.under, "where?", &s.where,
		"kernel?", &s.kernel, "sample?", &s.sample,
	}
}

// with puts options of a function's own behind the selectors.
func (s *selectors) with(own ...any) []any { return append(s.pairs(), own...) }

// isSelector knows the names that ask for processes rather than for a command.
func isSelector(name string) bool {
	switch name {
	case "pid", "ppid", "name", "match", "exe", "state", "unit", "port", "under", "where", "kernel", "sample",
		"count", "rss", "cpu":
		return true
	}
	return false
}

// selectsOnly says that v is a table without a command but with selectors.
// user is both an option of commands and a selector: alone it is a selector.
func selectsOnly(v lua.LValue) bool {
	t, ok := v.(*lua.LTable)
	if !ok || luatable.Len(t) > 0 {
		return false
	}
	found := false
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		name, ok := k.(lua.LString)
		found = ok && (isSelector(string(name)) || name == "user")
		return !found
	})
	return found
}

// meantSelector is a hint for a table whose name of a selector is misspelt.
func meantSelector(t *lua.LTable) (hint string) {
	known := map[string]bool{}
	s := &selectors{}
	for _, v := range s.with() {
		if name, ok := v.(string); ok {
			known[strings.TrimSuffix(name, "?")] = true
		}
	}
	luatable.ForEach(t, func(k, _ lua.LValue) bool {
		if name, ok := k.(lua.LString); ok {
			hint = luabind.DidYouMean(string(name), known)
		}
		return hint == ""
	})
	return hint
}

// query makes the question for the process table.
func (s *selectors) query(c *luabind.Call, fields proctable.Field) (proctable.Query, error) {
	q := proctable.Query{Fields: fields, Kernel: s.kernel, Name: string(s.name), Exe: string(s.exe), User: string(s.user),
		State: string(s.state), Unit: string(s.unit), Port: int(s.port)}
	if s.match != "" {
		re, err := regexp.Compile(string(s.match))
		if err != nil {
			return q, luabind.Errorf(luabind.KindParse, "%s: match: %s: %w", c.Name(), s.match, err)
		}
		q.Match = re
	}
	if s.pid.set {
		q.PIDs = s.pid.list
	}
	if s.ppid.Set {
		q.PPID = &s.ppid.V
	}
	if s.under.Set {
		q.Under = &s.under.V
	}
	if s.sample.Set && !s.sample.Off {
		q.Sample = s.sample.V
	}
	if q.Fields&proctable.FieldCPU != 0 && q.Sample <= 0 {
		return q, c.Usage("sample", `missing: cpu is measured over a time, such as sample = "200ms"`)
	}
	return q, nil
}

// chosenText is a text to choose by. An empty one, such as that of a variable
// that was never set, would choose everything.
type chosenText string

func (*chosenText) LuaType() string { return "string" }

func (t *chosenText) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	switch x := v.(type) {
	case lua.LString:
		if x != "" {
			*t = chosenText(x)
			return nil
		}
	case lua.LNumber:
		*t = chosenText(formatNumber(float64(x)))
		return nil
	}
	return errWant(v, "a string that is not empty")
}

// portNumber is a port; 0 is none.
type portNumber int

func (*portNumber) LuaType() string { return "integer" }

func (p *portNumber) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	n, ok := v.(lua.LNumber)
	if !ok || n < 1 || n > 65535 || n != lua.LNumber(int(n)) {
		return errWant(v, "a whole number from 1 to 65535")
	}
	*p = portNumber(n)
	return nil
}

// pids are one number or several.
type pids struct {
	set  bool
	list []int
}

func (*pids) LuaType() string { return "integer or list of integers" }

func (p *pids) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	next := pids{set: true, list: []int{}}
	err := eachItem(v, func(item lua.LValue) error {
		n, ok := item.(lua.LNumber)
		if !ok || n != lua.LNumber(int32(n)) {
			return errWant(item, "the number of a process")
		}
		next.list = append(next.list, int(n))
		return nil
	})
	if err == nil {
		*p = next
	}
	return err
}

// stateName is one of the words for what a process does.
type stateName string

func (*stateName) LuaType() string { return "string" }

func (s *stateName) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	text, _ := v.(lua.LString)
	switch text {
	case "running", "sleeping", "disk-sleep", "stopped", "traced", "zombie", "dead", "idle", "parked":
		*s = stateName(text)
		return nil
	}
	return errWant(v, "running, sleeping, disk-sleep, stopped, traced, zombie, dead, idle or parked")
}

// fieldList is a set of fields by name.
type fieldList proctable.Field

func (*fieldList) LuaType() string { return "list of strings" }

func (f *fieldList) UnpackLua(_ *luabind.Call, v lua.LValue) error {
	next := proctable.Field(0)
	if _, ok := v.(*lua.LTable); !ok {
		return errWant(v, `a list of fields such as {"pid", "name"}`)
	}
	err := eachItem(v, func(item lua.LValue) error {
		field, err := fieldNamed(item)
		next |= field
		return err
	})
	if err == nil && next == 0 {
		err = errText(`got an empty list, want fields such as {"pid", "name"}`)
	}
	if err == nil {
		*f = fieldList(next)
	}
	return err
}

func fieldNamed(v lua.LValue) (proctable.Field, error) {
	name, ok := v.(lua.LString)
	if !ok {
		return 0, errWant(v, "the name of a field")
	}
	field, ok := proctable.ParseField(string(name))
	if !ok {
		return 0, errText(fmt.Sprintf("unknown field %q%s", string(name), nearest(string(name), (^proctable.Field(0)).Names())))
	}
	return field, nil
}

// nearest gives a hint, or nothing where no name is near.
func nearest(name string, names []string) string {
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	return luabind.DidYouMean(strings.ToLower(name), known)
}
