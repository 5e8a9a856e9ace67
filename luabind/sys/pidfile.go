package sys

import (
	"slices"
	"strings"
)

// pidfiles are the places where an init script says, or by convention has, its
// pidfile, the likeliest first. The script is read, not run: variables that it
// sets to plain texts are replaced, what needs a shell is passed over.
func pidfiles(script, name string) []string {
	vars := map[string]string{"NAME": name}
	var header, named, other []string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if path, ok := cutFold(strings.TrimSpace(comment), "pidfile:"); ok {
				header = appendPath(header, path)
			}
			continue
		}
		line = strings.TrimPrefix(line, "export ")
		if variable, value, ok := strings.Cut(line, "="); ok && isVariable(variable) {
			value, known := expand(unquote(value), vars)
			if !known {
				continue
			}
			vars[variable] = value
			switch strings.ReplaceAll(strings.ToLower(variable), "_", "") {
			case "pidfile", "pid":
				named = appendPath(named, value)
			default:
				other = appendPid(other, value)
			}
			continue
		}
		other = append(other, pathsIn(line, vars)...)
	}
	return unique(header, named, other, []string{"/run/" + name + ".pid", "/run/" + name + "/" + name + ".pid",
		"/var/run/" + name + ".pid"})
}

// pathsIn finds the words of a line that name pidfiles.
func pathsIn(line string, vars map[string]string) []string {
	var out []string
	for word := range strings.FieldsSeq(line) {
		_, value, ok := strings.Cut(word, "=") // --pidfile=PATH
		if !ok {
			value = word
		}
		if path, known := expand(strings.Trim(value, `"';()`), vars); known {
			out = appendPid(out, path)
		}
	}
	return out
}

func appendPid(list []string, path string) []string {
	if !strings.HasSuffix(path, ".pid") {
		return list
	}
	return appendPath(list, path)
}

// appendPath takes only what is a whole path and nothing else.
func appendPath(list []string, path string) []string {
	if !strings.HasPrefix(path, "/") || len(path) > 4096 || strings.ContainsAny(path, " \t\x00*?$`;|&<>") {
		return list
	}
	return append(list, path)
}

const maxExpanded = 1024 // bytes: a path

// expand replaces $NAME, ${NAME} and ${NAME:-text} by what is known. What is
// not known, or would need a shell, makes the whole unknown.
func expand(s string, vars map[string]string) (string, bool) {
	if strings.IndexByte(s, '`') >= 0 {
		return "", false
	}
	var b strings.Builder
	for b.Len() < maxExpanded {
		at := strings.IndexByte(s, '$')
		if at < 0 {
			b.WriteString(s)
			return b.String(), b.Len() < maxExpanded
		}
		b.WriteString(s[:at])
		value, rest, ok := reference(s[at+1:], vars)
		if !ok {
			return "", false
		}
		b.WriteString(value)
		s = rest
	}
	return "", false
}

// reference reads what follows a $.
func reference(s string, vars map[string]string) (value, rest string, ok bool) {
	if inner, found := strings.CutPrefix(s, "{"); found {
		name, after, closed := strings.Cut(inner, "}")
		name, otherwise, hasDefault := strings.Cut(name, ":-")
		value = vars[name]
		if value == "" && hasDefault {
			value = otherwise
		}
		return value, after, closed && isVariable(name) && value != "" && !strings.ContainsAny(value, "${")
	}
	n := 0
	for n < len(s) && isVariable(s[:n+1]) {
		n++
	}
	value = vars[s[:n]]
	return value, s[n:], value != ""
}

// cutFold is CutPrefix whatever the case of letters.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return strings.TrimSpace(s[len(prefix):]), true
}

const (
	maxPidfiles   = 32
	usualPidfiles = 3 // those by convention alone
)

// unique joins lists, each item once.
func unique(lists ...[]string) []string {
	var out []string
	for _, list := range lists {
		for _, item := range list {
			if len(out) < maxPidfiles && !slices.Contains(out, item) {
				out = append(out, item)
			}
		}
	}
	return out
}
