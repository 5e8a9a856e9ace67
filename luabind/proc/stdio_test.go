package proc_test

import (
	"bytes"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/proc"
	"opslua/policy"
)

// A writer that is no file is shared by the script and by commands that write
// while it goes on: one at a time, also where both streams are the same one.
func TestSharedWriter(t *testing.T) {
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(proc.Module(), json.Module()), luabind.WithPolicy(policy.All()), luabind.WithStdio(nil, &out, &out))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "w.lua", `
		local a = proc.spawn{"/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo a; echo b >&2; done", echo = true}
		local b = proc.spawn{"/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo c; done", stdout = "inherit"}
		for i = 1, 2000 do print("mine") end
		assert(a:wait().ok and b:wait().ok)`)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]int{"a\n": 9, "b\n": 9, "c\n": 9, "mine\n": 2000} {
		if n := strings.Count(out.String(), line); n != want {
			t.Errorf("%q came %d times, want %d", line, n, want)
		}
	}
}

// An error that was written as JSON has been looked at.
func TestEncodingIsALook(t *testing.T) {
	host, err := luabind.New(luabind.WithModules(proc.Module(), json.Module()), luabind.WithPolicy(policy.All()))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.RunText(t.Context(), "j.lua", `assert(json.encode(proc.parallel{{"/nonesuch"}}):match('"kind":"not_found"'))`); err != nil {
		t.Error(err)
	}
}
