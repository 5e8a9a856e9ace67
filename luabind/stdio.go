package luabind

import (
	"io"
	"os"
	"reflect"
	"sync"
)

// lockedWriter lets a script and the commands that write for it share a writer
// of the embedder's, such as a bytes.Buffer. It is safe for concurrent use.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// lockStdio puts locks in front of what are no files; one and the same writer
// gets one lock.
func lockStdio(out, errw io.Writer) (io.Writer, io.Writer) {
	if out != nil && reflect.TypeOf(out).Comparable() && out == errw {
		both := locked(out)
		return both, both
	}
	return locked(out), locked(errw)
}

func locked(w io.Writer) io.Writer {
	switch w.(type) {
	case nil:
		return io.Discard
	case *os.File: // a command gets the file itself
		return w
	}
	return &lockedWriter{w: w}
}
