package proc

import (
	"bytes"
	"io"
	"sync"

	"opslua/internal/supervise"
)

const (
	// feedAhead is how much output of a command in the background is kept for a
	// script that is busy; then the command waits, as it would on any full pipe.
	feedAhead = 4 << 20
	feedMax   = 64 << 20
)

// feed is the output of a command in the background on its way to the script.
// Write is for the command's goroutine, take for the script's.
type feed struct {
	echo     io.Writer // live copy, or nil
	max      int64     // of what a script that does not read may pile up
	truncate bool

	mu      sync.Mutex
	buf     []byte
	room    int64 // how much buf may hold before Write waits
	lost    int64 // bytes left out, with truncate
	over    bool  // more than max, without truncate
	ended   bool
	open    bool          // nobody will read any more: Write drops
	changed chan struct{} // closed, and made anew, whenever something changed
}

func newFeed(echo io.Writer, limit int64, truncate bool) *feed {
	if limit == 0 {
		limit = feedMax
	}
	return &feed{echo: echo, max: limit, truncate: truncate, room: min(feedAhead, limit), changed: make(chan struct{})}
}

// signal wakes who waits; the caller holds mu.
func (f *feed) signal() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Write waits for room, so that the command's pipe fills up in the end.
func (f *feed) Write(p []byte) (int, error) {
	if f.echo != nil {
		_, _ = f.echo.Write(p)
	}
	n := len(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(p) > 0 && !f.open && !f.over {
		free := f.room - int64(len(f.buf))
		if free > 0 {
			k := min(int64(len(p)), free)
			f.buf, p = append(f.buf, p[:k]...), p[k:]
			f.signal()
			continue
		}
		if f.room >= f.max {
			f.overflow(len(p))
			break
		}
		wait := f.changed
		f.mu.Unlock()
		<-wait
		f.mu.Lock()
	}
	if f.open {
		f.lost += int64(len(p))
	}
	return n, nil
}

// overflow is output beyond what a script that waits may pile up.
func (f *feed) overflow(n int) {
	if f.truncate {
		f.lost += int64(n)
		return
	}
	f.over = true
	f.signal()
}

// line says to the supervisor whether to go on.
func (f *feed) line([]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return &supervise.Error{Kind: supervise.KindOutputLimit, Op: "read", Name: "output"}
	}
	return nil
}

// more lets the command go on writing although nobody reads lines: once by as
// much as a pipe of ours holds, or to the limit.
func (f *feed) more(all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := min(int64(len(f.buf))+feedAhead, f.max)
	if all {
		room = f.max
	}
	if room > f.room {
		f.room = room
		f.signal()
	}
}

// drop lets the command end: what it still writes is for nobody.
func (f *feed) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.open {
		f.open = true
		f.signal()
	}
}

func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.signal()
}

// maxLine is the longest line that is waited for; a longer one comes in pieces.
const maxLine = 1 << 20

// take gives the next line without its newline. Without one it gives a channel
// that is closed when to look again; nil says that there will be none.
func (f *feed) take() (line []byte, ok bool, wait <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	cut := bytes.IndexByte(f.buf, '\n')
	skip := 1
	switch {
	case cut > maxLine || cut < 0 && int64(len(f.buf)) >= min(maxLine, f.room):
		cut, skip = min(maxLine, len(f.buf)), 0
	case cut < 0 && f.ended && len(f.buf) > 0:
		cut, skip = len(f.buf), 0
	case cut < 0 && f.ended:
		return nil, false, nil
	case cut < 0:
		return nil, false, f.changed
	}
	line = f.buf[:cut:cut]
	f.buf = f.buf[cut+skip:]
	f.room = min(feedAhead, f.max)
	f.signal()
	return line, true, nil
}

// rest is what nobody read, for the result.
func (f *feed) rest() (b []byte, lost int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buf, f.lost
}
