package luacode

import (
	"strings"
)

// quoted reads a string in quotes and gives its value.
func (x *lexer) quoted(quote byte) string {
	start := x.pos
	x.pos++
	var b strings.Builder
	for {
		if x.pos >= len(x.src) {
			x.unfinished("unfinished string")
		}
		c := x.src[x.pos]
		switch c {
		case quote:
			x.pos++
			return b.String()
		case '\n', '\r':
			x.failNear("unfinished string", x.src[start:x.pos])
		case '\\':
			x.pos++
			x.escape(&b, start)
		default:
			b.WriteByte(c)
			x.pos++
		}
	}
}

func (x *lexer) escape(b *strings.Builder, start int) {
	if x.pos >= len(x.src) {
		x.unfinished("unfinished string")
	}
	c := x.src[x.pos]
	switch {
	case c == '\n' || c == '\r':
		x.newline()
		b.WriteByte('\n')
		return
	case isDigit(c):
		x.decimal(b, start)
		return
	}
	x.pos++
	if i := strings.IndexByte("abfnrtv", c); i >= 0 {
		c = "\a\b\f\n\r\t\v"[i]
	}
	b.WriteByte(c)
}

func (x *lexer) decimal(b *strings.Builder, start int) {
	v := 0
	for i := 0; i < 3 && isDigit(x.peek(0)); i++ {
		v = 10*v + int(x.src[x.pos]-'0')
		x.pos++
	}
	if v > 255 {
		x.failNear("escape sequence too large", x.src[start:x.pos])
	}
	b.WriteByte(byte(v))
}
