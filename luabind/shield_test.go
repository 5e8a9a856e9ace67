package luabind_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
)

// shielded runs a script in which shield(fn) calls fn by Shield, interrupt() ends
// the run and hurry() stands for the second interrupt.
func shielded(t *testing.T, script string, opts ...luabind.Option) (out string, held int, err error) {
	t.Helper()
	ctx, interrupt := context.WithCancelCause(t.Context())
	hurry := make(chan struct{})
	do := func(f func()) func(*luabind.Call) error {
		return func(c *luabind.Call) error {
			if err := c.Unpack(); err != nil {
				return err
			}
			f()
			return nil
		}
	}
	module := luabind.Module{Name: "life", Doc: "For a test.", Funcs: []luabind.Func{
		{Name: "interrupt", Doc: "interrupt()", Impl: do(func() { interrupt(errors.New("interrupted by hand")) })},
		{Name: "hurry", Doc: "hurry()", Impl: do(func() { close(hurry) })},
		{Name: "say", Doc: "say()", Impl: do(func() { out += "said " })},
		{Name: "finally", Doc: "finally(fn)", Impl: func(c *luabind.Call) error {
			fn := c.Arg(0)
			c.OnFinish(func(c *luabind.Call) error {
				err := c.Scope("it", 0, func() error { _, err := c.Invoke(fn); return err })
				last := c.Shield(func() error { _, err := c.Invoke(c.Function("say", do(func() { out += "shielded " }))); return err })
				if last != nil {
					out += "late: " + last.Error()
				}
				return err
			})
			return nil
		}},
		{Name: "shield", Doc: "shield(fn)", Impl: func(c *luabind.Call) error {
			fn := c.Arg(0)
			return c.Shield(func() error { _, err := c.Invoke(fn); return err })
		}},
	}}
	opts = append(opts, luabind.WithModules(module), luabind.WithHurry(hurry),
		luabind.WithHold(func() func() { held++; return func() { held += 10 } }))
	h, err := luabind.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	err = h.RunText(ctx, "t.lua", script)
	return out, held, err
}

func TestShield(t *testing.T) {
	for name, c := range map[string]struct {
		script, out, err string
		held             int
	}{
		"whole":              {`life.shield(function() life.interrupt() for i = 1, 1e5 do end life.say() end)`, "said ", "interrupted by hand", 11},
		"after an interrupt": {`life.finally(function() life.interrupt() while true do end end)`, "shielded ", "interrupted by hand", 11},
		"hurried":            {`life.shield(function() life.interrupt() life.hurry() while true do end end)`, "", "interrupted by hand", 11},
		"too late":           {`life.finally(function() life.hurry() life.interrupt() while true do end end)`, "late: ", "interrupted by hand", 0},
	} {
		out, held, err := shielded(t, c.script)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+c.err) || held != c.held || (out != c.out && !(c.out == "late: " && len(out) > len(c.out))) {
			t.Errorf("%s: got %q, held %d, %v", name, out, held, err)
		}
	}
}

// The limits hold inside.
func TestShieldKeepsLimits(t *testing.T) {
	started := time.Now()
	_, _, err := shielded(t, `life.shield(function() life.interrupt() while true do end end)`, luabind.WithLimits(luabind.Limits{Timeout: 200 * time.Millisecond}))
	if err == nil || time.Since(started) > 10*time.Second {
		t.Error(err, time.Since(started))
	}
	_, _, err = shielded(t, `life.shield(function() life.interrupt() local t = {} for i = 1, 1e9 do t[i] = i end end)`, luabind.WithLimits(luabind.Limits{Memory: 16 << 20}))
	if err == nil || time.Since(started) > 60*time.Second {
		t.Error(err, time.Since(started))
	}
}
