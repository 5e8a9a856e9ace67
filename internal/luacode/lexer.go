package luacode

import (
	"strings"
)

type kind uint8

const (
	tEOF kind = iota
	tName
	tNumber
	tString
	tOp      // text is the operator or the bracket
	tKeyword // text is the word
)

// token is one token of the source. text is what stands in the source, for
// strings their value.
type token struct {
	kind kind
	text string
	line int
	from int // where it begins in the source
	to   int // and ends
}

func (t token) is(text string) bool {
	return t.text == text && (t.kind == tOp || t.kind == tKeyword)
}

func isKeyword(s string) bool {
	switch s {
	case "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
		"in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while":
		return true
	}
	return false
}

// lexer reads tokens of one source. Errors are panics with *Error, caught by
// Compile.
type lexer struct {
	name string
	src  string
	pos  int
	line int
}

func (x *lexer) fail(line int, msg string, incomplete bool) {
	panic(&Error{Name: x.name, Line: line, Msg: msg, Incomplete: incomplete})
}

func (x *lexer) failNear(msg, near string) {
	x.fail(x.line, msg+" near '"+near+"'", false)
}

func (x *lexer) unfinished(msg string) {
	x.fail(x.line, msg+" near '<eof>'", true)
}

func (x *lexer) peek(off int) byte {
	if x.pos+off < len(x.src) {
		return x.src[x.pos+off]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isAlpha(c) || isDigit(c) }

// newline steps over one line end; CR LF and LF CR are one.
func (x *lexer) newline() {
	c := x.src[x.pos]
	x.pos++
	if n := x.peek(0); (n == '\n' || n == '\r') && n != c {
		x.pos++
	}
	x.line++
}

func (x *lexer) skip() {
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		switch {
		case c == '\n' || c == '\r':
			x.newline()
		case isSpace(c):
			x.pos++
		case c == '-' && x.peek(1) == '-':
			x.comment()
		default:
			return
		}
	}
}

func (x *lexer) comment() {
	x.pos += 2
	if x.peek(0) == '[' {
		if level := x.longLevel(); level >= 0 {
			x.long(level, "unfinished long comment")
			return
		}
	}
	for x.pos < len(x.src) && x.src[x.pos] != '\n' && x.src[x.pos] != '\r' {
		x.pos++
	}
}

// longLevel is the number of = in a long bracket that opens here, or -1.
func (x *lexer) longLevel() int {
	n := 0
	for x.peek(1+n) == '=' {
		n++
	}
	if x.peek(1+n) == '[' {
		return n
	}
	return -1
}

func (x *lexer) long(level int, unfinished string) string {
	x.pos += level + 2
	end := "]" + strings.Repeat("=", level) + "]"
	at := strings.Index(x.src[x.pos:], end)
	if at < 0 {
		x.line += countLines(x.src[x.pos:])
		x.pos = len(x.src)
		x.unfinished(unfinished)
	}
	text := x.src[x.pos : x.pos+at]
	x.pos += at + len(end)
	x.line += countLines(text)
	return longValue(text)
}

// longValue makes every line end \n and drops a first one.
func longValue(text string) string {
	if strings.HasPrefix(text, "\r\n") || strings.HasPrefix(text, "\n\r") {
		text = text[2:]
	} else if strings.HasPrefix(text, "\n") || strings.HasPrefix(text, "\r") {
		text = text[1:]
	}
	if !strings.Contains(text, "\r") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\n' && c != '\r' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('\n')
		if i+1 < len(text) && (text[i+1] == '\n' || text[i+1] == '\r') && text[i+1] != c {
			i++
		}
	}
	return b.String()
}

func countLines(s string) int {
	if !strings.Contains(s, "\r") {
		return strings.Count(s, "\n")
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '\n' && s[i] != '\r' {
			continue
		}
		n++
		if i+1 < len(s) && (s[i+1] == '\n' || s[i+1] == '\r') && s[i+1] != s[i] {
			i++
		}
	}
	return n
}

func (x *lexer) next() token {
	x.skip()
	from := x.pos
	t := x.scan()
	t.from, t.to = from, x.pos
	return t
}

func (x *lexer) scan() token {
	line := x.line
	if x.pos >= len(x.src) {
		return token{kind: tEOF, text: "<eof>", line: line}
	}
	c := x.src[x.pos]
	switch {
	case isAlpha(c):
		return x.word()
	case isDigit(c) || c == '.' && isDigit(x.peek(1)):
		return token{kind: tNumber, text: x.number(), line: line}
	case c == '"' || c == '\'':
		text := x.quoted(c)
		return token{kind: tString, text: text, line: x.line}
	case c == '[':
		if level := x.longLevel(); level >= 0 {
			text := x.long(level, "unfinished long string")
			return token{kind: tString, text: text, line: x.line}
		} else if x.peek(1) == '=' {
			x.failNear("invalid long string delimiter", "[=")
		}
	}
	return token{kind: tOp, text: x.operator(), line: line}
}

func (x *lexer) word() token {
	start := x.pos
	for x.pos < len(x.src) && isAlnum(x.src[x.pos]) {
		x.pos++
	}
	t := token{kind: tName, text: x.src[start:x.pos], line: x.line}
	if isKeyword(t.text) {
		t.kind = tKeyword
	}
	return t
}

func (x *lexer) operator() string {
	for _, op := range [...]string{"...", "..", "==", "~=", "<=", ">=", "::"} {
		if strings.HasPrefix(x.src[x.pos:], op) {
			x.pos += len(op)
			return op
		}
	}
	op := x.src[x.pos : x.pos+1]
	if !strings.Contains("+-*/%^#<>=(){}[];:,.", op) {
		x.failNear("unexpected symbol", printable(op))
	}
	x.pos++
	return op
}

// printable shows a stray byte as Lua does: itself, or char(N).
func printable(s string) string {
	if len(s) == 1 && (s[0] < ' ' || s[0] > '~') {
		return "char(" + FormatNumber(float64(s[0])) + ")"
	}
	return s
}

// number reads what Lua reads as one number, right or malformed.
func (x *lexer) number() string {
	start := x.pos
	for isDigit(x.peek(0)) || x.peek(0) == '.' {
		x.pos++
	}
	if x.peek(0)|0x20 == 'e' {
		x.pos++
		if x.peek(0) == '+' || x.peek(0) == '-' {
			x.pos++
		}
	}
	for isAlnum(x.peek(0)) {
		x.pos++
	}
	text := x.src[start:x.pos]
	if _, ok := ParseNumber(text); !ok {
		x.failNear("malformed number", text)
	}
	return text
}
