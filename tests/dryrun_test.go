package tests

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"opslua/tests/realhost"
)

// everything is a script that does all that can change a host. Each line stands
// alone, so that one which raises keeps none of the others from being tried.
const everything = `
local dir, pid, url = arg[1], tonumber(arg[2]), arg[3]
local old = dir .. "/old"
local steps = {
  function() proc.run{"touch", dir .. "/new"} end,
  function() proc.check{"rm", "-rf", dir} end,
  function() proc.try{"touch", dir .. "/new"} end,
  function() proc.sh("echo x > $1", {dir .. "/new"}) end,
  function() proc.pipe({{"echo", "x"}, {"tee", dir .. "/new"}}) end,
  function() proc.parallel({{"touch", dir .. "/new"}, {"touch", dir .. "/new2"}}) end,
  function() proc.spawn{"sleep", "1000", detach = true} end,
  function() proc.run{"echo", "x", stdout = {file = dir .. "/new"}} end,
  function() proc.signal(pid, "KILL") end,
  function() proc.stop(pid) end,
  function() fs.write(old, "new text\n", {mode = "0600", backup = true}) end,
  function() fs.write(dir .. "/new", "x") end,
  function() fs.append(old, "more") end,
  function() fs.edit(old, function(t) return t .. "edited" end) end,
  function() fs.template(dir .. "/new", "{{a}}", {a = 1}) end,
  function() fs.copy(old, dir .. "/copy") end,
  function() fs.move(old, dir .. "/moved") end,
  function() fs.link(old, dir .. "/link") end,
  function() fs.mkdir(dir .. "/a/b/c") end,
  function() fs.remove(old) end,
  function() fs.remove(dir .. "/sub", {recursive = true}) end,
  function() fs.remove("/etc/nginx", {recursive = true}) end,
  function() sys.service("nginx"):stop() end,
  function() sys.service("nginx"):restart() end,
  function() sys.service("nginx"):reload() end,
  function() net.http(url, {method = "POST", body = "x"}) end,
  function() net.http(url, {method = "DELETE"}) end,
  function() notify.webhook(url, {a = 1}) end,
  function() notify.exec({"touch", dir .. "/new"}, {a = 1}) end,
  function() notify.syslog("hello") end,
  function() state.set("k", 1) state.incr("n") state.delete("k") end,
}
for i, f in ipairs(steps) do
  local ok, err = pcall(f)
  if not ok and err.kind ~= "planned" then print("step " .. i .. ": " .. tostring(err)) end
end
collect("rows", {}, function(m) m:rows("r", {{a = 1}}, {key = "a"}) end)
check("down", {soft = 1}, function(c) c:crit("down") end)
fix("up", {on = "down", limit = "3/1h", lock = "up", verify = {check = "down", within = "1s"}}, function(f)
  f:evidence("e", "x")
  f:step("write", function() fs.write(dir .. "/fixed", "x") end, {undo = function() fs.remove(dir .. "/fixed") end})
  f:on_change(fs.write(old, "fixed\n"), function() sys.service("nginx"):reload() end)
  f:step("run", function() proc.check{"touch", dir .. "/fixed"} end)
end)
`

// A dry run changes nothing: files, folders and processes of the whole host are
// the same before and after.
func TestDryRunChangesNothing(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Skip("nginx is not installed")
	}
	dir := t.TempDir()
	work := filepath.Join(dir, "work")
	mustDo(t, os.Mkdir(work, 0o755))
	mustDo(t, os.WriteFile(filepath.Join(work, "old"), []byte("old text\n"), 0o644))
	mustDo(t, os.MkdirAll(filepath.Join(work, "sub", "below"), 0o755))
	script := filepath.Join(dir, "everything.lua")
	mustDo(t, os.WriteFile(script, []byte(everything), 0o644))
	if out, err := exec.Command("service", "nginx", "start").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	victim := exec.Command("sleep", "1000")
	mustDo(t, victim.Start())
	defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()

	run := func() string {
		cmd := exec.Command("opslua", "run", script, "--dry-run", "--", work, strconv.Itoa(victim.Process.Pid), server.URL)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 {
			t.Fatalf("exit %d (%v), want 2\n%s", code, err, out)
		}
		return string(out)
	}
	run() // what opslua keeps for itself, such as the folder of notes, is there from now on
	files, procs := hostFiles(t, dir, "/etc", "/var", "/run"), hostProcesses(t)
	out := run()
	for path, is := range hostFiles(t, dir, "/etc", "/var", "/run") {
		if was := files[path]; was != is {
			t.Errorf("%s: was %q, is %q", path, was, is)
		}
		delete(files, path)
	}
	for path := range files {
		t.Errorf("%s is gone", path)
	}
	if now := hostProcesses(t); now != procs {
		t.Errorf("processes before:\n%s\nafter:\n%s", procs, now)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	// And it said what it would do: a word for each of the steps.
	for _, want := range []string{
		"touch " + work + "/new", "rm -rf " + work, "tee " + work + "/new", "sleep 1000", "KILL", "TERM",
		"+new text", "-old text", "+moreedited", work + "/copy", work + "/moved", work + "/link", work + "/a/b/c",
		"/etc/nginx", "stop nginx", "restart nginx", "reload nginx", "POST " + server.URL, "DELETE " + server.URL,
		"hello", "+fixed", work + "/fixed",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not say %q", want)
		}
	}
	if strings.Contains(out, "step ") && strings.Contains(out, "lua:") {
		t.Log(out)
	}
	if t.Failed() {
		t.Log(out)
	}
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hostFiles is all that can be told of the files under folders, but for when
// they were read. The notes of commands under way come and go: only the folder
// they are in is left out.
func hostFiles(t *testing.T, roots ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == "/run/opslua" {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			st := info.Sys().(*syscall.Stat_t)
			text := fmt.Sprintf("%v %d:%d %d bytes inode %d at %v", info.Mode(), st.Uid, st.Gid, info.Size(), st.Ino, info.ModTime())
			if info.Mode().IsRegular() && info.Size() < 1<<20 {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				text += fmt.Sprintf(" %x", sha256.Sum256(data))
			}
			all[path] = text
			if d.IsDir() && path == "/run" {
				all[path] = "the folder of /run/opslua"
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// hostProcesses lists the processes by number, start and name.
func hostProcesses(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		text := string(data)
		end := strings.LastIndexByte(text, ')')
		fields := strings.Fields(text[end+1:])
		list = append(list, text[:end+1]+" "+fields[19])
	}
	sort.Strings(list)
	return strings.Join(list, "\n")
}
