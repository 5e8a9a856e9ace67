package cli

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"opslua/internal/supervise"
	"opslua/policy"
)

// permissions are what the script may do: all that its operator may, or exactly
// what the flags grant.
func permissions(c *cli.Context, environ []string) (policy.Policy, error) {
	grant, narrowed := policy.Permissions{}, c.Bool("sandbox")
	for name, list := range map[string]*[]string{
		"probe": &grant.Probe, "change": &grant.Change, "read": &grant.Read, "write": &grant.Write,
		"connect": &grant.Connect, "env": &grant.Env, "signal": &grant.Signal,
	} {
		if c.IsSet("allow-" + name) {
			narrowed = true
			*list = c.StringSlice("allow-" + name)
		}
	}
	if !narrowed {
		return policy.All(), nil
	}
	pol, err := policy.New(grant, policy.Permissions{}, func(program string) (string, error) {
		return programFile(program, environ)
	})
	if err != nil {
		return policy.Policy{}, usagef("--allow-%v", err)
	}
	return pol, nil
}

// programFile is the file that a granted program is, links resolved, as it is
// when a script runs it.
func programFile(program string, environ []string) (string, error) {
	path, err := supervise.LookPath(program, "", environ)
	if err != nil {
		return "", err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
