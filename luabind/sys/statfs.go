package sys

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// usage is how full a file system is: bytes, and numbers of inodes. Some report
// more than 2^63.
type usage struct {
	size, used, free   float64 // free is what an unprivileged user may write
	inodes, inodesUsed float64 // 0 where the file system has no fixed number
}

// newUsage makes sense of the kernel's counts. A number of free blocks that is
// negative, since what is reserved is in use, is none.
func newUsage(unit, blocks, free, available, files, filesFree uint64) usage {
	if available > math.MaxInt64 {
		available = 0
	}
	u := usage{
		size: float64(blocks) * float64(unit),
		used: float64(blocks-min(free, blocks)) * float64(unit),
		free: float64(min(available, blocks)) * float64(unit),
	}
	if files > 0 && filesFree <= files {
		u.inodes, u.inodesUsed = float64(files), float64(files-filesFree)
	}
	return u
}

// statfs asks from this process. Without an answer the goroutine stays behind
// until the kernel lets go of it.
func statfs(ctx context.Context, path string) (usage, error) {
	type answer struct {
		u   usage
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		var st unix.Statfs_t
		err := unix.Statfs(path, &st)
		for err == unix.EINTR && ctx.Err() == nil {
			err = unix.Statfs(path, &st)
		}
		unit := st.Frsize
		if unit <= 0 {
			unit = st.Bsize
		}
		answers <- answer{newUsage(uint64(unit), st.Blocks, st.Bfree, st.Bavail, st.Files, st.Ffree), err}
	}()
	select {
	case a := <-answers:
		return a.u, a.err
	case <-ctx.Done():
		return usage{}, errNoAnswer
	}
}

// statfsApart asks from a process of its own. A thread that waits for a dead
// FUSE server cannot be killed, and keeps its whole process from ending: this
// one would be there as long as the server is. A child that does not answer is
// killed, if that is possible, and otherwise left behind; it holds no descriptor
// of ours but the pipe to here.
func statfsApart(ctx context.Context, path string) (usage, error) {
	program := statProgram()
	if program == "" {
		return statfs(ctx, path)
	}
	var out, errw bytes.Buffer
	cmd := exec.Command(program, "-f", "-c", statFormat, "--", path)
	cmd.Env, cmd.Dir = []string{"LC_ALL=C"}, "/"
	cmd.Stdout, cmd.Stderr = &out, &errw
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is ours to handle
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			return usage{}, statError(errw.String(), err)
		}
		return parseStat(out.String())
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		return usage{}, errNoAnswer
	}
}

// statProgram is stat of coreutils or busybox: a fixed place, since PATH
// belongs to the script.
func statProgram() string {
	for _, p := range []string{"/usr/bin/stat", "/bin/stat"} {
		if unix.Access(p, unix.X_OK) == nil {
			return p
		}
	}
	return ""
}

// statFormat asks for the unit, the blocks: all, free, available; the inodes: all, free.
const statFormat = "%S %b %f %a %c %d"

const errStat = errText("stat gave no numbers")

// parseStat reads what stat wrote.
func parseStat(text string) (usage, error) {
	f := strings.Fields(text)
	if len(f) != 6 {
		return usage{}, errStat
	}
	var n [6]uint64
	for i := range n {
		v, err := strconv.ParseUint(f[i], 10, 64)
		if err != nil && strings.HasPrefix(f[i], "-") {
			var signed int64
			signed, err = strconv.ParseInt(f[i], 10, 64)
			v = uint64(signed)
		}
		if err != nil {
			return usage{}, errStat
		}
		n[i] = v
	}
	return newUsage(n[0], n[1], n[2], n[3], n[4], n[5]), nil
}

// statError finds the system's word in what stat said.
func statError(text string, err error) error {
	line := strings.TrimSpace(text)
	for _, e := range []syscall.Errno{unix.EACCES, unix.EPERM, unix.ENOENT, unix.ENOTCONN, unix.EIO, unix.ESTALE,
		unix.EHOSTDOWN, unix.ETIMEDOUT, unix.EHOSTUNREACH, unix.ECONNABORTED, unix.ECONNREFUSED, unix.ECONNRESET} {
		if strings.HasSuffix(strings.ToLower(line), ": "+e.Error()) {
			return e
		}
	}
	if i := strings.LastIndex(line, ": "); i >= 0 && !strings.Contains(line, "\n") {
		return errors.New(line[i+2:])
	}
	return &fs.PathError{Op: "stat", Path: "file system", Err: err}
}
