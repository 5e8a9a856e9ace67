package fs_test

import (
	"os"
	"testing"

	"opslua/luabind"
	"opslua/policy"
)

func grant(t *testing.T, read, write []string) policy.Policy {
	t.Helper()
	p, err := policy.New(policy.Permissions{Read: read, Write: write}, policy.Permissions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPolicy(t *testing.T) {
	l := newLab(t)
	for _, d := range []string{"in", "out", "both"} {
		_ = os.Mkdir(l.path(d), 0o755)
	}
	l.put("in/a", "in")
	l.put("out/a", "out")
	l.put("both/a", "both")
	l.put("private", "private")
	_ = os.Symlink("../private", l.path("both/escape"))
	_ = os.Symlink("..", l.path("both/up"))
	_ = os.Symlink("both", l.path("alias"))
	l.pol = grant(t, []string{l.path("in"), l.path("both")}, []string{l.path("out"), l.path("both")})
	l.ok(`
		assert(fs.read(D .. "/in/a") == "in" and fs.read(D .. "/alias/a") == "both")
		local r = fs.write(D .. "/out/a", "new")
		assert(r.changed and r.diff == "not shown: the script may not read the file\n", r.diff)
		assert(fs.write(D .. "/both/a", "x").diff:find("-both", 1, true))
		assert(fs.copy(D .. "/in/a", D .. "/alias/b").changed)
		assert(fs.remove(D .. "/out/a").diff == "not shown: the script may not read the file\n")
		fs.mkdir(D .. "/out/x/y") fs.link("/etc", D .. "/out/l")
		fs.remove(D .. "/both/escape") fs.link("../private", D .. "/both/escape")
		assert(table.concat(fs.glob(D .. "/both/*"), " "):gsub(D, "") == "/both/a /both/b /both/escape /both/up")`)
	for _, f := range []string{`read(D .. "/private")`, `read(D .. "/both/escape")`, `read(D .. "/both/../private")`, `read(D .. "/both/up/private")`,
		`read(D .. "/out/b")`, `list(D)`, `list(D .. "/both/up")`, `stat(D .. "/private")`, `exists(D .. "/private")`, `exists(D .. "/none")`,
		`glob(D .. "/*")`, `glob(D .. "/both/*/*")`, `glob(D .. "/{in,out}/*")`, `glob("/etc/passwd")`, `hash(D .. "/private")`, `tail(D .. "/private")`,
		`write(D .. "/private", "x")`, `write(D .. "/both/escape", "x")`, `append(D .. "/both/escape", "x")`, `write(D .. "/in/a", "x")`,
		`edit(D .. "/both/escape", tostring)`, `edit(D .. "/out/a", tostring)`, `edit(D .. "/in/a", tostring)`, `template(D .. "/new", "x", {})`,
		`copy(D .. "/private", D .. "/both/x")`, `copy(D .. "/in/a", D .. "/in/b")`, `move(D .. "/in/a", D .. "/both/x")`, `move(D .. "/both/a", D .. "/in/x")`,
		`move(D .. "/both/a", D .. "/both/up/x")`, `remove(D .. "/private")`, `remove(D .. "/in/a")`, `remove(D .. "/both/up/private")`,
		`mkdir(D .. "/new")`, `mkdir(D .. "/both/up/new")`, `link("x", D .. "/new")`, `lock(D .. "/new")`, `lock(D .. "/both/escape")`} {
		l.fails("fs."+f, luabind.KindDenied, ": denied: ", "to allow it: ")
	}
	l.pol = grant(t, nil, []string{l.path("out/only")})
	l.fails(`fs.write(D .. "/out/only", "x", {backup = true})`, luabind.KindDenied, "out/only.bak")
	if l.text("private") != "private" || l.text("in/a") != "in" {
		t.Error("something changed")
	}
}

// A part of a folder that is denied is not removed or moved with it.
func TestPolicyDeniesAPart(t *testing.T) {
	l := newLab(t)
	_ = os.MkdirAll(l.path("d/keep"), 0o755)
	l.put("d/keep/a", "x")
	l.put("d/b", "x")
	var err error
	l.pol, err = policy.New(policy.Permissions{Read: []string{l.dir}, Write: []string{l.dir}}, policy.Permissions{Write: []string{l.path("d/keep")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.fails(`fs.remove(D .. "/d", {recursive = true})`, luabind.KindDenied, "denied by write")
	l.fails(`fs.move(D .. "/d", D .. "/e")`, luabind.KindDenied, "denied by write")
	l.ok(`fs.remove(D .. "/d/b") fs.mkdir(D .. "/x/y") fs.move(D .. "/x", D .. "/z")  fs.remove(D .. "/z", {recursive = true})`)
	l.fails(`fs.mkdir(D .. "/x/keep") fs.move(D .. "/d", D .. "/y")`, luabind.KindDenied)
	if l.text("d/keep/a") != "x" {
		t.Error("it is gone")
	}
}
