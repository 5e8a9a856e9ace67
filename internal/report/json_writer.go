package report

import (
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// jsonWriter writes JSON in the order in which it is called. It lives for one
// document and is for one goroutine. After an error of the writer below it goes
// on in vain; end gives the error. Without a writer below all stays in buf.
type jsonWriter struct {
	w    io.Writer
	buf  []byte
	need bool // a comma stands before the next key or value
	err  error
}

const jsonChunk = 64 << 10

func (j *jsonWriter) open(ch byte) {
	j.separate()
	j.buf = append(j.buf, ch)
	j.need = false
}

func (j *jsonWriter) close(ch byte) {
	j.buf = append(j.buf, ch)
	j.need = true
	if len(j.buf) >= jsonChunk && j.w != nil {
		j.flush()
	}
}

func (j *jsonWriter) separate() {
	if j.need {
		j.buf = append(j.buf, ',')
	}
	j.need = true
}

func (j *jsonWriter) key(k string) {
	j.str(k)
	j.buf = append(j.buf, ':')
	j.need = false
}

func (j *jsonWriter) raw(s string) {
	j.separate()
	j.buf = append(j.buf, s...)
}

func (j *jsonWriter) str(s string) {
	j.separate()
	j.buf = appendJSON(j.buf, s)
}

// num writes a number; what is none, which JSON cannot hold, is null.
func (j *jsonWriter) num(f float64) {
	j.separate()
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		j.buf = append(j.buf, "null"...)
	case math.Abs(f) < 1e15:
		j.buf = strconv.AppendFloat(j.buf, f+0, 'f', -1, 64)
	default:
		j.buf = strconv.AppendFloat(j.buf, f, 'e', -1, 64)
	}
}

func (j *jsonWriter) integer(n int64) {
	j.separate()
	j.buf = strconv.AppendInt(j.buf, n, 10)
}

// The fields of an object: a name and a value.

func (j *jsonWriter) field(k, s string)            { j.key(k); j.str(s) }
func (j *jsonWriter) fieldNum(k string, f float64) { j.key(k); j.num(f) }
func (j *jsonWriter) fieldInt(k string, n int64)   { j.key(k); j.integer(n) }
func (j *jsonWriter) fieldBool(k string, b bool)   { j.key(k); j.raw(strconv.FormatBool(b)) }

// fieldOrNull writes null where there is no text.
func (j *jsonWriter) fieldOrNull(k, s string) {
	j.key(k)
	if s == "" {
		j.raw("null")
		return
	}
	j.str(s)
}

func (j *jsonWriter) fieldStrings(k string, list []string) {
	j.key(k)
	items(j, list, j.str)
}

// line ends a document.
func (j *jsonWriter) line() {
	j.buf = append(j.buf, '\n')
	j.need = false
}

func (j *jsonWriter) flush() {
	if j.err == nil && len(j.buf) > 0 {
		_, j.err = j.w.Write(j.buf)
	}
	j.buf = j.buf[:0]
}

func (j *jsonWriter) end() error {
	j.flush()
	return j.err
}

// list writes a list of objects, given by their fields.
func list[T any](j *jsonWriter, items []T, fields func(*jsonWriter, *T)) {
	j.open('[')
	for i := range items {
		j.open('{')
		fields(j, &items[i])
		j.close('}')
	}
	j.close(']')
}

// appendJSON writes a text as JSON; a byte that is not UTF-8 becomes \udcXX.
// DEL, C1 and the line separators, which a terminal or a parser of JavaScript
// may take for more than text, are escaped too.
func appendJSON(out []byte, s string) []byte {
	out = append(out, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= ' ' && b < 0x7f && b != '"' && b != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		broken := r == utf8.RuneError && size == 1
		if b >= utf8.RuneSelf && !broken && !jsonEscapes(r) {
			i += size
			continue
		}
		out = append(out, s[start:i]...)
		switch {
		case broken:
			out = appendHex(out, 0xdc00|rune(b))
		case r == '"' || r == '\\':
			out = append(out, '\\', b)
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\t':
			out = append(out, '\\', 't')
		case r == '\r':
			out = append(out, '\\', 'r')
		default:
			out = appendHex(out, r)
		}
		i += size
		start = i
	}
	return append(append(out, s[start:]...), '"')
}

// jsonEscapes knows what JSON may hold and a terminal should not see: the
// characters that the package escape knows.
func jsonEscapes(r rune) bool {
	switch {
	case r < 0xa0:
		return true
	case r == 0x61c, r == 0x200e, r == 0x200f:
		return true
	}
	return r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// appendHex writes a character below U+10000 by its number.
func appendHex(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
