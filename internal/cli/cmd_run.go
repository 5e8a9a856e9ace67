package cli

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// run is "opslua run FILE" and "opslua -".
func (p *program) run(c *cli.Context) error {
	if err := p.takeSettings(c); err != nil {
		return err
	}
	words := c.Args().Slice()
	switch words[0] {
	case "":
		return usagef(runWantsFile)
	case "-":
		return p.launch(job{name: stdinName, stdin: true, args: words[1:]})
	}
	return p.launch(job{name: words[0], file: true, args: words[1:]})
}

// runFile is "opslua FILE", and what a #! line starts. A word that is neither a
// command nor a file is more likely a mistyped command.
func (p *program) runFile(c *cli.Context) error {
	name := c.Args().First()
	if noSuchFile(name) {
		return unknownCommand(noFileText, name)
	}
	return p.run(c)
}

// noSuchFile says that a word names no file and does not look like one either.
func noSuchFile(name string) bool {
	_, err := os.Lstat(name)
	return os.IsNotExist(err) && !strings.ContainsAny(name, "/.")
}
