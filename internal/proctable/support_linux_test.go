package proctable

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// startMany starts a shell with n sleepers below it and gives its pid. All end
// with the test, each by its own identity.
func startMany(tb testing.TB, n int) int {
	tb.Helper()
	script := fmt.Sprintf("i=0; while [ $i -lt %d ]; do sleep 300 & i=$((i+1)); done; wait", n)
	cmd := exec.Command("/bin/sh", "-c", script)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		killBelow(tb, cmd.Process.Pid)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	eventually(tb, func() bool {
		found, err := Descendants(context.Background(), cmd.Process.Pid)
		return err == nil && len(found) >= n
	})
	return cmd.Process.Pid
}

func killBelow(tb testing.TB, pid int) {
	tb.Helper()
	found, err := Descendants(context.Background(), pid)
	if err != nil {
		tb.Errorf("processes below %d are left: %v", pid, err)
	}
	for _, id := range found {
		h, err := Open(id)
		if err == ErrGone {
			continue
		}
		if err != nil {
			tb.Errorf("process %d is left: %v", id.PID, err)
			continue
		}
		if err := h.Signal(syscall.SIGKILL); err != nil && err != ErrGone {
			tb.Errorf("process %d is left: %v", id.PID, err)
		}
		_ = h.Close()
	}
}

// eventually fails the test if f does not become true within a minute.
func eventually(tb testing.TB, f func() bool) {
	tb.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("waited for a minute in vain")
		}
	}
}
