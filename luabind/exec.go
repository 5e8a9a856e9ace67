package luabind

import (
	"context"

	"opslua/internal/supervise"
)

// Command is one command on its way through the exec chain: plain data. A link
// that changes it hands on a copy.
type Command struct {
	supervise.Cmd
	// Label is the script's name for it, in progress, audit and errors.
	Label string
	// Probe says that it only reads: it runs in a dry run too.
	Probe bool
	// Told says that whoever runs it tells of the change that it makes, with
	// Changing and Changed: it is not told of once more as a command.
	Told bool
	// Where is the place in the script that runs it, "check.lua:12".
	Where string
	// Masked says that secrets are known: what the command writes must not reach
	// a file or a descriptor of ours but through the mask.
	Masked bool
}

// Result is what is known of a command that was started. A link that answers
// a command itself makes one.
type Result = supervise.Result

// ExecFunc runs a command. The error is nil when there is an exit status,
// whatever it is.
type ExecFunc func(ctx context.Context, c *Command) (*Result, error)

// chain builds the links around the last one; the first of the options is the outermost.
func chain(links []func(ExecFunc) ExecFunc, last ExecFunc) ExecFunc {
	for i := len(links) - 1; i >= 0; i-- {
		last = links[i](last)
	}
	return last
}
