package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
	"opslua/policy"
	"opslua/stdlib"
)

// describeTime is how long a script may take to say what it declares.
const describeTime = 5 * time.Second

// scriptHelp is "opslua FILE --help": what the script says of itself. It runs
// without any permission up to its end, but no check, collector or fix does.
func (p *program) scriptHelp(file string) error {
	source, err := readScript(file)
	if err != nil {
		return err
	}
	d, err := describe(p.env.Environ, file)
	if err != nil {
		return err
	}
	return p.print(scriptHelpText(file, leadingComment(source), d))
}

func readScript(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", &luabind.LoadError{Script: file, Msg: plainError(err).Error(), Cause: err}
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return "", &luabind.LoadError{Script: file, Msg: notAFile}
	}
	data, err := io.ReadAll(io.LimitReader(f, largestScript))
	if err != nil {
		return "", &luabind.LoadError{Script: file, Msg: plainError(err).Error(), Cause: err}
	}
	return string(data), nil
}

// describe gives what a script declares, as far as it comes.
func describe(environ []string, file string) (*check.Description, error) {
	ctx, cancel := context.WithTimeout(context.Background(), describeTime)
	defer cancel()
	host, err := luabind.New(
		luabind.WithModules(stdlib.Modules()...),
		luabind.WithPolicy(policy.Policy{}),
		luabind.WithStdio(nil, io.Discard, io.Discard),
		luabind.WithEnviron(environ),
		luabind.WithDryRun(nil),
		luabind.WithLimits(luabind.Limits{Memory: defaultMemory, Source: largestScript}),
	)
	if err != nil {
		return nil, err
	}
	r := &check.Run{Describe: true, Description: &check.Description{}, Report: &report.Report{}}
	err = host.Run(check.NewContext(ctx, r), file)
	var load *luabind.LoadError
	if errors.As(err, &load) {
		return nil, load
	}
	// Any other error is that of a script which wants to look at the host before
	// it has declared everything: what it has declared so far is shown.
	return r.Description, nil
}

// leadingComment is the comment that a script begins with.
func leadingComment(source string) string {
	var lines []string
	for i, l := range strings.Split(strings.TrimPrefix(source, "\ufeff"), "\n") {
		l = strings.TrimRight(l, "\r \t")
		if i == 0 && strings.HasPrefix(l, "#!") {
			continue
		}
		text, ok := strings.CutPrefix(l, "--")
		if !ok || strings.HasPrefix(text, "[[") {
			break
		}
		lines = append(lines, strings.TrimPrefix(text, " "))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
