package proctable

import (
	"bytes"
	"slices"
	"strings"
	"unsafe"
)

// trimCmdline takes the NUL that ends the last argument off, and the padding
// of a title that a program wrote over its arguments: one text, then NULs only.
func trimCmdline(raw []byte) []byte {
	raw = bytes.TrimSuffix(raw, []byte{0})
	if title := bytes.TrimRight(raw, "\x00"); len(raw)-len(title) > 1 &&
		bytes.IndexByte(title, 0) < 0 && bytes.ContainsAny(title, " :") || len(title) == 0 {
		return title
	}
	return raw
}

// splitCmdline gives the arguments, exact, and the line for a person: the
// arguments with a space between. All are parts of one piece of memory.
func splitCmdline(raw []byte) (args []string, cmd string) {
	if len(raw) == 0 {
		return nil, ""
	}
	n := bytes.Count(raw, []byte{0}) + 1
	if n == 1 {
		cmd = string(raw)
		return []string{cmd}, cmd
	}
	both := make([]byte, 2*len(raw))
	copy(both, raw)
	line := both[len(raw):]
	for i, c := range raw {
		if c == 0 {
			c = ' '
		}
		line[i] = c
	}
	// Nothing writes to both after this: the strings may share it.
	text := unsafe.String(unsafe.SliceData(both), len(both))
	rest := text[:len(raw)]
	args = make([]string, 0, n)
	for range n - 1 {
		i := strings.IndexByte(rest, 0)
		args, rest = append(args, rest[:i]), rest[i+1:]
	}
	return append(args, rest), text[len(raw):]
}

// continued gives the base name of path if it begins with comm and goes on,
// else nothing. A login shell's argv[0] begins with "-"; a title may follow the
// name after ": ".
func continued(comm string, path []byte) string {
	base := path[bytes.LastIndexByte(path, '/')+1:]
	for _, name := range [][]byte{path, base, bytes.TrimPrefix(base, []byte("-"))} {
		if len(name) <= len(comm) || string(name[:len(comm)]) != comm || bytes.IndexByte(name, '/') >= 0 {
			continue
		}
		if i := bytes.Index(name[len(comm):], []byte(": ")); i >= 0 {
			name = name[:len(comm)+i]
		}
		return string(name)
	}
	return ""
}

// splitEnviron gives the variables, of one that stands twice the first, as
// getenv does. What has no "=" is no variable.
func splitEnviron(raw []byte) map[string]string {
	parts := strings.Split(string(raw), "\x00")
	env := make(map[string]string, len(parts))
	for _, part := range slices.Backward(parts) {
		if name, value, ok := strings.Cut(part, "="); ok && name != "" {
			env[name] = value
		}
	}
	return env
}
