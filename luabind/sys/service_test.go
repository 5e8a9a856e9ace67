package sys_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opslua/luabind"
	"opslua/policy"
	"opslua/tests/realhost"
)

// planner collects what a dry run plans.
type planner struct {
	mu      sync.Mutex
	changes []luabind.Change
}

func (p *planner) option() luabind.Option {
	return luabind.WithDryRun(func(_ context.Context, c luabind.Change) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changes = append(p.changes, c)
	})
}

func (p *planner) text() string {
	var b strings.Builder
	for _, c := range p.changes {
		b.WriteString(c.Op + ": " + c.Text + ": " + strings.Join(c.Argv, " ") + ": " + c.Where + "\n")
	}
	return b.String()
}

func needs(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			t.Skip("not installed:", err)
		}
	}
}

func pidIn(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool { return unix.Kill(pid, 0) == nil }

func listens(port string) bool {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// TestNginx is the life of a real service: started, looked at, restarted,
// killed, misconfigured, repaired, stopped.
func TestNginx(t *testing.T) {
	needs(t, "/etc/init.d/nginx", "/usr/sbin/nginx")
	if !realhost.Inside(t) {
		return
	}
	const show = `local s = sys.service("nginx") print(s.name, s.active, s.sub, s.enabled, s.pid, s.since and os.time() - s.since < 60)`
	mustPrint(t, show, "nginx\tfalse\tnil\ttrue\tnil\tnil\n")

	writeFile(t, "/etc/nginx/conf.d/test.conf", "server { listen 127.0.0.1:8080; root /nowhere; }\n", 0o644)
	mustPrint(t, `local s = sys.service("nginx") local now = s:start() print(s.active, now.active, now.name, now.pid > 1)`, "false\ttrue\tnginx\ttrue\n")
	pid := pidIn(t, "/run/nginx.pid")
	// The run has ended, and what it started has not.
	mustPrint(t, show, "nginx\ttrue\tnil\ttrue\t"+strconv.Itoa(pid)+"\ttrue\n")
	if !listens("80") {
		t.Error("nobody listens")
	}
	if r, err := http.Get("http://127.0.0.1:8080/not-there"); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("%v %v", r, err)
	}
	mustPrint(t, `local l = sys.service("nginx"):logs(1) print(#l, l[1]:find("/not-there\" failed", 1, true) ~= nil)`, "1\ttrue\n")
	mustPrint(t, `print(sys.service("nginx"):restart().pid ~= `+strconv.Itoa(pid)+`)`, "true\n")
	pid = pidIn(t, "/run/nginx.pid")
	mustPrint(t, `print(sys.service("nginx"):reload().pid)`, strconv.Itoa(pid)+"\n")
	mustPrint(t, `print(sys.service("nginx"):start().pid)`, strconv.Itoa(pid)+"\n")

	// Killed: a pidfile is left that names nobody.
	workers := strings.Fields(output(t, "pgrep", "nginx"))
	for _, w := range workers {
		n, _ := strconv.Atoi(w)
		_ = unix.Kill(n, unix.SIGKILL)
	}
	waitFor(t, "the end of nginx", func() bool { return !alive(pid) })
	mustPrint(t, show, "nginx\tfalse\tnil\ttrue\tnil\tnil\n")
	mustPrint(t, `print(sys.service("nginx"):restart().active)`, "true\n")
	pid = pidIn(t, "/run/nginx.pid")

	// Misconfigured: a restart fails and the old one runs on.
	writeFile(t, "/etc/nginx/conf.d/bad.conf", "server {\n", 0o644)
	mustPrint(t, `local ok, e = pcall(function() sys.service("nginx"):restart() end)
		print(ok, e.kind, e.code, e.name, e.argv[3], e.message:match("^service:restart: nginx: service nginx restart: exit 1 after %d+%.%ds: Restarting nginx: nginx") ~= nil, e.where)
		print(pcall(function() sys.service("nginx"):reload() end))
		print(sys.service("nginx").pid)`,
		"false\texit\t1\tnginx\trestart\ttrue\tt.lua:1\n"+
			"false\tservice:reload: nginx: service nginx reload: exit 1 after 0.0s: Reloading nginx configuration: nginx failed!\n"+strconv.Itoa(pid)+"\n")
	mustPrint(t, `print(sys.service("nginx"):stop().active)`, "false\n")
	mustFail(t, `sys.service("nginx"):start()`, "t.lua:1: service:start: nginx: service nginx start: exit 1 after ")
	// Repaired.
	if err := os.Remove("/etc/nginx/conf.d/bad.conf"); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, `local s = sys.service("nginx"):start() print(s.active, s:stop().pid)`, "true\tnil\n")
	if listens("80") {
		t.Error("somebody listens")
	}
	for _, link := range []string{"2", "3", "4", "5"} {
		_ = os.Rename("/etc/rc"+link+".d/S01nginx", "/etc/rc"+link+".d/K01nginx")
	}
	mustPrint(t, show, "nginx\tfalse\tnil\tfalse\tnil\tnil\n")
}

func TestSSH(t *testing.T) {
	needs(t, "/etc/init.d/ssh", "/usr/sbin/sshd")
	if !realhost.Inside(t) {
		return
	}
	// Its pidfile stands in the script, by another name than that of the service.
	mustPrint(t, `local s = sys.service("ssh"):start() print(s.active, s.enabled, s.pid > 1, os.time() - s.since < 60)`, "true\ttrue\ttrue\ttrue\n")
	pid := pidIn(t, "/run/sshd.pid")
	started, err := os.Stat("/run/sshd.pid")
	if err != nil {
		t.Fatal(err)
	}
	if !listens("22") {
		t.Error("nobody listens")
	}
	mustPrint(t, `print(sys.service("ssh").pid, sys.service("ssh"):reload().pid)`, strconv.Itoa(pid)+"\t"+strconv.Itoa(pid)+"\n")
	// It reads its configuration when it gets to it: not the one below.
	waitFor(t, "the end of the reload", func() bool {
		info, err := os.Stat("/run/sshd.pid")
		return err == nil && info.ModTime().After(started.ModTime())
	})
	config, err := os.ReadFile("/etc/ssh/sshd_config")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "/etc/ssh/sshd_config", "NoSuchOption yes\n", 0o644)
	mustFail(t, `sys.service("ssh"):restart()`, "/etc/ssh/sshd_config: line 1: Bad configuration option: NoSuchOption")
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the end of sshd", func() bool { return !alive(pid) })
	mustPrint(t, `local s = sys.service("ssh") print(s.active, s.pid)`, "false\tnil\n")
	writeFile(t, "/etc/ssh/sshd_config", string(config), 0o644)
	mustPrint(t, `print(sys.service("ssh"):restart().active, sys.service("ssh"):stop().active)`, "true\tfalse\n")
}

func TestNoSuchService(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	writeFile(t, "/etc/init.d/frobd", "#!/bin/sh\nexit 0\n", 0o755)
	writeFile(t, "/etc/init.d/frobnot", "#!/bin/sh\nexit 0\n", 0o644)
	for script, want := range map[string]string{
		`sys.service("frobdd")`:                         `sys.service: no service "frobdd" (did you mean "frobd"?): /etc/init.d/frobdd is not there`,
		`sys.service("zzzzzzzzzzzzzz")`:                 `sys.service: no service "zzzzzzzzzzzzzz": /etc/init.d/zzzzzzzzzzzzzz is not there`,
		`sys.service("frobnot")`:                        `sys.service: no service "frobnot": /etc/init.d/frobnot may not be executed`,
		`setmetatable({}, nil) sys.service("ssd\tx")`:   "want the name of a service",
		`local s = sys.service("frobd") s.start()`:      "service:start: called on nil; call it as x:start(...)",
		`local s = sys.service("frobd") s.start({})`:    `service:start: name: got ""`,
		`local s = sys.service("frobd") s:start("now")`: "service:start: got 1 arguments",
		`local s = sys.service("frobd") s:logs(0)`:      "service:logs: n: got 0",
		`local s = sys.service("frobd") s:logs(1e6)`:    "service:logs: n: got 1000000",
	} {
		mustFail(t, script, want)
	}
	mustPrint(t, `local ok, e = pcall(sys.service, "frobdd") print(ok, e.kind)`, "false\tnot_found\n")
	// It is not taken for what a script made of it.
	mustFail(t, `local s = sys.service("frobd") s.name = "../../bin/sh" s:start()`, `service:start: name: got "../../bin/sh"`)
}

// TestScripts is what init scripts do wrong.
func TestScripts(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	self := strconv.Itoa(os.Getpid())
	writeFile(t, "/run/own.pid", self+"\n", 0o644)
	writeFile(t, "/etc/init.d/nostatus", "#!/bin/sh\nPIDFILE=/run/own.pid\necho Usage: nostatus start\nexit 3\n", 0o755)
	writeFile(t, "/etc/init.d/dead", "#!/bin/sh\nPIDFILE=/run/own.pid\nexit 3\n", 0o755)
	writeFile(t, "/etc/init.d/once", "#!/bin/sh\n# does one thing\nexit 0\n", 0o755)
	writeFile(t, "/etc/init.d/stale", "#!/bin/sh\n# pidfile: /run/stale.pid\nexit 0\n", 0o755)
	writeFile(t, "/run/stale.pid", "4194000\n", 0o644)
	writeFile(t, "/etc/init.d/pipe", "#!/bin/sh\n# pidfile: /run/pipe.pid\nexit 0\n", 0o755)
	if err := unix.Mkfifo("/run/pipe.pid", 0o644); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "/etc/init.d/left", "#!/bin/sh\n[ $1 = status ] && exit 0\nsleep 300 & echo $! >/run/left-$1.pid; [ $1 = start ]\n", 0o755)
	mustPrint(t, `for _, n in ipairs{"nostatus", "dead", "once", "stale", "pipe"} do local s = sys.service(n) print(n, s.active, s.pid, s.enabled) end`,
		"nostatus\ttrue\t"+self+"\tfalse\ndead\tfalse\tnil\tfalse\nonce\ttrue\tnil\tfalse\nstale\ttrue\tnil\tfalse\npipe\ttrue\tnil\tfalse\n")
	// A script that does not say is not one that says no.
	writeFile(t, "/etc/init.d/nointerp", "#!/no/such/interpreter\n", 0o755)
	writeFile(t, "/etc/init.d/nofunction", "#!/bin/sh\nstatus_of_nothing\n", 0o755)
	writeFile(t, "/etc/init.d/killed", "#!/bin/sh\nkill -9 $$\n", 0o755)
	if err := os.Mkdir("/etc/init.d/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, `for _, n in ipairs{"nointerp", "nofunction", "killed", "folder"} do
		local _, e = try(sys.service, n) print(n, e.kind, e.code, e.signal, e.argv[2]) end`,
		"nointerp\texit\t127\tnil\tnointerp\nnofunction\texit\t127\tnil\tnofunction\n"+
			"killed\tsignal\tnil\tKILL\tkilled\nfolder\texit\t126\tnil\tfolder\n")
	// What a start leaves behind stays; what a failed one leaves does not.
	mustPrint(t, `sys.service("left"):start() print(select(2, pcall(function() sys.service("left"):stop() end)).kind)`, "exit\n")
	if !alive(pidIn(t, "/run/left-start.pid")) {
		t.Error("what was started has gone")
	}
	waitFor(t, "the end of what a failed command has left", func() bool { return !alive(pidIn(t, "/run/left-stop.pid")) })
	// Output that is long, and hostile, is one line of an error.
	writeFile(t, "/etc/init.d/loud", "#!/bin/sh\n[ $1 = status ] && exit 3\nyes x | head -c 3000000 >&2; printf 'a\\033[31mb\\n\\n  last \\n' >&2; kill -9 $$\n", 0o755)
	mustPrint(t, `local ok, e = pcall(function() sys.service("loud"):start() end)
		print(ok, e.kind, e.signal, e.code, #e.message < 400, e.message:sub(-11))`, "false\tsignal\tKILL\tnil\ttrue\tb; last\n"[:0]+
		"false\tsignal\tKILL\tnil\ttrue\t[31mb; last\n")
	// The deadline of the script ends an action that hangs, and all of it.
	writeFile(t, "/etc/init.d/slow", "#!/bin/sh\n[ $1 = status ] && exit 3\necho $$ >/run/slow.pid\nsleep 300\n", 0o755)
	begun := time.Now()
	mustFail(t, `sys.service("slow"):start()`, "deadline", luabind.WithLimits(luabind.Limits{Timeout: 700 * time.Millisecond}))
	if took := time.Since(begun); took > 5*time.Second || alive(pidIn(t, "/run/slow.pid")) {
		t.Errorf("it took %s", took)
	}
}

// A daemon that has ended and that nobody has reaped is not one that runs, though
// kill -0 finds it.
func TestZombieIsNotActive(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	pid := strconv.Itoa(cmd.Process.Pid)
	waitFor(t, "a zombie", func() bool {
		data, _ := os.ReadFile("/proc/" + pid + "/stat")
		return strings.Contains(string(data), ") Z ")
	})
	writeFile(t, "/run/z.pid", pid+"\n", 0o644)
	writeFile(t, "/etc/init.d/z", "#!/bin/sh\n# pidfile: /run/z.pid\nkill -0 $(cat /run/z.pid)\n", 0o755)
	if out, err := exec.Command("service", "z", "status").CombinedOutput(); err != nil {
		t.Fatalf("the script should be taken in: %v\n%s", err, out)
	}
	mustPrint(t, `local s = sys.service("z") print(s.active, s.pid)`, "false\tnil\n")
}

// An action that takes too long is ended with all it has started. The 90 s are
// cut short by a link of the exec chain.
func TestActionTimeout(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	writeFile(t, "/etc/init.d/slow", "#!/bin/sh\n[ $1 = status ] && exit 3\necho $$ >/run/slow.pid\necho slowly\nsleep 300\n", 0o755)
	short := luabind.WithExec(func(next luabind.ExecFunc) luabind.ExecFunc {
		return func(ctx context.Context, cmd *luabind.Command) (*luabind.Result, error) {
			own := *cmd
			if !cmd.Probe {
				if cmd.Timeout != 90*time.Second {
					t.Errorf("a deadline of %s", cmd.Timeout)
				}
				own.Timeout = 300 * time.Millisecond
			}
			return next(ctx, &own)
		}
	})
	mustPrint(t, `local ok, e = pcall(function() sys.service("slow"):start() end) print(ok, e.kind, e.timeout, e.stdout, e.message)`,
		"false\ttimeout\t0.3\tslowly\n\tservice:start: slow: service slow start: no end within its timeout of 300ms: slowly\n", short)
	if alive(pidIn(t, "/run/slow.pid")) {
		t.Error("it is still there")
	}
}

// Watchers hear of an action before and after, and may keep it from being done.
func TestActionIsWatched(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	writeFile(t, "/etc/init.d/frob", "#!/bin/sh\n[ $1 = status ] && exit 3\necho $1 >>/run/frob.did\n", 0o755)
	var heard []string
	refuse := errors.New("not now")
	watch := luabind.Module{Name: "w", Doc: "w", Funcs: []luabind.Func{{Name: "atch", Impl: func(c *luabind.Call) error {
		c.WatchChanges(func(ch luabind.Change, s luabind.Stage) error {
			heard = append(heard, fmt.Sprint(ch.Text, " ", s == luabind.Before)) // of each once
			if ch.Text == "stop frob" {
				return refuse
			}
			return nil
		})
		return nil
	}}}}
	mustPrint(t, `w.atch() sys.service("frob"):start() print(pcall(function() sys.service("frob"):stop() end))`, "false\tnot now\n", luabind.WithModules(watch))
	if got := strings.Join(heard, ", "); got != "start frob true, start frob false, stop frob true" {
		t.Errorf("heard %s", got)
	}
	if data, err := os.ReadFile("/run/frob.did"); err != nil || string(data) != "start\n" {
		t.Errorf("done: %q %v", data, err)
	}
}

func TestServicePolicyAndDryRun(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	writeFile(t, "/etc/init.d/frob", "#!/bin/sh\n[ $1 = status ] && exit 3\necho $1 >>/run/frob.did\n", 0o755)
	look := policy.Permissions{Probe: []string{"/usr/sbin/service frob status"}}
	mustPrint(t, `print(sys.service("frob").active)`, "false\n", granted(t, look))
	mustFail(t, `sys.service("frob"):restart()`, `change = ["service frob restart"]`, granted(t, look))
	mustFail(t, `sys.service("ssh")`, `probe = ["service ssh status"]`, granted(t, look))
	if _, err := os.Stat("/run/frob.did"); err == nil {
		t.Error("a refused action was done")
	}
	act := look
	act.Change = []string{"/usr/sbin/service frob restart"}
	mustPrint(t, `sys.service("frob"):restart() print("done")`, "done\n", granted(t, act))
	mustFail(t, `sys.service("frob"):stop()`, `change = ["service frob stop"]`, granted(t, act))

	var p planner
	mustPrint(t, `
		local s = sys.service("frob")
		print(s.active)
		local after = s:stop():start()
		print(after.name, sys.service("frob").name, #after:logs())
		for _, f in ipairs{function() return after.active end, function() return sys.service("frob").pid end, function() return tostring(after) end} do
			local ok, e = pcall(f)
			print(ok, e.kind, e.message)
		end
		print(s.active)`,
		"false\nfrob\tfrob\t0\n"+strings.Repeat("false\tplanned\tcannot predict past line 6: it reads the state of the service frob, whose start was only planned\n", 3)+"false\n",
		p.option())
	if want := "service: stop frob: service frob stop: t.lua:4\nservice: start frob: service frob start: t.lua:4\n"; p.text() != want {
		t.Errorf("planned\n%swant\n%s", p.text(), want)
	}
	data, err := os.ReadFile("/run/frob.did")
	if err != nil || string(data) != "restart\n" {
		t.Errorf("done: %q %v", data, err)
	}
	mustFail(t, `sys.service("frob"):stop()`, `change = ["service frob stop"]`, granted(t, look), (&planner{}).option())
}

// fakeSystemctl stands in for systemd, which does not run on this host: a real
// program of that name, which answers with what systemd 252 wrote, and notes
// what it was asked to do.
const fakeSystemctl = `#!/bin/sh
echo "$@" >>/run/asked
case "$1 $2" in
"show web") printf 'MainPID=%s\nLoadState=loaded\nActiveState=%s\nSubState=%s\nUnitFileState=enabled\nActiveEnterTimestamp=Tue 2025-11-25 03:19:15 %s\n' \
	"$(cat /run/web.pid)" "$(cat /run/web.state)" "$(cat /run/web.sub)" "$TZ";;
"show broken") echo "Failed to connect to bus: No such file or directory" >&2; exit 1;;
"show odd") echo "what?";;
show*) printf 'MainPID=0\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nActiveEnterTimestamp=\n';;
"start web"|"restart web") echo active >/run/web.state; echo running >/run/web.sub; echo 4321 >/run/web.pid;;
"stop web") echo inactive >/run/web.state; echo dead >/run/web.sub; echo 0 >/run/web.pid;;
"reload web") printf 'Failed to reload web.service: Job type reload is not applicable for unit web.service.\nSee system logs and '\''systemctl status web.service'\'' for details.\n' >&2; exit 3;;
esac
`

func TestSystemd(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	for _, dir := range []string{"/run/systemd/system", "/run/bin", "/etc/systemd/system"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "/run/bin/systemctl", fakeSystemctl, 0o755)
	writeFile(t, "/run/bin/journalctl", "#!/bin/sh\necho \"$@\" >>/run/asked\n[ \"$2\" = quiet ] && echo '-- No entries --' && exit\n[ \"$2\" = broken ] && echo 'no access' >&2 && exit 1\nprintf 'one\\ntwo\\n'\n", 0o755)
	writeFile(t, "/etc/systemd/system/web.service", "[Service]\n", 0o644)
	writeFile(t, "/run/web.state", "inactive", 0o644)
	writeFile(t, "/run/web.sub", "dead", 0o644)
	writeFile(t, "/run/web.pid", "0", 0o644)
	env := luabind.WithEnviron([]string{"PATH=/run/bin:/usr/bin:/bin", "TZ=Europe/Berlin"})
	mustPrint(t, `
		local s = sys.service("web") print(s.name, s.active, s.sub, s.enabled, s.pid, s.since)
		s = s:start() print(s.name, s.active, s.sub, s.enabled, s.pid, s.since)
		print(s:restart().active, s:stop().active)
		print(table.concat(s:logs(2), ","))`,
		"web\tfalse\tdead\ttrue\tnil\tnil\nweb\ttrue\trunning\ttrue\t4321\t1764040755\ntrue\tfalse\none,two\n", env)
	asked, err := os.ReadFile("/run/asked")
	show := "show web --property=LoadState,ActiveState,SubState,UnitFileState,MainPID,ActiveEnterTimestamp\n"
	if want := show + "start web\n" + show + "restart web\n" + show + "stop web\n" + show + "-u web -n 2 -o cat --no-pager\n"; err != nil || string(asked) != want {
		t.Errorf("asked %q, %v; want %q", asked, err, want)
	}
	for script, want := range map[string]string{
		`sys.service("wbe")`:          `sys.service: no service "wbe" (did you mean "web"?): systemd has no such unit`,
		`sys.service("broken")`:       "sys.service: broken: systemctl show broken --property=LoadState,ActiveState,SubState,UnitFileState,MainPID,ActiveEnterTimestamp: exit 1 after 0.0s: Failed to connect to bus: No such file or directory",
		`sys.service("odd")`:          `sys.service: odd: systemctl show gave no ActiveState: "what?\n"`,
		`sys.service("web"):reload()`: "service:reload: web: systemctl reload web: exit 3 after 0.0s: Failed to reload web.service: Job type reload is not applicable for unit web.service.; See system logs and 'systemctl status web.service' for details.",
	} {
		mustFail(t, script, want, env)
	}
	mustPrint(t, `local s = sys.service("web") s.name = "quiet" print(#s:logs())
		s.name = "broken" print(pcall(s.logs, s))`, "0\nfalse\tservice:logs: broken: journalctl -u broken -n 50 -o cat --no-pager: exit 1 after 0.0s: no access\n", env)
	var p planner
	mustPrint(t, `print(sys.service("web"):stop().name)`, "web\n", env, p.option())
	if want := "service: stop web: systemctl stop web: t.lua:1\n"; p.text() != want {
		t.Errorf("planned %q", p.text())
	}
	mustFail(t, `sys.service("web")`, `probe = ["systemctl show web --property=LoadState`, env, luabind.WithPolicy(policy.Nothing()))
}

// Without systemd and without service(8) nothing is known of services.
func TestNoManager(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	mountAt(t, "empty", "/usr/sbin", "tmpfs", 0, "")
	mustPrint(t, `local ok, e = pcall(sys.service, "nginx") print(ok, e.kind, e.message)`,
		"false\tunsupported\tsys.service: nginx: service nginx status: there is no program \"service\", and systemd does not run (no /run/systemd/system)\n",
		luabind.WithEnviron([]string{"PATH=/nowhere"}))
}

func TestLogsOfSysV(t *testing.T) {
	needs(t, "/usr/sbin/service")
	if !realhost.Inside(t) {
		return
	}
	for _, name := range []string{"own", "two", "tag", "none", "locked"} {
		writeFile(t, "/etc/init.d/"+name, "#!/bin/sh\nexit 0\n", 0o755)
	}
	for _, dir := range []string{"/var/log/own", "/var/log/two"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "/var/log/own/access.log", "not this\n", 0o644)
	writeFile(t, "/var/log/own/error.log", strings.Repeat("filler of a line\n", 100000)+"a\nb\nc", 0o644)
	writeFile(t, "/var/log/two/old.log", "old\n", 0o644)
	writeFile(t, "/var/log/two/new.log", "new\n", 0o644)
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes("/var/log/two/old.log", past, past); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "/var/log/syslog", "Nov 25 13:14:20 h tag[1]: first\nNov 25 13:14:20 h other: no\nNov 25 13:14:21 h tagd: second\n", 0o644)
	mustPrint(t, `
		print(table.concat(sys.service("own"):logs(2), ","), #sys.service("own"):logs(20000), #sys.service("own"):logs())
		print(table.concat(sys.service("two"):logs(), ","))
		print(table.concat(sys.service("tag"):logs(), ","))
		print(table.concat(sys.service("tag"):logs(1), ","))
		print(#sys.service("none"):logs())`,
		"b,c\t20000\t50\nnew\nNov 25 13:14:20 h tag[1]: first,Nov 25 13:14:21 h tagd: second\nNov 25 13:14:21 h tagd: second\n0\n")
	mustFail(t, `sys.service("own"):logs()`, `read = ["/var/log/own/error.log"]`,
		granted(t, policy.Permissions{Probe: []string{"/usr/sbin/service own status"}}))
}

func TestUsers(t *testing.T) {
	if !realhost.Inside(t) {
		return
	}
	mustPrint(t, `print(#sys.users())`, "0\n")
	entry := func(kind uint16, pid int, user, tty, host string) []byte {
		e := make([]byte, 384)
		e[0], e[4], e[5], e[6] = byte(kind), byte(pid), byte(pid>>8), byte(pid>>16)
		copy(e[8:], tty)
		copy(e[44:], user)
		copy(e[76:], host)
		copy(e[340:], []byte{0x00, 0xf1, 0x53, 0x65}) // 1700000000
		return e
	}
	var file []byte
	file = append(file, entry(2, 0, "reboot", "~", "6.1")...)
	file = append(file, entry(7, os.Getpid(), "op", "pts/0", "192.0.2.1")...)
	file = append(file, entry(7, 4194000, "gone", "pts/1", "")...)
	file = append(file, entry(7, 1, "root", "tty1", "")...)
	file = append(file, entry(8, 1, "out", "pts/2", "")...)
	writeFile(t, "/run/utmp", string(file)+"half", 0o644)
	mustPrint(t, `for _, u in ipairs(sys.users()) do print(u.user, u.tty, u.host, u.started, u.pid) end`,
		"op\tpts/0\t192.0.2.1\t1700000000\t"+strconv.Itoa(os.Getpid())+"\nroot\ttty1\tnil\t1700000000\t1\n")
	// As who sees it, which reads the same file.
	if who := output(t, "who"); !strings.Contains(who, "op ") || !strings.Contains(who, "root ") || strings.Contains(who, "gone") {
		t.Errorf("who: %q", who)
	}
	if err := os.Remove("/run/utmp"); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo("/run/utmp", 0o644); err != nil {
		t.Fatal(err)
	}
	mustFail(t, `sys.users()`, "sys.users: open /var/run/utmp: not a regular file")
}
