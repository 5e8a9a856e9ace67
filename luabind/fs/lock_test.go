package fs_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
)

func TestLock(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local lock = fs.lock(D .. "/lock")
		assert(fs.stat(D .. "/lock").mode == "0600")
		local ok, err = pcall(fs.lock, D .. "/lock", {timeout = 0})
		assert(not ok and err:is("timeout"))
		lock:unlock() lock:unlock()
		local other = fs.lock(D .. "/lock", {timeout = "1s"})
		assert(fs.lock(D .. "/other"))`)
	l.ok(`fs.lock(D .. "/lock", {timeout = 0})`) // the end of the run before gave it back
	l.fails(`fs.lock(D .. "/lock") fs.lock(D .. "/lock", {timeout = "50ms"})`, luabind.KindTimeout, "fs.lock D/lock: somebody else still holds it after 50ms")
	l.wait = 200 * time.Millisecond
	if err := l.run(`fs.lock(D .. "/lock") pcall(fs.lock, D .. "/lock", {timeout = false}) print("no")`); err == nil || l.out != "" {
		t.Errorf("got %v %q", err, l.out)
	}
	l.wait = time.Minute
	_ = syscall.Mkfifo(l.path("fifo"), 0o600)
	l.fails(`fs.lock(D .. "/fifo")`, luabind.KindIO, "it is a FIFO")
	l.fails(`fs.lock(D)`, luabind.KindIO, "it is a directory")
	l.fails(`fs.lock(D .. "/no/x")`, luabind.KindNotFound, "there is no folder")
}

// A command in the background outlives the lock without holding it.
func TestLockIsNotInherited(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local lock = fs.lock(D .. "/lock")
		local h = proc.spawn{"sleep", 20}
		lock:unlock()
		fs.lock(D .. "/lock", {timeout = 0}):unlock()
		h:stop()`)
}

// The lock is that of flock(1), and waits for it.
func TestLockWithOthers(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip(err)
	}
	l := newLab(t)
	cmd := exec.Command("flock", l.path("lock"), "sh", "-c", "echo; exec cat")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	l.fails(`fs.lock(D .. "/lock", {timeout = "50ms"})`, luabind.KindTimeout)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_ = in.Close()
	}()
	l.ok(`fs.lock(D .. "/lock", {timeout = "10s"})`)
	_ = cmd.Wait()
}

// A lock on a file that is removed meanwhile is none.
func TestLockOfRemovedFile(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local old = fs.lock(D .. "/lock")
		fs.remove(D .. "/lock")
		local new = fs.lock(D .. "/lock", {timeout = 0})
		assert(fs.exists(D .. "/lock"))`)
	if _, err := os.Stat(l.path("lock")); err != nil {
		t.Error(err)
	}
}
