package fs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"opslua/internal/units"
	"opslua/luabind"
)

// readMax is how much is read at once unless the script says otherwise.
const readMax = 64 << 20

func read(c *luabind.Call) error {
	var path string
	var offset int64
	var length luabind.Opt[luabind.Size]
	limit := luabind.Size(readMax)
	if err := c.Unpack("path", &path, "max?", &limit, "offset?", &offset, "length?", &length); err != nil {
		return err
	}
	part := int64(-1)
	if length.Set && !length.Off {
		part = int64(length.V)
	}
	if offset < 0 {
		return c.Usage("offset", "got %d, want a whole number of bytes from 0", offset)
	}
	return reading(c, path, func(ctx context.Context, t *target) (string, error) {
		return readPart(ctx, t, offset, part, int64(limit))
	})
}

// reading is a call that reads a file and returns what f makes of it.
func reading[T any](c *luabind.Call, path string, f func(context.Context, *target) (T, error)) error {
	t, err := locate(c, "path", path, true)
	if err != nil {
		return err
	}
	if err := t.mayRead(); err != nil {
		return err
	}
	v, err := wait(c, func(ctx context.Context) (T, error) { return f(ctx, t) }, nil)
	if err != nil {
		return t.failed(err, "")
	}
	return c.Return(v)
}

// readPart reads from an offset on: all that follows, or at most length bytes of
// it where that is not negative, of a file that may be growing.
func readPart(ctx context.Context, t *target, offset, length, limit int64) (string, error) {
	if length < 0 {
		text, _, err := readAll(ctx, t.v, t.real, offset, limit)
		return text, err
	}
	if length > limit {
		return "", tooMuch(limit)
	}
	s, err := t.v.open(t.real)
	if err != nil {
		return "", err
	}
	defer s.close()
	r, err := s.reader(ctx, offset)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	_, err = io.Copy(&b, io.LimitReader(r, length))
	return b.String(), err
}

// readAll reads a file from an offset on, and says what it was.
func readAll(ctx context.Context, v *view, real string, offset, limit int64) (string, info, error) {
	s, err := v.open(real)
	if err != nil {
		return "", info{}, err
	}
	defer s.close()
	text, ok, err := s.read(ctx, offset, limit)
	if err == nil && !ok {
		err = tooMuch(limit)
	}
	return text, s.info, err
}

func tooMuch(limit int64) error {
	return refuse("more than " + units.FormatBytes(limit) + " to read; max = sets another limit")
}

func hash(c *luabind.Call) error {
	var path string
	if err := c.Unpack("path", &path); err != nil {
		return err
	}
	return reading(c, path, func(ctx context.Context, t *target) (string, error) {
		s, err := t.v.open(t.real)
		if err != nil {
			return "", err
		}
		defer s.close()
		h := sha256.New()
		if err := s.copyTo(ctx, h); err != nil {
			return "", err
		}
		return hex.EncodeToString(h.Sum(nil)), nil
	})
}

func tail(c *luabind.Call) error {
	var path string
	n := int64(10)
	limit := luabind.Size(readMax)
	if err := c.Unpack("path", &path, "[n]", &n, "max?", &limit); err != nil {
		return err
	}
	if n < 0 {
		return c.Usage("n", "got %d, want a whole number of lines from 0", n)
	}
	return reading(c, path, func(ctx context.Context, t *target) ([]string, error) {
		s, err := t.v.open(t.real)
		if err != nil {
			return nil, err
		}
		defer s.close()
		return lastLines(ctx, s, n, int64(limit))
	})
}

// lastLines reads from the end, block by block, as far as it has to.
func lastLines(ctx context.Context, s *source, n, limit int64) ([]string, error) {
	if n == 0 {
		return nil, nil
	}
	whole := false
	const tries = 3
	for range tries {
		if whole || s.info.size == 0 {
			text, ok, err := s.read(ctx, 0, limit)
			if err == nil && !ok {
				err = tooMuch(limit)
			}
			return cutLines([]byte(text), n), err
		}
		end, err := lastBlocks(ctx, s, n, limit)
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			return cutLines(end, n), err
		}
		// It was cut off while it was read, or is a file of the kernel, whose size
		// says nothing: 0 in /proc, a page in /sys.
		now, err := statFd(int(s.f.Fd()))
		if err != nil {
			return nil, err
		}
		size := now.size + int64(len(s.text))
		whole = size == s.info.size
		s.info.size = size
	}
	return nil, refuse("it keeps shrinking while it is read")
}

const tailBlock = 64 << 10

// lastBlocks gives the end of the content that has at least n lines.
func lastBlocks(ctx context.Context, s *source, n, limit int64) ([]byte, error) {
	var blocks [][]byte
	var have int64
	newlines := int64(0)
	for pos := s.info.size; pos > 0 && newlines <= n; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if have >= limit {
			return nil, tooMuch(limit)
		}
		size := min(pos, tailBlock, limit-have)
		pos -= size
		block := make([]byte, size)
		if _, err := s.readAt(block, pos); err != nil {
			return nil, err
		}
		newlines += int64(bytes.Count(block, []byte{'\n'}))
		blocks = append(blocks, block)
		have += size
	}
	slices.Reverse(blocks)
	return bytes.Join(blocks, nil), nil
}

// cutLines gives the last n lines; a last newline opens no line.
func cutLines(text []byte, n int64) []string {
	if len(text) == 0 || n <= 0 {
		return nil
	}
	text = bytes.TrimSuffix(text, []byte{'\n'})
	from := len(text)
	for ; n > 0 && from >= 0; n-- {
		from = bytes.LastIndexByte(text[:from], '\n')
	}
	var out []string
	for _, line := range bytes.Split(text[from+1:], []byte{'\n'}) {
		out = append(out, string(bytes.TrimSuffix(line, []byte{'\r'})))
	}
	return out
}
