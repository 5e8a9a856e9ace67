package check

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/report"
	"opslua/internal/units"
	"opslua/luabind"
)

func waitFor(c *luabind.Call) error {
	withoutOptions(c)
	var title string
	var fn *lua.LFunction
	within, every := 30*time.Second, 500*time.Millisecond
	if err := c.Unpack("title", &title, "within?", &within, "every?", &every, "fn", &fn); err != nil {
		return err
	}
	if every <= 0 {
		return c.Usage("every", "got 0, want a duration above 0")
	}
	a, err := attemptOf(c)
	if err != nil {
		return err
	}
	if a.e.dry {
		a.skip(title, report.StepPlanned, "would wait up to "+units.FormatDuration(within))
		return c.Return(c.NewPlanned("what `" + title + "` waits for, which was only planned"))
	}
	n := a.start(title)
	started := time.Now()
	v, err := a.poll(c, title, within, every, fn)
	if err != nil {
		a.end(n, started, report.StepFailed, strings.TrimPrefix(a.e.textOf(err), title+": "))
		return err
	}
	a.end(n, started, report.StepDone, "")
	return c.Return(v)
}

// lastTry is how long the function of a wait has when the time is almost over.
const lastTry = 100 * time.Millisecond

// poll calls a function until what it returns is true. What is not there yet may
// also be told by a raise.
func (a *attempt) poll(c *luabind.Call, title string, within, every time.Duration, fn *lua.LFunction) (lua.LValue, error) {
	deadline := time.Now().Add(within)
	p := luabind.Progress{ID: fn, Label: title, Total: int(within / time.Second)}
	defer func() { p.Over = true; c.Progress(p) }()
	last := ""
	for {
		p.Done, p.Note = int((within-time.Until(deadline))/time.Second), last
		c.Progress(p)
		var out []lua.LValue
		err := c.Scope("wait for "+title, max(time.Until(deadline), lastTry), func() error {
			var err error
			out, err = c.Invoke(fn)
			return err
		})
		switch {
		case err != nil && (a.e.over(err) || !notYet(err)):
			return nil, err
		case err != nil:
			if last == "" || kindOf(err) != luabind.KindTimeout || time.Now().Before(deadline) {
				last = c.ErrorText(err) // the end of the last try says less than the one before
			}
		case len(out) > 0 && lua.LVAsBool(out[0]):
			return out[0], nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, luabind.Errorf(luabind.KindAssert, "%s",
				joinWith(": ", title+": not within "+units.FormatDuration(within), last))
		}
		if err := pause(c.Context(), min(every, left)); err != nil {
			return nil, err
		}
	}
}

// notYet says that an error may pass by waiting.
func notYet(err error) bool {
	switch kindOf(err) {
	case luabind.KindExit, luabind.KindSignal, luabind.KindAssert, luabind.KindTimeout, luabind.KindNet,
		luabind.KindNotFound, luabind.KindGone, luabind.KindAccess, luabind.KindIO:
		return true
	}
	return false
}
