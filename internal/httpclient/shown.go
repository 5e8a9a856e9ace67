package httpclient

import (
	"net/url"
	"strconv"
	"strings"
)

// maxShown is how much of a text of others an error shows, in bytes.
const maxShown = 200

// ShownURL is a URL as an error shows it: without a password, in printable
// ASCII, not the whole of a long one.
func ShownURL(text string) string {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		return shownURL(u)
	}
	return hidePassword(text)
}

func shownURL(u *url.URL) string { return percent(withoutPassword(u)) }

func withoutPassword(u *url.URL) string {
	clean := *u
	if _, has := u.User.Password(); has {
		clean.User = url.UserPassword(u.User.Username(), "***")
	}
	return strings.Replace(clean.String(), ":%2A%2A%2A@", ":***@", 1)
}

// hidePassword is for what is no URL: all between // and the last @ may be one.
func hidePassword(text string) string {
	from := 0
	if i := strings.Index(text, "//"); i >= 0 {
		from = i + 2
	}
	if at := strings.LastIndexByte(text, '@'); at >= from {
		text = text[:from] + "***" + text[at:]
	}
	return percent(text)
}

// percent encodes what is not printable ASCII, and cuts.
func percent(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if b.Len() > maxShown {
			b.WriteString("...")
			break
		}
		if c := text[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+0x100, 16)[1:]))
		}
	}
	return b.String()
}

// quoted is a text of others in quotes.
func quoted(s string) string { return `"` + printable(s) + `"` }

// printable escapes all but printable ASCII, and cuts.
func printable(s string) string {
	cut := ""
	if len(s) > maxShown {
		s, cut = s[:maxShown], "..."
	}
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
		return s + cut
	}
	q := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`) + cut
}
