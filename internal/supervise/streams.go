package supervise

import (
	"io"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// plumbing are the descriptors of one run on both of its sides. It belongs to
// the goroutine of Run.
type plumbing struct {
	child [3]int     // what the child has as 0, 1 and 2
	mine  []int      // to be closed here once the child has them
	out   [2]*stream // what is read here; nil for the others
	feed  *feed
	pump  *pump
	files []*os.File // kept alive until the child has started
}

// open opens all that c asks for. On an error nothing stays open.
func (s *Supervisor) open(c *Cmd) (*plumbing, error) {
	p := &plumbing{}
	err := p.input(s, &c.Stdin)
	if err == nil {
		err = p.output(s, c, 0, &c.Stdout)
	}
	switch {
	case err != nil:
	case c.Merge:
		p.child[2] = p.child[1]
	case c.Stderr.File != "" && c.Stderr.File == c.Stdout.File:
		// One open file has one offset: the two do not overwrite each other.
		p.child[2] = p.child[1]
	default:
		err = p.output(s, c, 1, &c.Stderr)
	}
	if err != nil {
		p.closeAll()
		return nil, err
	}
	return p, nil
}

func (p *plumbing) started() {
	for _, fd := range p.mine {
		closefd(fd)
	}
	p.mine, p.files = nil, nil
}

func (p *plumbing) closeAll() {
	p.started()
	for _, o := range p.out {
		if o != nil {
			o.close()
		}
	}
	if p.feed != nil {
		p.feed.close()
	}
	if p.pump != nil {
		_ = p.pump.w.Close()
	}
}

func (p *plumbing) give(n int, f *os.File) {
	p.child[n] = int(f.Fd())
	p.files = append(p.files, f)
}

func (p *plumbing) giveNull(s *Supervisor, n int) error {
	null, err := s.null()
	if err != nil {
		return fileError("open", os.DevNull, err)
	}
	p.give(n, null)
	return nil
}

func (p *plumbing) pipe() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, &Error{Kind: KindResource, Op: "pipe", Name: "a stream", Err: err}
	}
	return fds[0], fds[1], nil
}

func (p *plumbing) input(s *Supervisor, in *Input) error {
	switch {
	case in.Fd != nil:
		p.give(0, in.Fd)
		return nil
	case in.Inherit && s.opts.Stdin != nil:
		p.give(0, s.opts.Stdin)
		return nil
	case in.File != "":
		fd, err := openFile(in.File, unix.O_RDONLY)
		if err != nil {
			return err
		}
		p.child[0] = fd
		p.mine = append(p.mine, fd)
		return nil
	case in.Text == "" && in.Reader == nil:
		return p.giveNull(s, 0)
	}
	if f, ok := in.Reader.(*os.File); ok && f != nil {
		p.give(0, f)
		return nil
	}
	r, w, err := p.pipe()
	if err != nil {
		return err
	}
	p.child[0] = r
	p.mine = append(p.mine, r)
	if err := unix.SetNonblock(w, true); err != nil {
		closefd(w)
		return &Error{Kind: KindFile, Op: "pipe", Name: "standard input", Err: err}
	}
	if in.Reader != nil {
		p.pump = &pump{w: os.NewFile(uintptr(w), "|"), r: in.Reader}
		return nil
	}
	p.feed = &feed{fd: w, rest: in.Text}
	// What fits into the pipe needs no turn of the loop.
	return p.feed.write()
}

func (p *plumbing) output(s *Supervisor, c *Cmd, n int, o *Output) error {
	switch {
	case o.Fd != nil:
		p.give(n+1, o.Fd)
		return nil
	case o.File != "":
		flags := unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC
		if o.Append {
			flags = unix.O_WRONLY | unix.O_CREAT | unix.O_APPEND
		}
		fd, err := openFile(o.File, flags)
		if err != nil {
			return err
		}
		p.child[n+1] = fd
		p.mine = append(p.mine, fd)
		return nil
	case o.Inherit:
		w := s.opts.Stdout
		if n == 1 {
			w = s.opts.Stderr
		}
		if f, ok := file(w); ok {
			p.give(n+1, f)
			return nil
		}
		if w == nil || c.Detach {
			return p.giveNull(s, n+1)
		}
		return p.listen(n, &stream{sink: &through{}, tee: w})
	case o.Discard || c.Detach:
		if o.Tee != nil && !c.Detach {
			return p.listen(n, &stream{sink: &through{}, tee: o.Tee})
		}
		return p.giveNull(s, n+1)
	case o.Line != nil:
		return p.listen(n, &stream{sink: &lines{call: o.Line}, tee: o.Tee})
	}
	return p.listen(n, &stream{sink: newCapture(c), tee: o.Tee})
}

func (p *plumbing) listen(n int, s *stream) error {
	r, w, err := p.pipe()
	if err != nil {
		return err
	}
	s.fd = r
	p.out[n] = s
	p.child[n+1] = w
	p.mine = append(p.mine, w)
	return nil
}

// openFile opens without waiting: a FIFO that nobody reads is an error, not a
// hang. The child gets a descriptor that blocks, as it expects.
func openFile(path string, flags int) (int, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return -1, &Error{Kind: KindUsage, Op: "open", Name: path, Err: constError("a NUL in the name of a file")}
	}
	var fd int
	var err error
	for range 100 {
		fd, err = unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0o666)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return -1, fileError("open", path, err)
	}
	if flags&unix.O_WRONLY == 0 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			closefd(fd)
			return -1, fileError("open", path, unix.EISDIR)
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		closefd(fd)
		return -1, fileError("open", path, err)
	}
	return fd, nil
}

func fileError(op, path string, err error) *Error {
	if wrapped, ok := err.(*os.PathError); ok {
		err = wrapped.Err
	}
	e := &Error{Kind: KindFile, Op: op, Name: path, Err: err}
	switch err {
	case unix.ENOENT, unix.ENOTDIR:
		e.Kind = KindFileMissing
	case unix.EACCES, unix.EPERM, unix.EROFS:
		e.Kind = KindAccess
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
		e.Kind = KindResource
	}
	return e
}

// feed writes a text to the child as far as it reads it. It belongs to the
// goroutine of Run.
type feed struct {
	fd   int
	rest string
}

func (f *feed) write() error {
	for f.rest != "" {
		n, err := unix.Write(f.fd, unsafe.Slice(unsafe.StringData(f.rest), len(f.rest)))
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return nil
		case err == unix.EPIPE: // it has read what it wanted
			f.close()
			return nil
		case err != nil:
			f.close()
			return &Error{Kind: KindFile, Op: "write", Name: "standard input", Err: err}
		}
		f.rest = f.rest[n:]
	}
	f.close()
	return nil
}

func (f *feed) close() {
	closefd(f.fd)
	f.fd, f.rest = -1, ""
}

// pump copies a reader to the child in a goroutine of its own, the one thing
// that cannot be polled.
type pump struct {
	w *os.File
	r io.Reader
}

func (p *pump) run(failed func(error)) {
	defer p.w.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := p.r.Read(buf)
		if n > 0 {
			if _, werr := p.w.Write(buf[:n]); werr != nil {
				return // the child reads no more, or the run is over
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			failed(err)
			return
		}
	}
}
