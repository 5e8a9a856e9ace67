package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"opslua/internal/escape"
	"opslua/internal/units"
	"opslua/luabind/check"
)

// Every word that opslua itself says to a person stands in this file.
//
// The rules: one line an error, which begins with the place (SCRIPT:LINE:) or
// with "opslua:", says what is wrong and, where one is likely, what was meant.
// Small letters after the colon, no full stop, no exclamation mark. What came
// from outside goes through internal/escape on its way out (term.go), never
// here. A notice is no error: --quiet leaves it out. A result goes to standard
// output, all else to standard error.

const (
	flagTakesNoValue = "%s takes no value"
	flagWantsValue   = "%s wants a value: %[1]s %[2]s"
	flagBadValue     = "%s: %v"
	flagNotPositive  = "%s: want more than 0"
	colorWants       = "--color: %q is none of auto, always, never"
	formatWants      = "--format: %q is none of %s%s"
	levelWants       = "--log-level: %q is none of debug, info, warn, error"
	outWantsFile     = "--out wants the name of a file"
	onlyWantsName    = "--only wants the name of a check, a collector or a fix"
	lockWantsName    = "--lock wants a name"
	lockNeedsState   = "--lock: there is no folder for locks: HOME is not set"
	runWantsFile     = "run wants a file: opslua run FILE"
	evalWantsCode    = "eval wants code: opslua eval 'CODE'"
	takesNoFlags     = "%s takes no flags"
	takesNoWords     = "%s takes no arguments"
	takesOneCommand  = "help takes one command"
	nothingToDo      = "nothing to run: opslua FILE, opslua eval 'CODE', or opslua - for a script from standard input (see opslua help)"
	noFileText       = "no command and no file %q"
	noCommandText    = "no command %q"
	evalName         = "eval"
	stdinName        = "stdin"
)

func unknownFlag(flag string) error {
	var known []string
	for _, f := range flagSpecs() {
		known = append(known, f.name)
	}
	hint := " (what is meant for the script stands after --)"
	if n := nearest(strings.TrimLeft(flag, "-"), known); n != "" {
		hint = " (did you mean --" + n + "? What is meant for the script stands after --)"
	}
	return usagef("unknown flag %s%s", flag, hint)
}

func unknownCommand(text, word string) error {
	hint := ""
	if n := nearest(word, commandNames()); n != "" {
		hint = " (did you mean " + n + "?)"
	}
	return usagef(text+"%s", word, hint)
}

func deadlineText(d time.Duration) string {
	return "the script's deadline of " + units.FormatDuration(d) + " passed"
}

func signalText(sig syscall.Signal) string {
	switch sig {
	case syscall.SIGINT:
		return "interrupted"
	case syscall.SIGTERM:
		return "terminated"
	case syscall.SIGHUP:
		return "the terminal hung up"
	}
	return "quit"
}

func outputText(err error) string { return "cannot write standard output: " + err.Error() }

func stdinText(err error) string { return "cannot read standard input: " + err.Error() }

// sizeText has the words of a file that is too large.
func sizeText(limit int) string { return fmt.Sprintf("larger than %d bytes", limit) }

func panicText(v any) string {
	return fmt.Sprintf("internal error: %v (please report this, with what --trace prints)", v)
}

func sweptText(n int) string {
	if n == 1 {
		return "ended a process that a killed run had left"
	}
	return fmt.Sprintf("ended %d processes that a killed run had left", n)
}

func sweepFailedText(err error) string {
	return "cannot look for what a killed run may have left: " + err.Error()
}

func cutText(n int) string { return "… (" + units.FormatBytes(int64(n)) + " more)" }

func versionLine(version, commit, goVersion, system, arch string) string {
	if commit != "" {
		version += " (" + commit[:min(12, len(commit))] + ")"
	}
	return fmt.Sprintf("opslua %s %s %s/%s\n", version, goVersion, system, arch)
}

// flagSpecs are the flags of run, eval and FILE, in the order of the help.
func flagSpecs() []flagSpec {
	return []flagSpec{
		{name: "timeout", value: "D", doc: "end the script, and all that it started, after D (10s, 1m30s)"},
		{name: "memory", value: "SIZE", doc: "how much memory the script may take (512MiB)"},
		{name: "set", value: "K=V", list: true, doc: "give a parameter of the script its value"},
		{name: "only", value: "NAME", list: true, doc: "run these checks, collectors or fixes and no others"},
		{name: "dry-run", doc: "change nothing: show what would be run, written and sent"},
		{name: "detailed-exitcode", doc: "2 where a fix changed something, or a dry run would"},
		{name: "changes", doc: "report rows as differences to the last run"},
		{name: "format", value: "F", doc: "human, json, jsonl, nagios, prom, openmetrics, junit, tap or html"},
		{name: "out", value: "FILE", doc: "write the report to a file, at once or not at all"},
		{name: "lock", value: "NAME", doc: "run only if no other run on this host holds the lock"},
		{name: "log-level", value: "L", doc: "debug, info, warn or error (info)"},
		{name: "trace", doc: "with an error, print the functions that were active"},
		{name: "quiet", doc: "print errors only, no notices"},
		{name: "color", value: "WHEN", doc: "auto, always or never (auto; NO_COLOR is respected)"},
		{name: "sandbox", doc: "start from nothing: the script may only do what --allow-… grants"},
		{name: "allow-probe", value: "CMD", list: true, doc: "run a command that only reads: 'systemctl is-active *'"},
		{name: "allow-change", value: "CMD", list: true, doc: "run a command that changes the host: 'git pull ...'"},
		{name: "allow-read", value: "PATH", list: true, doc: "read files"},
		{name: "allow-write", value: "PATH", list: true, doc: "write files"},
		{name: "allow-connect", value: "ADDR", list: true, doc: "open connections: 127.0.0.1:80"},
		{name: "allow-env", value: "NAME", list: true, doc: "see an environment variable"},
		{name: "allow-signal", value: "NAME", list: true, doc: "signal processes of this name"},
	}
}

func helpText() string {
	return `opslua runs short Lua scripts that look at a host and act on it.

  opslua FILE [ARG]...           run a script; also opslua run FILE, and #!/usr/bin/env opslua
  opslua eval 'CODE' [ARG]...    run code from the command line
  opslua - [ARG]...              run a script from standard input
  opslua version                 print the version
  opslua FILE --help             what a script is for, and its parameters
  opslua help [COMMAND]          print this, or the flags of a command

Exit codes: what the script says with exit(n); 0 success; 1 the script failed; 3 the script
could not be run, or was denied something; 124 its deadline passed; 130 interrupted,
129 hung up, 143 terminated, 141 output closed. A script with checks: 0 all are OK; 1 the worst
is WARNING, or a fix failed; 2 the worst is CRITICAL; 3 UNKNOWN, or it could not find out.
`
}

func commandHelp(name string) string {
	switch name {
	case "version":
		return "opslua version\n\nPrints the version, the commit and the platform.\n"
	case "help":
		return helpText()
	case "eval":
		return "opslua eval 'CODE' [FLAG]... [ARG]... [-- ARG...]\n\nRuns the code; the arguments are arg and \"...\".\n\n" + flagHelp()
	}
	return "opslua run FILE [FLAG]... [ARG]... [-- ARG...]\n\nRuns the script (- is standard input); the arguments are arg and \"...\".\n" +
		"Without a flag that narrows it, a script may do what you may do.\n\n" + flagHelp()
}

func flagHelp() string {
	var b strings.Builder
	b.WriteString("Flags, before or after the file, up to --:\n\n")
	for _, f := range flagSpecs() {
		name := "--" + f.name
		if f.value != "" {
			name += " " + f.value
		}
		fmt.Fprintf(&b, "  %-20s  %s\n", name, f.doc)
	}
	b.WriteString("\nAny --allow-… flag starts from nothing, as --sandbox does; each may be repeated.\n")
	return b.String()
}

const notAFile = "not a regular file"

func saveText(file string, err error) string {
	text := "cannot write the report to " + file + ": " + err.Error()
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
		text += "; what was there is unchanged"
	}
	return text
}

func lockText(name string, err error) string {
	return "--lock " + name + ": " + strings.TrimPrefix(err.Error(), "the lock "+strconv.Quote(lockName(name))+" is ")
}

// placed puts the place in front of an error, once.
func placed(script string, line int, text string) string {
	if line > 0 {
		script += ":" + strconv.Itoa(line)
	}
	return script + ": " + strings.TrimPrefix(text, script+": ")
}

func wantsHostText(file, where string) string {
	if where == "" {
		where = file
	}
	return where + " wants the host, which help leaves alone"
}

func stillRunsText(file string, d time.Duration) string {
	return file + " has not come to its end within " + units.FormatDuration(d)
}

// scriptHelpText is the help of a script.
func scriptHelpText(file, about string, d *check.Description, ended error) string {
	var b strings.Builder
	b.WriteString("opslua run " + file + " [--set K=V]... [FLAG]...\n")
	if about != "" {
		b.WriteString("\n" + about + "\n")
	}
	if len(d.Params) > 0 {
		b.WriteString("\nParameters, --set NAME=VALUE:\n\n")
		width := 0
		for _, q := range d.Params {
			width = max(width, len(q.Name))
		}
		for _, q := range d.Params {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, q.Name, paramText(q))
		}
	}
	for _, list := range []struct {
		title string
		names []string
	}{{"Checks", d.Checks}, {"Collectors", d.Collect}, {"Fixes", d.Fixes}} {
		if len(list.names) > 0 {
			b.WriteString("\n" + list.title + ": " + strings.Join(list.names, ", ") + "\n")
		}
	}
	if ended != nil {
		b.WriteString("\nThere may be more: " + oneLine(ended) + "\n")
	}
	b.WriteString("\nFlags that all scripts have: opslua help run\n")
	return escape.Text(b.String())
}

func paramText(q check.Param) string {
	text := q.Type
	switch {
	case q.Required:
		text += ", required"
	case q.Default == "":
		text += ", empty unless set"
	default:
		text += " = " + q.Default
	}
	if len(q.OneOf) > 0 {
		text += ", one of " + strings.Join(q.OneOf, ", ")
	}
	switch {
	case q.Min != "" && q.Max != "":
		text += ", from " + q.Min + " to " + q.Max
	case q.Min != "":
		text += ", from " + q.Min
	case q.Max != "":
		text += ", up to " + q.Max
	}
	return text
}
