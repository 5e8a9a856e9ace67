package luabind_test

import (
	"bytes"
	"context"
	"testing"

	"opslua/luabind"
	"opslua/policy"
	"opslua/stdlib"
)

// TestSharedMask: what one run learns to be secret is hidden by the program that
// started it, and in the runs after it.
func TestSharedMask(t *testing.T) {
	var m luabind.Mask
	var out bytes.Buffer
	host, err := luabind.New(luabind.WithModules(stdlib.Modules()...), luabind.WithPolicy(policy.All()), luabind.WithMask(&m),
		luabind.WithStdio(nil, &out, &out), luabind.WithEnviron([]string{"TOKEN=hunter2pass"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{`print("hunter2pass") secret.env("TOKEN") print("hunter2pass")`, `print("hunter2pass")`} {
		if err := host.RunText(context.Background(), "t.lua", script); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.String(); got != "hunter2pass\n***\n***\n" {
		t.Errorf("printed %q", got)
	}
	if got := m.String("token hunter2pass"); got != "token ***" {
		t.Errorf("the shared mask gives %q", got)
	}
}
