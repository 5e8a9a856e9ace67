package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"opslua/internal/escape"
)

const (
	// flushAt is how much is collected before it is written.
	flushAt = 64 << 10
	// flushAfter is how long something may lie unwritten: a script that prints
	// and then waits is seen by whoever reads its pipe.
	flushAfter = 50 * time.Millisecond
)

// output is standard output: it collects what is printed, and writes in order.
// It is safe for concurrent use. On a terminal every line is written at once,
// and escaped, since what a script prints may come from anywhere.
type output struct {
	mu      sync.Mutex
	file    io.Writer // as it is
	w       io.Writer // escaped on a terminal
	lines   bool
	buf     []byte
	waiting bool // a flush is due
	// writing is called before each write, to clear the line of progress, and
	// what it gives afterwards; nil: there is none.
	writing func(p []byte) (written func())
	err     error
	failed  func(error)
	abandon chan struct{} // closed: nobody waits for the reader any more
	once    sync.Once
}

// newOutput makes an output that tells failed of its first error.
func newOutput(f *os.File, terminal bool, failed func(error)) *output {
	o := &output{file: f, w: f, lines: terminal, failed: failed, abandon: make(chan struct{})}
	if terminal {
		o.w = escape.NewWriter(f)
	}
	return o
}

// Write collects p. An error is that of an earlier write, too.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	o.buf = append(o.buf, p...)
	switch {
	case len(o.buf) >= flushAt, o.lines && bytes.IndexByte(p, '\n') >= 0:
		o.flush()
	case !o.waiting:
		o.waiting = true
		time.AfterFunc(flushAfter, func() { _ = o.Flush() })
	}
	if o.err != nil {
		return 0, o.err
	}
	return len(p), nil
}

// Flush writes what was collected.
func (o *output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = false
	o.flush()
	return o.err
}

// document writes a whole text as it is, after what was collected: its maker
// has escaped what came from outside.
func (o *output) document(p []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	if o.err == nil {
		o.w, o.buf = o.file, append(o.buf, p...)
		o.flush()
	}
	return o.err
}

// flush writes on a goroutine of its own, since the reader may have stopped
// reading, and such a write cannot be interrupted.
func (o *output) flush() {
	if len(o.buf) == 0 || o.err != nil {
		return
	}
	data := o.buf
	done := make(chan error, 1)
	written := func() {}
	if o.writing != nil {
		written = o.writing(data)
	}
	go func() {
		_, err := o.w.Write(data)
		written()
		done <- err
	}()
	var err error
	select {
	case err = <-done:
		o.buf = data[:0]
	case <-o.abandon:
		err, o.buf = errAbandoned, nil // data is still the writer's
	}
	if err != nil {
		o.err = asOutputError(err)
		o.failed(o.err)
	}
}

var errAbandoned = errors.New("the reader does not read")

// giveUp ends a write that is under way, and refuses all others.
func (o *output) giveUp() { o.once.Do(func() { close(o.abandon) }) }

// asOutputError tells a reader that went away, which is no failure of the
// script, from output that is lost.
func asOutputError(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return &stopError{code: codeClosed, msg: outputText(syscall.EPIPE)}
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &outputError{err}
}
