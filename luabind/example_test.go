package luabind_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"opslua/luabind"
	"opslua/policy"
	"opslua/stdlib"
)

// A program lets a script look at its own values and run commands; here a link
// of the exec chain answers the commands itself, as a test would.
func Example() {
	answer := func(luabind.ExecFunc) luabind.ExecFunc {
		return func(_ context.Context, c *luabind.Command) (*luabind.Result, error) {
			return &luabind.Result{Argv: c.Argv, Stdout: []byte("active\n")}, nil
		}
	}
	host, err := luabind.New(
		luabind.WithModules(stdlib.Modules()...),
		luabind.WithPolicy(policy.All()), // without it a script may touch nothing
		luabind.WithStdio(nil, os.Stdout, os.Stderr),
		luabind.WithValue("services", []string{"nginx", "sshd"}),
		luabind.WithExec(answer),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = host.RunText(context.Background(), "check.lua", `
for i = 1, #services do
  print(services[i], proc.read{"systemctl", "is-active", services[i]})
end
proc.check{name = "no-such-service"}
`)
	var script *luabind.ScriptError
	var raised *luabind.Error
	if errors.As(err, &script) && errors.As(err, &raised) {
		fmt.Printf("line %d, kind %s\n", script.Line, raised.Kind)
	}
	// Output:
	// nginx	active
	// sshd	active
	// line 5, kind assert
}
