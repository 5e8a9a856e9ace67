package sys

import (
	"slices"
	"strconv"
	"strings"
)

// mount is one line of /proc/self/mountinfo: plain data.
type mount struct {
	id, parent int
	dev        string // MAJOR:MINOR
	root       string // the folder of the file system that is mounted
	path       string // where
	readOnly   bool
	typ        string
	source     string // the device
}

// parseMounts reads mountinfo (proc(5)). A line that is none is left out.
func parseMounts(text string) []mount {
	var out []mount
	for line := range strings.Lines(text) {
		if m, ok := parseMount(strings.TrimSuffix(line, "\n")); ok {
			out = append(out, m)
		}
	}
	return out
}

// parseMount reads ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [TAG…] - TYPE SOURCE SUPEROPTIONS.
func parseMount(line string) (m mount, ok bool) {
	f := strings.Split(line, " ")
	if len(f) < 9 {
		return m, false
	}
	dash := slices.Index(f[6:], "-") + 6
	if dash < 6 || len(f) < dash+3 {
		return m, false
	}
	id, err := strconv.Atoi(f[0])
	parent, err2 := strconv.Atoi(f[1])
	if err != nil || err2 != nil {
		return m, false
	}
	m = mount{id: id, parent: parent, dev: f[2], root: unescape(f[3]), path: unescape(f[4]),
		typ: unescape(f[dash+1]), source: unescape(f[dash+2])}
	super := ""
	if len(f) > dash+3 {
		super = f[dash+3]
	}
	m.readOnly = hasOption(f[5], "ro") || hasOption(super, "ro")
	return m, strings.HasPrefix(m.path, "/")
}

func hasOption(list, name string) bool {
	for o := range strings.SplitSeq(list, ",") {
		if o == name {
			return true
		}
	}
	return false
}

// unescape reads \040 and the like: the kernel writes spaces, tabs, line ends
// and backslashes as three octal digits.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// visible leaves out what another mount has covered: who asks about its path
// gets an answer about the other. Order is kept.
func visible(mounts []mount) []mount {
	parents := make(map[int]int, len(mounts))
	for i := range mounts {
		parents[mounts[i].id] = mounts[i].parent
	}
	chains, order := make([][]int, len(mounts)), make([]int, len(mounts))
	for i := range mounts {
		chains[i], order[i] = chain(parents, mounts[i].id), i
	}
	// A cover lies at the path itself or above it: short paths are decided
	// first, and of one path what was mounted on the other.
	slices.SortStableFunc(order, func(a, b int) int {
		if d := len(mounts[a].path) - len(mounts[b].path); d != 0 {
			return d
		}
		return len(chains[b]) - len(chains[a])
	})
	seen := map[string][]int{} // by path: the mounts there that are not covered
	shown := make([]bool, len(mounts))
	for _, i := range order {
		if m := &mounts[i]; !covered(m.path, seen, chains[i]) {
			shown[i] = true
			seen[m.path] = append(seen[m.path], m.id)
		}
	}
	var out []mount
	for i, m := range mounts {
		if shown[i] {
			out = append(out, m)
		}
	}
	return out
}

// maxChain bounds how many mounts lie below each other.
const maxChain = 1000

// chain is the mount itself and what it is mounted on, down to the root.
func chain(parents map[int]int, id int) []int {
	var out []int
	for len(out) < maxChain {
		out = append(out, id)
		parent, ok := parents[id]
		if !ok || parent == id {
			break
		}
		id = parent
	}
	return out
}

// covered says that a mount which is seen lies over the path, and is none of
// those that the one in question is mounted on.
func covered(path string, seen map[string][]int, under []int) bool {
	for ; ; path = above(path) {
		for _, id := range seen[path] {
			if !slices.Contains(under, id) {
				return true
			}
		}
		if path == "/" {
			return false
		}
	}
}

// above is the folder that a path lies in.
func above(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/"
	}
	return path[:i]
}

// onceEach keeps one mount of each file system, as df does: of several, one
// whose source is a path, then the one nearest to the root of the host, unless
// it shows a deeper part of the file system.
func onceEach(mounts []mount) []mount {
	place := map[string]int{}
	var out []mount
	for _, m := range mounts {
		key := m.dev
		if remote(&m) {
			key += " " + m.source // one server, mounted by several names
		}
		at, dup := place[key]
		if !dup {
			place[key] = len(out)
			out = append(out, m)
			continue
		}
		if old := &out[at]; better(&m, old) {
			*old = m
		}
	}
	return out
}

func better(m, old *mount) bool {
	if a, b := strings.Contains(m.source, "/"), strings.Contains(old.source, "/"); a != b {
		return a
	}
	return len(m.path) < len(old.path) && len(m.root) <= len(old.root)
}

// remote says that the source is on another host, as df does.
func remote(m *mount) bool {
	return strings.Contains(m.source, ":") || strings.HasPrefix(m.source, "//")
}

// pseudo says that a file system of this type has nothing to fill.
func pseudo(typ string) bool {
	switch typ {
	case "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs", "devpts", "efivarfs",
		"fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nfsd", "none", "nsfs",
		"proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",
		"xenfs":
		return true
	}
	return false
}

// local says that a file system of this type answers from this host alone.
func local(typ string) bool {
	switch typ {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "vfat", "exfat", "ntfs3", "iso9660", "udf",
		"squashfs", "erofs", "tmpfs", "devtmpfs":
		return true
	}
	return pseudo(typ) && typ != "autofs" && typ != "nfsd"
}
