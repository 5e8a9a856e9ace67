package json

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/internal/luatable"
	"opslua/luabind"
)

// decoder reads one document straight into Lua values. For one goroutine.
type decoder struct {
	c    *luabind.Call
	s    string
	i    int
	look int // place from which the context is asked again
	buf  bytes.Buffer
	null lua.LValue
}

func decode(c *luabind.Call) error {
	var text string
	if err := c.Unpack("text", &text); err != nil {
		return err
	}
	v, err := decodeText(c, text)
	if err != nil {
		return err
	}
	return c.Return(v)
}

// decodeText reads one JSON document; an error is of kind parse.
func decodeText(c *luabind.Call, text string) (lua.LValue, error) {
	d := &decoder{c: c, s: text, null: null(c)}
	d.space()
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.i < len(d.s) {
		return nil, d.fail("something follows the value")
	}
	return v, nil
}

func (d *decoder) fail(what string) error {
	line := 1 + strings.Count(d.s[:min(d.i, len(d.s))], "\n")
	column := d.i - strings.LastIndexByte(d.s[:min(d.i, len(d.s))], '\n')
	return luabind.Errorf(luabind.KindParse, "%s: line %d, column %d: %s", d.c.Name(), line, column, what)
}

func (d *decoder) space() {
	for d.i < len(d.s) {
		switch d.s[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

func (d *decoder) value(depth int) (lua.LValue, error) {
	if depth > maxDepth {
		return nil, d.fail("nested deeper than 1000")
	}
	if d.i >= len(d.s) {
		return nil, d.fail("the text ends too early")
	}
	if d.i >= d.look {
		d.look = d.i + lookEvery
		if err := d.c.Context().Err(); err != nil {
			return nil, err
		}
	}
	switch ch := d.s[d.i]; {
	case ch == '{':
		return d.object(depth)
	case ch == '[':
		return d.list(depth)
	case ch == '"':
		s, err := d.text()
		return lua.LString(s), err
	case ch == '-' || ch >= '0' && ch <= '9':
		return d.number()
	}
	for _, w := range []struct {
		word string
		v    lua.LValue
	}{{"true", lua.LTrue}, {"false", lua.LFalse}, {"null", d.null}} {
		if strings.HasPrefix(d.s[d.i:], w.word) {
			d.i += len(w.word)
			return w.v, nil
		}
	}
	return nil, d.fail("no JSON value begins here")
}

func (d *decoder) list(depth int) (lua.LValue, error) {
	d.i++
	d.space()
	if d.i < len(d.s) && d.s[d.i] == ']' {
		d.i++
		return d.c.NewTable("array", 0, 0), nil
	}
	t := d.c.L().NewTable()
	for {
		d.space()
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		t.Append(v)
		if more, err := d.next(']'); err != nil || !more {
			return t, err
		}
	}
}

// next takes a comma, or the end of a list or an object.
func (d *decoder) next(end byte) (more bool, err error) {
	d.space()
	if d.i >= len(d.s) {
		return false, d.fail("the text ends too early")
	}
	ch := d.s[d.i]
	if ch != ',' && ch != end {
		return false, d.fail(`want "," or "` + string(end) + `"`)
	}
	d.i++
	return ch == ',', nil
}

func (d *decoder) object(depth int) (lua.LValue, error) {
	d.i++
	t := d.c.L().NewTable()
	d.space()
	if d.i < len(d.s) && d.s[d.i] == '}' {
		d.i++
		return t, nil
	}
	for {
		d.space()
		if d.i >= len(d.s) || d.s[d.i] != '"' {
			return nil, d.fail("want a name in quotes")
		}
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.space(); d.i >= len(d.s) || d.s[d.i] != ':' {
			return nil, d.fail(`want ":"`)
		}
		d.i++
		d.space()
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		luatable.Set(d.c.L(), t, lua.LString(key), v)
		if more, err := d.next('}'); err != nil || !more {
			return t, err
		}
	}
}

// number takes the grammar of RFC 8259 and nothing else.
func (d *decoder) number() (lua.LValue, error) {
	start := d.i
	if d.s[d.i] == '-' {
		d.i++
	}
	whole := d.digits()
	if whole == 0 || whole > 1 && d.s[d.i-whole] == '0' {
		return nil, d.fail("a malformed number")
	}
	integer := true
	if d.i < len(d.s) && d.s[d.i] == '.' {
		d.i++
		integer = false
		if d.digits() == 0 {
			return nil, d.fail("a malformed number")
		}
	}
	if d.i < len(d.s) && (d.s[d.i] == 'e' || d.s[d.i] == 'E') {
		d.i++
		integer = false
		if d.i < len(d.s) && (d.s[d.i] == '+' || d.s[d.i] == '-') {
			d.i++
		}
		if d.digits() == 0 {
			return nil, d.fail("a malformed number")
		}
	}
	text := d.s[start:d.i]
	f, err := strconv.ParseFloat(text, 64)
	if integer && math.Abs(f) >= 1<<53 && text != luacode.FormatNumber(f) || integer && math.Abs(f) > 1<<53 {
		return lua.LString(text), nil
	}
	if err != nil {
		return nil, d.fail("the number " + text + " is too large")
	}
	return lua.LNumber(f), nil
}

func (d *decoder) digits() int {
	start := d.i
	for d.i < len(d.s) && d.s[d.i] >= '0' && d.s[d.i] <= '9' {
		d.i++
	}
	return d.i - start
}

// text reads a string; where it holds no escapes it is a part of the document.
func (d *decoder) text() (string, error) {
	d.i++
	start := d.i
	for d.i < len(d.s) && d.s[d.i] != '"' && d.s[d.i] != '\\' && d.s[d.i] >= ' ' {
		d.i++
	}
	if d.i < len(d.s) && d.s[d.i] == '"' {
		d.i++
		return d.s[start : d.i-1], nil
	}
	d.buf.Reset()
	d.buf.WriteString(d.s[start:d.i])
	for d.i < len(d.s) {
		switch ch := d.s[d.i]; {
		case ch == '"':
			d.i++
			return d.buf.String(), nil
		case ch == '\\':
			if err := d.escape(); err != nil {
				return "", err
			}
		case ch < ' ':
			return "", d.fail("a control character in a string")
		default:
			d.buf.WriteByte(ch)
			d.i++
		}
	}
	return "", d.fail("a string without its end")
}

func (d *decoder) escape() error {
	if d.i+1 >= len(d.s) {
		return d.fail("a string without its end")
	}
	ch := d.s[d.i+1]
	if ch == 'u' {
		return d.unicode()
	}
	k := strings.IndexByte(`"\/bfnrt`, ch)
	if k < 0 {
		return d.fail("an unknown escape")
	}
	d.buf.WriteByte("\"\\/\b\f\n\r\t"[k])
	d.i += 2
	return nil
}

// unicode reads \uXXXX, a pair of them, or the sign for a byte that is no UTF-8.
func (d *decoder) unicode() error {
	r, ok := hex4(d.s, d.i)
	if !ok {
		return d.fail(`a malformed \u escape`)
	}
	d.i += 6
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(d.s, d.i); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			d.i += 6
			d.buf.WriteRune(utf16.DecodeRune(r, low))
			return nil
		}
		if r >= 0xdc80 && r <= 0xdcff {
			d.buf.WriteByte(byte(r))
			return nil
		}
	}
	d.buf.WriteRune(r)
	return nil
}

func hex4(s string, i int) (rune, bool) {
	if i+6 > len(s) || s[i] != '\\' || s[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
	return rune(n), err == nil
}
