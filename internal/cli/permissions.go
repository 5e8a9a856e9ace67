package cli

import (
	"os"
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
	host := policy.Options{
		LookPath: func(program string) (string, error) { return programFile(program, environ) },
		RealPath: realPath,
	}
	if self, err := os.Executable(); err == nil {
		host.Protected = []string{realPath(self)} // who may change opslua may do anything
	}
	pol, err := policy.NewWith(grant, policy.Permissions{}, host)
	if err != nil {
		return policy.Policy{}, usagef("--allow-%v", err)
	}
	return pol, nil
}

// realPath follows the links of a path as far as it exists: a grant for
// /var/run is one for /run.
func realPath(path string) string {
	for rest := ""; ; {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(real, rest)
		}
		if path == "/" || path == "." {
			return filepath.Join(path, rest)
		}
		rest = filepath.Join(filepath.Base(path), rest)
		path = filepath.Dir(path)
	}
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
