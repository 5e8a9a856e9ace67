package supervise

import "strings"

// Quote writes a command for a person so that /bin/sh reads exactly these
// arguments from it. It does not make control characters visible.
func Quote(argv []string) string {
	var b strings.Builder
	for i, arg := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plain(arg, i == 0) {
			b.WriteString(arg)
			continue
		}
		b.WriteByte('\'')
		b.WriteString(strings.ReplaceAll(arg, "'", `'\''`))
		b.WriteByte('\'')
	}
	return b.String()
}

// plain says that the shell reads s as it stands. The first word may not look
// like an assignment or be a word of the shell's own language.
func plain(s string, first bool) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_-./:@%+,", c) >= 0:
		case c == '=' && !first:
		default:
			return false
		}
	}
	if !first {
		return true
	}
	switch s {
	case "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "function", "select", "time", "coproc":
		return false
	}
	return true
}
