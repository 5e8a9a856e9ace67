package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// A note file is one per supervisor, locked as long as that lives. It is a
// header of headSize bytes (the boot id, the pid and start of the supervisor)
// and slots of slotSize bytes, one for each control group made and each command
// under way without one; all of it is text, filled up with spaces.
const (
	noteMagic = "opslua-run 1"
	noteExt   = ".run"
	headSize  = 512
	slotSize  = 4096 + 256 // a path and more
	maxSlots  = 65536
	maxNote   = 1 << 28

	// markName is the variable that commands without a control group bear.
	markName = "OPSLUA_RUN"
	// markDetached is its value for those that are nobody's to end.
	markDetached = "detached"
)

// notes is the note file of one supervisor, made when the first thing is
// noted. It is safe for concurrent use. All that fails turns it off: commands
// run without.
type notes struct {
	dir  string
	self int

	mu    sync.Mutex
	tried bool
	file  *os.File
	used  int
	free  []int
}

// entry is one slot.
type entry struct {
	base, name string // of a control group
	mark       string // of a command without one
	pid        int
	ticks      uint64
}

func (n *notes) group(base, name string) int {
	return n.write(-1, fmt.Sprintf("group %s %s", name, base))
}

// command notes a mark, and the process that bears it as soon as it is known.
func (n *notes) command(slot int, mark string, pid int, ticks uint64) int {
	return n.write(slot, fmt.Sprintf("mark %s %d %d", mark, pid, ticks))
}

func (n *notes) write(slot int, text string) int {
	if n.dir == "" || len(text) >= slotSize || strings.ContainsAny(text, "\n\x00") {
		return -1
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.tried {
		n.tried = true
		n.file, _ = createNote(n.dir, n.self)
	}
	if n.file == nil {
		return -1
	}
	if slot < 0 {
		switch {
		case len(n.free) > 0:
			slot = n.free[len(n.free)-1]
			n.free = n.free[:len(n.free)-1]
		case n.used < maxSlots:
			slot = n.used
			n.used++
		default:
			return -1
		}
	}
	if _, err := n.file.WriteAt([]byte(text+"\n"), headSize+int64(slot)*slotSize); err != nil {
		n.free = append(n.free, slot)
		return -1
	}
	return slot
}

func (n *notes) clear(slot int) {
	if slot < 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file != nil {
		_, _ = n.file.WriteAt([]byte("-\n"), headSize+int64(slot)*slotSize)
		n.free = append(n.free, slot)
	}
}

func (n *notes) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tried = true
	if n.file == nil {
		return nil
	}
	err := os.Remove(n.file.Name())
	_ = n.file.Close()
	n.file = nil
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// createNote makes the file under a hidden name and gives it its own once it
// is locked: an unlocked one is taken for that of a dead supervisor.
func createNote(dir string, self int) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := ownDir(dir); err != nil {
		return nil, err
	}
	p, err := openProc()
	if err != nil {
		return nil, err
	}
	defer p.close()
	me, ok := p.stat(self)
	if !ok {
		return nil, constError("/proc/self/stat cannot be understood")
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("%s\n%s\n%d %d\n", noteMagic, bootID(), self, me.ticks)
	final := filepath.Join(dir, strconv.Itoa(self)+"-"+filepath.Base(f.Name())[len(".new-"):]+noteExt)
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		_, err = f.WriteAt([]byte(head), 0)
	}
	if err == nil {
		err = os.Rename(f.Name(), final)
	}
	temp := f.Name()
	if err != nil {
		_ = os.Remove(temp)
		_ = f.Close()
		return nil, err
	}
	// The descriptor with the lock goes on under the name to remove at the end.
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	_ = f.Close()
	if err != nil {
		_ = os.Remove(final)
		return nil, err
	}
	return os.NewFile(uintptr(fd), final), nil
}

// ownDir says why a directory is not to be trusted: it has to be this user's,
// no link, and writable by nobody else.
func ownDir(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return &os.PathError{Op: "open", Path: dir, Err: unix.ENOTDIR}
	case int(st.Uid) != os.Geteuid(), st.Mode&0o022 != 0:
		return &os.PathError{Op: "open", Path: dir, Err: constError("it belongs to another user, or others can write it")}
	}
	return nil
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}

// parseNote reads a note file.
func parseNote(b []byte) (boot string, entries []entry, ok bool) {
	text := string(b)
	lines := strings.SplitN(text[:min(len(text), headSize)], "\n", 4)
	if len(lines) < 4 || lines[0] != noteMagic {
		return "", nil, false
	}
	who, _, _ := strings.Cut(lines[2], " ")
	if pid, err := strconv.Atoi(who); err != nil || pid <= 0 {
		return "", nil, false
	}
	for at := headSize; at < len(text); at += slotSize {
		line, _, _ := strings.Cut(text[at:min(len(text), at+slotSize)], "\n")
		if e, ok := parseEntry(strings.TrimRight(line, "\x00")); ok {
			entries = append(entries, e)
		}
	}
	return lines[1], entries, true
}

func parseEntry(line string) (e entry, ok bool) {
	switch fields := strings.SplitN(line, " ", 4); {
	case fields[0] == "group" && len(fields) >= 3:
		e.name = fields[1]
		e.base = strings.TrimPrefix(line, "group "+e.name+" ")
		ok = strings.HasPrefix(e.name, groupPrefix) && !strings.Contains(e.name, "/") && strings.HasPrefix(e.base, "/")
	case fields[0] == "mark" && len(fields) == 4:
		e.mark = fields[1]
		pid, err := strconv.Atoi(fields[2])
		ticks, err2 := strconv.ParseUint(fields[3], 10, 64)
		e.pid, e.ticks = pid, ticks
		ok = err == nil && err2 == nil && pid >= 0 && e.mark != "" && e.mark != markDetached
	}
	return e, ok
}
