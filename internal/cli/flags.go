package cli

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/policy"
)

// flagSpec describes a flag of run, eval and FILE.
type flagSpec struct {
	name  string
	value string // what its value is called; empty for a switch
	list  bool   // may be repeated, and the values add up
	doc   string
}

// flagByName finds a flag of ours.
func flagByName(name string) (flagSpec, bool) {
	for _, f := range flagSpecs() {
		if f.name == name {
			return f, true
		}
	}
	return flagSpec{}, false
}

// libraryFlags are the flags of a line, "--name" or "--name=value", for the library.
func libraryFlags(line []string) []cli.Flag {
	var out []cli.Flag
	for _, f := range flagSpecs() {
		given := slices.ContainsFunc(line, func(word string) bool {
			name, _, _ := strings.Cut(word, "=")
			return name == "--"+f.name
		})
		switch {
		case !given:
		case f.list:
			out = append(out, &cli.StringSliceFlag{Name: f.name, KeepSpace: true})
		case f.value != "":
			out = append(out, &cli.StringFlag{Name: f.name})
		default:
			out = append(out, &cli.BoolFlag{Name: f.name})
		}
	}
	return out
}

// settings is what the flags of run and eval say. It is made once and read only.
type settings struct {
	timeout time.Duration // 0: none
	memory  int64         // 0: the default
	trace   bool
	quiet   bool
	params  []string      // "name=value"
	only    []string      // empty: all
	format  report.Format // of the document
	out     string        // file for the document; empty: standard output
	lock    string
	level   slog.Level
	dryRun  bool
	detail  bool // --detailed-exitcode
	changes bool
	policy  policy.Policy
}

// limit is how much memory the script may take.
func (s *settings) limit() int64 {
	if s.memory == 0 {
		return defaultMemory
	}
	return s.memory
}

// takeSettings reads the flags. What matters for reporting comes first, so that
// a mistake in another flag is already reported as asked.
func (p *program) takeSettings(c *cli.Context) error {
	p.set.trace, p.set.quiet = c.Bool("trace"), c.Bool("quiet")
	if c.IsSet("color") {
		if err := p.term.setColor(c.String("color")); err != nil {
			return err
		}
	}
	if err := p.takeReport(c); err != nil {
		return err
	}
	if c.IsSet("timeout") {
		d, err := units.ParseDuration(c.String("timeout"))
		if err != nil {
			return usagef(flagBadValue, "--timeout", err)
		}
		if d <= 0 {
			return usagef(flagNotPositive, "--timeout")
		}
		p.set.timeout = d
	}
	if c.IsSet("memory") {
		n, err := units.ParseSize(c.String("memory"))
		if err != nil {
			return usagef(flagBadValue, "--memory", err)
		}
		if n <= 0 {
			return usagef(flagNotPositive, "--memory")
		}
		p.set.memory = n
	}
	pol, err := permissions(c, p.env.Environ)
	p.set.policy = pol
	return err
}

// takeReport reads the flags that say what is run of a script, and how its
// findings are told.
func (p *program) takeReport(c *cli.Context) error {
	s := &p.set
	s.params, s.only, s.lock, s.out = c.StringSlice("set"), c.StringSlice("only"), c.String("lock"), c.String("out")
	s.dryRun, s.detail, s.changes = c.Bool("dry-run"), c.Bool("detailed-exitcode"), c.Bool("changes")
	if c.IsSet("format") {
		f, err := parseFormat(c.String("format"))
		if err != nil {
			return err
		}
		s.format = f
	}
	switch {
	case c.IsSet("out") && s.out == "":
		return usagef(outWantsFile)
	case c.IsSet("lock") && s.lock == "":
		return usagef(lockWantsName)
	case slices.Contains(s.only, ""):
		return usagef(onlyWantsName)
	case c.IsSet("log-level"):
		return parseLevel(c.String("log-level"), &s.level)
	}
	return nil
}

func parseFormat(name string) (report.Format, error) {
	var known []string
	for _, f := range report.Formats() {
		if string(f) == name {
			return f, nil
		}
		known = append(known, string(f))
	}
	hint := ""
	if n := nearest(name, known); n != "" {
		hint = " (did you mean " + n + "?)"
	}
	return "", usagef(formatWants, name, strings.Join(known, ", "), hint)
}

func parseLevel(name string, level *slog.Level) error {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.ToLower(l.String()) == name {
			*level = l
			return nil
		}
	}
	return usagef(levelWants, name)
}
