package realhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// RunInit does nothing, unless this process is the first one of a host: then it
// does that one's work and never returns. A TestMain that has much to do, such
// as building a program, calls it first, so as not to do it for nothing.
func RunInit() {
	scratch := os.Getenv(stage)
	if scratch == "" || scratch == onHost {
		return
	}
	code, err := first(scratch)
	if err != nil {
		fmt.Fprintln(os.Stderr, "realhost:", err)
		code = 1
	}
	os.Exit(code)
}

// first makes the host, runs the test on it and reaps what its daemons leave,
// as the first process of a host has to: a zombie would count as alive.
func first(scratch string) (code int, err error) {
	if os.Getpid() != 1 {
		return 1, errors.New("not the first process of its namespace: the environment has " + stage + " from elsewhere")
	}
	if err := private(scratch); err != nil {
		return 1, err
	}
	if err := loopback(); err != nil {
		return 1, fmt.Errorf("loopback: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	test, err := os.StartProcess(self, os.Args, &os.ProcAttr{Env: environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 1, err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 1, fmt.Errorf("wait: %w", err)
		case pid == test.Pid && status.Signaled():
			return 1, fmt.Errorf("the test was ended by signal %v", status.Signal())
		case pid == test.Pid && status.Exited():
			return status.ExitStatus(), nil
		}
	}
}

// environ is that of the test on the host.
func environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, stage+"=") })
	return append(env, stage+"="+onHost)
}

// private puts copies in place of what daemons write to.
func private(scratch string) error {
	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"realhost", scratch, "tmpfs", 0, "mode=755"},
		{"realhost", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
	}
	for _, s := range steps {
		if err := unix.Mount(s.source, s.target, s.kind, s.flags, s.data); err != nil {
			return fmt.Errorf("mount %s: %w", s.target, err)
		}
	}
	for _, dir := range []string{"/etc", "/var"} {
		if err := overlay(scratch, dir); err != nil {
			return err
		}
	}
	if err := os.Mkdir("/run/lock", 0o755); err != nil {
		return err
	}
	return os.Chmod("/run/lock", 0o777|os.ModeSticky)
}

func overlay(scratch, dir string) error {
	upper, work := filepath.Join(scratch, dir, "upper"), filepath.Join(scratch, dir, "work")
	for _, d := range []string{upper, work} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	options := "lowerdir=" + dir + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount %s: %w", dir, err)
	}
	return nil
}

// loopback brings the only device of the network up.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
