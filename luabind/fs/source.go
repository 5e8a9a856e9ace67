package fs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// chunk is how much is read between two looks at the context.
const chunk = 256 << 10

// source is the content of a file: what an open one has, and then a text. For
// one goroutine at a time; close ends it.
type source struct {
	info   info
	f      *os.File // nil: the text is all
	origin string   // the path of f on the disk
	text   string
}

func textSource(text string) *source {
	return &source{info: info{typ: typeFile, size: int64(len(text))}, text: text}
}

// with is s and then more; the two share the file.
func (s *source) with(more string) *source {
	cp := *s
	cp.text += more
	cp.info.size += int64(len(more))
	return &cp
}

func (s *source) close() {
	if s != nil && s.f != nil {
		_ = s.f.Close()
	}
}

// open opens a regular file; what is none is refused before it is opened, since
// to open a device may already do something.
func (v *view) open(real string) (*source, error) {
	e, disk, err := v.find(real)
	if err != nil {
		return nil, err
	}
	s := &source{origin: disk}
	if e != nil {
		s.origin, s.text = e.origin, e.text
		if e.unknown != "" {
			return nil, &unknownError{e.unknown}
		}
		if err := e.info.regular(); err != nil {
			return nil, err
		}
	}
	if s.origin != "" {
		if s.f, s.info, err = openDisk(s.origin); err != nil {
			return nil, err
		}
	}
	if e != nil {
		s.info = e.info
	}
	return s, nil
}

func openDisk(disk string) (*os.File, info, error) {
	in, err := statAt(unix.AT_FDCWD, disk)
	if err == nil {
		err = in.regular()
	}
	if err != nil {
		return nil, in, err
	}
	fd, err := openReal(disk, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, in, err
	}
	if in, err = statFd(fd); err == nil {
		err = in.regular()
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, in, err
	}
	return os.NewFile(uintptr(fd), disk), in, nil
}

// reader reads from an offset on.
func (s *source) reader(ctx context.Context, offset int64) (io.Reader, error) {
	text := s.text
	if s.f == nil {
		return strings.NewReader(text[min(offset, int64(len(text))):]), nil
	}
	inFile := offset
	if text != "" {
		inFile = min(offset, s.info.size-int64(len(text)))
		text = text[min(offset-inFile, int64(len(text))):]
	}
	if _, err := s.f.Seek(inFile, io.SeekStart); err != nil {
		if inFile > s.info.size && errors.Is(err, unix.EINVAL) { // farther than files go
			return strings.NewReader(text), nil
		}
		return nil, err
	}
	return &watched{ctx, io.MultiReader(s.f, strings.NewReader(text))}, nil
}

// watched is a reader that ends with its context.
type watched struct {
	ctx context.Context
	r   io.Reader
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}

// copyTo writes the whole content.
func (s *source) copyTo(ctx context.Context, w io.Writer) error {
	if s.f == nil {
		_, err := io.WriteString(w, s.text)
		return err
	}
	r, err := s.reader(ctx, 0)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, chunk))
	return err
}

// readAt reads at an offset from the start.
func (s *source) readAt(p []byte, off int64) (int, error) {
	inFile := s.info.size - int64(len(s.text))
	n := 0
	if off < inFile {
		var err error
		if n, err = s.f.ReadAt(p[:min(int64(len(p)), inFile-off)], off); err != nil {
			return n, err
		}
	}
	if n < len(p) {
		n += copy(p[n:], s.text[off+int64(n)-inFile:])
	}
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// read gives the content from an offset on; ok is false where it is more than limit.
func (s *source) read(ctx context.Context, offset, limit int64) (text string, ok bool, err error) {
	r, err := s.reader(ctx, offset)
	if err != nil {
		return "", false, err
	}
	want := max(s.info.size-offset, 0)
	if want > limit {
		return "", false, nil
	}
	var b strings.Builder
	b.Grow(int(min(want, readMax))) // a file with holes may claim any size
	buf := make([]byte, max(min(want+1, chunk), 4096))
	for {
		n, err := r.Read(buf)
		if int64(b.Len()+n) > limit {
			return "", false, nil
		}
		b.Write(buf[:n])
		if err == io.EOF {
			return b.String(), true, nil
		}
		if err != nil {
			return "", false, err
		}
	}
}

// same compares two contents. Their sizes are no help: those of files of the
// kernel are wrong.
func same(ctx context.Context, a, b *source) (bool, error) {
	if a.f != nil && a.f == b.f {
		return a.text == b.text, nil
	}
	ra, err := a.reader(ctx, 0)
	if err != nil {
		return false, err
	}
	rb, err := b.reader(ctx, 0)
	if err != nil {
		return false, err
	}
	size := max(min(max(a.info.size, b.info.size), chunk), 4096)
	bufA, bufB := make([]byte, size), make([]byte, size)
	for {
		n, err := fill(ra, bufA)
		m, err2 := fill(rb, bufB)
		if err != nil {
			return false, err
		}
		if err2 != nil {
			return false, err2
		}
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return false, nil
		}
		if n < len(bufA) {
			return true, nil
		}
	}
}

// fill reads until the buffer is full or the end.
func fill(r io.Reader, buf []byte) (int, error) {
	n, err := io.ReadFull(r, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}
