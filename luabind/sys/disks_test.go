package sys_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opslua/luabind"
	"opslua/tests/realhost"
)

// printDisks prints rows in the columns of df -P, fractions left as they are.
const printDisks = `
	for _, d in ipairs(rows) do
		assert(not d.err, d.err)
		print(d.device, d.size / 1024, d.used / 1024, d.free / 1024, d.used_pct or "-", d.mount)
	end`

// What df shows is what is shown.
func TestDisksAsDf(t *testing.T) {
	for range 5 {
		before := output(t, "df", "-P")
		out, err := run(t, `local rows = sys.disks{}`+printDisks)
		if err != nil {
			t.Fatal(err)
		}
		if before != output(t, "df", "-P") {
			continue // somebody writes just now
		}
		compare(t, before, out)
		return
	}
	t.Skip("the disks never stood still")
}

func compare(t *testing.T, df, ours string) {
	t.Helper()
	want := strings.Split(df, "\n")[1:]
	got := strings.Split(strings.TrimSpace(ours), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d rows, df has %d:\n%s\n%s", len(got), len(want), ours, df)
	}
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(lastOf(a, strings.Fields), lastOf(b, strings.Fields)) })
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(lastOf(a, tabs), lastOf(b, tabs)) })
	for i := range want {
		w, g := strings.Fields(want[i]), strings.Split(got[i], "\t")
		if g[0] != w[0] || g[5] != strings.Join(w[5:], " ") {
			t.Errorf("row %d is %q, of df %q", i, got[i], want[i])
		}
		for k := 1; k <= 3; k++ {
			a, _ := strconv.ParseFloat(g[k], 64)
			b, _ := strconv.ParseFloat(w[k], 64)
			if math.Abs(a-b) > b/100+1024 { // others write meanwhile
				t.Errorf("row %d is %q, of df %q", i, got[i], want[i])
			}
		}
		pct, err := strconv.ParseFloat(g[4], 64)
		if shown := strings.TrimSuffix(w[4], "%"); (shown == "-") != (err != nil) ||
			err == nil && math.Abs(math.Ceil(pct)-number(shown)) > 1 {
			t.Errorf("row %d is used to %s, by df to %s", i, g[4], w[4])
		}
	}
}

// lastOf is the mount point in a row of which columns are cut by split.
func lastOf(row string, split func(string) []string) string { return strings.Join(split(row)[5:], " ") }

func tabs(s string) []string { return strings.Split(s, "\t") }

func number(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

func TestDisksInodes(t *testing.T) {
	f := strings.Fields(strings.Split(output(t, "df", "-Pi", "/"), "\n")[1])
	out, err := run(t, `local d = sys.disks{only = {"/"}}[1] print(d.inodes, d.inodes_used, d.inodes_pct)`)
	g := strings.Fields(out)
	if err != nil || len(g) != 3 {
		t.Fatal(out, err)
	}
	if f[1] == "0" {
		t.Skip("the root file system has no fixed number of inodes")
	}
	if g[0] != f[1] || math.Abs(number(g[1])-number(f[2])) > 1000+number(f[2])/100 || math.Abs(math.Ceil(number(g[2]))-number(strings.TrimSuffix(f[4], "%"))) > 1 {
		t.Errorf("got %v, of df %v", g, f)
	}
}

func mountAt(t *testing.T, source, target, typ string, flags uintptr, data string) {
	t.Helper()
	if err := os.MkdirAll(target, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(source, target, typ, flags, data); err != nil {
		t.Fatalf("mount %s: %v", target, err)
	}
}

// TestMountsOfAllKinds mounts what makes listings wrong: names with spaces, one
// file system twice, one under another, one that is full.
func TestMountsOfAllKinds(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	const dir = "/run/mounts" // gone with the host
	at := func(name string) string { return filepath.Join(dir, name) }
	mountAt(t, "spaced", at("a b\tc\\d"), "tmpfs", 0, "size=1m")
	mountAt(t, "full", at("full"), "tmpfs", 0, "size=64k,nr_inodes=4")
	writeFull(t, at("full/x"))
	mountAt(t, "twice", at("long/name"), "tmpfs", 0, "size=1m")
	mountAt(t, at("long/name"), at("bound"), "", unix.MS_BIND, "")
	mountAt(t, "below", at("cover/in"), "tmpfs", 0, "size=1m")
	mountAt(t, "cover", at("cover"), "tmpfs", unix.MS_RDONLY, "size=2m")
	mountAt(t, "proc", at("proc"), "proc", 0, "")
	df := output(t, "df", "-P")
	out, err := run(t, `local rows = sys.disks{}`+printDisks)
	if err != nil {
		t.Fatal(err)
	}
	// df writes a tab in a name as ?, and may show what is covered as what covers it.
	compare(t, strings.ReplaceAll(df, "?", "\t"), strings.ReplaceAll(out, "a b\tc", "a b c"))
	quoted := func(name string) string { return strconv.Quote(at(name)) }
	mustPrint(t, `
		local full = sys.disks{only = {`+quoted("full")+`}}[1]
		print(full.used_pct, full.free, full.inodes_used, full.inodes, full.inodes_pct, full.read_only, full.type, full.device)
		local two = sys.disks{only = {`+quoted("cover/")+`, `+quoted("nowhere")+`, `+quoted("proc")+`, `+quoted("bound")+`}, skip = {"tmpfs"}}
		print(#two, two[1].read_only, two[1].device, two[2].mount, two[2].err, two[2].size, two[3].type, two[3].used_pct, two[4].device)
		print(#sys.disks{only = {}})
		for _, d in ipairs(sys.disks{skip = {"tmpfs"}}) do assert(d.type ~= "tmpfs") end
		local bound, proc = 0, 0
		for _, d in ipairs(sys.disks{all = true}) do
			if d.device == "twice" then bound = bound + 1 end
			if d.type == "proc" then proc = proc + 1 end
		end
		print(bound, proc)`,
		"100\t0\t2\t4\t50\tfalse\ttmpfs\tfull\n"+
			"4\ttrue\tcover\t"+at("nowhere")+"\tnothing is mounted there\tnil\tproc\tnil\ttwice\n0\n2\t2\n")
}

func writeFull(t *testing.T, path string) {
	t.Helper()
	err := os.WriteFile(path, make([]byte, 1<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal("it is not full:", err)
	}
}

const fuseAt = "OPSLUA_TEST_FUSE"

// TestFuseServer is no test but a file system on FUSE, in a process of its own,
// that answers until somebody asks how full it is, and never again.
func TestFuseServer(t *testing.T) {
	dir := os.Getenv(fuseAt)
	if dir == "" {
		t.Skip("a helper of other tests")
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("hung", dir, "fuse.hung", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return // unmounted
		}
		if n < 40 || binary.NativeEndian.Uint32(buf[4:]) != 26 { // FUSE_INIT
			continue
		}
		answer := make([]byte, 16+64)
		binary.NativeEndian.PutUint32(answer, uint32(len(answer)))
		copy(answer[8:16], buf[8:16]) // whom it answers
		binary.NativeEndian.PutUint32(answer[16:], 7)
		binary.NativeEndian.PutUint32(answer[20:], 31)
		binary.NativeEndian.PutUint32(answer[24:], 65536) // readahead
		binary.NativeEndian.PutUint32(answer[36:], 4096)  // max_write
		if _, err := unix.Write(fd, answer); err != nil {
			t.Fatal(err)
		}
	}
}

// hang mounts n file systems that never say how full they are.
func hang(t *testing.T, n int) (dirs []string) {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skip("no FUSE here:", err)
	} else {
		_ = f.Close()
	}
	for i := range n {
		dir := filepath.Join("/run/hung", strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		server := exec.Command(self, "-test.run=^TestFuseServer$")
		server.Env = append(os.Environ(), fuseAt+"="+dir)
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			// Whoever waits for it is let go of, whatever became of the server.
			_ = unix.Unmount(dir, unix.MNT_FORCE|unix.MNT_DETACH)
			_ = server.Process.Kill()
			_ = server.Wait()
		})
		dirs = append(dirs, dir)
		waitFor(t, "the mount "+dir, func() bool {
			data, err := os.ReadFile("/proc/self/mountinfo")
			return err == nil && strings.Contains(string(data), " "+dir+" ")
		})
	}
	return dirs
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("waited in vain for", what)
}

// File systems that hang are a row each, hold up nobody else, and cost the time
// of one.
func TestHungMounts(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	dirs := hang(t, 3)
	begun := time.Now()
	mustPrint(t, `
		local good, errs = 0, {}
		for _, d in ipairs(sys.disks{each = "600ms"}) do
			if d.err then errs[#errs + 1] = d.mount .. " " .. d.type .. " " .. d.device .. ": " .. d.err else good = good + 1 end
		end
		print(good > 0, table.concat(errs, "\n"))`,
		"true\t"+dirs[0]+" fuse.hung hung: no answer within 600ms\n"+dirs[1]+" fuse.hung hung: no answer within 600ms\n"+dirs[2]+" fuse.hung hung: no answer within 600ms\n")
	if took := time.Since(begun); took < 600*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	// The script's own deadline counts too.
	mustFail(t, `sys.disks{each = "1h"}`, "deadline", luabind.WithLimits(luabind.Limits{Timeout: 300 * time.Millisecond}))
	// Those that are left out by type or by name are not asked.
	begun = time.Now()
	mustPrint(t, `for _, d in ipairs(sys.disks{each = "1h", skip = {"fuse.hung"}}) do assert(not d.err) end
		print(sys.disks{each = "1h", only = {"/"}}[1].err)`, "nil\n")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

const scriptOf = "OPSLUA_TEST_SCRIPT"

// TestScriptAlone is no test but a script in a process of its own.
func TestScriptAlone(t *testing.T) {
	script := os.Getenv(scriptOf)
	if script == "" {
		t.Skip("a helper of other tests")
	}
	out, err := run(t, script)
	fmt.Print(out, err, "\n")
}

// A process that has asked a file system that hangs ends, and so does whoever
// waits for the end of its output.
func TestHungMountKeepsNobodyAlive(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	dirs := hang(t, 1)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestScriptAlone$")
	cmd.Env = append(os.Environ(), scriptOf+`=print(sys.disks{each = 0.3, only = {`+strconv.Quote(dirs[0])+`}}[1].err)`)
	type result struct {
		out []byte
		err error
	}
	ended := make(chan result, 1)
	go func() {
		out, err := cmd.CombinedOutput()
		ended <- result{out, err}
	}()
	select {
	case r := <-ended:
		if r.err != nil || !strings.Contains(string(r.out), "no answer within 300ms") {
			t.Errorf("%s %v", r.out, r.err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the process is still there after 10 s")
	}
}
