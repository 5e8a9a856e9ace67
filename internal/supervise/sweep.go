package supervise

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	sweepGrace = 500 * time.Millisecond
	killBound  = 2 * time.Second // what is not gone so long after SIGKILL is a survivor
	staleNew   = time.Hour
)

// Sweep ends what killed supervisors of this user with the same RunDir have
// left, and says how many processes that were. What belongs to a supervisor
// that lives, what was detached and what a successful command left behind is
// not touched. Where nothing was left it costs the reading of one directory.
func (s *Supervisor) Sweep() (ended int, err error) {
	dir := s.opts.RunDir
	if dir == "" {
		return 0, nil
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return 0, nil
		}
		return 0, err
	}
	if len(found) == 0 {
		return 0, nil
	}
	if err := ownDir(dir); err != nil {
		return 0, err
	}
	var errs []error
	for _, f := range found {
		path := filepath.Join(dir, f.Name())
		switch {
		case strings.HasSuffix(f.Name(), noteExt):
			n, err := sweepNote(path, s.self)
			ended += n
			errs = append(errs, err)
		case strings.HasPrefix(f.Name(), ".new-"):
			if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > staleNew {
				_ = os.Remove(path)
			}
		}
	}
	return ended, errors.Join(errs...)
}

// sweepNote does one file, if its supervisor is dead. The lock keeps another
// sweep away until it is done.
func sweepNote(path string, self int) (int, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, ignoreMissing(&os.PathError{Op: "open", Path: path, Err: err})
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || int(st.Uid) != os.Geteuid() || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, nil
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return 0, nil // its supervisor lives, or another one sweeps
	}
	b, err := io.ReadAll(io.LimitReader(f, maxNote))
	if err != nil {
		return 0, &os.PathError{Op: "read", Path: path, Err: err}
	}
	ended := 0
	boot, entries, ok := parseNote(b)
	if ok && boot == bootID() {
		ended, err = sweepEntries(entries, self)
	}
	if err != nil {
		return ended, err // the note stays for the next start
	}
	return ended, ignoreMissing(os.Remove(path))
}

func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func sweepEntries(entries []entry, self int) (int, error) {
	var trees []*tree
	for _, e := range entries {
		switch {
		case e.name != "":
			g, err := openGroup(e.base + "/" + e.name)
			if err != nil {
				continue
			}
			defer g.remove()
			if !g.empty() {
				trees = append(trees, &tree{self: self, group: g})
			}
		default:
			t := &tree{self: self, mark: e.mark, since: e.ticks, seen: make(map[int]uint64)}
			if e.pid > 0 {
				t.seen[e.pid] = e.ticks
			}
			trees = append(trees, t)
		}
	}
	if len(trees) == 0 {
		return 0, nil
	}
	return endTrees(trees)
}

// endTrees asks, waits and kills. The leaders are not children of this process,
// so that no number of a process group is relied on.
func endTrees(trees []*tree) (int, error) {
	ended := make(map[int]uint64)
	refused := false
	alive := func(sig ...syscall.Signal) int {
		n := 0
		for _, t := range trees {
			list := t.scan()
			n += len(list)
			for i := range list {
				ended[list[i].pid] = list[i].ticks
			}
			for _, one := range sig {
				refused = signalEach(list, 0, one) || refused
			}
		}
		return n
	}
	left := alive(syscall.SIGTERM, syscall.SIGCONT)
	for begun := time.Now(); left > 0 && time.Since(begun) < sweepGrace; left = alive() {
		time.Sleep(5 * time.Millisecond)
	}
	for begun := time.Now(); left > 0 && time.Since(begun) < killBound; {
		for _, t := range trees {
			if t.group != nil {
				t.group.kill()
			}
		}
		left = alive(syscall.SIGKILL)
		if left > 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	if left > 0 {
		err := error(constError("processes that a killed run left are still there"))
		if refused {
			err = errors.Join(err, os.ErrPermission)
		}
		return len(ended) - left, err
	}
	return len(ended), nil
}
