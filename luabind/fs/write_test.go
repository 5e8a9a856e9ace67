package fs_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"opslua/luabind"
)

func TestWrite(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local p = D .. "/a"
		local r = fs.write(p, "one\ntwo\n")
		assert(r.changed and r.path == p, "new")
		assert(r.diff == "--- "..p.."\n+++ "..p.."\n@@ -0,0 +1,2 @@\n+one\n+two\n", r.diff)
		r = fs.write(p, "one\ntwo\n")
		assert(not r.changed and r.path == p and r.diff == "", "same")
		r = fs.write(p, "one\n2\n")
		assert(r.diff == "--- "..p.."\n+++ "..p.."\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n", r.diff)
		assert(fs.read(p) == "one\n2\n")
		r = fs.write(p, "\0\255")
		assert(r.diff == "binary, 6 -> 2 bytes\n", r.diff)
		assert(fs.read(p) == "\0\255")
		r = fs.write(p, ("x"):rep(2^20 + 1))
		assert(r.diff == "large, 2 -> 1048577 bytes\n", r.diff)
		assert(fs.write(p, "").changed)
		assert(fs.read(p) == "")
		assert(fs.write(p, 12.5).changed)
		assert(fs.read(p) == "12.5")
	`)
	if got := l.names(); got != "a" {
		t.Errorf("left: %s", got)
	}
}

func TestWriteKeepsAndSets(t *testing.T) {
	l := newLab(t)
	p := l.put("a", "old")
	if err := os.Chmod(p, 0o2751); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p, 0o751|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	xattrs := syscall.Setxattr(p, "user.note", []byte("kept"), 0) == nil
	if os.Geteuid() == 0 {
		if err := os.Chown(p, 33, 34); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, 0o751|os.ModeSetgid); err != nil {
			t.Fatal(err)
		}
	}
	l.ok(`fs.write(D .. "/a", "new")
		local s = fs.stat(D .. "/a")
		print(s.mode, s.uid, s.gid, s.size, s.type)`)
	want := "2751\t33\t34\t3\tfile\n"
	if os.Geteuid() == 0 && l.out != want {
		t.Errorf("got %q, want %q", l.out, want)
	}
	if xattrs {
		var b [10]byte
		if n, err := syscall.Getxattr(p, "user.note", b[:]); err != nil || string(b[:n]) != "kept" {
			t.Errorf("the attribute: %q %v", b[:max(n, 0)], err)
		}
	}
	l.ok(`
		local p = D .. "/a"
		local ino = fs.stat(p).inode
		local r = fs.write(p, "new", {mode = "0600"})
		assert(r.changed and r.diff == "old mode 2751\nnew mode 0600\n", r.diff)
		assert(fs.stat(p).mode == "0600" and fs.stat(p).inode == ino)
		assert(not fs.write(p, "new", {mode = "600"}).changed)
		assert(fs.write(p, "newer", {mode = "0640"}).diff:find("^old mode 0600\nnew mode 0640\n%-%-%- "))
		assert(fs.stat(p).mode == "0640")
		fs.write(D .. "/b", "x", {mode = "0604"})
		assert(fs.stat(D .. "/b").mode == "0604")
		local old = lab.umask(63)
		fs.write(D .. "/c", "x")
		fs.append(D .. "/d", "x")
		lab.umask(old)
		assert(fs.stat(D .. "/c").mode == "0600" and fs.stat(D .. "/d").mode == "0600")
	`)
	if os.Geteuid() != 0 {
		return
	}
	l.ok(`
		local p = D .. "/a"
		assert(fs.write(p, "newer", {owner = "root:adm"}).diff == "old owner 33:34\nnew owner 0:4\n")
		assert(not fs.write(p, "newer", {owner = "0:4"}).changed)
		fs.write(p, "newest", {owner = ":65533", mode = "4755"})
		local s = fs.stat(p)
		assert(s.uid == 0 and s.gid == 65533 and s.mode == "4755")
	`)
}

func TestWriteThroughLinks(t *testing.T) {
	l := newLab(t)
	l.put("real", "old")
	_ = os.Symlink("real", l.path("link"))
	_ = os.Symlink("nothing", l.path("dangling"))
	_ = os.Symlink("loop", l.path("loop"))
	_ = os.Mkdir(l.path("dir"), 0o755)
	_ = os.Symlink("dir", l.path("dirlink"))
	l.ok(`
		assert(fs.write(D .. "/link", "new").changed)
		assert(fs.read(D .. "/real") == "new")
		assert(fs.stat(D .. "/link", {follow = false}).type == "link")
		assert(fs.stat(D .. "/link", {follow = false}).target == "real")
		assert(fs.stat(D .. "/link").type == "file")
		assert(not fs.exists(D .. "/dangling"))
		fs.write(D .. "/dangling", "made")
		assert(fs.read(D .. "/nothing") == "made")
		assert(fs.exists(D .. "/dangling"))
		fs.write(D .. "/dirlink/../up", "x")
		fs.write(D .. "/dirlink/in", "y")
		assert(fs.read(D .. "/up") == "x" and fs.read(D .. "/dir/in") == "y")
	`)
	l.fails(`fs.write(D .. "/loop", "x")`, luabind.KindIO, "too many links")
}

func TestWriteRefuses(t *testing.T) {
	l := newLab(t)
	_ = os.Mkdir(l.path("dir"), 0o755)
	_ = syscall.Mkfifo(l.path("fifo"), 0o644)
	l.put("a", "old")
	for _, f := range []string{"read", "hash", "tail"} {
		l.fails(`fs.`+f+`(D .. "/fifo")`, luabind.KindIO, "fs."+f+" D/fifo: it is a FIFO, want a regular file")
		l.fails(`fs.`+f+`(D .. "/dir")`, luabind.KindIO, "it is a directory")
		l.fails(`fs.`+f+`("/dev/zero")`, luabind.KindIO, "it is a device")
		l.fails(`fs.`+f+`(D .. "/no")`, luabind.KindNotFound, "fs."+f+" D/no: no such file or directory")
		l.fails(`fs.`+f+`(D .. "/a/b")`, luabind.KindNotFound)
	}
	for _, f := range []string{`write(P, "x")`, `append(P, "x")`, `template(P, "x", {})`, `copy(D .. "/a", P)`} {
		l.fails(`local P = D .. "/fifo" fs.`+f, luabind.KindIO, "it is a FIFO")
		l.fails(`local P = D .. "/dir" fs.`+f, luabind.KindIO, "it is a directory")
		l.fails(`local P = "/dev/null" fs.`+f, luabind.KindIO, "it is a device")
		l.fails(`local P = D .. "/no/x" fs.`+f, luabind.KindNotFound, "there is no folder D/no; fs.mkdir makes it")
		l.fails(`local P = D .. "/a/x" fs.`+f, luabind.KindNotFound)
		l.fails(`local P = "" fs.`+f, luabind.KindUsage, "an empty path")
		l.fails(`local P = "a\0b" fs.`+f, luabind.KindUsage, "NUL")
		l.fails(`local P = D .. "/a/" fs.`+f, luabind.KindUsage, "names a folder")
	}
	for opts, want := range map[string]string{
		`{mode = 640}`:                 `mode: got a number, want a string of octal digits such as "0640": in Lua 0640 is 640`,
		`{mode = "rw"}`:                `mode: got string "rw"`,
		`{mode = "0999"}`:              `mode: got string "0999"`,
		`{mode = "77777"}`:             `mode: got string`,
		`{mode = "-644"}`:              `mode: got string`,
		`{mode = true}`:                `mode: got boolean`,
		`{owner = "nobody-here"}`:      `owner: there is no user "nobody-here"`,
		`{owner = ":no-group"}`:        `owner: there is no group "no-group"`,
		`{owner = ":"}`:                `owner: got string ":"`,
		`{owner = "4294967295"}`:       `owner: the user "4294967295" is no number`,
		`{owner = 0}`:                  `owner: got number`,
		`{validate = "nginx -t"}`:      `validate: got string`,
		`{validate = {"nginx", "-t"}}`: `validate: a list without {}`,
		`{backup = 1}`:                 `backup: got number 1`,
		`{modus = "0644"}`:             `unknown option "modus"`,
	} {
		l.fails(`fs.write(D .. "/a", "x", `+opts+`)`, luabind.KindUsage, "fs.write: ", want)
	}
	l.fails(`fs.write(D .. "/a")`, luabind.KindUsage, "text")
	l.fails(`fs.write(D .. "/a", {})`, luabind.KindUsage, "text: got table")
	if l.text("a") != "old" || l.names() != "a dir fifo" {
		t.Errorf("something changed: %s", l.names())
	}
}

func TestValidateAndBackup(t *testing.T) {
	l := newLab(t)
	p := l.put("a.conf", "old\n")
	_ = os.Chmod(p, 0o640)
	l.ok(`
		local p, seen = D .. "/a.conf"
		fs.write(p, "new\n", {backup = true, validate = function(f)
			seen = f
			assert(fs.read(f) == "new\n" and fs.read(p) == "old\n" and f ~= p)
			assert(fs.stat(f).mode == "0640")
		end})
		assert(seen:sub(1, #D) == D)
		assert(fs.read(p) == "new\n" and fs.read(p .. ".bak") == "old\n")
		assert(fs.stat(p .. ".bak").mode == "0640")
		assert(not fs.write(p, "new\n", {backup = true}).changed)
		assert(fs.read(p .. ".bak") == "old\n")
		fs.write(p, "newer\n", {validate = {"grep", "-q", "newer", "{}"}})
		fs.write(p, "newest\n", {validate = {"sh", "-c", 'grep -q newest "$1"', "sh", "{}", timeout = "5s"}, backup = true})
		assert(fs.read(p .. ".bak") == "newer\n")
		fs.append(p, "more\n", {validate = function(f) assert(fs.read(f) == "newest\nmore\n") return true end})
		fs.append(p, "and\n", {backup = true})
		assert(fs.read(p) == "newest\nmore\nand\n" and fs.read(p .. ".bak") == "newest\nmore\n")
	`)
	for _, name := range []string{"a.conf", "fresh"} { // what somebody else appends meanwhile is not lost
		l.fails(`local p = D .. "/`+name+`" fs.append(p, "ours\n", {validate = function() fs.append(p, "theirs\n") end})`, luabind.KindIO, "somebody else has changed it meanwhile")
		if got := l.text(name); !strings.HasSuffix(got, "theirs\n") {
			t.Errorf("%s: %q", name, got)
		}
	}
	_ = os.Remove(l.path("fresh"))
	old := l.text("a.conf")
	keep := "not valid: "
	end := "; the old file is unchanged"
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = function() return false end})`, luabind.KindAssert, keep+"the function says no"+end)
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = function() return nil, "bad line" end})`, luabind.KindAssert, "the function says no: bad line")
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = function() error("boom") end})`, luabind.KindAssert, "boom", end)
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = function(f) return proc.run{"grep", "y", f, probe = true} end})`, luabind.KindAssert, end)
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = function(f) return proc.try{"grep", "y", f} end})`, luabind.KindAssert, end)
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = {"grep", "y", "{}"}})`, luabind.KindExit, "fs.write D/a.conf: not valid: grep y ", "exit 1", end)
	l.fails(`fs.write(D .. "/a.conf", "x", {validate = {"no-such-program", "{}"}})`, luabind.KindNotFound, end)
	l.fails(`fs.write(D .. "/b.conf", "x", {validate = {"false", "{}"}})`, luabind.KindExit, "; nothing was written")
	l.fails(`local ok, e = pcall(fs.write, D .. "/a.conf", "x", {validate = {"sh", "-c", "echo why >&2; exit 3 # {}"}})
		assert(e.code == 3 and e.stderr == "why\n") error(e)`, luabind.KindExit)
	if l.text("a.conf") != old || l.names() != "a.conf a.conf.bak" {
		t.Errorf("%q %s", l.text("a.conf"), l.names())
	}
	if err := l.run(`fs.write(D .. "/a.conf", "x", {validate = function() exit(3) end}) print("no")`); err == nil || l.out != "" {
		t.Errorf("exit: %v %q", err, l.out)
	}
	_ = os.Mkdir(l.path("c.bak"), 0o755)
	l.put("c", "old")
	l.fails(`fs.write(D .. "/c", "x", {backup = true})`, luabind.KindIO, "D/c.bak: ", "; the old file is unchanged")
	if l.text("c") != "old" || strings.Contains(l.names(), "opslua") {
		t.Errorf("%q %s", l.text("c"), l.names())
	}
}

func TestAppend(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local p = D .. "/log"
		local r = fs.append(p, "one\n")
		assert(r.changed and r.diff:find("+one", 1, true))
		local ino = fs.stat(p).inode
		r = fs.append(p, "two\n")
		assert(r.diff == "--- "..p.."\n+++ "..p.."\n@@ -1 +1,2 @@\n one\n+two\n", r.diff)
		assert(fs.stat(p).inode == ino)
		assert(not fs.append(p, "").changed)
		assert(fs.read(p) == "one\ntwo\n")
		assert(fs.append(p, "", {mode = "0600"}).changed and fs.stat(p).mode == "0600")
		fs.append(p, "three\n", {mode = "0644"})
		assert(fs.stat(p).mode == "0644" and fs.read(p) == "one\ntwo\nthree\n")
		fs.append(D .. "/empty", "")
		assert(fs.read(D .. "/empty") == "")
	`)
}

func TestEdit(t *testing.T) {
	l := newLab(t)
	l.put("a", "port = 80\n")
	l.ok(`
		local r = fs.edit(D .. "/a", function(text) return (text:gsub("80", "8080")) end)
		assert(r.changed and r.diff:find("-port = 80\n+port = 8080\n", 1, true))
		assert(not fs.edit(D .. "/a", function(text) return text end).changed)
		local n = 0
		fs.edit(D .. "/a", function(text) n = n + 1 if n < 3 then fs.append(D .. "/a", "x") end return text .. "y" end)
		assert(n == 3 and fs.read(D .. "/a") == "port = 8080\nxxy")
	`)
	l.fails(`fs.edit(D .. "/a", function() fs.append(D .. "/a", "x") return "y" end)`, luabind.KindIO, "somebody else has changed it meanwhile")
	l.fails(`fs.edit(D .. "/a", function() return 1 end)`, luabind.KindUsage, "it returned a number")
	l.fails(`fs.edit(D .. "/a", function() end)`, luabind.KindUsage, "it returned nothing")
	l.fails(`fs.edit(D .. "/a", function() return nil end)`, luabind.KindUsage, "it returned a nil")
	l.fails(`fs.edit(D .. "/a", function() return lab.secret("hush-hush") end)`, luabind.KindUsage, "it returned a userdata")
	l.fails(`fs.edit(D .. "/no", function(t) return t end)`, luabind.KindNotFound)
	l.fails(`fs.edit(D .. "/a", function(t) return t end, {max = 3})`, luabind.KindIO, "max = ")
	if l.text("a") != "port = 8080\nxxyxxxxx" {
		t.Errorf("%q", l.text("a"))
	}
}

func TestTemplate(t *testing.T) {
	l := newLab(t)
	l.ok(`
		local p = D .. "/a"
		fs.template(p, "host={{ host }} port={{port}} {{{{x}} {{_a1}}\n", {host = "db {{port}}", port = 5432, _a1 = lab.secret("s3cret!!"), unused = true})
		assert(fs.read(p) == "host=db {{port}} port=5432 {{x}} s3cret!!\n", fs.read(p))
		assert(not fs.template(p, "host={{host}} port={{port}} {{{{x}} s3cret!!\n", {host = "db {{port}}", port = "5432"}, {mode = "0644"}).changed)
		fs.write(p, lab.secret("quiet-please"))
		fs.append(p, lab.secret("hush-hush"))
		assert(fs.read(p) == "quiet-pleasehush-hush")
	`)
	l.fails(`fs.template(D .. "/a", "{{nam}}", {name = 1})`, luabind.KindUsage, "fs.template: values: the text has {{nam}}")
	l.fails(`fs.template(D .. "/a", "\n\n{{na me}}", {})`, luabind.KindUsage, "text: line 3: ")
	l.fails(`fs.template(D .. "/a", "{{name", {name = 1})`, luabind.KindUsage, "line 1")
	l.fails(`fs.template(D .. "/a", "{{}}", {})`, luabind.KindUsage, "line 1")
	l.fails(`fs.template(D .. "/a", "{{name}}", {name = {}})`, luabind.KindUsage, "values: name: got table")
	l.fails(`fs.template(D .. "/a", "x")`, luabind.KindUsage, "values")
}

func TestWatchersHearOfChanges(t *testing.T) {
	l := newLab(t)
	l.put("a", "old")
	l.ok(`lab.watch()
		fs.write(D .. "/a", "old")
		fs.write(D .. "/a", "new")
		fs.write(D .. "/a", "new", {mode = "0600"})
		fs.append(D .. "/a", "more")
		fs.mkdir(D .. "/d/e")
		fs.copy(D .. "/a", D .. "/d/b")
		fs.move(D .. "/d/b", D .. "/c")
		fs.link("c", D .. "/l")
		fs.remove(D .. "/l")`)
	var want []string
	for _, s := range []string{"write a", "write a", "write a", "make the directory d/e", "write d/b", "move d/b to c", "link l to c", "remove l"} {
		want = append(want, "before "+s, "made "+s)
	}
	if got := strings.Join(l.heed, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got %s", got)
	}
	l.deny = func(luabind.Change) error { return errors.New("not now") }
	for _, f := range []string{`write(D .. "/a", "x")`, `write(D .. "/a", "newmore", {mode = "0644"})`, `append(D .. "/a", "x")`, `mkdir(D .. "/m")`,
		`copy(D .. "/a", D .. "/m")`, `move(D .. "/a", D .. "/m")`, `link("c", D .. "/m")`, `remove(D .. "/a")`} {
		if err := l.run("lab.watch() fs." + f); err == nil || !strings.Contains(err.Error(), "not now") {
			t.Errorf("%s: got %v", f, err)
		}
	}
	if l.text("a") != "newmore" || l.names() != "a c d" {
		t.Errorf("%q %s", l.text("a"), l.names())
	}
}
