// Package realhost gives a test a host of its own, on which it may do what an
// operator does: start, kill and misconfigure real daemons, mount file systems.
//
// The test is run once more, alone, in new mount, network and PID namespaces:
// /etc and /var are overlays over the real ones, /run is empty, the network is
// a loopback device and nothing else. Whatever the test changes, mounts and
// starts is gone when it ends, however it ends; nothing of it can be seen or
// reached from outside, a server that listens on 0.0.0.0 included, and tests
// of several packages do not meet.
package realhost

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stage says in which of its three processes a test binary is: the test that
// asked for a host, the first process of that host, or the test on it.
const stage = "OPSLUA_REALHOST"

const onHost = "test"

// Inside says that the test runs on a host of its own. Where it does not yet,
// it runs it there, takes over its result and says false: a test begins with
//
//	if !realhost.Inside(t) {
//		return
//	}
//
// Without root, or where the kernel does not let it, the test is skipped.
func Inside(t *testing.T) bool {
	t.Helper()
	RunInit()
	if os.Getenv(stage) == onHost {
		return true
	}
	switch {
	case strings.Contains(t.Name(), "/"):
		t.Fatal("realhost: call Inside from the test itself, not from a part of it")
	case os.Geteuid() != 0:
		t.Skip("needs root, to make namespaces")
	}
	out, err := run(t)
	text := string(out)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
		t.Skipf("the kernel makes no namespaces here: %v", err)
	case err == nil && strings.Contains(text, "--- SKIP: "+t.Name()+" "):
		t.Skipf("on the host made for it:\n%s", text)
	case err != nil, !strings.Contains(text, "--- PASS: "+t.Name()+" "):
		t.Fatalf("on the host made for it: %v\n%s", err, text)
	case testing.Verbose():
		t.Logf("on the host made for it:\n%s", text)
	}
	return false
}

// run starts the host's first process and waits for its end. The kernel ends
// the whole host with it, and it ends with this process.
func run(t *testing.T) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-test.run=^" + t.Name() + "$", "-test.count=1", "-test.v=true"}
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+max(time.Second, time.Until(end)-2*time.Second).String())
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), stage+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		Pdeathsig:  unix.SIGKILL,
	}
	// The signal follows the thread that has forked.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.CombinedOutput()
}
