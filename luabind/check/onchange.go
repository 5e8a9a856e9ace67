package check

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/internal/report"
	"opslua/luabind"
)

// writes is what fs.write and its kind returned, or a list of it.
type writes struct {
	changed bool
	planned bool
	paths   []string
}

func (w *writes) LuaType() string { return "result of a write, or a list of them" }

func (w *writes) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return w.one(c, v)
	}
	if luatable.Len(t) == 0 || t.RawGetString("changed") != lua.LNil {
		return w.one(c, v)
	}
	for _, item := range items(t) {
		if err := w.one(c, item); err != nil {
			return err
		}
	}
	return nil
}

func (w *writes) one(c *luabind.Call, v lua.LValue) error {
	wrong := fmt.Errorf("got %s, want what fs.write and its kind return, {changed, path, diff}, or a list of such", inShort(c, v))
	if notPlanned(c, v) != nil {
		w.planned = true
		return nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return wrong
	}
	changed, ok := t.RawGetString("changed").(lua.LBool)
	if !ok {
		return wrong
	}
	w.changed = w.changed || bool(changed)
	if path, ok := t.RawGetString("path").(lua.LString); ok && path != "" {
		w.paths = append(w.paths, string(path))
	}
	return nil
}

func onChange(c *luabind.Call) error {
	var w writes
	var fn, back *lua.LFunction
	var title string
	if err := c.Unpack("write", &w, "fn", &fn, "undo?", &back, "title?", &title); err != nil {
		return err
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	if title == "" {
		title = joinWith(" of ", "on change", strings.Join(w.paths, ", "))
	}
	if w.planned && !w.changed {
		a.skip(title, report.StepPlanned, "depends on a write that was only planned")
		return c.Return(false)
	}
	if !w.changed && !a.owes(w.paths) {
		a.skip(title, report.StepSkipped, "nothing changed")
		return c.Return(false)
	}
	return a.step(c, title, fn, back, []any{true})
}
