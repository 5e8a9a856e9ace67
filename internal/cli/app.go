package cli

import (
	"io"

	"github.com/urfave/cli/v2"
)

// commandNames are the words that are a command and not a file.
func commandNames() []string { return []string{"run", "eval", "version", "help"} }

// app is the command line for the library, which parses and dispatches. All
// that it would say itself is turned off.
func (p *program) app() *cli.App {
	command := func(name string, flags []cli.Flag, action cli.ActionFunc) *cli.Command {
		return &cli.Command{Name: name, Flags: flags, Action: action, HideHelp: true, OnUsageError: libraryUsage}
	}
	return &cli.App{
		Name: "opslua", HelpName: "opslua", Usage: "opslua", HideHelp: true, HideVersion: true,
		DisableSliceFlagSeparator: true,
		Compiled:                  p.started, // else the library looks at the program's file
		Reader:                    p.env.Stdin, Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   libraryUsage,
		Flags:          libraryFlags(),
		Action:         p.noCommand,
		Commands: []*cli.Command{
			command("run", libraryFlags(), p.run),
			command("file", libraryFlags(), p.runFile),
			command("eval", libraryFlags(), p.eval),
			command("version", nil, p.version),
			command("help", nil, p.help),
		},
	}
}

func libraryUsage(_ *cli.Context, err error, _ bool) error { return usagef("%v", err) }
