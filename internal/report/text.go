package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"opslua/internal/escape"
)

// cut gives at most n bytes of s that end with a whole character, where the
// text is UTF-8.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := 0; back < utf8.UTFMax && back <= n; back++ {
		if utf8.RuneStart(s[n-back]) {
			return s[:n-back]
		}
	}
	return s[:n]
}

// cutFront gives at most the last n bytes of s, from a whole character on.
func cutFront(s string, n int) string {
	if len(s) <= n {
		return s
	}
	from := len(s) - n
	for i := 0; from < len(s) && i < utf8.UTFMax && !utf8.RuneStart(s[from]); i++ {
		from++
	}
	return s[from:]
}

// ellipsis is cut with a sign, in characters that every reader knows, that there
// was more.
func ellipsis(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return cut(s, n-3) + "..."
}

// counted is "1 line", "2 lines".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func labelled(label, text string) string {
	if label == "" {
		return text
	}
	return label + ": " + text
}

// findingText is the text with what makes the state soft.
func findingText(f *Finding) string {
	if f.Soft == nil {
		return f.Text
	}
	return strings.TrimLeft(fmt.Sprintf("%s (soft %d/%d)", f.Text, f.Soft.N, f.Soft.Of), " ")
}

func fixText(f *Fix) string {
	for _, why := range []string{f.Error, f.Reason} {
		if why != "" {
			return f.Status.words() + ": " + why
		}
	}
	return f.Status.words()
}

// threeDecimals is seconds with three decimals; what is no time is none.
func threeDecimals(seconds float64) string {
	if !finite(seconds) || seconds <= 0 { // a negative zero has a sign
		seconds = 0
	}
	return strconv.FormatFloat(seconds, 'f', 3, 64)
}

// commandLine writes a command as one would type it into a shell.
func commandLine(argv []string) string {
	var b strings.Builder
	for i, arg := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() > 2*htmlLineBytes { // more than is shown; the length still counts
			b.WriteString(arg)
			continue
		}
		b.WriteString(quotedArg(arg))
	}
	return b.String()
}

func quotedArg(arg string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	switch safe := escape.String(arg); {
	case arg != "" && strings.TrimLeftFunc(arg, plain) == "":
		return arg
	case safe != arg:
		arg = escape.String(strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(arg))
		return "$'" + arg + "'"
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// diffClass says what a line is; "---" and "+++" are names only before the
// first hunk, behind it they are lines that begin so.
func diffClass(line string, inHunk bool) string {
	switch {
	case strings.HasPrefix(line, "@@"):
		return "hunk"
	case !inHunk:
		return "file"
	case line[0] == '+':
		return "add"
	case line[0] == '-':
		return "del"
	case line[0] == '\\':
		return "file"
	}
	return "same"
}

// noncharacter says that a rune is one of those that Unicode keeps for programs
// themselves: XML and HTML do not take them, and no terminal shows them.
func noncharacter(r rune) bool {
	return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
}

func noncharacterText(r rune) string { return `\u{` + strconv.FormatInt(int64(r), 16) + "}" }

// withoutNoncharacters spells out the noncharacters of a text.
func withoutNoncharacters(s string) string {
	at := strings.IndexFunc(s, noncharacter)
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:at])
	for _, r := range s[at:] {
		if noncharacter(r) {
			b.WriteString(noncharacterText(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
