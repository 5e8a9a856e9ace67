package fs_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"opslua/luabind"
)

func TestMkdir(t *testing.T) {
	l := newLab(t)
	l.put("file", "")
	_ = os.Mkdir(l.path("real"), 0o755)
	_ = os.Symlink("real", l.path("link"))
	l.ok(`
		local r = fs.mkdir(D .. "/a/b/c", {mode = "0700"})
		assert(r.changed and r.path == D .. "/a/b/c" and r.diff == "new directory "..D.."/a\nnew directory "..D.."/a/b\nnew directory "..D.."/a/b/c\n", r.diff)
		assert(fs.stat(D .. "/a/b/c").mode == "0700" and fs.stat(D .. "/a").mode == "0755")
		assert(not fs.mkdir(D .. "/a/b/c").changed)
		assert(not fs.mkdir(D .. "/a/b/c", {mode = "0700"}).changed)
		assert(fs.mkdir(D .. "/a/b/c", {mode = "1777"}).diff == "old mode 0700\nnew mode 1777\n")
		assert(fs.stat(D .. "/a/b/c").mode == "1777")
		assert(not fs.mkdir(D .. "/link").changed)
		assert(fs.mkdir(D .. "/link/sub/").changed and fs.stat(D .. "/real/sub").type == "directory")
		assert(not fs.mkdir("/").changed)`)
	l.fails(`fs.mkdir(D .. "/file")`, luabind.KindIO, "fs.mkdir D/file: it is there already and is a regular file")
	l.fails(`fs.mkdir(D .. "/file/x")`, luabind.KindNotFound)
	l.fails(`fs.mkdir("")`, luabind.KindUsage)
}

func TestRemove(t *testing.T) {
	l := newLab(t)
	outside := l.put("outside", "kept")
	if err := os.MkdirAll(l.path("d/e/f"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.put("d/e/x", "1")
	_ = os.Symlink("../outside", l.path("d/link"))
	_ = os.Symlink("..", l.path("d/e/up"))
	_ = syscall.Mkfifo(l.path("d/fifo"), 0o600)
	l.put("text", "one\n")
	_ = os.Symlink("outside", l.path("l"))
	l.fails(`fs.remove(D .. "/d")`, luabind.KindIO, "fs.remove D/d: it is a folder that is not empty; recursive = true removes it")
	for _, p := range []string{`"/"`, `""`, `"//"`, `"/./"`, `"."`, `".."`, `"/.."`, `D .. "/d/.."`, `D .. "/d/."`, `D .. "/d/../"`} {
		l.fails(`fs.remove(`+p+`, {recursive = true})`, luabind.KindUsage, "fs.remove: path: ")
	}
	l.ok(`
		assert(not fs.remove(D .. "/no").changed)
		assert(not fs.remove(D .. "/no/no").changed)
		local r = fs.remove(D .. "/text")
		assert(r.changed and r.diff:find("-one", 1, true), r.diff)
		assert(fs.remove(D .. "/l").changed)
		assert(fs.remove(D .. "/d/fifo").diff == "removed FIFO\n")
		assert(fs.remove(D .. "/d/e/f").changed)
		assert(fs.remove(D .. "/d/", {recursive = true}).changed)`)
	if b, err := os.ReadFile(outside); string(b) != "kept" || l.names() != "outside" {
		t.Errorf("%s %v %s", b, err, l.names())
	}
}

func TestRemoveLeavesMountsAlone(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	_ = os.MkdirAll(l.path("d/m"), 0o755)
	mount(t, "tmpfs", l.path("d/m"), "tmpfs", "size=1m")
	l.put("d/m/precious", "x")
	l.fails(`fs.remove(D .. "/d", {recursive = true})`, luabind.KindIO, "fs.remove D/d: D/d/m: a file system is mounted there")
	_ = os.MkdirAll(l.path("e/m"), 0o755)
	_ = os.MkdirAll(l.path("src"), 0o755)
	l.put("src/precious", "x")
	bind(t, l.path("src"), l.path("e/m"))
	l.fails(`fs.remove(D .. "/e", {recursive = true})`, luabind.KindIO, "a file system is mounted there")
	if l.text("d/m/precious") != "x" || l.text("src/precious") != "x" {
		t.Error("what was mounted is gone")
	}
}

func TestLink(t *testing.T) {
	l := newLab(t)
	l.put("file", "x")
	l.ok(`
		local r = fs.link("file", D .. "/l")
		assert(r.changed and r.diff == "new target file\n" and fs.read(D .. "/l") == "x")
		assert(not fs.link("file", D .. "/l").changed)
		assert(fs.link("other", D .. "/l").diff == "old target file\nnew target other\n")
		assert(fs.stat(D .. "/l", {follow = false}).target == "other")`)
	l.fails(`fs.link("x", D .. "/file")`, luabind.KindIO, "it is a regular file; only a link is replaced by a link")
	l.fails(`fs.link("", D .. "/n")`, luabind.KindUsage, "target")
	l.fails(`fs.link("x", D .. "/no/n")`, luabind.KindNotFound, "there is no folder D/no")
	if l.names() != "file l" {
		t.Errorf("left %s", l.names())
	}
}

func TestCopyAndMove(t *testing.T) {
	l := newLab(t)
	l.put("a", "text\n")
	_ = os.Chmod(l.path("a"), 0o750|os.ModeSetuid)
	l.put("b", "other\n")
	_ = os.Chmod(l.path("b"), 0o600)
	_ = os.Symlink("b", l.path("lb"))
	_ = os.Link(l.path("b"), l.path("hard"))
	_ = os.MkdirAll(l.path("d/sub"), 0o755)
	l.ok(`
		local r = fs.copy(D .. "/a", D .. "/new")
		assert(r.changed and r.path == D .. "/new" and fs.read(D .. "/new") == "text\n" and fs.stat(D .. "/new").mode == "0750")
		assert(not fs.copy(D .. "/a", D .. "/new").changed)
		r = fs.copy(D .. "/a", D .. "/lb", {backup = true})
		assert(fs.read(D .. "/b") == "text\n" and fs.stat(D .. "/b").mode == "0600" and fs.read(D .. "/b.bak") == "other\n")
		assert(fs.read(D .. "/hard") == "other\n")
		assert(not fs.copy(D .. "/a", D .. "/a").changed)
		assert(fs.copy(D .. "/a", D .. "/m", {mode = "0444"}).changed and fs.stat(D .. "/m").mode == "0444")
		fs.remove(D .. "/m")

		r = fs.move(D .. "/new", D .. "/moved")
		assert(r.changed and r.path == D .. "/moved" and not fs.exists(D .. "/new") and fs.read(D .. "/moved") == "text\n")
		assert(not fs.move(D .. "/moved", D .. "/moved").changed)
		fs.move(D .. "/lb", D .. "/l2")
		assert(fs.stat(D .. "/l2", {follow = false}).type == "link" and fs.read(D .. "/b") == "text\n")
		fs.move(D .. "/moved", D .. "/l2")
		assert(fs.stat(D .. "/l2", {follow = false}).type == "file")
		fs.move(D .. "/d", D .. "/e")
		assert(fs.stat(D .. "/e/sub").type == "directory")`)
	_ = os.Link(l.path("a"), l.path("a2"))
	l.ok(`fs.move(D .. "/a", D .. "/a2") assert(not fs.exists(D .. "/a") and fs.read(D .. "/a2") == "text\n")`)
	l.fails(`fs.copy(D .. "/no", D .. "/x")`, luabind.KindNotFound, "fs.copy D/x: D/no: no such file")
	l.fails(`fs.copy(D .. "/e", D .. "/x")`, luabind.KindIO, "it is a directory")
	l.fails(`fs.copy(D .. "/a2", D .. "/e")`, luabind.KindIO, "it is a directory")
	l.fails(`fs.move(D .. "/no", D .. "/x")`, luabind.KindNotFound)
	l.fails(`fs.move(D .. "/a2", D .. "/e")`, luabind.KindIO, "D/e: it is there already and is a directory; name the new path itself")
	l.fails(`fs.move(D .. "/e", D .. "/e/sub/x")`, luabind.KindIO, "it cannot be moved into itself")
	l.fails(`fs.move(D .. "/a2", D .. "/no/x")`, luabind.KindNotFound, "there is no folder")
	l.fails(`fs.move("/", D .. "/x")`, luabind.KindUsage)
	_ = syscall.Mkfifo(l.path("fifo"), 0o600)
	l.fails(`fs.move(D .. "/a2", D .. "/fifo")`, luabind.KindIO, "D/fifo: it is there already and is a FIFO")
	l.ok(`fs.move(D .. "/fifo", D .. "/fifo2") assert(fs.stat(D .. "/fifo2").type == "fifo") fs.remove(D .. "/fifo2")`)
	if l.names() != "a2 b b.bak e hard l2" {
		t.Errorf("left %s", l.names())
	}
}

func TestMoveAcross(t *testing.T) {
	needRoot(t)
	l := newLab(t)
	other := l.path("other")
	_ = os.Mkdir(other, 0o755)
	mount(t, "tmpfs", other, "tmpfs", "size=2m")
	p := l.put("a", "text\n")
	_ = os.Chown(p, 33, 34)
	_ = os.Chmod(p, 0o751|os.ModeSetgid)
	_ = os.Symlink("a", l.path("l"))
	_ = os.MkdirAll(l.path("d"), 0o755)
	l.ok(`
		local was = fs.stat(D .. "/a")
		fs.write(D .. "/other/a", "there before")
		assert(fs.move(D .. "/a", D .. "/other/a").changed)
		local s = fs.stat(D .. "/other/a")
		for _, k in ipairs{"size", "mode", "uid", "gid", "mtime"} do assert(s[k] == was[k], k) end
		assert(s.device ~= was.device and not fs.exists(D .. "/a") and fs.read(D .. "/other/a") == "text\n")
		fs.move(D .. "/l", D .. "/other/l")
		assert(fs.stat(D .. "/other/l", {follow = false}).target == "a" and #fs.list(D) == 2)`)
	for _, l.dry = range []bool{true, false} {
		l.fails(`fs.move(D .. "/d", D .. "/other/d")`, luabind.KindIO, "it is a directory, and moves within its own file system only")
	}
	l.fails(`fs.write(D .. "/big", ("x"):rep(3e6)) fs.move(D .. "/big", D .. "/other/a")`, luabind.KindIO, "no space left on device")
	if l.text("other/a") != "text\n" || len(l.text("big")) != 3e6 {
		t.Error("a failed move has changed something")
	}
	if left, _ := filepath.Glob(l.path("other/.*")); left != nil {
		t.Errorf("left %v", left)
	}
}
