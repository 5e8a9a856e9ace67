package fs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opslua/luabind"
)

// snapshot is all that is in the folder.
func (l *lab) snapshot() string {
	var b strings.Builder
	err := filepath.Walk(l.dir, func(p string, in os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		text := ""
		if in.Mode().IsRegular() {
			data, _ := os.ReadFile(p)
			text = string(data)
		}
		target, _ := os.Readlink(p)
		fmt.Fprintf(&b, "%s %s %s %q %s\n", p, in.Mode(), in.ModTime(), text, target)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return b.String()
}

const changes = `
	local p = D .. "/a"
	local function eq(a, b) if a ~= b then error(tostring(a) .. " ~= " .. tostring(b), 2) end end
	local function names(d) return table.concat(fs.list(D .. (d or "")), " ") end
	local n = 0
	local function same(r, changed) n = n + 1 print(n, r.changed, (r.path:gsub(D, "D")), (r.diff:gsub(D, "D"))) if changed ~= nil then eq(r.changed, changed) end end

	same(fs.write(p, "new\n"), true)
	eq(fs.read(p), "new\n")
	same(fs.write(p, "new\n"), false)
	same(fs.append(p, "more\n"), true)
	eq(fs.read(p), "new\nmore\n")
	eq(fs.stat(p).size, 9)
	eq(table.concat(fs.tail(p, 1)), "more")
	eq(#fs.hash(p), 64) print(fs.hash(p))
	same(fs.edit(p, function(t) return t:upper() end), true)
	eq(fs.read(p), "NEW\nMORE\n")
	same(fs.template(D .. "/t", "{{x}}", {x = 1}, {mode = "0600"}), true)
	eq(fs.read(D .. "/t"), "1") eq(fs.stat(D .. "/t").mode, "0600")
	same(fs.write(D .. "/t", "1", {mode = "0640"}), true)
	eq(fs.stat(D .. "/t").mode, "0640")
	same(fs.append(D .. "/log", "line\n"), true)
	eq(fs.read(D .. "/log"), "old log\nline\n")
	eq(fs.read(D .. "/log", {offset = 8}), "line\n") eq(fs.read(D .. "/log", {offset = 4}), "log\nline\n") eq(fs.read(D .. "/log", {offset = 10}), "ne\n") eq(fs.read(D .. "/log", {offset = 6, length = 4}), "g\nli")
	eq(table.concat(fs.tail(D .. "/log", 5), "|"), "old log|line")
	same(fs.append(D .. "/log", "next\n", {backup = true}), true)
	eq(fs.read(D .. "/log.bak"), "old log\nline\n")
	same(fs.append(D .. "/log", "", {}), false)

	same(fs.mkdir(D .. "/n/m", {mode = "0700"}), true)
	eq(fs.stat(D .. "/n/m").mode, "0700") eq(names("/n"), "m") eq(names("/n/m"), "")
	same(fs.mkdir(D .. "/n/m"), false)
	same(fs.copy(D .. "/log", D .. "/n/m/log"), true)
	eq(fs.read(D .. "/n/m/log"), "old log\nline\nnext\n")
	same(fs.copy(D .. "/log", D .. "/n/m/log"), false)
	same(fs.move(D .. "/d", D .. "/n/d"), true)
	eq(fs.exists(D .. "/d"), false) eq(fs.exists(D .. "/d/e/f"), false)
	eq(fs.read(D .. "/n/d/e/f"), "deep") eq(names("/n/d"), "e") eq(names("/n/d/e"), "f")
	same(fs.write(D .. "/n/d/e/f", "deeper"), true)
	same(fs.write(D .. "/n/d/e/g", "g"), true)
	same(fs.move(D .. "/n", D .. "/o"), true)
	eq(fs.read(D .. "/o/d/e/f"), "deeper") eq(names("/o/d/e"), "f g") eq(fs.exists(D .. "/n"), false)
	same(fs.remove(D .. "/o/d/e/g"), true)
	eq(names("/o/d/e"), "f")
	same(fs.link("o/d", D .. "/l"), true)
	eq(fs.read(D .. "/l/e/f"), "deeper") eq(fs.stat(D .. "/l", {follow = false}).target, "o/d") eq(fs.stat(D .. "/l").type, "directory")
	same(fs.write(D .. "/l/e/h", "through the link"), true)
	eq(fs.read(D .. "/o/d/e/h"), "through the link")
	same(fs.link("a", D .. "/l"), true)
	same(fs.write(D .. "/l", "x"), true)
	eq(fs.read(p), "x")
	same(fs.remove(D .. "/o", {recursive = true}), true)
	eq(fs.exists(D .. "/o"), false) eq(fs.exists(D .. "/o/d/e/f"), false)
	same(fs.remove(D .. "/o"), false)
	same(fs.mkdir(D .. "/o"), true)
	eq(names("/o"), "")
	eq(names(), "a l log log.bak o t")
	eq((table.concat(fs.glob(D .. "/*"), " "):gsub(D, "")), "/a /l /log /log.bak /o /t")
	eq(#fs.glob(D .. "/d/**"), 0)
	for _, kind in ipairs{"read", "stat", "hash", "tail", "list"} do
		local ok, err = pcall(fs[kind], D .. "/d")
		assert(not ok and err:is("not_found"), kind)
	end
	local ok, err = pcall(fs.write, D .. "/gone/x", "y") assert(not ok and err:is("not_found"))
	local ok, err = pcall(fs.write, D .. "/o", "y") assert(not ok and err:is("io"))
	local ok, err = pcall(fs.remove, D .. "/l/x") assert(ok)
	fs.lock(D .. "/lock"):unlock()
`

// What a dry run tells and answers is what then happens.
func TestDryRunIsTheRun(t *testing.T) {
	l := newLab(t)
	l.put("a", "old\n")
	l.put("log", "old log\n")
	_ = os.MkdirAll(l.path("d/e"), 0o755)
	l.put("d/e/f", "deep")
	before := l.snapshot()
	l.dry = true
	l.ok(changes)
	dry := l.out
	if got := l.snapshot(); got != before {
		t.Errorf("the dry run changed something:\n%s\n%s", before, got)
	}
	var planned []string
	for _, c := range l.plan {
		if c.Where == "" || c.Path == "" || c.Op != "write" && c.Op != "lock" {
			t.Errorf("incomplete: %+v", c)
		}
		planned = append(planned, c.Text)
	}
	want := strings.Count(dry, "\ttrue\t") + 1 // and the lock
	if len(planned) != want {
		t.Errorf("%d changes were planned, want %d: %v", len(planned), want, planned)
	}
	if planned[0] != "write "+l.path("a") || l.plan[0].Diff != "--- "+l.path("a")+"\n+++ "+l.path("a")+"\n@@ -1 +1 @@\n-old\n+new\n" {
		t.Errorf("got %+v", l.plan[0])
	}
	l.dry = false
	l.ok(changes)
	if l.out != dry {
		t.Errorf("the dry run said\n%s\nthe run\n%s", dry, l.out)
	}
}

func TestDryRunDetails(t *testing.T) {
	l := newLab(t)
	l.put("a", "old\n")
	l.dry = true
	l.ok(`
		local called = false
		local r = fs.write(D .. "/a", "new", {validate = function() called = true return false end})
		assert(r.changed and not called)
		local r = fs.write(D .. "/a", lab.secret("hush-hush"))
		assert(fs.read(D .. "/a") == "hush-hush")`)
	if l.plan[0].Text != "write "+l.path("a")+" (it would be validated first)" {
		t.Errorf("got %q", l.plan[0].Text)
	}
	l.fails(`fs.write(D .. "/a", proc.run{"make-it"})`, luabind.KindPlanned, "cannot predict past line 1")
	l.fails(`fs.template(D .. "/a", "{{x}}", {x = proc.run{"make-it"}})`, luabind.KindPlanned, "cannot predict past line 1")
	l.ok(`fs.write(D .. "/a", "x") assert(fs.read(D .. "/a") == "x")`)
	l.ok(`assert(fs.read(D .. "/a") == "old\n")`) // another run
}

// TestPlannedCommandWritesFile: what a planned command would have written is not
// known; the old content is never shown for it.
func TestPlannedCommandWritesFile(t *testing.T) {
	l := newLab(t)
	l.dry = true
	l.put("a", "old")
	const plan = `proc.run{"date", "-u", stdout = {file = D .. "/a"}} `
	for _, call := range []string{
		`fs.read(D .. "/a")`, `fs.tail(D .. "/a")`, `fs.hash(D .. "/a")`, `fs.stat(D .. "/a")`,
		`fs.append(D .. "/a", "x")`, `fs.edit(D .. "/a", function() return "x" end)`, `fs.copy(D .. "/a", D .. "/b")`,
		`fs.link("a", D .. "/l") fs.read(D .. "/l")`, `fs.move(D .. "/a", D .. "/b") fs.read(D .. "/b")`,
		`fs.write(D .. "/a", "x", {backup = true}) assert(fs.read(D .. "/a") == "x") fs.read(D .. "/a.bak")`,
		`proc.run{"date", stderr = {file = D .. "/e", append = true}} fs.read(D .. "/e")`,
		`proc.parallel{{"date", stdout = {file = D .. "/p"}}, {"date"}} fs.read(D .. "/p")`,
		`fs.mkdir(D .. "/d") proc.run{"date", stdout = {file = D .. "/d/f"}} fs.read(D .. "/d/f")`,
	} {
		l.fails(plan+call, luabind.KindPlanned, "cannot predict past line 1: it reads D/", "would have written, which was only planned")
	}
	l.ok(plan + `
		assert(fs.exists(D .. "/a"))
		local r = fs.write(D .. "/a", "new\n", {mode = "0600"})
		assert(r.changed and r.diff:find("+new", 1, true) and not r.diff:find("-old", 1, true))
		assert(fs.read(D .. "/a") == "new\n" and fs.stat(D .. "/a").mode == "0600")
		proc.run{"date", stdout = {file = D .. "/new"}}
		assert(fs.exists(D .. "/new") and fs.list(D)[2] == "new")
		fs.remove(D .. "/new")
		assert(not fs.exists(D .. "/new"))
		proc.run{"date", stdout = {file = "/dev/null"}}
		assert(fs.stat("/dev/null").type == "char")`)
	if l.text("a") != "old" || l.names() != "a" {
		t.Errorf("the dry run has changed something: %q %s", l.text("a"), l.names())
	}
}
