// Command opslua runs short Lua scripts that look at a host and act on it.
package main

import (
	"os"

	"opslua/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.OSEnv()))
}
