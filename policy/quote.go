package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkASCII refuses what an entry may not hold.
func checkASCII(s string) error {
	if s == "" {
		return errText("it is empty")
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return errorf(`a byte that is not UTF-8; write it as \x%02x`, s[i])
		case r >= utf8.RuneSelf:
			return errorf(`the character U+%04X may look like another one; write it as \u{%x}`, r, r)
		case r < ' ' || r == 0x7f:
			return errorf(`a control character; write it as \x%02x`, r)
		}
		i += size
	}
	return nil
}

// unescape reads what follows a backslash: the bytes meant, and the length of
// what stood for them. A backslash keeps punctuation as it is.
func unescape(s string) (string, int, error) {
	bad := errText(`after \ stands a mark, or one of \n \t \r \xff \u{e9}`)
	if s == "" {
		return "", 0, bad
	}
	switch c := s[0]; c {
	case 'n':
		return "\n", 1, nil
	case 't':
		return "\t", 1, nil
	case 'r':
		return "\r", 1, nil
	case 'x':
		if len(s) < 3 {
			return "", 0, bad
		}
		n, err := strconv.ParseUint(s[1:3], 16, 8)
		if err != nil || n == 0 {
			return "", 0, bad
		}
		return string([]byte{byte(n)}), 3, nil
	case 'u':
		end := strings.IndexByte(s, '}')
		if end < 3 || end > 8 || s[1] != '{' {
			return "", 0, bad
		}
		n, err := strconv.ParseUint(s[2:end], 16, 32)
		if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
			return "", 0, bad
		}
		return string(rune(n)), end + 1, nil
	default:
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return "", 0, bad
		}
		return s[:1], 1, nil
	}
}

// escapeTo writes s in printable ASCII, with a backslash before what marks has.
func escapeTo(b *strings.Builder, s, marks string) {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f || r == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		case r >= utf8.RuneSelf:
			b.WriteString(`\u{` + strconv.FormatUint(uint64(r), 16) + "}")
		case strings.IndexByte(marks, s[i]) >= 0:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
		i += size
	}
}

// quoteArgs writes arguments as a command pattern that matches them alone.
func quoteArgs(argv []string) string {
	var b strings.Builder
	for i, arg := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		quoteArg(&b, arg)
	}
	return b.String()
}

func quoteArg(b *strings.Builder, arg string) {
	switch {
	case isPlain(arg):
		b.WriteString(arg)
	case checkASCII(arg) == nil && !strings.Contains(arg, "'"):
		b.WriteString("'" + arg + "'")
	default:
		b.WriteByte('"')
		escapeTo(b, arg, `"\`)
		b.WriteByte('"')
	}
}

// isPlain says that an argument needs no quotes; only for the eye are there
// quotes around more than spaces, quotes, backslashes and stars.
func isPlain(arg string) bool {
	if arg == "" || arg == rest {
		return false
	}
	for i := range len(arg) {
		c := arg[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_@%+=:,./-", c) >= 0) {
			return false
		}
	}
	return true
}

// visible shows any text in printable ASCII.
func visible(s string) string {
	var b strings.Builder
	escapeTo(&b, s, "")
	return b.String()
}

// quotePath writes a path or a name so that its pattern matches it alone.
func quotePath(p string) string {
	var b strings.Builder
	body := strings.TrimRight(p, " ")
	lead := len(body) - len(strings.TrimLeft(body, " "))
	for range lead {
		b.WriteString(`\x20`)
	}
	escapeTo(&b, body[lead:], `\*?[{`)
	for range len(p) - len(body) {
		b.WriteString(`\x20`)
	}
	return b.String()
}

// quoteTOML writes a string of printable ASCII as a basic string of TOML.
func quoteTOML(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
