package fs_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
)

func TestRead(t *testing.T) {
	l := newLab(t)
	l.put("a", "one\r\ntwo\nthree")
	l.put("empty", "")
	l.put("nl", "\n")
	l.put("big", strings.Repeat("0123456789abcde\n", 100_000))
	l.ok(`
		local function eq(a, b) if a ~= b then error(tostring(a) .. " ~= " .. tostring(b), 2) end end
		local function tail(...) return table.concat(fs.tail(...), "|") end
		local p = D .. "/a"
		eq(fs.read(p), "one\r\ntwo\nthree")
		eq(fs.read(p, {offset = 5}), "two\nthree")
		eq(fs.read(p, {offset = 100}), "")
		eq(fs.read(p, {max = 14}), "one\r\ntwo\nthree")
		eq(fs.read(p, {offset = 9, max = 5}), "three")
		eq(fs.read(p, {length = 3}), "one")
		eq(fs.read(p, {offset = 5, length = 3}), "two")
		eq(fs.read(p, {offset = 5, length = "1KiB"}), "two\nthree")
		eq(fs.read(p, {offset = 100, length = 3}), "")
		eq(fs.read(p, {length = 0}), "")
		eq(#fs.read(D .. "/big", {length = 1000, max = 1000}), 1000)
		eq(#fs.read("/proc/version", {length = 5}), 5)
		eq(tail(p), "one|two|three")
		eq(tail(p, 2), "two|three")
		eq(tail(p, 0), "")
		eq(#fs.tail(D .. "/empty"), 0)
		eq(#fs.tail(D .. "/nl"), 1)
		eq(tail(D .. "/big", 2), "0123456789abcde|0123456789abcde")
		eq(#fs.tail(D .. "/big", 5000), 5000)
		eq(#fs.tail(D .. "/big", 1e6), 100000)
		eq(fs.hash(p), "` + fmt.Sprintf("%x", sha256.Sum256([]byte("one\r\ntwo\nthree"))) + `")
		assert(#fs.read("/proc/self/status") > 100)
		assert(fs.read("/proc/self/status"):find("Name:", 1, true))
		assert(#fs.tail("/proc/cpuinfo", 3) == 3 and #fs.hash("/proc/version") == 64)
		local sys = "/sys/kernel/mm/transparent_hugepage/enabled" -- claims to have 4096 bytes
		assert(#fs.read(sys) > 0 and fs.tail(sys)[1] .. "\n" == fs.read(sys))
		assert(fs.copy(sys, D .. "/sys").changed and not fs.copy(sys, D .. "/sys").changed)
		assert(fs.write(D .. "/sys", "").changed)
		eq(fs.read(p, {offset = 2^53}), "")
		assert(fs.copy("/proc/version", D .. "/version").changed)
		eq(fs.read(D .. "/version"), fs.read("/proc/version"))
		eq(fs.diff("a\nb\n", "a\nc\n"), "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n")
		eq(fs.diff("a", "a"), "")
		eq(fs.diff("a", "b"), "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n")
	`)
	l.fails(`fs.read(D .. "/big", {max = "1MiB"})`, luabind.KindIO, "fs.read D/big: more than ", "max = sets another limit")
	l.fails(`fs.read(D .. "/big", {max = 1000, length = 1001})`, luabind.KindIO, "max = sets another limit")
	l.fails(`fs.read(D .. "/a", {length = -1})`, luabind.KindUsage, "length")
	l.fails(`fs.tail(D .. "/big", 1e6, {max = "100kB"})`, luabind.KindIO, "more than ")
	l.fails(`fs.read(D .. "/a", {offset = -1})`, luabind.KindUsage, "offset")
	l.fails(`fs.tail(D .. "/a", -1)`, luabind.KindUsage, "n: ")
	l.fails(`fs.tail(D .. "/a", 1.5)`, luabind.KindUsage, "n: ")
	l.fails(`fs.read("/proc/self/fd/0/x")`, luabind.KindNotFound)
}

func TestReadUnderTheDirectory(t *testing.T) {
	l := newLab(t)
	t.Chdir(l.dir)
	l.ok(`
		local r = fs.write("a", "x")
		assert(r.path == "a" and fs.read("./a") == "x" and fs.read(D .. "/a") == "x")
		assert(table.concat(fs.glob("*"), " ") == "a")
		assert(table.concat(fs.glob("./*"), " ") == "./a")
		assert(table.concat(fs.list("."), " ") == "a")
		assert(fs.exists(".") and fs.exists("..") and not fs.exists("b"))
		assert(not fs.exists("a/") and not fs.exists("a/.") and fs.exists("./"))`)
	l.fails(`fs.read("a/")`, luabind.KindNotFound, "not a directory")
}

func TestStatAndList(t *testing.T) {
	l := newLab(t)
	l.put("a", "xyz")
	_ = os.Chtimes(l.path("a"), time.Unix(1000, 0), time.Unix(1700000000, 999999999))
	_ = os.Mkdir(l.path("d"), 0o750)
	_ = os.Symlink("a", l.path("l"))
	_ = syscall.Mkfifo(l.path("p"), 0o600)
	l.ok(`
		local s = fs.stat(D .. "/a")
		assert(s.type == "file" and s.size == 3 and s.mode == "0644" and s.mtime == 1700000000 and type(s.uid) == "number" and type(s.gid) == "number" and s.target == nil)
		assert(fs.stat(D .. "/d").type == "directory" and fs.stat(D .. "/d").mode == "0750")
		assert(fs.stat(D .. "/d/").type == "directory")
		assert(fs.stat(D .. "/p").type == "fifo" and fs.stat("/dev/null").type == "char" and fs.stat("/").type == "directory")
		assert(fs.stat(D .. "/l").type == "file" and fs.stat(D .. "/l", {follow = false}).target == "a")
		assert(table.concat(fs.list(D), " ") == "a d l p")
		assert(#fs.list(D .. "/d") == 0)`)
	l.fails(`fs.stat(D .. "/no")`, luabind.KindNotFound, "fs.stat D/no: no such file or directory")
	l.fails(`fs.list(D .. "/a")`, luabind.KindIO, "it is a regular file, want a directory")
	l.fails(`fs.list(D .. "/no")`, luabind.KindNotFound)
}

func TestHostileNames(t *testing.T) {
	l := newLab(t)
	long := strings.Repeat("ä", 127) + "x"
	if len(long) != 255 {
		t.Fatal(len(long))
	}
	for i, name := range []string{"new\nline", "\xff\xfe", "-rf", "--", " ", "\x1b[31m", "a'b\"c", "*", "{}", "..a", long, "\u202egnp.exe", ".opslua-0123456789abcdef"} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			l := newLab(t)
			script := fmt.Sprintf("local name = %s\n", luaString(name)) + `
				local p = D .. "/" .. name
				assert(fs.write(p, "one").changed)
				fs.write(p, "two", {mode = "0600"})
				fs.append(p, "three")
				fs.edit(p, function(t) return t .. "!" end)
				assert(fs.read(p) == "twothree!" and fs.exists(p) and fs.stat(p).size == 9)
				assert(fs.list(D)[1] == name and #fs.list(D) == 1)
				assert(fs.glob(D .. "/*", {hidden = true})[1] == p)
				fs.copy(p, D .. "/copy") fs.move(D .. "/copy", p)
				fs.write(p, "x", {validate = {"grep", "-q", "x", "{}"}})
				fs.lock(p):unlock()
				fs.link(name, D .. "/l") assert(fs.read(D .. "/l") == "x") fs.remove(D .. "/l")
				fs.remove(p)
				assert(#fs.list(D) == 0)
				fs.link("x", p) fs.link("y", p) fs.remove(p)
				fs.mkdir(p .. "/sub") fs.remove(p, {recursive = true})
				assert(#fs.list(D) == 0)
				fs.read(p)`
			l.fails(script, luabind.KindNotFound, "fs.read D/", ": no such file or directory")
		})
	}
	l.fails(`fs.write(D .. "/" .. ("x"):rep(256), "x")`, luabind.KindIO, "file name too long")
	l.fails(`fs.write(("/x"):rep(5000), "x")`, luabind.KindIO, "…", "file name too long")
	l.fails(`fs.write(D .. "/" .. ("x"):rep(253), "x") fs.write(D .. "/" .. ("x"):rep(253), "y", {backup = true})`, luabind.KindIO, "file name too long", "the old file is unchanged")
}

// luaString writes a text as a Lua literal.
func luaString(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\%03d`, s[i])
	}
	return `"` + b.String() + `"`
}

func TestGlob(t *testing.T) {
	l := newLab(t)
	for _, dir := range []string{"a/b/c", "a/.hid/x", "z", "real/in"} {
		if err := os.MkdirAll(l.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"1.conf", "2.conf", ".3.conf", "a/4.conf", "a/b/5.conf", "a/b/c/6.log", "a/.hid/7.conf", "real/in/8.conf", "odd[1].conf", "q\n.conf"} {
		l.put(f, "")
	}
	_ = os.Symlink("..", l.path("a/up"))
	_ = os.Symlink("../real", l.path("z/linked"))
	_ = os.Symlink("nowhere", l.path("z/broken"))
	for pattern, want := range map[string]string{
		"*.conf":         "1.conf 2.conf odd[1].conf q\\n.conf",
		".*.conf":        ".3.conf",
		"?.conf":         "1.conf 2.conf",
		"[2-9].conf":     "2.conf",
		"[^1o].conf":     "2.conf",
		"{1,2,9}.conf":   "1.conf 2.conf",
		"{a/b,a}/*.conf": "a/4.conf a/b/5.conf",
		"**/*.conf":      "1.conf 2.conf a/4.conf a/b/5.conf odd[1].conf q\\n.conf real/in/8.conf",
		"a/**":           "a/4.conf a/b a/b/5.conf a/b/c a/b/c/6.log a/up",
		"a/**/c/*":       "a/b/c/6.log",
		"**/**/c/**":     "a/b/c/6.log",
		"z/*/in/*.conf":  "z/linked/in/8.conf",
		"z/*":            "z/broken z/linked",
		"z/broken":       "z/broken",
		`odd\[1\].conf`:  "odd[1].conf",
		"1.conf":         "1.conf",
		"none/*":         "",
		"*.none":         "",
		"1.conf/":        "",
		"z/*/":           "z/linked/",
		"**/c/":          "a/b/c/",
		"1.conf/*":       "",
		"a/./4.conf":     "a/./4.conf",
		"a/b/../*.conf":  "a/b/../4.conf",
		"a/.hid/*.conf":  "a/.hid/7.conf",
		"*/":             "a/ real/ z/",
	} {
		l.ok(`for i, p in ipairs(fs.glob(D .. ` + luaString("/"+pattern) + `)) do
			if i > 1 then print(" ") end print((p:sub(#D + 2):gsub("\n", "\\n"))) end`)
		if got := strings.ReplaceAll(strings.TrimSuffix(l.out, "\n"), "\n \n", " "); got != want {
			t.Errorf("%s: got %s, want %s", pattern, got, want)
		}
	}
	l.ok(`assert(#fs.glob(D .. "/**/7.conf") == 0 and #fs.glob(D .. "/**/7.conf", {hidden = true}) == 1)
		assert(#fs.glob("/sys/class/net/*/address") > 0)
		assert(fs.glob("/")[1] == "/" and #fs.glob("/*/") > 3)`)
	l.fails(`fs.glob("[a")`, luabind.KindParse, "fs.glob: [a is no pattern")
	l.fails(`fs.glob("{a")`, luabind.KindParse)
	l.fails(`fs.glob("a\\")`, luabind.KindParse)
	l.fails(`fs.glob("")`, luabind.KindUsage)
	l.fails(`fs.glob(("{a,b}"):rep(11))`, luabind.KindUsage, "more than 1000 patterns")
}
