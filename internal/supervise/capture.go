package supervise

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	firstRead  = 8 << 10  // the first piece of memory of a captured stream
	bigStream  = 64 << 10 // from here on a stream gets a larger pipe and larger pieces
	bigPipe    = 1 << 20
	bigPiece   = 4 << 20
	maxPiece   = 64 << 20
	maxRead    = 1 << 20
	maxLine    = 1 << 20
	defaultMax = 64 << 20
	headMax    = 4 << 20
	tailMax    = 4 << 20
)

// errOutputLimit says that a captured stream has more than it may.
var errOutputLimit error = constError("more output than max_output allows")

// sink is where a stream is read to: into the memory that space gives, at
// least one byte, of which done says how many were filled.
type sink interface {
	space() []byte
	done(n int) error
}

// stream is one output of a command that the supervisor reads. It belongs to
// the goroutine of Run.
type stream struct {
	fd    int
	total int64
	big   bool
	sink  sink
	tee   io.Writer
}

// read takes what there is, once. It never blocks after poll has said that the
// pipe is readable, since nobody else reads it.
func (s *stream) read() error {
	room := s.sink.space()
	n, err := unix.Read(s.fd, room[:min(len(room), maxRead)])
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return nil
	case err != nil:
		s.close()
		return &Error{Kind: KindFile, Op: "read", Name: "output", Err: err}
	case n <= 0:
		s.close()
		return s.end()
	}
	s.total += int64(n)
	if !s.big && s.total >= bigStream {
		s.big = true
		_, _ = unix.FcntlInt(uintptr(s.fd), unix.F_SETPIPE_SZ, bigPipe)
	}
	if s.tee != nil {
		if _, err := s.tee.Write(room[:n]); err != nil {
			s.tee = nil
			_ = s.sink.done(n)
			return &Error{Kind: KindFile, Op: "write", Name: "the copy of the output", Err: err}
		}
	}
	return s.sink.done(n)
}

// rest reads what is in the pipe now, which does not take in what somebody
// goes on writing, and says whether the end of the stream was still not there.
func (s *stream) rest() (held bool, err error) {
	left, sizeErr := unix.IoctlGetInt(s.fd, unix.TIOCINQ)
	if sizeErr != nil {
		left = 0
	}
	for end := s.total + int64(left); s.fd >= 0 && err == nil; {
		pfd := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
		n, pollErr := unix.Poll(pfd, 0)
		if pollErr == unix.EINTR {
			continue
		}
		if pollErr != nil || n == 0 || s.total >= end && pfd[0].Revents&unix.POLLIN != 0 {
			break
		}
		err = s.read()
	}
	return s.fd >= 0, err
}

func (s *stream) close() {
	closefd(s.fd)
	s.fd = -1
}

// end hands on a last line without a newline.
func (s *stream) end() error {
	if l, ok := s.sink.(*lines); ok {
		return l.end()
	}
	return nil
}

// capture keeps a stream: all of it up to limit bytes, and of a longer one
// either the first limit bytes, or with ring the first head bytes and the last
// ones after them. The memory is read into directly; what is large is kept in
// pieces and put together once, since growing one piece would copy all of it
// again and again.
type capture struct {
	full  [][]byte // the pieces before buf
	had   int      // bytes in them
	buf   []byte
	limit int
	head  int
	ring  bool
	pos   int // in ring mode, when buf is full: where the next byte goes, from head on
	lost  int64
	spare []byte
}

func newCapture(c *Cmd) *capture {
	k := &capture{ring: c.Truncate}
	const most = 1<<62 - 1
	limit := min(c.MaxOutput, most)
	switch {
	case limit <= 0 && c.Truncate:
		limit = headMax + tailMax
	case limit <= 0:
		limit = defaultMax
	}
	k.limit = int(limit)
	k.head = k.limit / 2
	return k
}

func (k *capture) space() []byte {
	if k.had+len(k.buf) < k.limit {
		if len(k.buf) == cap(k.buf) {
			k.grow()
		}
		return k.buf[len(k.buf):cap(k.buf)]
	}
	if k.ring && k.limit-k.head >= bigStream {
		return k.buf[k.head+k.pos : k.limit]
	}
	if k.spare == nil {
		k.spare = make([]byte, bigStream)
	}
	return k.spare
}

func (k *capture) grow() {
	if cap(k.buf) >= bigPiece && !k.ring {
		k.full = append(k.full, k.buf)
		k.had += len(k.buf)
		k.buf = large(min(max(k.had, bigPiece), maxPiece, k.limit-k.had))
		return
	}
	size := max(firstRead, 2*cap(k.buf))
	if cap(k.buf) >= bigStream {
		size = max(size, 4*bigPipe)
	}
	bigger := make([]byte, len(k.buf), min(size, k.limit))
	copy(bigger, k.buf)
	k.buf = bigger
}

// large makes room for n bytes that nobody has to clear first, which only
// strings.Builder offers, on large pages where the system has them: to clear
// memory, or to touch it by pages of 4 KiB, costs as much as to read it from a pipe.
func large(n int) []byte {
	const page = 2 << 20
	var room strings.Builder
	room.Grow(n)
	room.WriteByte(0)
	b := unsafe.Slice(unsafe.StringData(room.String()), n)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (page - 1))
	if size := (n - skip) &^ (page - 1); size > 0 {
		_ = unix.Madvise(b[skip:skip+size], unix.MADV_HUGEPAGE)
	}
	return b[:0]
}

func (k *capture) done(n int) error {
	switch {
	case k.had+len(k.buf) < k.limit:
		k.buf = k.buf[:len(k.buf)+n]
		return nil
	case k.ring:
		k.lost += int64(n)
		if size := k.limit - k.head; size >= bigStream {
			k.pos = (k.pos + n) % size
		} else {
			k.small(k.spare[:n])
		}
		return nil
	}
	k.lost += int64(n)
	return errOutputLimit
}

// small puts b into a ring that would make for small reads.
func (k *capture) small(b []byte) {
	tail := k.buf[k.head:]
	b = b[max(0, len(b)-len(tail)):]
	first := copy(tail[k.pos:], b)
	copy(tail, b[first:])
	if len(tail) > 0 {
		k.pos = (k.pos + len(b)) % len(tail)
	}
}

// bytes gives what was kept, the ring put in order in its place.
func (k *capture) bytes() []byte {
	if k.pos > 0 {
		tail := k.buf[k.head:]
		slices.Reverse(tail[:k.pos])
		slices.Reverse(tail[k.pos:])
		slices.Reverse(tail)
		k.pos = 0
	}
	if k.full == nil {
		return k.buf
	}
	all := large(k.had + len(k.buf))
	for _, piece := range append(k.full, k.buf) {
		all = append(all, piece...)
	}
	k.full, k.had, k.buf = nil, 0, all
	return all
}

// lines hands every line to a function.
type lines struct {
	buf  []byte
	seen int  // bytes of buf without a newline in them
	mid  bool // a piece of this line was handed on before
	call func([]byte) error
}

func (l *lines) space() []byte {
	if len(l.buf) == cap(l.buf) {
		bigger := make([]byte, len(l.buf), min(max(firstRead, 2*cap(l.buf)), maxLine))
		copy(bigger, l.buf)
		l.buf = bigger
	}
	return l.buf[len(l.buf):cap(l.buf)]
}

func (l *lines) done(n int) error {
	l.buf = l.buf[:len(l.buf)+n]
	from := 0
	for {
		i := bytes.IndexByte(l.buf[l.seen:], '\n')
		if i < 0 {
			break
		}
		end := l.seen + i
		line := l.buf[from:end]
		from, l.seen = end+1, end+1
		whole := !l.mid || len(line) > 0
		l.mid = false
		if whole {
			if err := l.call(line); err != nil {
				return l.failed(err)
			}
		}
	}
	l.buf = l.buf[:copy(l.buf, l.buf[from:])]
	l.seen = len(l.buf)
	if len(l.buf) < maxLine {
		return nil
	}
	return l.piece()
}

func (l *lines) piece() error {
	piece := l.buf
	l.buf, l.seen, l.mid = l.buf[:0], 0, true
	if err := l.call(piece); err != nil {
		return l.failed(err)
	}
	return nil
}

func (l *lines) end() error {
	if len(l.buf) == 0 {
		return nil
	}
	return l.piece()
}

// failed lets the rest of the output go by.
func (l *lines) failed(err error) error {
	l.call = func([]byte) error { return nil }
	l.buf, l.seen = l.buf[:0], 0
	return &Error{Kind: KindCallback, Op: "line", Name: "output", Err: err}
}

// through keeps nothing: the bytes go to the tee of the stream only.
type through struct{ buf []byte }

func (t *through) space() []byte {
	if t.buf == nil {
		t.buf = make([]byte, bigStream)
	}
	return t.buf
}

func (*through) done(int) error { return nil }

// file gives w as a file that a child can have.
func file(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && f != nil
}
