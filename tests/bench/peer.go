package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawScan reads stat, cmdline and the owner of every process, in one loop, and
// keeps the bytes: what a listing cannot do without. The median of 15.
func rawScan() (float64, error) {
	var took []float64
	for range 15 {
		start := time.Now()
		names, err := readNames("/proc")
		if err != nil {
			return 0, err
		}
		var keep [][]byte
		for _, n := range names {
			if n[0] < '0' || n[0] > '9' {
				continue
			}
			stat, err := os.ReadFile("/proc/" + n + "/stat")
			if err != nil {
				continue
			}
			cmdline, _ := os.ReadFile("/proc/" + n + "/cmdline")
			var st syscall.Stat_t
			_ = syscall.Stat("/proc/"+n, &st)
			keep = append(keep, stat, cmdline)
		}
		took = append(took, time.Since(start).Seconds())
		if len(keep) == 0 {
			return 0, fmt.Errorf("no processes")
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return f.Readdirnames(-1)
}

// rawKill starts 1,000 processes that ignore TERM in one group and measures
// from one SIGKILL to the group until the last of them has ended; whether its
// new parent has reaped it is not the kernel's business.
func rawKill() (float64, error) {
	cmd := exec.Command("sh", "-c", "trap '' TERM; i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		return 0, err
	}
	fds, err := openGroup(cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		return 0, err
	}
	for _, fd := range fds {
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000); n != 1 {
			return 0, fmt.Errorf("a process of the group is still there: %w", err)
		}
	}
	return time.Since(start).Seconds(), nil
}

// openGroup opens a pidfd of every process of a group.
func openGroup(pgid int) ([]int, error) {
	names, err := readNames("/proc")
	if err != nil {
		return nil, err
	}
	var fds []int
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil {
			continue
		}
		if g, err := syscall.Getpgid(pid); err != nil || g != pgid {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return nil, err
		}
		fds = append(fds, fd)
	}
	if len(fds) < 1000 {
		return nil, fmt.Errorf("only %d processes in the group", len(fds))
	}
	return fds, nil
}

// crowd is a set of sleeping processes, so that listings have something to
// list. Its owner stops it.
type crowd struct {
	cmd  *exec.Cmd
	root int // a process with a small tree below it
}

func startCrowd(n int) (*crowd, error) {
	now, err := readNames("/proc")
	if err != nil {
		return nil, err
	}
	have := 0
	for _, name := range now {
		if _, err := strconv.Atoi(name); err == nil {
			have++
		}
	}
	script := fmt.Sprintf("(sleep 3600 & sleep 3600 & wait) & echo $!; i=0; while [ $i -lt %d ]; do sleep 3600 & i=$((i+1)); done; echo; wait", max(n-have, 0))
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var text strings.Builder
	for buf := make([]byte, 64); strings.Count(text.String(), "\n") < 2; {
		k, err := out.Read(buf)
		text.Write(buf[:k])
		if err != nil {
			return nil, err
		}
	}
	root, err := strconv.Atoi(strings.SplitN(text.String(), "\n", 2)[0])
	return &crowd{cmd, root}, err
}

func (c *crowd) stop() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	_ = c.cmd.Wait()
}
