package proc_test

import (
	"bytes"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/proc"
	"opslua/policy"
)

// A live copy is escaped; the result has the bytes as they are.
func TestEcho(t *testing.T) {
	out, err := run(t, "e.lua", `
		local r = proc.run{"printf", "a\\033[31m\\nb", echo = true}
		assert(r.stdout == "a\27[31m\nb")
		proc.run{"sh", "-c", "echo oops >&2", echo = true}
		proc.run{"echo", "hidden"}
		proc.run{"echo", "inherited", stdout = "inherit"}`)
	if err != nil || out != "a\\x1b[31m\nboops\ninherited\n" {
		t.Errorf("%q %v", out, err)
	}
}

// Commands side by side write whole lines, each in one piece.
func TestEchoInParallel(t *testing.T) {
	out, err := run(t, "e.lua", `
		local list = {}
		for i = 1, 8 do list[i] = {"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do printf aaaa; printf 'bbbb\\n'; done; printf end"} end
		proc.parallel(list, {echo = true})`)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 80 {
		t.Errorf("%d lines, want 80", len(lines))
	}
	for _, l := range lines {
		if l != "aaaabbbb" && l != "end" {
			t.Errorf("a line in pieces: %q", l)
		}
	}
}

// A command in the background outlives the statement that spawned it, and ends
// with the session.
func TestSpawnInSession(t *testing.T) {
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(proc.Module()), luabind.WithPolicy(policy.All()),
		luabind.WithStdio(nil, &out, &out), luabind.WithEnviron(environ()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := host.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ source, want string }{
		{`(function() h = proc.spawn{"sleep", 60, grace = 0} return h.pid > 1 end)()`, "true"},
		{`h:poll()`, "nil"},
		{`proc.get(h.pid).name`, "sleep"},
		{`h:wait(0.05)`, "nil"},
	} {
		values, err := s.Eval(t.Context(), step.source)
		if err != nil || len(values) == 0 || values[0].String() != step.want {
			t.Errorf("%s gave %v %v, want %s", step.source, values, err, step.want)
		}
	}
	pid, err := s.Eval(t.Context(), "h.pid")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if out, err := run(t, "after.lua", "print(proc.get("+pid[0].String()+"))"); err != nil || !strings.HasPrefix(out, "nil\t") {
		t.Errorf("after the session: %q %v", out, err)
	}
}
