package sys_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/sys"
	"opslua/policy"
)

// run runs a script with everything allowed and gives what it printed.
func run(t testing.TB, script string, options ...luabind.Option) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	host, err := luabind.New(append([]luabind.Option{
		luabind.WithModules(sys.Module()), luabind.WithPolicy(policy.All()),
		luabind.WithStdio(nil, &out, &out), luabind.WithEnviron([]string{"PATH=/usr/bin:/bin"}), // as cron has it
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(ctx, "t.lua", script)
	return out.String(), err
}

// mustPrint runs a script that has to print exactly this.
func mustPrint(t testing.TB, script, want string, options ...luabind.Option) {
	t.Helper()
	out, err := run(t, script, options...)
	if err != nil || timeless(out) != want {
		t.Errorf("%s\ngave %q, %v; want %q", script, out, err, want)
	}
}

// mustFail runs a script that has to end in an error with this text.
func mustFail(t testing.TB, script, want string, options ...luabind.Option) {
	t.Helper()
	out, err := run(t, script, options...)
	if err == nil || !strings.Contains(timeless(err.Error()), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s\ngave %q, %v; want an error of one line with %q", script, out, err, want)
	}
}

// timeless takes out how long a command took.
func timeless(s string) string {
	return regexp.MustCompile(`after \d+\.\ds`).ReplaceAllString(s, "after 0.0s")
}

func output(t testing.TB, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatal(argv, err)
	}
	return strings.TrimSpace(string(out))
}

func TestFacts(t *testing.T) {
	want := ""
	for _, name := range []string{"hostname", "kernel", "arch", "boot_id", "os", "os_version", "os_name", "machine_id", "cpus"} {
		value := ""
		switch name {
		case "hostname":
			value = output(t, "uname", "-n")
		case "kernel":
			value = output(t, "uname", "-r")
		case "arch":
			value = output(t, "uname", "-m")
		case "boot_id":
			value = output(t, "cat", "/proc/sys/kernel/random/boot_id")
		case "os":
			value = output(t, "sh", "-c", ". /etc/os-release; echo $ID")
		case "os_version":
			value = output(t, "sh", "-c", ". /etc/os-release; echo $VERSION_ID")
		case "os_name":
			value = output(t, "sh", "-c", `. /etc/os-release; echo "$PRETTY_NAME"`)
		case "machine_id":
			value = output(t, "cat", "/etc/machine-id")
		case "cpus":
			value = output(t, "nproc")
		}
		want += name + " " + value + "\n"
	}
	mustPrint(t, `local f = sys.facts()
		for _, n in ipairs{"hostname", "kernel", "arch", "boot_id", "os", "os_version", "os_name", "machine_id", "cpus"} do print(n .. " " .. f[n]) end
		assert(f.memory == sys.memory().total)`, want)
}

func TestLoadMemoryUptime(t *testing.T) {
	var total int64
	for line := range strings.Lines(output(t, "cat", "/proc/meminfo")) {
		if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &total); err == nil {
			break
		}
	}
	mustPrint(t, `local m, l = sys.memory(), sys.load()
		assert(m.used == m.total - m.available and m.available > 0 and m.swap_used >= 0 and m.swap_used <= m.swap_total)
		assert(l.one >= 0 and l.five >= 0 and l.fifteen >= 0)
		print(m.total)`, strconv.FormatInt(total<<10, 10)+"\n")
	before := uptimeOf(t)
	out, err := run(t, `print(sys.uptime())`)
	after := uptimeOf(t)
	got, perr := strconv.ParseFloat(strings.TrimSpace(out), 64)
	if err != nil || perr != nil || got < before || got > after {
		t.Errorf("uptime %q, %v; want from %v to %v", out, err, before, after)
	}
}

func uptimeOf(t *testing.T) float64 {
	n, err := strconv.ParseFloat(strings.Fields(output(t, "cat", "/proc/uptime"))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Mistakes in a call are named before anything happens.
func TestUsage(t *testing.T) {
	for script, want := range map[string]string{
		`sys.facts(1)`:                  "sys.facts: got 1 arguments, want at most 0",
		`sys.load{}`:                    "sys.load: got 1 arguments",
		`sys.disks{skp = {}}`:           `unknown option "skp" (did you mean "skip"?)`,
		`sys.disks{skip = "tmpfs"}`:     "sys.disks: skip: got string",
		`sys.disks{each = 0}`:           "sys.disks: each: want more than 0",
		`sys.disks{each = "soon"}`:      "sys.disks: each: ",
		`sys.disks{only = false}`:       "sys.disks: only: got false",
		`sys.service()`:                 "sys.service: name: missing",
		`sys.service("")`:               `sys.service: name: got "", want the name of a service`,
		`sys.service("-x")`:             `got "-x"`,
		`sys.service(".x")`:             `got ".x"`,
		`sys.service("../x")`:           `got "../x"`,
		`sys.service("a/b")`:            `got "a/b"`,
		`sys.service("a b")`:            `got "a b"`,
		`sys.service("ng*")`:            `got "ng*"`,
		`sys.service("a\n")`:            `got "a\n"`,
		`sys.service(("x"):rep(256))`:   "want the name of a service",
		`sys.service("x\0")`:            "want the name of a service",
		`sys.service(true)`:             "sys.service: name: got true",
		`sys.service("é")`:              "want the name of a service",
		`sys.service("nginx", "start")`: "got 2 arguments",
	} {
		mustFail(t, script, want)
		mustPrint(t, `local ok, e = pcall(function() `+script+` end) print(ok, e.kind)`, "false\tusage\n")
	}
}

// What a function looks at, a policy has to grant.
func TestPolicy(t *testing.T) {
	none := luabind.WithPolicy(policy.Nothing())
	for script, want := range map[string]string{
		`sys.facts()`:          `read = ["/proc"]`,
		`sys.load()`:           `read = ["/proc"]`,
		`sys.memory()`:         `read = ["/proc"]`,
		`sys.uptime()`:         `read = ["/proc"]`,
		`sys.disks{}`:          `read = ["/proc"]`,
		`sys.users()`:          `read = ["` + resolve(t, "/var/run") + `/utmp"]`,
		`sys.service("nginx")`: `probe = ["service nginx status"]`,
	} {
		mustFail(t, script, want, none)
		mustPrint(t, `local ok, e = pcall(function() `+script+` end) print(ok, e.kind)`, "false\tdenied\n", none)
	}
	p := granted(t, policy.Permissions{Read: []string{"/proc", resolve(t, "/etc/os-release"), "/etc/machine-id"}})
	mustPrint(t, `print(#sys.facts().boot_id, sys.load().one >= 0, #sys.disks{} > 0, sys.uptime() > 0)`, "36\ttrue\ttrue\ttrue\n", p)
}

func granted(t *testing.T, p policy.Permissions) luabind.Option {
	t.Helper()
	granted, err := policy.New(p, policy.Permissions{}, func(program string) (string, error) {
		return exec.LookPath(program)
	})
	if err != nil {
		t.Fatal(err)
	}
	return luabind.WithPolicy(granted)
}

func resolve(t *testing.T, path string) string { return output(t, "readlink", "-f", path) }

// Every argument and option is documented, and nothing that is not there.
func TestDocumented(t *testing.T) {
	m := sys.Module()
	for _, typ := range m.Types {
		m.Funcs = append(m.Funcs, typ.Methods...)
	}
	for _, f := range m.Funcs {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		if !strings.HasPrefix(f.Doc, f.Name) {
			t.Errorf("%s: the documentation begins otherwise: %q", f.Name, f.Doc)
		}
		for _, a := range luabind.Describe(f) {
			if !strings.Contains(f.Doc, "\n  "+a.Name+" ") || !strings.Contains(f.Doc, a.Type) {
				t.Errorf("%s: no line for %s of type %s", f.Name, a.Name, a.Type)
			}
		}
	}
}

func writeFile(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
