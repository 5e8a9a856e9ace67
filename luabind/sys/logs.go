package sys

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"opslua/luabind"
)

const (
	logFolder = "/var/log"
	firstTail = 64 << 10
	maxTail   = 8 << 20
)

// logs looks where daemons write without a journal: a log of its own, and else
// the lines of syslog with its name on them.
func (sysv) logs(c *luabind.Call, name string, n int) ([]string, error) {
	if path := ownLog(logFolder, name); path != "" {
		return newest(c, path, n, func(string) bool { return true })
	}
	for _, file := range []string{"syslog", "messages", "daemon.log", "auth.log"} {
		path := filepath.Join(logFolder, file)
		if !isFile(path) {
			continue
		}
		lines, err := newest(c, path, n, func(line string) bool { return tagged(line, name) })
		if err != nil || len(lines) > 0 {
			return lines, err
		}
	}
	return []string{}, nil
}

// newest gives the last n lines of a file that are wanted. It looks at the end
// first, and no further back than the largest of the sizes.
func newest(c *luabind.Call, path string, n int, wanted func(string) bool) ([]string, error) {
	if err := grantRead(c, path); err != nil {
		return nil, err
	}
	for size := int64(firstTail); ; size = maxTail {
		data, whole, err := readTail(path, size)
		if errors.Is(err, fs.ErrNotExist) {
			return []string{}, nil // rotated away just now
		}
		if err != nil {
			return nil, fileError(c, err)
		}
		lines := slices.DeleteFunc(splitLines(string(data)), func(l string) bool { return !wanted(l) })
		if whole || len(lines) >= n || size == maxTail {
			return lines[max(0, len(lines)-n):], nil
		}
	}
}

// ownLog finds the log that a service has for itself: the error log first, then
// the one of its name, then the one written last.
func ownLog(folder, name string) string {
	for _, path := range []string{filepath.Join(folder, name, "error.log"), filepath.Join(folder, name, name+".log"),
		filepath.Join(folder, name+".log")} {
		if isFile(path) {
			return path
		}
	}
	entries, err := os.ReadDir(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	newest := ""
	var written int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(e.Name(), ".log") {
			continue
		}
		if at := info.ModTime().UnixNano(); newest == "" || at > written {
			newest, written = filepath.Join(folder, name, e.Name()), at
		}
	}
	return newest
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readTail reads the last bytes of a file, from the beginning of a line, and
// says whether that is all of it.
func readTail(path string, size int64) (data []byte, whole bool, err error) {
	f, err := openFile(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(0, info.Size()-size)
	data, err = io.ReadAll(io.NewSectionReader(f, from, size))
	if from > 0 {
		data = data[bytes.IndexByte(data, '\n')+1:]
	}
	return data, from == 0, err
}

// splitLines cuts a text into lines; a last newline opens none.
func splitLines(text string) []string {
	lines := []string{}
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// tagged says that a service wrote this line of syslog: its tag is NAME, or NAME with a d.
func tagged(line, name string) bool {
	tag := syslogTag(line)
	return tag == name || tag == name+"d"
}

// syslogTag finds the tag in "Nov 25 13:14:20 host tag[pid]: text" and in
// "2026-11-25T13:14:20.5+00:00 host tag[pid]: text".
func syslogTag(line string) string {
	words := 4
	if len(line) > 4 && line[0]-'0' <= 9 && line[4] == '-' {
		words = 2
	}
	f := strings.Fields(line)
	if len(f) <= words {
		return ""
	}
	tag := f[words]
	if i := strings.IndexAny(tag, "[:"); i >= 0 {
		return tag[:i]
	}
	return ""
}
