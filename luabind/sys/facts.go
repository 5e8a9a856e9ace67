package sys

import (
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"opslua/luabind"
)

const (
	bootIDPath    = "/proc/sys/kernel/random/boot_id"
	meminfoPath   = "/proc/meminfo"
	osReleasePath = "/etc/os-release"
	machineIDPath = "/etc/machine-id"

	maxSmall = 1 << 20 // bytes of a file of a few lines
)

// facts says what the host is. Nothing here asks the network or another program.
func facts(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	if err := grantRead(c, "/proc", osReleasePath, machineIDPath); err != nil {
		return err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return luabind.Errorf(luabind.KindIO, "%s: uname: %w", c.Name(), err)
	}
	m, err := readMemory(c)
	if err != nil {
		return err
	}
	f := map[string]any{
		"hostname": unix.ByteSliceToString(name.Nodename[:]),
		"kernel":   unix.ByteSliceToString(name.Release[:]),
		"arch":     unix.ByteSliceToString(name.Machine[:]),
		"cpus":     runtime.NumCPU(),
		"memory":   m["MemTotal"],
		"os":       "linux",
	}
	// What a host does not have, such as a container without a machine-id, is nil.
	put(f, "boot_id", firstLine(bootIDPath))
	put(f, "machine_id", firstLine(machineIDPath))
	if data, err := readFile(osReleasePath, maxSmall); err == nil {
		release := parseOSRelease(string(data))
		put(f, "os", release["ID"])
		put(f, "os_version", release["VERSION_ID"])
		put(f, "os_name", release["PRETTY_NAME"])
	}
	return c.Return(f)
}

func put(f map[string]any, name, value string) {
	if value != "" {
		f[name] = value
	}
}

// firstLine gives the first line of a small file, or nothing.
func firstLine(path string) string {
	data, err := readFile(path, maxSmall)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(line)
}

// parseOSRelease takes os-release(5) apart: NAME=value lines as a shell reads
// them, without expansion. Lines that are none are skipped.
func parseOSRelease(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && isVariable(name) {
			out[name] = unquote(value)
		}
	}
	return out
}

func isVariable(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// unquote reads one word as a shell does, as far as nothing is expanded in it:
// what follows the word, a comment for instance, is dropped.
func unquote(s string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(s) && (quote == 0 || strings.IndexByte("\"\\$`", s[i+1]) >= 0):
			i++
			b.WriteByte(s[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(" \t;&|", c) >= 0:
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
