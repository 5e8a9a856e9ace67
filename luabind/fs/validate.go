package fs

import (
	"context"
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// validator looks at a new file before it takes the place of the old one.
type validator struct {
	fn   *lua.LFunction
	argv *lua.LTable
}

func (*validator) LuaType() string { return "function(path) or command list with {}" }

func (v *validator) UnpackLua(_ *luabind.Call, value lua.LValue) error {
	switch x := value.(type) {
	case *lua.LFunction:
		*v = validator{fn: x}
		return nil
	case *lua.LTable:
		holds := false
		for i := 1; i <= luatable.Len(x); i++ {
			s, ok := luatable.Get(x, lua.LNumber(i)).(lua.LString)
			holds = holds || ok && strings.Contains(string(s), "{}")
		}
		if !holds {
			return errText(`a list without {}, want a command such as {"nginx", "-t", "-c", "{}"}, in which {} stands for the new file`)
		}
		*v = validator{argv: x}
		return nil
	}
	return errText("got " + value.Type().String() + `, want a function or a command such as {"nginx", "-t", "-c", "{}"}`)
}

func (v *validator) set() bool { return v.fn != nil || v.argv != nil }

// check asks about the new file at path.
func (v *validator) check(c *luabind.Call, path string) error {
	var err error
	switch {
	case v.fn != nil:
		err = v.ask(c, path)
	case v.argv != nil:
		err = v.run(c, path)
	default:
		return nil
	}
	if err == nil || errors.Is(err, context.Canceled) || c.Context().Err() != nil {
		return err
	}
	out := &luabind.Error{Kind: luabind.KindAssert, Message: err.Error()}
	var own *luabind.Error
	if errors.As(err, &own) {
		out.Kind, out.Fields, out.Methods = own.Kind, own.Fields, own.Methods
	}
	return out
}

func (v *validator) ask(c *luabind.Call, path string) error {
	got, err := c.Invoke(v.fn, path)
	if err != nil || len(got) == 0 {
		return err
	}
	why := ""
	if len(got) > 1 && got[1] != lua.LNil {
		why = ": " + c.String(got[1])
	}
	switch x := got[0].(type) {
	case lua.LBool:
		if !bool(x) {
			return errText("the function says no" + why)
		}
	case *lua.LNilType:
		if why != "" { // nil, error: what try gives
			return errText("the function says no" + why)
		}
	case *lua.LTable: // the result of a command
		if c.L().GetField(x, "ok") == lua.LFalse {
			return errText("the result that the function gave is not ok")
		}
	}
	return nil
}

// run runs the command as a probe, by the module proc as a script would.
func (v *validator) run(c *luabind.Call, path string) error {
	module, ok := c.Module("proc")
	if !ok {
		return c.Usage("validate", "there is no module proc to run a command; give a function")
	}
	l := c.L()
	cmd := l.NewTable()
	if err := c.ForEach(v.argv, func(key, value lua.LValue) bool {
		if s, ok := value.(lua.LString); ok {
			if _, item := key.(lua.LNumber); item {
				value = lua.LString(strings.ReplaceAll(string(s), "{}", path))
			}
		}
		cmd.RawSet(key, value)
		return true
	}); err != nil {
		return err
	}
	cmd.RawSetString("probe", lua.LTrue)
	_, err := c.Invoke(l.GetField(module, "check"), cmd)
	return err
}
