package cli

import "github.com/urfave/cli/v2"

// eval is "opslua eval CODE".
func (p *program) eval(c *cli.Context) error {
	if err := p.takeSettings(c); err != nil {
		return err
	}
	words := c.Args().Slice()
	return p.launch(job{name: evalName, source: words[0], args: words[1:]})
}
