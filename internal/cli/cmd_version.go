package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// version is "opslua version".
func (p *program) version(c *cli.Context) error {
	if c.Args().Present() {
		return usagef(takesNoWords, "version")
	}
	version, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return p.print(versionLine(version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}
