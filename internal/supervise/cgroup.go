package supervise

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// groupPrefix begins the names of all control groups made here.
const groupPrefix = "opslua."

// maxIdle bounds the empty groups kept for the next run.
const maxIdle = 64

// groups are the control groups (version 2) of one supervisor: each run gets
// one, empty ones are used again. It is safe for concurrent use.
type groups struct {
	prefix string      // of the names: no other supervisor ever has the same, not even of the same pid
	proven atomic.Bool // that a command lives in one

	mu     sync.Mutex
	looked bool
	base   string // where groups can be made; empty: nowhere
	serial int
	idle   []*group
	kept   []*group // not empty when their run was over
}

// group is one control group, held by its directory and procs descriptors. It
// is for one run at a time.
type group struct {
	path  string
	name  string
	dir   int
	procs int
	slot  int // of its note
	// limited are the files in which a limit of this run stands.
	limited []string
	killed  bool // not to be used again: see kill
	byHand  bool // the kernel could not kill it: its members are killed one by one
}

// take gives an empty group, or nil where there are none to be had.
func (g *groups) take(n *notes) *group {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.looked {
		g.looked = true
		g.base = writableGroup("", "cgroup2")
	}
	for len(g.idle) > 0 {
		last := g.idle[len(g.idle)-1]
		g.idle = g.idle[:len(g.idle)-1]
		if last.empty() {
			return last
		}
		g.kept = append(g.kept, last)
	}
	if g.base == "" {
		return nil
	}
	g.serial++
	name := g.prefix + strconv.Itoa(g.serial)
	// Noted first: killed in between, a group without a note would stay.
	slot := n.group(g.base, name)
	made, err := makeGroup(g.base, name)
	if err != nil {
		n.clear(slot)
		if !errors.Is(err, os.ErrExist) {
			g.base = ""
		}
		return nil
	}
	made.slot = slot
	return made
}

func makeGroup(base, name string) (*group, error) {
	path := base + "/" + name
	if err := unix.Mkdir(path, 0o755); err != nil {
		return nil, &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	g, err := openGroup(path)
	if err != nil {
		_ = unix.Rmdir(path)
		return nil, err
	}
	g.name = name
	return g, nil
}

func openGroup(path string) (*group, error) {
	dir, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	procs, err := unix.Openat(dir, "cgroup.procs", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		closefd(dir)
		return nil, &os.PathError{Op: "open", Path: path + "/cgroup.procs", Err: err}
	}
	return &group{path: path, dir: dir, procs: procs, slot: -1}, nil
}

// give puts a group back. What lives in it is let go of first when the command
// succeeded: it goes to where it would have been without a group of its own.
func (g *groups) give(used *group, n *notes) {
	kept := !used.empty()
	if kept {
		n.clear(used.slot)
		kept = !used.release(g.base)
		if !kept {
			used.slot = n.group(g.base, used.name)
		} else {
			used.slot = -1
		}
	}
	g.mu.Lock()
	if !kept && !used.killed && len(g.idle) < maxIdle {
		g.idle = append(g.idle, used)
		g.mu.Unlock()
		return
	}
	if kept && len(g.kept) < maxIdle {
		g.kept = append(g.kept, used)
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	used.remove()
	n.clear(used.slot)
}

func (g *groups) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range append(g.idle, g.kept...) {
		one.remove()
	}
	g.idle, g.kept, g.base = nil, nil, ""
	return nil
}

// remove takes the group away as soon as the last of its processes is out: the
// kernel says busy while one is on its way out.
func (g *group) remove() {
	for pause := 50 * time.Microsecond; ; pause *= 2 {
		err := unix.Rmdir(g.path)
		if err != unix.EBUSY || pause > 20*time.Millisecond || !g.empty() {
			break
		}
		time.Sleep(pause)
	}
	closefd(g.dir)
	closefd(g.procs)
}

// empty says that no process lives in the group; zombies do not count.
func (g *group) empty() bool {
	var b [16]byte
	n, err := unix.Pread(g.procs, b[:], 0)
	return err == nil && n == 0
}

// members gives the pids in the group.
func (g *group) members() []int {
	var pids []int
	buf := make([]byte, 0, 4<<10)
	for offset := int64(0); offset < 16<<20; {
		buf = buf[:cap(buf)]
		n, err := unix.Pread(g.procs, buf, offset)
		if err != nil || n <= 0 {
			break
		}
		cut := bytes.LastIndexByte(buf[:n], '\n')
		if cut < 0 {
			break
		}
		offset += int64(cut + 1)
		for field := range bytes.FieldsSeq(buf[:cut]) {
			if pid, err := strconv.Atoi(string(field)); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// kill ends all of the group at once, forks under way included. It is false on
// kernels before 5.14. What is later forked into the group from outside is
// killed as well: the kernel compares the count of kills of the group of the
// parent with that of the group of the child. So a group dies but once.
func (g *group) kill() bool {
	g.killed = true
	g.byHand = writeAt(g.dir, "cgroup.kill", "1") != nil
	return !g.byHand
}

// release moves all members to the group at path and says that none is left.
func (g *group) release(base string) bool {
	fd, err := unix.Open(base+"/cgroup.procs", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer closefd(fd)
	for range 100 {
		pids := g.members()
		if len(pids) == 0 {
			return true
		}
		for _, pid := range pids {
			if _, err := unix.Write(fd, strconv.AppendInt(nil, int64(pid), 10)); err != nil && err != unix.ESRCH {
				return false
			}
		}
	}
	return false
}

func writeAt(dir int, name, text string) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer closefd(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// writableGroup finds the directory of this process's own group in a hierarchy
// if groups can be made there: of version 2 with controller empty, else of
// version 1 with that controller.
func writableGroup(controller, fsType string) string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	dir := groupDir(string(mounts), string(own), controller, fsType)
	if dir == "" || unix.Access(dir, unix.W_OK) != nil || unix.Access(dir+"/cgroup.procs", unix.W_OK) != nil {
		return ""
	}
	return dir
}

// groupDir works on the texts of /proc/self/mountinfo and /proc/self/cgroup.
func groupDir(mounts, own, controller, fsType string) string {
	place, ok := "", false
	for line := range strings.SplitSeq(own, "\n") {
		_, rest, _ := strings.Cut(line, ":")
		names, where, found := strings.Cut(rest, ":")
		if found && (names == controller || controller != "" && hasWord(names, controller)) {
			place, ok = where, true
		}
	}
	if !ok || !strings.HasPrefix(place, "/") || strings.HasPrefix(place, "/..") {
		return ""
	}
	for line := range strings.SplitSeq(mounts, "\n") {
		before, after, found := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !found || len(fields) < 6 || len(kind) < 3 || kind[0] != fsType || controller != "" && !hasWord(kind[2], controller) {
			continue
		}
		root, mount := unescape(fields[3]), unescape(fields[4])
		if root == "/" {
			return strings.TrimSuffix(mount+place, "/")
		}
		if rest, inside := strings.CutPrefix(place, root); inside && (rest == "" || rest[0] == '/') {
			return mount + rest
		}
	}
	return ""
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unlimit lifts the limits of a run that is over.
func (g *group) unlimit() {
	for _, name := range g.limited {
		_ = writeAt(g.dir, name, "max")
	}
	g.limited = nil
}
