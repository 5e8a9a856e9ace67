package proc

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/supervise"
	"opslua/luabind"
)

// In a dry run a command that is no probe is planned by the end of the exec
// chain. What stands for its result can be handed on, and raises when it is read.

// planned says that the command was not run but planned.
func (o *outcome) planned() bool { return errors.Is(o.err, luabind.ErrPlanned) }

// plannedResult stands for the result of commands that were only planned.
func plannedResult(c *luabind.Call, cmd string) *lua.LUserData {
	return c.NewPlanned("the output of `" + shorten(c.Mask(cmd), maxShownCommand) +
		"`, which was only planned (probe = true if it changes nothing)")
}

func (o *outcome) plan(c *luabind.Call) *lua.LUserData {
	return plannedResult(c, supervise.Quote(o.w.cmd.Argv))
}

// plan plans a whole pipe: a probe in it would read what was never written.
func (l *pipeline) plan(c *luabind.Call) error {
	for _, w := range l.stages {
		if w.cmd.Probe {
			continue
		}
		if _, err := w.exec(c.Context()); !errors.Is(err, luabind.ErrPlanned) {
			return luabind.Errorf(luabind.KindPlanned, "%s: a command of a pipe was not planned in a dry run: %v", c.Name(), err)
		}
	}
	return c.Return(plannedResult(c, l.text()))
}

// planning says that the pipe has a command which a dry run does not run.
func (l *pipeline) planning(c *luabind.Call) bool {
	if !c.DryRun() {
		return false
	}
	for _, w := range l.stages {
		if !w.cmd.Probe {
			return true
		}
	}
	return false
}
