package mask

import (
	"io"
	"sync"
)

// chunk bounds what is looked at, and written, at a time.
const chunk = 64 << 10

// Writer hides secrets in what passes through it, also those that are split
// across writes. It is safe for concurrent use; it lives as long as its owner
// likes, who flushes it at the end.
type Writer struct {
	m *Mask
	w io.Writer

	mu     sync.Mutex
	set    []*automaton // as of the last write
	nodes  []int32      // where each of them is
	held   []byte       // the end of what was written: a form may go on from it
	sent   int          // bytes at its beginning that a Flush has let go
	spans  []span       // parts of it that are hidden in any case
	inside bool         // the last byte that went on was hidden: its *** is written
	out    []byte
}

// Writer makes a writer in front of w. As long as no secret is known it passes
// everything on at once, as it came.
func (m *Mask) Writer(w io.Writer) *Writer { return &Writer{m: m, w: w} }

// Write takes p. Held back is only the longest end of what was written that is
// the beginning of a form of a secret; a Write or a Flush lets it go. The error
// is that of the writer behind, and what it did not take is lost: of p, the
// bytes that are counted went on or are held back.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renew()
	if len(w.set) == 0 {
		return w.w.Write(p)
	}
	n := 0
	for n < len(p) {
		part := p[n:min(n+chunk, len(p))]
		if err := w.pass(part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// Flush writes what was held back, which is the beginning of a form or only
// looks like one: whoever asks a person for an answer, or hands the stream to
// another writer, flushes before. If it was one, the rest of it is hidden yet.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renew()
	w.out = w.put(w.out[:0], w.held, w.sent, len(w.held), w.spans)
	w.sent = len(w.held)
	return w.send(w.out)
}

// renew notices new secrets: what is held back may be the beginning of one.
func (w *Writer) renew() {
	set := w.m.automata()
	if len(set) == 0 || len(w.set) > 0 && &set[0] == &w.set[0] {
		return
	}
	w.set, w.nodes = set, make([]int32, len(set))
	for i, a := range set {
		n, found := scan(a, 0, w.held, 0)
		w.nodes[i] = n
		w.spans = append(w.spans, found...)
	}
	w.spans = union(w.spans)
}

// pass writes what p makes certain.
func (w *Writer) pass(p []byte) error {
	spans, keep := w.spans, 0
	for i, a := range w.set {
		n, found := scan(a, w.nodes[i], p, len(w.held))
		w.nodes[i] = n
		spans = append(spans, found...)
		keep = max(keep, int(a.open[n]))
	}
	text := p
	if len(w.held) > 0 {
		w.held = append(w.held, p...)
		text = w.held
	}
	end := len(text) - keep
	if len(spans) > len(w.spans) {
		spans = union(spans)
	}
	from := min(w.sent, end)
	out := text[from:end]
	if len(spans) > 0 {
		w.out = w.put(w.out[:0], text, from, end, spans)
		out = w.out
	} else if len(out) > 0 {
		w.inside = false
	}
	err := w.send(out)
	w.held = append(w.held[:0], text[end:]...)
	w.sent = max(w.sent-end, 0)
	w.spans = behind(spans, end)
	return err
}

// put appends a part of a text to out, with its spans hidden.
func (w *Writer) put(out, text []byte, from, end int, spans []span) []byte {
	for _, x := range spans {
		if x.to <= from || x.from >= end {
			continue
		}
		if x.from > from {
			out = append(out, text[from:x.from]...)
			w.inside = false
		}
		if !w.inside {
			out = append(out, hidden...)
			w.inside = true
		}
		from = min(x.to, end)
	}
	if from < end {
		out = append(out, text[from:end]...)
		w.inside = false
	}
	return out
}

// behind are the spans from a place on, counted from there.
func behind(spans []span, at int) []span {
	out := spans[:0]
	for _, x := range spans {
		if x.to > at {
			out = append(out, span{max(x.from-at, 0), x.to - at})
		}
	}
	return out
}

func (w *Writer) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	n, err := w.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}
