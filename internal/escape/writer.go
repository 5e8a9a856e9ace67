package escape

import (
	"io"
	"unicode/utf8"
)

// The most that is escaped at a time; it bounds the buffer, which holds at most
// four times as much.
const chunk = 16 << 10

// Writer escapes live output, as Text does, on its way to another writer. It is
// for one goroutine; it lives until Close, which leaves the other writer open.
// Text may come in any pieces: a character that is split between two writes
// waits, at most three bytes of it, for the rest. All else goes on at once.
type Writer struct {
	w      io.Writer
	held   [utf8.UTFMax]byte // the beginning of a character
	nheld  int
	buf    []byte
	err    error
	closed bool
}

// NewWriter makes a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write escapes p. It returns how much of p has gone on or is held; after an
// error of the other writer every further call gives that error.
func (w *Writer) Write(p []byte) (int, error) {
	if w.closed && w.err == nil {
		w.err = io.ErrClosedPipe
	}
	n := 0
	for w.err == nil && w.nheld > 0 && n < len(p) {
		w.held[w.nheld] = p[n]
		w.nheld++
		n++
		w.release(false)
	}
	for w.err == nil && n < len(p) {
		part := p[n:min(n+chunk, len(p))]
		whole := len(part) - partial(part)
		w.put(part[:whole])
		if w.err != nil {
			break
		}
		w.nheld = copy(w.held[:], part[whole:])
		n += len(part)
		if w.nheld > 0 && n < len(p) { // the end of a chunk, not of p
			n -= w.nheld
			w.nheld = 0
		}
	}
	return n, w.err
}

// Flush writes what is held; the beginning of a character without its end is
// bytes that are not UTF-8.
func (w *Writer) Flush() error {
	w.release(true)
	return w.err
}

// Close flushes. The writer below stays open.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	return w.Flush()
}

// release lets go of what is held, as far as more bytes cannot change it.
func (w *Writer) release(all bool) {
	if w.err != nil || w.nheld == 0 {
		return
	}
	held := w.held[:w.nheld]
	stay := 0
	if !all {
		stay = partial(held)
	}
	w.put(held[:w.nheld-stay])
	copy(w.held[:], held[w.nheld-stay:])
	w.nheld = stay
}

func (w *Writer) put(p []byte) {
	if len(p) == 0 {
		return
	}
	out := p
	if i := next(p, 0, true); i < len(p) {
		w.buf = escape(w.buf[:0], p, i, true)
		out = w.buf
	}
	n, err := w.w.Write(out)
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}
	w.err = err
}

// partial is the number of bytes at the end of p that begin a character and are
// not all of it.
func partial(p []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		tail := p[len(p)-back:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return back
		}
	}
	return 0
}
