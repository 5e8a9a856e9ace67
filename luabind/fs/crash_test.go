package fs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/fs"
	"opslua/policy"
)

// writeForever is the program that is killed: it writes two contents by turns.
func writeForever(file string) int {
	host, err := luabind.New(luabind.WithModules(fs.Module()), luabind.WithPolicy(policy.All()), luabind.WithValue("FILE", file))
	if err != nil {
		return 2
	}
	err = host.RunText(context.Background(), "w.lua", `
		local a, b = ("a"):rep(300000), ("b"):rep(200000)
		for i = 1, 1e9 do fs.write(FILE, a, {backup = i % 3 == 0}) fs.write(FILE, b) end`)
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestKilledWriter(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20
	}
	l := newLab(t)
	file := l.put("data", "")
	left := 0
	for i := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FS_TEST_WRITES="+file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+rand.IntN(30)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		text := l.text("data")
		if text != "" && text != strings.Repeat("a", 300000) && text != strings.Repeat("b", 200000) {
			t.Fatalf("kill %d: neither old nor new: %d bytes", i, len(text))
		}
		temps, _ := filepath.Glob(l.path(".data*.opslua-*"))
		if len(temps) > 2 { // one of the file, one of its backup
			t.Fatalf("kill %d: left %v", i, temps)
		}
		left += len(temps)
	}
	if left == 0 {
		t.Errorf("no kill has left a temporary file: it hit no write")
	}
	t.Logf("%d temporary files were left by %d kills", left, kills)
	l.ok(`fs.write(D .. "/data", "end", {backup = true})`)
	if got := l.names(); got != "data data.bak" {
		t.Errorf("left: %s", got)
	}
}

// Also a write that changes nothing, or appends, removes what a killed one left.
func TestEveryWriteTidiesUp(t *testing.T) {
	for _, call := range []string{
		`fs.write(D .. "/a", "old")`,
		`fs.write(D .. "/a", "old", {mode = "0600"})`,
		`fs.append(D .. "/a", "x")`,
		`fs.append(D .. "/a", "")`,
		`fs.edit(D .. "/a", function(text) return text end)`,
		`fs.template(D .. "/a", "{{x}}", {x = "old"})`,
		`fs.copy(D .. "/b", D .. "/a")`,
	} {
		l := newLab(t)
		l.put("a", "old")
		l.put("b", "old")
		l.put(".a.opslua-0123456789abcdef", "left")
		l.ok(call)
		if got := l.names(); got != "a b" {
			t.Errorf("%s: got %s", call, got)
		}
	}
}

// A temporary file whose writer lives is not removed by another.
func TestLivingWriterIsLeftAlone(t *testing.T) {
	l := newLab(t)
	l.put("a", "old")
	l.ok(`
		local p = D .. "/a"
		fs.write(p, "outer", {validate = function(f)
			fs.write(p, "inner")
			assert(fs.exists(f) and fs.read(f) == "outer")
		end})
		assert(fs.read(p) == "outer")`)
	for _, name := range []string{".a.opslua-0123456789abcdef", ".a.opslua-0123456789abcdeg", ".a.opslua-", ".b.opslua-0123456789abcdef"} {
		l.put(name, "left")
	}
	l.ok(`fs.write(D .. "/a", "x")`)
	if got := l.names(); got != ".a.opslua- .a.opslua-0123456789abcdeg .b.opslua-0123456789abcdef a" {
		t.Errorf("got %s", got)
	}
}

func TestConcurrentWriters(t *testing.T) {
	l := newLab(t)
	l.put("a", "")
	l.put("log", "")
	const writers, rounds = 8, 50
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			host, err := luabind.New(luabind.WithModules(fs.Module()), luabind.WithPolicy(policy.All()), luabind.WithValue("D", l.dir))
			if err == nil {
				err = host.RunText(context.Background(), "t.lua", fmt.Sprintf(`
					for i = 1, %d do
						fs.write(D .. "/a", ("%d"):rep(10000))
						fs.append(D .. "/log", "%d " .. i .. "\n")
						local s = fs.read(D .. "/a")
						assert(#s == 10000 and s == s:sub(1, 1):rep(10000))
					end`, rounds, w, w))
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(l.text("log"), "\n"); n != writers*rounds {
		t.Errorf("the log has %d lines, want %d", n, writers*rounds)
	}
	if l.names() != "a log" {
		t.Errorf("left: %s", l.names())
	}
}
