package proctable

import (
	"bytes"
	"strings"
)

// cgroups are the places of one process in the hierarchies of control groups.
type cgroups struct {
	unified string   // of version 2
	systemd string   // of the version 1 hierarchy that systemd keeps for itself
	others  []string // of the other ones of version 1
}

// parseCgroup reads /proc/PID/cgroup: "ID:CONTROLLERS:PATH" a line. The kernel
// refuses line ends in names of groups.
func parseCgroup(b []byte) cgroups {
	var c cgroups
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		_, rest, ok := bytes.Cut(line, []byte{':'})
		controllers, where, ok2 := bytes.Cut(rest, []byte{':'})
		if !ok || !ok2 || len(where) == 0 || where[0] != '/' {
			continue
		}
		place := strings.TrimSuffix(string(where), deletedMark)
		switch string(controllers) {
		case "":
			c.unified = place
		case "name=systemd":
			c.systemd = place
		default:
			c.others = append(c.others, place)
		}
	}
	return c
}

// path is the one place that says most: version 2 where it is in use, else
// systemd's own, else the first that is not the root.
func (c *cgroups) path() string {
	best := ""
	for _, place := range append([]string{c.unified, c.systemd}, c.others...) {
		if place != "" && (best == "" || best == "/") {
			best = place
		}
	}
	return best
}

// unit is the unit of the system's manager that the process belongs to, empty
// for none. For what a user's own manager runs that is user@UID.service.
func (c *cgroups) unit() string {
	if unit := unitOf(c.systemd); unit != "" {
		return unit
	}
	return unitOf(c.unified)
}

// unitOf does as systemd: slices first, and the component after them.
func unitOf(place string) string {
	for part := range strings.SplitSeq(place, "/") {
		// A leading underscore escapes names that the kernel uses itself.
		part = strings.TrimPrefix(part, "_")
		if part == "" || part == ".." || strings.HasSuffix(part, ".slice") {
			continue
		}
		i := strings.LastIndexByte(part, '.')
		if i <= 0 {
			return ""
		}
		switch part[i:] {
		case ".service", ".scope", ".socket", ".mount", ".swap":
			return part
		}
		return ""
	}
	return ""
}

// container is the identifier, or for LXC the name, of the innermost container
// that the process runs in.
func (c *cgroups) container() string {
	for _, place := range append([]string{c.unified, c.systemd}, c.others...) {
		if id := containerOf(place); id != "" {
			return id
		}
	}
	return ""
}

func containerOf(place string) string {
	parts := strings.Split(place, "/")
	for i := len(parts) - 1; i > 0; i-- {
		part, before := parts[i], parts[i-1]
		// docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope
		name := strings.TrimSuffix(part, ".scope")
		if j := strings.LastIndexByte(name, '-'); j > 0 && !strings.HasSuffix(name[:j], "conmon") && isContainerID(name[j+1:]) {
			return name[j+1:]
		}
		// /docker/ID, /kubepods/burstable/podUID/ID, /ecs/TASK/ID
		if isContainerID(part) {
			return part
		}
		switch {
		case before == "lxc" || before == "lxc.payload":
			return part
		case strings.HasPrefix(part, "lxc.payload."):
			return part[len("lxc.payload."):]
		}
	}
	return ""
}

// isContainerID says that s is 64 hexadecimal digits.
func isContainerID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
