package cli

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opslua/internal/escape"
	"opslua/luabind"
)

// longestLine bounds an error on the terminal: a script may raise megabytes.
const longestLine = 16 << 10

// term prints for a person, on standard error. It belongs to one goroutine.
type term struct {
	f     *os.File
	color bool
	// allowed says that the environment does not ask for no colour, forced that
	// --color decides.
	allowed, forced bool
	// journal says that systemd reads line by line, and wants their priorities.
	journal bool
	until   time.Time // when a reader that does not read is given up; zero: never
}

func newTerm(env Env) *term {
	noColor := slices.ContainsFunc(env.Environ, func(kv string) bool {
		return strings.HasPrefix(kv, "NO_COLOR=") && kv != "NO_COLOR=" || kv == "TERM=dumb"
	})
	return &term{f: env.Stderr, color: !noColor && isTerminal(env.Stderr), allowed: !noColor,
		journal: underJournal(env.Environ, env.Stderr)}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (t *term) setColor(when string) error {
	switch when {
	case "auto":
	case "always":
		t.color, t.forced = true, true
	case "never":
		t.color, t.forced = false, true
	default:
		return usagef(colorWants, when)
	}
	return nil
}

// The priorities of the journal, as sd-daemon(3) names them.
const (
	priorityError  = "<3>"
	priorityNotice = "<5>"
)

// line prints an error: one line, escaped whatever it holds.
func (t *term) line(place, text string) { t.print(priorityError, place, text) }

// notice prints what is no error.
func (t *term) notice(text string) { t.print(priorityNotice, "opslua", text) }

func (t *term) print(priority, place, text string) {
	const bold, red, plain = "\x1b[1m", "\x1b[31m", "\x1b[0m"
	text = cut(text)
	place, text = escape.String(place)+": ", escape.String(text)
	if t.color {
		place, text = bold+place+plain, red+text+plain
	}
	if t.journal {
		place = priority + place
	}
	t.write(place + text + "\n")
}

// colorStdout says whether the report on standard output is coloured.
func (p *program) colorStdout() bool {
	if p.term.forced {
		return p.term.color
	}
	return p.term.allowed && isTerminal(p.env.Stdout)
}

// at prints an error whose text begins with its place.
func (t *term) at(script string, line int, text string) {
	place := script
	if line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	t.line(place, strings.TrimPrefix(text, place+": "))
}

func cut(text string) string {
	if len(text) <= longestLine {
		return text
	}
	return strings.ToValidUTF8(text[:longestLine], "") + cutText(len(text)-longestLine)
}

// block prints several lines, such as a traceback.
func (t *term) block(text string) { t.write(escape.Text(strings.TrimRight(text, "\n")) + "\n") }

// write does not wait for a reader that has stopped reading, once the run's
// time is over. A standard error that cannot be written has nowhere to say so.
func (t *term) write(s string) {
	for s != "" {
		piece := s
		if !t.until.IsZero() {
			// What poll calls writable takes at least so much without waiting.
			const atOnce = 4096
			piece = s[:min(len(s), atOnce)]
			if !writable(t.f, max(0, time.Until(t.until))) {
				return
			}
		}
		n, err := t.f.WriteString(piece)
		if err != nil {
			return
		}
		s = s[n:]
	}
}

func writable(f *os.File, wait time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLOUT}}
	for end := time.Now().Add(wait); ; {
		n, err := unix.Poll(fds, int(max(0, time.Until(end)).Milliseconds()))
		if err != unix.EINTR {
			return n > 0 && err == nil
		}
	}
}

// report prints an error and gives its exit code.
func (p *program) report(err error) int {
	code := exitCode(err)
	if code == codeClosed {
		return code // nobody reads any more
	}
	for _, e := range separate(err) {
		p.reportOne(e)
	}
	return code
}

// separate takes joined errors apart: each is a line.
func separate(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, separate(e)...)
		}
		return out
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func (p *program) reportOne(err error) {
	var (
		exit   *luabind.ExitError
		script *luabind.ScriptError
		load   *luabind.LoadError
		crash  *panicError
		stop   *stopError
		told   *verdict
	)
	switch {
	case errors.As(err, &exit), errors.As(err, &told):
	case errors.As(err, &script):
		p.reportScript(script)
	case errors.As(err, &load):
		p.term.at(load.Script, load.Line, load.Error())
	case errors.As(err, &stop) && stop.script != "":
		p.term.at(stop.script, 0, stop.msg)
	default:
		p.term.line("opslua", err.Error())
	}
	if errors.As(err, &crash) && p.set.trace {
		p.term.block(string(crash.stack))
	}
}

func (p *program) reportScript(err *luabind.ScriptError) {
	p.term.at(err.Script, err.Line, err.Error())
	if trace := err.Backtrace(); p.set.trace && trace != "" {
		p.term.block(trace)
	}
}

// print writes a result of opslua itself to standard output.
func (p *program) print(s string) error {
	if _, err := p.env.Stdout.WriteString(s); err != nil {
		return asOutputError(err)
	}
	return nil
}
