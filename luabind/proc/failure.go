package proc

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"opslua/internal/proctable"
	"opslua/internal/supervise"
	"opslua/internal/units"
	"opslua/luabind"
)

const (
	maxShownCommand = 120 // bytes of a command in a message
	maxShownTail    = 240 // bytes of standard error in a message
	maxTailLines    = 3
)

// failure is the error value of an outcome that is not as wanted.
func (o *outcome) failure() *luabind.Error {
	e := &luabind.Error{Kind: o.kind(), Message: o.message(), Fields: o.fields(), Methods: textMethods(),
		Where: o.w.cmd.Where, Cause: o.err}
	if o.r != nil {
		e.Fields["forced"] = o.r.Forced
		e.Fields["survivors"] = survivorRows(o.r.Survivors)
		if e.Kind == luabind.KindTimeout || len(o.r.Evidence) > 0 {
			e.Fields["evidence"] = evidenceRows(o.r.Evidence)
		}
	}
	var se *supervise.Error
	if errors.As(o.err, &se) && se.Timeout > 0 {
		e.Fields["timeout"] = se.Timeout.Seconds()
	}
	return e
}

// message is one line: what failed, why, where, and what it said last.
func (o *outcome) message() string {
	var b strings.Builder
	if label := o.w.opts.label; label != "" {
		b.WriteString(label + ": ")
	}
	b.WriteString(shorten(supervise.Quote(o.w.shownArgv()), maxShownCommand) + ": " + o.reason())
	if o.r != nil {
		if !o.namesTime() {
			b.WriteString(" after " + took(o.r.Duration))
		}
		if o.w.opts.cwd != "" && o.kind() != luabind.KindBadCwd {
			b.WriteString(" in " + string(o.w.opts.cwd))
		}
	}
	if o.attempts > 1 {
		b.WriteString(", attempt " + strconv.Itoa(o.attempts))
	}
	if tail := o.tail(); tail != "" {
		b.WriteString(": " + tail)
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(o.w.c.Mask(b.String()))
}

// took is a time that was measured: tenths are enough where there are seconds.
func took(d time.Duration) string {
	if d >= 50*time.Millisecond && d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return units.FormatDuration(d)
}

// namesTime says that the reason has a time in it already.
func (o *outcome) namesTime() bool {
	k := o.kind()
	return k == luabind.KindTimeout || k == luabind.KindIdleTimeout
}

func (o *outcome) reason() string {
	switch k := o.kind(); {
	case k == luabind.KindExit:
		return "exit " + strconv.Itoa(o.r.Code)
	case k == luabind.KindSignal:
		return "ended by signal " + luabind.SignalName(o.r.Signal)
	}
	var e *supervise.Error
	if !errors.As(o.err, &e) {
		return o.err.Error()
	}
	switch e.Kind {
	case supervise.KindTimeout:
		if e.Timeout > 0 {
			return "no end within its timeout of " + units.FormatDuration(e.Timeout)
		}
		return "no end before the script's deadline"
	case supervise.KindIdle:
		return "no output for " + units.FormatDuration(e.Timeout)
	case supervise.KindOutputLimit:
		return "more output than " + o.outputLimit()
	case supervise.KindCancelled:
		return "interrupted"
	case supervise.KindNotFound:
		return "not found" + because(e)
	}
	return strings.ReplaceAll(string(e.Kind), "_", " ") + because(e)
}

func (o *outcome) outputLimit() string {
	if limit := o.w.cmd.MaxOutput; limit > 0 {
		return units.FormatBytes(limit)
	}
	return units.FormatBytes(64 << 20)
}

// because names the thing and the system's word for it.
func because(e *supervise.Error) string {
	text := ""
	if e.Name != "" {
		text = ": " + e.Name
	}
	var pe *fs.PathError
	switch {
	case errors.As(e.Err, &pe):
		if pe.Path != e.Name {
			text += ": " + pe.Path
		}
		return text + ": " + pe.Err.Error()
	case e.Err != nil:
		return text + ": " + e.Err.Error()
	}
	return text
}

// tail is the end of what the command said about itself.
func (o *outcome) tail() string {
	if o.r == nil {
		return ""
	}
	said := o.r.Stderr
	if o.w.cmd.Merge {
		said = o.r.Stdout
	}
	return lastLines(said)
}

// lastLines joins the last lines that are not empty, as many as are short
// enough together. Of a line that was drawn again and again, the last state counts.
func lastLines(b []byte) string {
	const window = 4 << 10
	if len(b) > window {
		b = b[len(b)-window:]
	}
	lines := strings.Split(string(b), "\n")
	out, n := "", 0
	for i := len(lines) - 1; i >= 0 && n < maxTailLines; i-- {
		line := strings.TrimRight(lines[i], "\r \t")
		line = strings.TrimSpace(line[strings.LastIndexByte(line, '\r')+1:])
		switch {
		case line == "":
			continue
		case out == "":
			out = shortenFront(line, maxShownTail)
		case len(line)+len(out)+2 > maxShownTail:
			return out
		default:
			out = line + "; " + out
		}
		n++
	}
	return out
}

// shorten keeps the beginning of a text.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// shortenFront keeps the end of a text.
func shortenFront(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := len(s) - limit
	for cut < len(s)-limit+utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut++
	}
	return "…" + s[cut:]
}

// survivorRows and evidenceRows are converted at each look: errors are rare,
// and looks at these fields rarer.
func survivorRows(procs []proctable.Proc) []any {
	rows := make([]any, 0, len(procs))
	for i := range procs {
		p := &procs[i]
		rows = append(rows, map[string]any{"pid": p.PID, "ppid": p.PPID, "name": p.Name, "state": p.State,
			"started_ticks": p.StartedTicks})
	}
	return rows
}

func evidenceRows(procs []proctable.Proc) []any {
	rows := make([]any, 0, len(procs))
	for i := range procs {
		p := &procs[i]
		row := map[string]any{"pid": p.PID, "ppid": p.PPID, "name": p.Name, "state": p.State,
			"cpu_time": p.CPUTime, "rss": p.RSS}
		if p.Wchan != "" {
			row["wchan"] = p.Wchan
		}
		rows = append(rows, row)
	}
	return rows
}

// fields are what results and errors both show, by name.
func (o *outcome) fields() map[string]any {
	f := map[string]any{}
	for _, kv := range append(o.list(), o.status()...) {
		if kv.value != nil {
			f[kv.name] = kv.value
		}
	}
	return f
}

func workingDir(o *outcome) any {
	dir := o.w.dir
	if o.r != nil && filepath.IsAbs(o.r.Dir) {
		dir = o.r.Dir
	}
	if dir == "" {
		return nil
	}
	return dir
}
