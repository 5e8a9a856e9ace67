package luabind_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"

	"opslua/luabind"
	"opslua/policy"
)

// TestDaemonStoppedByTheNextCommand: an own process, which daemons fall to, has
// to reap them while a command waits for their end. It runs in a process of its
// own, for it stays one that adopts orphans.
func TestDaemonStoppedByTheNextCommand(t *testing.T) {
	const mark = "OPSLUA_TEST_OWN_PROCESS"
	if os.Getenv(mark) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestDaemonStoppedByTheNextCommand$", "-test.count=1")
		child.Env = append(os.Environ(), mark+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	var out bytes.Buffer
	sh := luabind.Func{Name: "sh", Doc: "sh(text) -> string", Impl: func(c *luabind.Call) error {
		var text string
		if err := c.Unpack("text", &text); err != nil {
			return err
		}
		cmd := &luabind.Command{}
		cmd.Path, cmd.Argv, cmd.Env = "/bin/sh", []string{"/bin/sh", "-c", text}, []string{"PATH=/usr/bin:/bin"}
		r, err := c.Exec(c.Context(), cmd)
		if err != nil {
			return err
		}
		return c.Return(string(r.Stdout))
	}}
	host, err := luabind.New(luabind.WithModules(luabind.Module{Name: "demo", Doc: "demo", Funcs: []luabind.Func{sh}}),
		luabind.WithPolicy(policy.All()), luabind.WithStdio(nil, &out, &out), luabind.WithOwnProcess(""))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(context.Background(), "t.lua", `
		local pid = demo.sh("sleep 600 >/dev/null 2>&1 & echo $!"):match("%d+")
		print(demo.sh("kill " .. pid .. "; for i in $(seq 100); do kill -0 " .. pid .. " 2>/dev/null || { echo -n gone; exit; }; sleep 0.05; done; echo -n there"))`)
	if err != nil || out.String() != "gone\n" {
		t.Errorf("gave %q, %v", out.String(), err)
	}
}
