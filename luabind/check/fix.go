package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/luabind"
)

type fixDecl struct {
	declared
	on     string
	limit  *rate
	lock   string
	wait   time.Duration // for the lock
	verify *verification
	live   *fixObject
}

// rate is a limit such as "3/1h".
type rate struct {
	n      int
	window time.Duration
}

func (r *rate) LuaType() string { return "rate" }

func (r *rate) UnpackLua(c *luabind.Call, v lua.LValue) error {
	const wanted = `a number of attempts and a window, such as "3/1h"`
	text, ok := v.(lua.LString)
	if !ok {
		return fmt.Errorf("got %s, want %s", inShort(c, v), wanted)
	}
	count, window, ok := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 || n > 10_000 {
		return fmt.Errorf("got %s, want %s", inShort(c, v), wanted)
	}
	d, err := units.ParseDuration(window)
	if err != nil || d <= 0 {
		return fmt.Errorf("got %s, want %s", inShort(c, v), wanted)
	}
	r.n, r.window = n, d
	return nil
}

func (r *rate) String() string { return fmt.Sprintf("%d/%s", r.n, units.FormatDuration(r.window)) }

// verification says which check has to come back OK after a fix.
type verification struct {
	check         string
	within, every time.Duration
}

func (v *verification) LuaType() string { return "string or table" }

func (v *verification) UnpackLua(c *luabind.Call, lv lua.LValue) error {
	v.within, v.every = 10*time.Second, time.Second
	if name, ok := lv.(lua.LString); ok {
		v.check = string(name)
		return nil
	}
	if _, ok := lv.(*lua.LTable); !ok {
		return fmt.Errorf(`got %s, want a table such as {check = "nginx", within = "30s"}`, inShort(c, lv))
	}
	err := c.UnpackValue("verify", lv, "check?", &v.check, "within?", &v.within, "every?", &v.every)
	if err == nil && v.every <= 0 {
		return errors.New("every: got 0, want a duration above 0")
	}
	return err
}

func fix(c *luabind.Call) error {
	declaring(c)
	d := &fixDecl{live: &fixObject{}}
	var on, lock luabind.Opt[string]
	var limit rate
	var verify verification
	if err := c.Unpack("name", &d.name, "on?", &on, "limit?", &limit, "lock?", &lock, "wait?", &d.wait,
		"verify?", &verify, "timeout?", &d.timeout, "fn", &d.fn); err != nil {
		return err
	}
	switch d.on, d.lock = on.V, lock.V; {
	case on.Set && d.on == "":
		return c.Usage("on", "an empty text, want the name of a check; without on, the fix acts in every run")
	case lock.Set && d.lock == "":
		return c.Usage("lock", "an empty text, want a name")
	}
	if limit.n > 0 {
		d.limit = &limit
	}
	if verify.every > 0 {
		if verify.check == "" {
			verify.check = d.on
		}
		if verify.check == "" {
			return c.Usage("verify", "no check is named, neither by check nor by on")
		}
		d.verify = &verify
	}
	if d.wait > 0 && d.lock == "" {
		return c.Usage("wait", "there is no lock to wait for")
	}
	g := registryOf(c)
	if err := g.admit(c, &d.declared, func(name string) (string, bool) { return placeOf(g.fixes, name) }); err != nil {
		return err
	}
	d.obj = c.NewObject("f", d.live)
	g.fixes = append(g.fixes, d)
	return nil
}

// fixObject is what the function of a fix gets. It lives as long as the script,
// and is of use while that fix runs.
type fixObject struct{ a *attempt }

// attempt is one run of one fix. It lives as long as that; what watchers of
// changes touch is under mu, since changes are made by other goroutines too.
type attempt struct {
	e   *engine
	d   *fixDecl
	fix *report.Fix
	ctx context.Context // of the script, or of what an interrupt must not cut
	id  string          // of this attempt, in what it owes

	follows bool // something may follow from a change: the fix has an on_change

	undos []undo

	mu      sync.Mutex
	over    bool // nothing that is heard counts any more
	open    []int
	begun   bool // the attempt counts
	half    bool // it is the one that is let through after the window
	blocked string
	changed bool // something was made, or planned
	pending bool // a dry run does not know what a step would do
	owed    debts
	found   debts // what was owed before anything of this attempt began
}

// undo takes a completed step back.
type undo struct {
	title string
	fn    *lua.LFunction
}

// fix runs one fix, if it has to act, and reports it. An error ends the script.
func (e *engine) fix(d *fixDecl) error {
	started := time.Now()
	f := &report.Fix{Name: d.name, On: d.on, Status: report.FixOK}
	a := &attempt{e: e, d: d, fix: f, ctx: e.c.Context(), id: newID(), follows: follows(d.fn), owed: debts{}}
	err := a.act()
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	f.Seconds = time.Since(started).Seconds()
	e.c.Progress(luabind.Progress{ID: a, Label: "fix " + d.name, Over: true})
	if err != nil && f.Status == report.FixOK && !a.begun {
		a.block(e.textOf(err)) // the script ended before it began
	}
	e.rep.Fixes = append(e.rep.Fixes, *f)
	if err != nil {
		return err
	}
	return e.unskip()
}
