package proctable

import (
	"bytes"
	"strings"
)

// statusLine gives what follows "NAME:" at the beginning of a line, without
// the space around. The kernel escapes line ends in the one value that a
// process chooses, its name.
func statusLine(b []byte, name string) ([]byte, bool) {
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		if len(line) > len(name) && line[len(name)] == ':' && string(line[:len(name)]) == name {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

func statusNumber(b []byte, name string) (int64, bool) {
	value, ok := statusLine(b, name)
	if !ok {
		return 0, false
	}
	n, used := leadingInt(value)
	return n, used > 0
}

// parseIDs reads the numbers of /proc/PID/status.
func parseIDs(b []byte) (ids IDs, ok bool) {
	uids, okU := statusNumbers(b, "Uid")
	gids, okG := statusNumbers(b, "Gid")
	if !okU || !okG || len(uids) < 3 || len(gids) < 3 {
		return IDs{}, false
	}
	groups, _ := statusNumbers(b, "Groups")
	return IDs{UID: uids[0], EUID: uids[1], SUID: uids[2], GID: gids[0], EGID: gids[1], SGID: gids[2], Groups: groups}, true
}

func statusNumbers(b []byte, name string) ([]uint32, bool) {
	value, ok := statusLine(b, name)
	if !ok {
		return nil, false
	}
	parts := bytes.Fields(value)
	out := make([]uint32, 0, len(parts))
	for _, part := range parts {
		n, ok := number[uint32](part)
		if !ok {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// sumSmaps adds up smaps or smaps_rollup, in bytes. What is private is the
// process's own alone.
func sumSmaps(b []byte) (uss, pss, swap int64) {
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		n, _ := leadingInt(bytes.TrimSpace(value))
		n = max(0, min(n, 1<<50))
		switch {
		case bytes.HasPrefix(name, []byte("Private_")):
			uss += n << 10
		case string(name) == "Pss":
			pss += n << 10
		case string(name) == "Swap":
			swap += n << 10
		}
	}
	return uss, pss, swap
}

// parseLimits reads /proc/PID/limits: a name in a column of 26, then the soft
// and the hard limit.
func parseLimits(b []byte) map[string]Limit {
	const column = 26
	out := make(map[string]Limit, 16)
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		if len(line) <= column {
			continue
		}
		name := limitName(strings.TrimSpace(string(line[:column])))
		values := bytes.Fields(line[column:])
		if name == "" || len(values) < 2 {
			continue
		}
		soft, okS := limitValue(values[0])
		hard, okH := limitValue(values[1])
		if okS && okH {
			out[name] = Limit{soft, hard}
		}
	}
	return out
}

func limitValue(b []byte) (int64, bool) {
	if string(b) == "unlimited" {
		return -1, true
	}
	return number[int64](b)
}

// limitName gives the name of prlimit(1) for that of the kernel.
func limitName(s string) string {
	switch s {
	case "Max cpu time":
		return "cpu"
	case "Max file size":
		return "fsize"
	case "Max data size":
		return "data"
	case "Max stack size":
		return "stack"
	case "Max core file size":
		return "core"
	case "Max resident set":
		return "rss"
	case "Max processes":
		return "nproc"
	case "Max open files":
		return "nofile"
	case "Max locked memory":
		return "memlock"
	case "Max address space":
		return "as"
	case "Max file locks":
		return "locks"
	case "Max pending signals":
		return "sigpending"
	case "Max msgqueue size":
		return "msgqueue"
	case "Max nice priority":
		return "nice"
	case "Max realtime priority":
		return "rtprio"
	case "Max realtime timeout":
		return "rttime"
	}
	return ""
}
