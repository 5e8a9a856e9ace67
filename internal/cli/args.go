package cli

import (
	"slices"
	"strings"
)

// line is a command line in order: which command, our flags, and the words.
type line struct {
	command string
	flags   []string // "--name" or "--name=value"
	words   []string
}

// splitLine tells our flags from the script's words. Flags may stand before and
// after the file, up to "--"; a word that begins with "-" there and is no flag
// of ours is a mistake. (The library below stops at the first word.)
func splitLine(args []string) (*line, error) {
	l := &line{}
	ended := -1 // how many words stood before "--"
	help, version := false, false
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			ended = len(l.words)
			l.words = append(l.words, args...)
			args = nil
		case word == "-" || !strings.HasPrefix(word, "-"):
			l.words = append(l.words, word)
		case word == "--help" || word == "-h":
			help = true
		case word == "--version":
			version = true
		default:
			n, err := l.takeFlag(word, args)
			if err != nil {
				return nil, err
			}
			args = args[n:]
		}
	}
	l.takeCommand(ended == 0)
	switch {
	case help && (l.command == "file" || l.command == "run") && len(l.words) > 0 && l.words[0] != "-":
		*l = line{command: "help", words: []string{l.command, l.words[0]}}
	case help && l.command != "" && l.command != "help":
		*l = line{command: "help", words: []string{l.command}}
	case help:
		*l = line{command: "help"}
	case version:
		*l = line{command: "version"}
	}
	return l, l.check()
}

// takeFlag keeps a flag of ours, and says how many more arguments it has used.
func (l *line) takeFlag(word string, rest []string) (int, error) {
	name, value, has := strings.Cut(word, "=")
	f, ok := flagByName(strings.TrimPrefix(name, "--"))
	switch {
	case !ok || !strings.HasPrefix(name, "--"):
		return 0, unknownFlag(name)
	case f.value == "" && has:
		return 0, usagef(flagTakesNoValue, name)
	case f.value == "":
		l.flags = append(l.flags, name)
		return 0, nil
	case has:
		l.flags = append(l.flags, name+"="+value)
		return 0, nil
	case len(rest) == 0:
		return 0, usagef(flagWantsValue, name, f.value)
	}
	l.flags = append(l.flags, name+"="+rest[0])
	return 1, nil
}

// takeCommand finds the command: the first word, unless it is a file.
func (l *line) takeCommand(fileOnly bool) {
	if len(l.words) == 0 {
		return
	}
	first := l.words[0]
	if !fileOnly && slices.Contains(commandNames(), first) {
		l.command, l.words = first, l.words[1:]
		return
	}
	l.command = "file"
	if first == "-" {
		l.command = "run"
	}
}

// check refuses what does not fit the command.
func (l *line) check() error {
	switch l.command {
	case "run":
		if len(l.words) == 0 {
			return usagef(runWantsFile)
		}
	case "eval":
		if len(l.words) == 0 {
			return usagef(evalWantsCode)
		}
	case "version", "help":
		if len(l.flags) > 0 {
			return usagef(takesNoFlags, l.command)
		}
	}
	return nil
}

// argv is the line as the library below wants it.
func (l *line) argv() []string {
	out := []string{"opslua"}
	if l.command != "" {
		out = append(out, l.command)
	}
	return append(append(append(out, l.flags...), "--"), l.words...)
}
