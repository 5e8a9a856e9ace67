package mask

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"opslua/internal/escape"
)

// writer writes a text as some program does, without the quotes around it.
type writer = func(string) string

const (
	lower = "0123456789abcdef"
	upper = "0123456789ABCDEF"
)

// quotes are the ways to quote a text.
func quotes() []writer {
	return append(nestedQuotes(),
		jsonWriter(`"\`, "", false, lower),        // with \u0008 and \u000c, as ours
		jsonWriter(`"\<>&`, "\b\f", false, lower), // Go
		jsonWriter(`"\<>&`, "", false, lower),     // Go, long ago
		jsonWriter(`"\`, "\b\f", true, lower),     // Python, jq -a
		jsonWriter(`"\`, "\b\f", true, upper),     // Java, .NET
		jsonWriter(`"\/`, "\b\f", true, lower),    // PHP
		jsonWriter(`"\/`, "\b\f", false, lower),
		plainGo(strconv.QuoteToASCII),
		escape.String,
		escape.Text,
		replacer(`\`, `\\`, "\n", `\n`),                                          // Prometheus help
		replacer(`\`, `\\`, `"`, `\"`, "\n", `\n`),                               // Prometheus labels
		replacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n"),                             // C
		replacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`), // Lua %q
		replacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`),       // Python repr, $'…'
		replacer("'", "''"),                                                      // SQL, YAML
		replacer(`"`, `""`),                                                      // CSV
		replacer("'", `'"'"'`),                                                   // Python shlex
		backslashed(`"$\`+"`"),                                                   // in "…" of a shell
		backslashed(" \t!\"#$&'()*,;<>?[\\]^`{|}~"),                              // printf %q
	)
}

// nestedQuotes are those that quote what is quoted already.
func nestedQuotes() []writer {
	return []writer{
		jsonWriter(`"\`, "\b\f", false, lower),
		plainGo(strconv.Quote),
		func(s string) string { return escape.String(replacer(`\`, `\\`, `"`, `\"`)(s)) }, // out.pp
		replacer("'", `'\''`), // shells
	}
}

// commonMarkup is how many of markup are tried on long texts.
const commonMarkup = 3

// markup are the ways to write a text into a URL, a page or a document, the
// most common ones first.
func markup() []writer {
	return []writer{
		url.QueryEscape,
		url.PathEscape,
		html.EscapeString,
		func(s string) string { return url.User(s).String() },
		percent("-_.~", upper),
		percent("-_.~", lower),
		percent("-_.~/", upper),                // Python quote
		percent("-_.!~*'()", upper),            // encodeURIComponent
		percent("-_.!~*'();/?:@&=+$,#", upper), // encodeURI
		func(s string) string { return strings.ReplaceAll(percent("-_.*", upper)(s), "%20", "+") }, // forms
		func(s string) string { return strings.ReplaceAll(percent("-_.*", lower)(s), "%20", "+") },
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;"),
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;"),
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;"),
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;"),
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;"),
		replacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;"), // XML of Go
	}
}

func replacer(pairs ...string) writer { return strings.NewReplacer(pairs...).Replace }

// plainGo is a function that quotes, without its quotes.
func plainGo(quote writer) writer {
	return func(s string) string { q := quote(s); return q[1 : len(q)-1] }
}

// backslashed puts a backslash before each of some characters.
func backslashed(special string) writer {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			if strings.IndexByte(special, s[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		}
		return b.String()
	}
}

// percent escapes for a URL all but letters, digits and some characters.
func percent(safe, digits string) writer {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			c := s[i]
			if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(safe, c) >= 0 {
				b.WriteByte(c)
			} else {
				b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			}
		}
		return b.String()
	}
}

// jsonWriter escapes for a string of JSON: the special characters, those below
// the blank, with a letter where there is one (for \b and \f, if named), and all
// above 127, if ascii says so. A byte that is not UTF-8 becomes \udcXX.
func jsonWriter(special, letters string, ascii bool, digits string) writer {
	return func(s string) string {
		out := make([]byte, 0, len(s)+8)
		for i := 0; i < len(s); {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				out = appendUnicode(out, 0xdc00+rune(s[i]), digits)
			case r < ' ':
				out = appendControl(out, r, letters, digits)
			case r == '/' || r == '"' || r == '\\':
				if strings.ContainsRune(special, r) {
					out = append(out, '\\')
				}
				out = append(out, byte(r))
			case r < utf8.RuneSelf && strings.ContainsRune(special, r), r >= utf8.RuneSelf && ascii,
				(r == 0x2028 || r == 0x2029) && strings.ContainsRune(special, '<'):
				out = appendUnicode(out, r, digits)
			default:
				out = append(out, s[i:i+size]...)
			}
			i += size
		}
		return string(out)
	}
}

func appendControl(out []byte, r rune, letters, digits string) []byte {
	switch {
	case r == '\n':
		return append(out, '\\', 'n')
	case r == '\r':
		return append(out, '\\', 'r')
	case r == '\t':
		return append(out, '\\', 't')
	case strings.ContainsRune(letters, r) && r == '\b':
		return append(out, '\\', 'b')
	case strings.ContainsRune(letters, r):
		return append(out, '\\', 'f')
	}
	return appendUnicode(out, r, digits)
}

func appendUnicode(out []byte, r rune, digits string) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendUnicode(appendUnicode(out, high, digits), low, digits)
	}
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
