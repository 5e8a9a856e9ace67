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
const describeTime = 2 * time.Second

// scriptHelp is "opslua FILE --help": what the script says of itself. It runs
// without any permission up to its end, but no check, collector or fix does.
func (p *program) scriptHelp(file string) error {
	source, err := readScript(file)
	if err != nil {
		return err
	}
	d, ended, err := describe(p.env.Environ, file)
	if err != nil {
		return err
	}
	return p.print(scriptHelpText(file, leadingComment(source), d, ended))
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

// describe gives what a script declares as far as it comes, and why it came no
// further: a script may want to look at the host before it has declared everything.
func describe(environ []string, file string) (d *check.Description, ended, err error) {
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
		return nil, nil, err
	}
	r := &check.Run{Describe: true, Description: &check.Description{}, Report: &report.Report{}}
	ended = host.Run(check.NewContext(ctx, r), file)
	var load *luabind.LoadError
	var script *luabind.ScriptError
	var exit *luabind.ExitError
	var raised *luabind.Error
	switch {
	case errors.As(ended, &exit):
		ended = nil
	case errors.As(ended, &load) && !errors.As(ended, &script): // not that of a module
		return nil, nil, load
	case ctx.Err() != nil:
		ended = &unableError{stillRunsText(file, describeTime)}
	case errors.As(ended, &raised) && (raised.Kind == luabind.KindDenied || raised.Kind == luabind.KindPlanned):
		ended = &unableError{wantsHostText(file, raised.Where)}
	}
	return r.Description, ended, nil
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
