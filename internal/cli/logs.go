package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"opslua/internal/mask"
	"opslua/internal/report"
	"opslua/luabind/log"
)

// logHandler is where scripts log to: JSON beside a document in JSON, lines with
// priorities where the journal reads standard error, text for a person otherwise.
func (p *program) logHandler(w io.Writer, m *mask.Mask) slog.Handler {
	o := log.Options{Form: log.Human, Level: p.set.level}
	switch {
	case p.set.format == report.JSON, p.set.format == report.JSONL:
		o.Form = log.JSON
	case underJournal(p.env.Environ, p.env.Stderr):
		o.Form = log.Journal
	}
	return log.NewHandler(&maskedLines{w, m}, o)
}

// underJournal says that standard error is the stream that systemd has named.
func underJournal(environ []string, f *os.File) bool {
	var dev, inode uint64
	if n, err := fmt.Sscanf(variable(environ, "JOURNAL_STREAM"), "%d:%d", &dev, &inode); n != 2 || err != nil {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Dev == dev && st.Ino == inode
}

// maskedLines hides secrets in lines that come whole.
type maskedLines struct {
	w io.Writer
	m *mask.Mask
}

func (l *maskedLines) Write(b []byte) (int, error) {
	if !l.m.Active() {
		return l.w.Write(b)
	}
	if _, err := io.WriteString(l.w, l.m.String(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
