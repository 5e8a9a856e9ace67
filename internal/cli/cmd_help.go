package cli

import (
	"slices"

	"github.com/urfave/cli/v2"
)

// help is "opslua help [COMMAND]" and --help.
func (p *program) help(c *cli.Context) error {
	name := c.Args().First()
	switch script := c.Args().Get(1); {
	case c.Args().Len() == 2 && name == "file" && noSuchFile(script): // opslua FILE --help
		return unknownCommand(noFileText, script)
	case c.Args().Len() == 2 && (name == "file" || name == "run"):
		return p.scriptHelp(script)
	case c.Args().Len() > 1:
		return usagef(takesOneCommand)
	case name == "":
		return p.print(helpText())
	case !slices.Contains(commandNames(), name):
		return unknownCommand(noCommandText, name)
	}
	return p.print(commandHelp(name))
}

// noCommand is opslua without any word: the overview for a person, a mistake
// in a script.
func (p *program) noCommand(*cli.Context) error {
	if isTerminal(p.env.Stdin) && isTerminal(p.env.Stdout) {
		return p.print(helpText())
	}
	return usagef(nothingToDo)
}
