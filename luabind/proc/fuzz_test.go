package proc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
)

// FuzzOptions gives random tables to the functions that run commands, with a
// link that answers in place of the host: no panic, and whatever is wrong with
// the table is an error value of kind usage.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{
		`"ls", timeout = "5s"`, `"ls", ok = {0, 1}, env = {A = false, B = 1}`, `"ls", limits = {memory = "1MiB"}`,
		`nil, "x"`, `"a\0b"`, `"ls", stdout = {file = "/x", append = true}, input = {file = 1}`, `"ls", nice = 1/0`,
		`"ls", umask = "777777"`, `"ls", retry_on = {"exit", 300}, retries = -1`, `{}, {}`, `[1] = "x", [3] = "y"`,
		`"ls", user = -1, group = {}, groups = {{}}`, `"ls", signal = 0/0, grace = -1`, `timeout = 1e308`, `"ls", [{}] = 1`,
		`"ls", max_output = "1e400", on_overflow = true`, `"ls", env = {[""] = "x"}`, `"ls", label = {}, probe = 1`,
	} {
		f.Add(s)
	}
	fake := luabind.WithExec(func(luabind.ExecFunc) luabind.ExecFunc {
		return func(_ context.Context, c *luabind.Command) (*luabind.Result, error) {
			return &luabind.Result{Argv: c.Argv, PID: 7}, nil
		}
	})
	f.Fuzz(func(t *testing.T, table string) {
		if strings.ContainsAny(table, "()") || strings.Contains(table, "function") {
			t.Skip() // calls and loops are not what is looked at
		}
		script := `local functions = {"run", "check", "read", "try", "spawn", "with"}
			for _, name in ipairs(functions) do
				local ok, err = pcall(proc[name], {` + table + "\n" + `})
				if not ok and err.kind ~= "usage" and err.kind ~= "parse" and err.kind ~= "denied" and err.kind ~= "exit" then error(name .. ": " .. tostring(err.kind) .. ": " .. err, 0) end
			end
			for _, item in ipairs{"parallel", "pipe"} do
				local ok, err = pcall(proc[item], {{` + table + "\n" + `}})
				if not ok and err.kind ~= "usage" then error(item .. ": " .. tostring(err.kind) .. ": " .. err, 0) end
			end`
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := runIn(ctx, t, "fuzz.lua", script, fake)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Skip() // a failure that is tried again
		}
		var load *luabind.LoadError
		var failed *luabind.ScriptError
		switch {
		case err == nil, errors.As(err, &load):
		case errors.As(err, &failed) && !strings.Contains(err.Error(), "internal error") && !isKind(err.Error()):
			// An expression of the table's own that Lua cannot evaluate.
		default:
			t.Errorf("{%s} gave %v", table, err)
		}
	})
}

// isKind recognises the errors that the script above raises.
func isKind(msg string) bool {
	for _, name := range []string{"run", "check", "read", "try", "spawn", "with", "parallel", "pipe"} {
		if strings.Contains(msg, name+": ") {
			return true
		}
	}
	return false
}
