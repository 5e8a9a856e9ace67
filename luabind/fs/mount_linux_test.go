package fs_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
)

func mount(t *testing.T, source, at, typ, data string) {
	t.Helper()
	if err := syscall.Mount(source, at, typ, 0, data); err != nil {
		t.Skipf("cannot mount %s: %v", typ, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
}

func bind(t *testing.T, from, at string) {
	t.Helper()
	if err := syscall.Mount(from, at, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot bind: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
}

func TestFullDisk(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	mount(t, "tmpfs", l.dir, "tmpfs", "size=256k")
	l.ok(`fs.write(D .. "/a", "old") fs.write(D .. "/src", "new")`)
	old := "; the old file is unchanged"
	for _, f := range []string{`write(D .. "/a", B)`, `template(D .. "/a", B, {})`, `edit(D .. "/a", function() return B end)`,
		`append(D .. "/a", B, {validate = function() end})`} {
		l.fails(`local B = ("x"):rep(1e6) fs.`+f, luabind.KindIO, "fs.", " D/a: no space left on device"+old)
	}
	l.fails(`fs.append(D .. "/a", ("x"):rep(1e6))`, luabind.KindIO, "fs.append D/a: no space left on device; nothing was written")
	l.fails(`fs.append(D .. "/new", ("x"):rep(1e6))`, luabind.KindIO, "no space left on device; nothing was written")
	l.fails(`fs.write(D .. "/new", ("x"):rep(1e6))`, luabind.KindIO, "no space left on device; nothing was written")
	l.fails(`fs.write(D .. "/b", ("x"):rep(150e3)) fs.write(D .. "/b", ("y"):rep(50e3), {backup = true})`, luabind.KindIO, "D/b.bak: no space left on device"+old)
	if l.text("a") != "old" || l.text("b") != strings.Repeat("x", 150e3) || l.names() != "a b src" {
		t.Errorf("%q %s", l.text("a"), l.names())
	}
}

func TestReadOnlyAndBoundFiles(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	_ = os.Mkdir(l.path("ro"), 0o755)
	mount(t, "tmpfs", l.path("ro"), "tmpfs", "size=64k")
	l.put("ro/a", "old")
	if err := syscall.Mount("", l.path("ro"), "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{`write(P, "x")`, `append(P, "x")`, `write(P, "old", {mode = "0600"})`, `remove(P)`, `move(P, P .. "2")`, `link("x", P .. "2")`, `mkdir(P .. "2")`, `lock(P .. "2")`} {
		l.fails(`local P = D .. "/ro/a" fs.`+f, luabind.KindIO, "read-only file system")
	}
	l.put("a", "outer")
	l.put("b", "bound")
	bind(t, l.path("b"), l.path("a"))
	l.fails(`fs.write(D .. "/a", "x")`, luabind.KindIO, "it is a mount of its own, and cannot be replaced in one step; the old file is unchanged")
	if l.text("ro/a") != "old" || l.text("a") != "bound" || l.names() != "a b ro" {
		t.Errorf("%s", l.names())
	}
}

// A folder without the right to write, seen by somebody who is not root.
func TestNoAccess(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to become somebody else")
	}
	l := newLab(t)
	if err := os.Chmod(l.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_ = os.Mkdir(l.path("locked"), 0o700)
	l.put("locked/a", "x")
	l.put("a", "old")
	_ = os.Mkdir(l.path("open"), 0o777)
	_ = os.Chmod(l.path("open"), 0o777)
	l.put("open/theirs", "old")
	l.put("secret", "x")
	_ = os.Chmod(l.path("secret"), 0o600)
	for up := l.dir; up != "/" && up != "/tmp"; up = up[:strings.LastIndexByte(up, '/')] {
		_ = os.Chmod(up, 0o755)
	}
	asNobody(t, func() {
		for f, parts := range map[string]string{
			`write(D .. "/a", "x")`:                  "; the old file is unchanged",
			`write(D .. "/new", "x")`:                "; nothing was written",
			`append(D .. "/a", "x")`:                 "; nothing was written",
			`read(D .. "/secret")`:                   "permission denied",
			`write(D .. "/secret", "x")`:             "permission denied",
			`stat(D .. "/locked/a")`:                 "permission denied",
			`exists(D .. "/locked/a")`:               "permission denied",
			`list(D .. "/locked")`:                   "permission denied",
			`glob(D .. "/**/a")`:                     "partial = true",
			`remove(D .. "/a")`:                      "permission denied",
			`move(D .. "/a", D .. "/b")`:             "permission denied",
			`mkdir(D .. "/x")`:                       "permission denied",
			`link("x", D .. "/x")`:                   "permission denied",
			`lock(D .. "/x")`:                        "permission denied",
			`hash(D .. "/secret")`:                   "permission denied",
			`copy(D .. "/secret", D .. "/open/x")`:   "permission denied",
			`write(D .. "/open/theirs", "x")`:        "it cannot belong to 0:0: operation not permitted; the old file is unchanged",
			`write(D .. "/a", "old", {mode="0600"})`: "it cannot have the mode 0600: operation not permitted",
		} {
			l.fails("fs."+f, luabind.KindAccess, parts)
		}
		l.ok(`assert(#fs.glob(D .. "/**/a", {partial = true}) == 1) fs.write(D .. "/open/mine", "x") fs.write(D .. "/open/mine", "y")`)
	})
	if l.text("open/theirs") != "old" || l.text("a") != "old" {
		t.Error("something changed")
	}
}

// asNobody runs f in a process whose file access is that of another user.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if err := syscall.Setegid(65534); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Seteuid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setegid(0); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// A file system that never answers: the script ends at its deadline all the same.
func TestHungMount(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	_ = os.Mkdir(l.path("hung"), 0o755)
	at := l.path("hung")
	err = syscall.Mount("opslua-test", at, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse.Fd()))
	if err != nil {
		_ = fuse.Close()
		t.Skip(err)
	}
	t.Cleanup(func() {
		_ = fuse.Close() // ends what hangs
		_ = syscall.Unmount(at, syscall.MNT_DETACH)
	})
	l.put("here", "x")
	l.wait = 300 * time.Millisecond
	for _, f := range []string{`read(P)`, `write(P, "x")`, `append(P, "x")`, `edit(P, tostring)`, `stat(P)`, `exists(P)`, `list(D .. "/hung")`,
		`glob(D .. "/hung/*")`, `hash(P)`, `tail(P)`, `remove(P)`, `mkdir(P)`, `move(D .. "/here", P)`, `copy(D .. "/here", P)`,
		`copy(P, D .. "/here")`, `link("x", P)`, `lock(P)`, `template(P, "x", {})`} {
		start := time.Now()
		err := l.run(`local P = D .. "/hung/a" pcall(fs.` + strings.Replace(f, "(", ", ", 1) + ` print("went on")`)
		if err == nil || !strings.Contains(err.Error(), "deadline") || l.out != "" {
			t.Errorf("%s: got %v %q", f, err, l.out)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %s", f, took)
		}
	}
}

func TestKernelSettings(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	l.ok(`
		local p = "/proc/self/oom_score_adj"
		local was = fs.read(p)
		assert(fs.write(p, "17\n").changed and fs.read(p) == "17\n")
		assert(not fs.write(p, "17").changed)
		fs.write(p, was)`)
	l.fails(`fs.write("/proc/self/oom_score_adj", "lots")`, luabind.KindIO, "invalid argument; the kernel did not take it")
	l.fails(`fs.write("/proc/self/oom_score_adj", "17", {mode = "0600"})`, luabind.KindUsage, "takes no mode")
	l.dry = true
	l.ok(`fs.write("/proc/self/oom_score_adj", "18\n") assert(fs.read("/proc/self/oom_score_adj") == "18\n")`)
	l.dry = false
	l.ok(`assert(fs.read("/proc/self/oom_score_adj") ~= "18\n")`)
}
