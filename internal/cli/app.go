package cli

import (
	"io"

	"github.com/urfave/cli/v2"
)

// commandNames are the words that are a command and not a file.
func commandNames() []string { return []string{"run", "eval", "version", "help"} }

// app is the command line for the library, which parses and dispatches. All
// that it would say itself is turned off. It knows the command and the flags of
// this line alone: to set up all of them takes longer than a short script.
func (p *program) app(l *line) *cli.App {
	app := &cli.App{
		Name: "opslua", HelpName: "opslua", Usage: "opslua", HideHelp: true, HideVersion: true,
		DisableSliceFlagSeparator: true,
		Compiled:                  p.started, // else the library looks at the program's file
		Reader:                    p.env.Stdin, Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   libraryUsage,
		Flags:          libraryFlags(l.flags),
		Action:         p.noCommand,
	}
	if l.command != "" {
		app.Flags = nil
		app.Commands = []*cli.Command{{
			Name: l.command, Flags: libraryFlags(l.flags), Action: p.action(l.command), HideHelp: true, OnUsageError: libraryUsage,
		}}
	}
	return app
}

// action is what a command does.
func (p *program) action(command string) cli.ActionFunc {
	switch command {
	case "file":
		return p.runFile
	case "eval":
		return p.eval
	case "version":
		return p.version
	case "help":
		return p.help
	}
	return p.run
}

func libraryUsage(_ *cli.Context, err error, _ bool) error { return usagef("%v", err) }
