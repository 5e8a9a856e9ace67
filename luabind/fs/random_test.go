package fs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// paths are few, so that operations meet: files, folders, links, what is inside
// of them, and what is not there.
func paths() []string {
	return []string{"a", "b", "d", "d/x", "d/e", "d/e/y", "new", "new/z", "new/deep/z", "lf", "ld", "ld/x", "ld/new", "up", "up/a", "gone", "gone/z", "self", "pipe", "a/z"}
}

// randomScript is some random operations, each of which says what it gave, and
// then a look at all that is there.
func randomScript(r *rand.Rand, steps int) string {
	any := func(list ...string) string { return list[r.IntN(len(list))] }
	path := func() string { return fmt.Sprintf("D .. %q", "/"+any(paths()...)) }
	opts := func() string {
		return any("", "", "", `, {mode = "0600"}`, `, {mode = "0750"}`, `, {backup = true}`, `, {owner = "1:1"}`)
	}
	dirOpts := func() string { return any("", "", `, {mode = "0700"}`, `, {owner = "2"}`) }
	text := func() string { return fmt.Sprintf("%q", any("", "one\n", "two\nthree\n", "no end", "\x00\xff")) }
	var b strings.Builder
	b.WriteString(randomLook)
	for range steps {
		switch r.IntN(11) {
		case 0:
			fmt.Fprintf(&b, "step(fs.write, %s, %s%s)\n", path(), text(), opts())
		case 1:
			fmt.Fprintf(&b, "step(fs.append, %s, %s%s)\n", path(), text(), opts())
		case 2:
			fmt.Fprintf(&b, "step(fs.edit, %s, function(t) return t .. %s end%s)\n", path(), text(), opts())
		case 3:
			fmt.Fprintf(&b, "step(fs.template, %s, 'v={{v}}', {v = %s}%s)\n", path(), text(), opts())
		case 4:
			fmt.Fprintf(&b, "step(fs.copy, %s, %s%s)\n", path(), path(), opts())
		case 5, 6:
			fmt.Fprintf(&b, "step(fs.move, %s, %s)\n", path(), path())
		case 7:
			fmt.Fprintf(&b, "step(fs.link, %s, %s)\n", any(path(), `"d"`, `"../a"`, `"e"`, `"nowhere"`), path())
		case 8:
			fmt.Fprintf(&b, "step(fs.mkdir, %s%s)\n", path(), dirOpts())
		case 9:
			fmt.Fprintf(&b, "step(fs.remove, %s%s)\n", path(), any("", ", {recursive = true}"))
		case 10:
			b.WriteString("look()\n")
		}
	}
	b.WriteString("look()\n")
	return b.String()
}

// randomLook says all that the reading functions say.
const randomLook = `
local function say(...)
	local words = {}
	for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))):gsub(D, "D") end
	print(table.concat(words, " "))
end
local function result(ok, r)
	if not ok then return r.kind .. ": " .. r.message end
	return tostring(r.changed) .. " " .. r.path .. "\n" .. r.diff
end
local function step(f, ...) say(result(pcall(f, ...))) end
local function text(f, ...)
	local ok, r = pcall(f, ...)
	if not ok then return r.kind .. ": " .. r.message end
	return type(r) == "table" and "{" .. table.concat(r, ",") .. "}" or tostring(r)
end
local function look()
	for _, p in ipairs(fs.glob(D .. "/**", {hidden = true})) do
		local s = fs.stat(p, {follow = false})
		say(p, s.type, s.mode, s.uid, s.gid, s.target, s.type == "file" and s.size)
		for _, name in ipairs{"exists", "read", "hash", "tail", "list"} do say(name, text(fs[name], p)) end
	end
	say(text(fs.glob, D .. "/*/*"), text(fs.glob, D .. "/ld/*"), text(fs.exists, D .. "/gone"))
end
`

func randomLab(t *testing.T) *lab {
	l := newLab(t)
	l.put("a", "old a\n")
	l.put("b", "old b\n")
	for _, err := range []error{
		os.MkdirAll(l.path("d/e"), 0o755),
		os.WriteFile(l.path("d/x"), []byte("in d\n"), 0o640),
		os.WriteFile(l.path("d/e/y"), []byte("in e"), 0o644),
		os.Symlink("a", l.path("lf")), os.Symlink("d", l.path("ld")), os.Symlink("..", l.path("d/up")),
		os.Symlink("d/up", l.path("up")), os.Symlink("self", l.path("self")), os.Symlink("nowhere", l.path("gone")),
		syscall.Mkfifo(l.path("pipe"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// Whatever a script does, and in whichever order: a dry run tells what the run
// then does, and changes nothing.
func TestRandomDryRunIsTheRun(t *testing.T) {
	needRoot(t)
	seeds, steps := 150, 12
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		script := randomScript(rand.New(rand.NewPCG(uint64(seed), 1)), steps)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dry, wet := randomLab(t), randomLab(t)
			before := dry.snapshot()
			dry.dry = true
			dry.ok(script)
			if after := dry.snapshot(); after != before {
				t.Fatalf("the dry run changed something:\n%s\n%s", before, after)
			}
			wet.ok(script)
			if dry.out != wet.out {
				t.Errorf("%s\n%s", strings.TrimPrefix(script, randomLook), firstDifference(dry.out, wet.out))
			}
			if left, _ := filepath.Glob(wet.path("**/.*.opslua-*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func firstDifference(dry, wet string) string {
	a, b := strings.Split(dry, "\n"), strings.Split(wet, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			from := max(i-6, 0)
			return fmt.Sprintf("dry:\n%s\nrun:\n%s", strings.Join(a[from:min(i+3, len(a))], "\n"), strings.Join(b[from:min(i+3, len(b))], "\n"))
		}
	}
	return "the run said more"
}
