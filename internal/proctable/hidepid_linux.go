package proctable

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// partialView says whether the proc mounted at root hides processes of others
// from this process: a property of the mount and of the reader, whatever there
// is to hide.
func partialView(root string) bool {
	if mayTraceAll() {
		return false
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		// A proc that hides even this is no full view.
		return !os.IsNotExist(err)
	}
	options, ok := mountOptions(b, root)
	if !ok {
		return false
	}
	mode, gid := hidepid(options)
	switch mode {
	case hideNothing:
		return false
	case hideUntraceable:
		return true // no group is exempt
	}
	if os.Getegid() == gid {
		return false
	}
	groups, err := os.Getgroups()
	return err != nil || !slices.Contains(groups, gid)
}

type hideMode int

const (
	hideNothing hideMode = iota
	hideForGroup
	hideUntraceable
)

// hidepid reads the options of a proc mount. Without gid= the exempt group is
// 0. A mode that is not known hides, to be safe.
func hidepid(options string) (mode hideMode, gid int) {
	for option := range strings.SplitSeq(options, ",") {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "hidepid":
			switch value {
			case "0", "off":
				mode = hideNothing
			case "1", "2", "noaccess", "invisible":
				mode = hideForGroup
			default: // 4, ptraceable
				mode = hideUntraceable
			}
		case "gid":
			gid, _ = number[int]([]byte(value))
		}
	}
	return mode, gid
}

// mountOptions gives the options of the file system mounted at point: of the
// last mount there, which covers the ones before.
func mountOptions(mountinfo []byte, point string) (options string, ok bool) {
	for line := range bytes.SplitSeq(mountinfo, []byte{'\n'}) {
		before, after, found := bytes.Cut(line, []byte(" - "))
		head, tail := bytes.Fields(before), bytes.Fields(after)
		if !found || len(head) < 6 || len(tail) < 3 || string(tail[0]) != "proc" {
			continue
		}
		if unescapeMount(string(head[4])) == point {
			options, ok = string(tail[2]), true
		}
	}
	return options, ok
}

// unescapeMount undoes the \ooo that stand for space, tab, line end, backslash.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] <= '3' && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]) {
			out.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// mayTraceAll says that hidepid does not touch this process: it has
// CAP_SYS_PTRACE, in the user namespace that its pid namespace belongs to.
// What a security module forbids besides cannot be asked for.
func mayTraceAll() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil || data[0].Effective&(1<<unix.CAP_SYS_PTRACE) == 0 {
		return false
	}
	fd, err := unix.Open("/proc/self/ns/pid", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer closefd(fd)
	owner, err := unix.IoctlRetInt(fd, unix.NS_GET_USERNS)
	if err != nil {
		return false
	}
	defer closefd(owner)
	var of, own unix.Stat_t
	return unix.Fstat(owner, &of) == nil && unix.Stat("/proc/self/ns/user", &own) == nil && of.Ino == own.Ino && of.Dev == own.Dev
}
