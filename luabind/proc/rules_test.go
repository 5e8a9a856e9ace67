package proc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/policy"
)

// refused runs scripts that are each a mistake, which its error names.
func refused(t *testing.T, cases map[string]string) {
	t.Helper()
	for script, want := range cases {
		_, err := run(t, "d.lua", script)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindUsage || !strings.Contains(e.Message, want) {
			t.Errorf("%s\ngave %v, want %s", script, err, want)
		}
	}
}

// dropped runs scripts that never look at a failure, which fails them.
func dropped(t *testing.T, cases map[string]string) {
	t.Helper()
	for script, want := range cases {
		out, err := run(t, "u.lua", script)
		var e *luabind.ScriptError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "never looked") {
			t.Errorf("%s\ngave %v %s, want %s", script, err, out, want)
		}
	}
}

// proc.check with neither a command nor selectors is a mistake that names what
// was probably meant.
func TestCheckOfNothing(t *testing.T) {
	refused(t, map[string]string{
		"proc.check{}":               "neither a command",
		"proc.check{nam = 'x'}":      `did you mean "name"?`,
		"proc.check{timeout = '5s'}": "neither a command",
	})
}

// A failed result that the script never looks at fails the script, and names
// the line that ran the command.
func TestUnlookedFailures(t *testing.T) {
	dropped(t, map[string]string{
		"\nproc.run{'false'}": "u.lua:2: false: exit 1",
		"local r = proc.run{'sh', '-c', 'echo why >&2; exit 4'} local x = r.stdout":           "exit 4",
		"proc.run{'false'} proc.run{'false'}":                                                 "and 1 more",
		"proc.sh('exit 5')":                                                                   "exit 5",
		"proc.pipe{{'false'}, {'true'}}":                                                      "false: exit 1",
		"\n\nproc.parallel{{'true'}, {'false'}}":                                              "u.lua:3: false",
		"proc.spawn{'false'}:wait()":                                                          "exit 1",
		"proc.run{'sh', '-c', 'kill $$'}":                                                     "signal TERM",
		"proc.with{cwd = '/'}.run{'false'}":                                                   "exit 1",
		"if false then print(proc.run{'false'}.ok) end local r = proc.run{'false'} r.ok_ = 1": "exit 1",
		"local r = proc.run{'false'} local f = r.lines":                                       "exit 1",
	})
	for _, script := range []string{
		"local r = proc.run{'false'} local x = r.ok",
		"local r = proc.run{'false'} local x = r.code",
		"local r = proc.run{'false'} local x = r.signal",
		"for k in pairs(proc.run{'false'}) do end",
		"proc.run{'false', ok = 'any'}",
		"proc.run{'false', ok = {1}}",
		"proc.pipe({{'false'}, {'true'}}, {ok = 'any'})",
		"proc.run{'false'} exit(0)",
		"local h = proc.spawn{'sleep', 60} h:stop{grace = 0}",
		"pcall(proc.check, {'false'})",
		"proc.try{'false'}",
		"for _, r in ipairs(proc.parallel{{'false'}, {'false'}}) do if r.ok then print(1) end end",
	} {
		if out, err := run(t, "u.lua", script); err != nil {
			t.Errorf("%s\ngave %v %s", script, err, out)
		}
	}
	_, err := run(t, "u.lua", "proc.run{'false'} exit(5)")
	var exit *luabind.ExitError
	if !errors.As(err, &exit) || exit.Code != 5 {
		t.Errorf("exit overrides the rule: got %v", err)
	}
	_, err = run(t, "u.lua", "proc.run{'false'} error('mine')")
	if err == nil || !strings.Contains(err.Error(), "mine") {
		t.Errorf("another error comes first: got %v", err)
	}
}

// Nothing happens that the policy does not grant, and the error says what is missing.
func TestPolicy(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	p, err := policy.New(policy.Permissions{Probe: []string{"/bin/echo ..."}, Change: []string{"/bin/sh ..."}}, policy.Permissions{},
		func(program string) (string, error) {
			path, err := exec.LookPath(program)
			if err != nil {
				return "", err
			}
			return filepath.EvalSymlinks(path)
		})
	if err != nil {
		t.Fatal(err)
	}
	for script, missing := range map[string]string{
		"proc.run{'touch', '" + mark + "'}":                                            "touch",
		"proc.read{'sh', '-c', 'touch " + mark + "'}":                                  "probe",
		"proc.sh('x', {}, {stdout = {file = '" + mark + "'}})":                         "write",
		"proc.sh('x', {}, {input = {file = '/etc/shadow'}})":                           "read",
		"proc.sh('x', {}, {env = {LD_PRELOAD = 'x'}})":                                 "env",
		"proc.parallel{{'sh', '-c', 'touch " + mark + "'}, {'touch', '" + mark + "'}}": "touch",
		"proc.pipe{{'sh', '-c', 'touch " + mark + "'}, {'touch', '" + mark + "'}}":     "touch",
		"proc.spawn{'touch', '" + mark + "'}":                                          "touch",
		"proc.list()":                                                                  "read",
		"proc.tree()":                                                                  "read",
		"proc.get(1)":                                                                  "read",
		"proc.check{name = 'x'}":                                                       "read",
		"proc.ancestors(" + strconv.Itoa(os.Getpid()) + ")":                            "read",
	} {
		_, err := run(t, "p.lua", script, luabind.WithPolicy(p))
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindDenied || !strings.Contains(e.Message, missing) {
			t.Errorf("%s gave %v, want denied with %s", script, err, missing)
		}
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a command was run that was not granted")
	}
	if out, err := run(t, "p.lua", "print(proc.read{'echo', 'x'}) print(proc.sh('echo y', {}, {env = {TZ = 'UTC'}}).stdout) print(proc.try{'touch', 'x'})",
		luabind.WithPolicy(p)); err != nil || !strings.HasPrefix(out, "x\ny\n\nnil\tproc.try: denied") {
		t.Errorf("%q %v", out, err)
	}
}

// What a link of the exec chain answers is not looked for on this host.
func TestFakes(t *testing.T) {
	fake := luabind.WithExec(func(luabind.ExecFunc) luabind.ExecFunc {
		return func(_ context.Context, c *luabind.Command) (*luabind.Result, error) {
			if c.Argv[0] == "fails" {
				return nil, luabind.Errorf(luabind.KindPlanned, "only planned")
			}
			return &luabind.Result{Argv: c.Argv, PID: 7, Stdout: []byte("fake " + c.Label), Code: len(c.Argv) - 1}, nil
		}
	})
	out, err := run(t, "f.lua", `
		print(proc.run{"not-installed", label = "x"}.stdout)
		print(proc.run{"not-installed", "x"}.code)
		print(proc.spawn{"not-installed"}:wait().stdout)
		print(proc.pipe{{"not-installed"}, {"nor-this"}}.stdout)
		print(proc.parallel{{"not-installed"}}[1].pid)
		print(select(2, pcall(proc.run, {"fails"})).kind)`, fake)
	if want := "fake x\n1\nfake \nfake \n7\nplanned\n"; err != nil || out != want {
		t.Errorf("%q %v, want %q", out, err, want)
	}
}

// The end of a run stops what it spawned, and takes no longer than it has to.
func TestEndStopsWhatWasSpawned(t *testing.T) {
	pidfile := filepath.Join(t.TempDir(), "pid")
	begin := `local h = proc.spawn{"sh", "-c", "trap '' TERM; echo $$ > '` + pidfile + `'; echo ready; while :; do sleep 0.05; done", grace = GRACE}
		for l in h:lines() do break end `
	for name, c := range map[string]struct {
		script  string
		grace   string
		timeout time.Duration
		most    time.Duration
	}{
		"normal":   {"", "0.2", time.Minute, 3 * time.Second},
		"error":    {"error('x')", "0.2", time.Minute, 3 * time.Second},
		"exit":     {"exit(3)", "0.2", time.Minute, 3 * time.Second},
		"deadline": {"while true do end", "'20s'", 500 * time.Millisecond, 3 * time.Second},
		"waiting":  {"h:wait()", "'20s'", 500 * time.Millisecond, 3 * time.Second},
		"lines":    {"for l in h:lines() do end", "'20s'", 500 * time.Millisecond, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			began := time.Now()
			_, _ = runIn(ctx, t, "s.lua", strings.Replace(begin, "GRACE", c.grace, 1)+c.script)
			if took := time.Since(began); took > c.most {
				t.Errorf("it took %s", took)
			}
			text, err := os.ReadFile(pidfile)
			if err != nil {
				t.Fatal(err)
			}
			pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
			if err := syscall.Kill(pid, 0); err == nil {
				t.Errorf("process %d is still there", pid)
			}
		})
	}
}

// A deadline of the script ends a call that waits, whatever it waits for.
func TestDeadlineEndsCalls(t *testing.T) {
	for _, script := range []string{
		`proc.run{"sleep", 60, grace = 0}`,
		`pcall(proc.run, {"sleep", 60, grace = 0}) while true do end`,
		`proc.wait(proc.spawn{"sleep", 60}.pid)`,
		`proc.run{"false", retries = 100, backoff = "1h"}`,
		`proc.parallel{{"sleep", 60, grace = 0}, {"sleep", 60, grace = 0}}`,
		`proc.pipe{{"sleep", 60, grace = 0}, {"cat", grace = 0}}`,
		`proc.list{sample = "1h"}`,
		`local h = proc.spawn{"sleep", 60, grace = 0} for i = 1, 100 do h:write(("x"):rep(100000)) end`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		began := time.Now()
		_, err := runIn(ctx, t, "d.lua", script)
		cancel()
		if took := time.Since(began); took > 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s took %s and gave %v", script, took, err)
		}
	}
}

// Names that processes give themselves come through as bytes, and print harmlessly.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"a) S 1 (b", "\x1b[31mred", "two\nlines", "\xff\xfe bytes", " ", "$(x)", "\u202egpj.exe"} {
		cmd := exec.Command("sleep", "60")
		cmd.Args[0] = "sleep"
		dir := t.TempDir()
		program := filepath.Join(dir, name)
		data, err := os.ReadFile("/bin/sleep")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, data, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd = exec.Command(program, "60")
		for range 50 { // another test forks while the file is open for writing
			if err = cmd.Start(); !errors.Is(err, syscall.ETXTBSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
			cmd = exec.Command(program, "60")
		}
		if err != nil {
			t.Fatal(err)
		}
		pid := strconv.Itoa(cmd.Process.Pid)
		out, err := run(t, "h.lua", `
			local pid, name = `+pid+`, ...
			local p = proc.get(pid)
			assert(p.name == `+luaString(name)+`, p.name)
			assert(p.pid == pid and p.cmdline[2] == "60")
			local t = proc.tree(pid)
			assert(not tostring(t):find("[%c]"), "a control in a drawn tree")
			assert(not tostring(proc.tree()):gsub("\n", ""):find("[%c]"))
			assert(#proc.list{name = p.name, pid = pid} == 1)
			proc.check{pid = pid, name = p.name, count = 1}
			local r = proc.stop(p, {expect = {name = p.name, max = 1}, grace = "1s"})
			print(#r.gone)`)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err != nil || out != "1\n" {
			t.Errorf("%q: %q %v", name, out, err)
		}
	}
}

// luaString writes any bytes as a Lua string.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		b.WriteString(`\` + strconv.Itoa(1000 + int(s[i]))[1:])
	}
	return b.String() + `"`
}
