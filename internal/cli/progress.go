package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/width"

	"opslua/internal/escape"
	"opslua/internal/mask"
	"opslua/internal/supervise"
	"opslua/luabind"
)

const (
	progressAfter = 500 * time.Millisecond // what ends before shows none
	progressEvery = 100 * time.Millisecond
	mostWorks     = 4 // that are named; the others are counted
)

// progress is the line at the bottom of a terminal that says how far long work
// has got. It lives as long as a run and is safe for concurrent use; a nil one
// shows nothing. Whoever else writes to the terminal does it within writing or
// pause. It never waits for a terminal that takes nothing, such as a stopped one.
type progress struct {
	mu      sync.Mutex
	f       *os.File
	began   time.Time
	works   []luabind.Progress // under way, in the order in which they began
	shown   bool
	midline bool // what was written last did not end its line
	paused  int  // others that have the terminal
	closed  bool
	stop    chan struct{}
}

// newProgress shows progress where a person looks at standard error, on a
// terminal that can take a line back.
func newProgress(env Env, quiet bool) *progress {
	f := env.Stderr
	if quiet || f == nil || !isTerminal(f) || variable(env.Environ, "TERM") == "dumb" {
		return nil
	}
	p := &progress{f: f, began: time.Now(), stop: make(chan struct{})}
	go p.run()
	return p
}

func (p *progress) run() {
	beat := time.NewTicker(progressEvery)
	defer beat.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-beat.C:
			p.draw()
		}
	}
}

// tell takes what the run says.
func (p *progress) tell(w luabind.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.works {
		if p.works[i].ID != w.ID {
			continue
		}
		if w.Over {
			p.works = append(p.works[:i], p.works[i+1:]...)
			if len(p.works) == 0 {
				p.erase()
			}
		} else {
			p.works[i] = w
		}
		return
	}
	if !w.Over {
		p.works = append(p.works, w)
	}
}

// command shows a command as long as it runs: until the function that it gives
// is called.
func (p *progress) command(c *luabind.Command, m *mask.Mask) (ended func()) {
	if p == nil || c.Detach {
		return func() {}
	}
	label := c.Label
	if label == "" {
		label = beginning(supervise.Quote(c.Argv))
	}
	w := luabind.Progress{ID: c, Label: m.String(label)}
	p.tell(w)
	return func() { w.Over = true; p.tell(w) }
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused > 0 || p.midline || p.closed || len(p.works) == 0 || time.Since(p.began) < progressAfter || !writable(p.f, 0) {
		return
	}
	var parts []string
	for _, w := range p.works[:min(len(p.works), mostWorks)] {
		parts = append(parts, progressText(w))
	}
	if more := len(p.works) - mostWorks; more > 0 {
		parts = append(parts, strconv.Itoa(more)+" more")
	}
	width := columns(p.f)
	if width <= 0 {
		width = 80
	}
	line := cutWidth(escape.String(strings.Join(parts, " · ")), width-1)
	_, _ = io.WriteString(p.f, "\r"+line+"\x1b[K")
	p.shown = true
}

// progressText is one piece of work: "checks 3/12 disk".
func progressText(w luabind.Progress) string {
	text := w.Label
	switch {
	case w.Total > 0:
		text += " " + strconv.Itoa(w.Done) + "/" + strconv.Itoa(w.Total)
	case w.Done > 0:
		text += " " + strconv.Itoa(w.Done)
	}
	if w.Note != "" {
		text += " " + w.Note
	}
	return text
}

func (p *progress) erase() {
	if p.shown && writable(p.f, 0) {
		p.shown = false
		_, _ = io.WriteString(p.f, "\r\x1b[K")
	}
}

// pause leaves the terminal to somebody else until the function that it gives
// is called.
func (p *progress) pause() (resume func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.paused++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.paused--
	}
}

// writing is pause for who writes b: a line that is left open is not drawn over.
func (p *progress) writing(b []byte) (written func()) {
	resume := p.pause()
	if len(b) > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.midline = b[len(b)-1] != '\n'
	}
	return resume
}

// close ends the line for good.
func (p *progress) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	close(p.stop)
	p.erase()
	p.works = nil
}

// aside writes to the terminal of the progress line: standard error.
type aside struct {
	f *os.File
	p *progress
}

func (a *aside) Write(b []byte) (int, error) {
	defer a.p.writing(b)()
	return a.f.Write(b)
}

// cutWidth is the start of a line that fits into so many columns.
func cutWidth(s string, columns int) string {
	used := 0
	for i, r := range s {
		used++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			used++
		}
		if used > columns {
			return s[:i]
		}
	}
	return s
}
