package realhost_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/tests/realhost"
)

// What a test does to its host is not done to the one outside, and ends with it.
func TestInside(t *testing.T) {
	const mark = "/etc/realhost-mark"
	if !realhost.Inside(t) {
		if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s outside: %v", mark, err)
		}
		return
	}
	for _, dir := range []string{"/etc", "/var/log", "/run", "/run/lock"} {
		if err := os.WriteFile(dir+"/realhost-mark", nil, 0o600); err != nil {
			t.Error(err)
		}
	}
	ifs, err := net.Interfaces()
	if err != nil || len(ifs) != 1 || ifs[0].Flags&net.FlagUp == 0 {
		t.Errorf("interfaces %v, %v", ifs, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	pids := 0
	for _, e := range entries {
		if strings.Trim(e.Name(), "0123456789") == "" {
			pids++
		}
	}
	if pids != 2 {
		t.Errorf("%d processes, want the first one and the test", pids)
	}
}

// A daemon whose parent has gone is reaped when it ends.
func TestOrphansAreReaped(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	out, err := exec.Command("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strings.TrimSpace(string(out))
	if _, err := os.Stat(proc); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("kill", "-9", strings.TrimPrefix(proc, "/proc/")).Run(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if _, err := os.Stat(proc); errors.Is(err, fs.ErrNotExist) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s is still there", proc)
}

// What a test leaves running ends with its host.
func TestNothingIsLeft(t *testing.T) {
	const name = "4321.125" // of a sleep that nobody else sleeps
	if realhost.Inside(t) {
		cmd := exec.Command("sleep", name)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return
	}
	files, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if line, err := os.ReadFile("/proc/" + f.Name() + "/cmdline"); err == nil && string(line) == "sleep\x00"+name+"\x00" {
			t.Errorf("process %s is left", f.Name())
		}
	}
}
