// Package time is the Lua module time: the clock, waiting, and dates as text.
package time

import (
	"math"
	"strconv"
	"time"

	"github.com/itchyny/timefmt-go"
	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luacode"
	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "time",
		Doc:  "The clock, waiting, and dates as text. Times are Unix seconds; durations are seconds or texts such as \"1m30s\".",
		Funcs: []luabind.Func{
			{Name: "now", Impl: now, Doc: `now() -> number

Unix seconds with a fraction. Within a run it never goes backwards, whatever
happens to the system's clock.`},
			{Name: "sleep", Impl: sleep, Doc: `sleep(d)

Waits. Ends early, and with it the script, at the script's deadline or an interrupt.

  d  duration  how long`},
			{Name: "format", Impl: format, Doc: `format([t], [layout]) -> string

Writes a time as RFC 3339 in UTC, such as 2026-11-25T03:19:15Z, or by a layout.

  t       number = now  Unix seconds
  layout  string        as in strftime: "%Y-%m-%d %H:%M:%S"; always UTC; %f is
                        the fraction of a second, in microseconds`},
			{Name: "parse", Impl: parse, Doc: `parse(text, [layout]) -> number

Reads a time; the opposite of format. Raises parse where the text is not such a time.

  text    string  RFC 3339, or what layout says
  layout  string  as in strftime, without flags and widths; %f is the fraction of
                  a second. Without an offset (%z) in the text it is UTC. What the
                  layout does not name is that of 1900-01-01, 00:00`},
			{Name: "every", Impl: every, Doc: `every(d, fn)

Calls fn at once and then on the beat, until it returns false. A call that takes
longer than the beat makes the next one start at the following beat.

  d   duration  the beat, more than 0
  fn  function  gets the number of the call, from 1`},
		},
	}
}

type clockKey struct{}

// clock gives a time that goes on steadily from the first question of the run.
func clock(c *luabind.Call) time.Time {
	base, ok := c.Local(clockKey{}).(time.Time)
	if !ok {
		base = time.Now()
		c.SetLocal(clockKey{}, base)
	}
	return base.Add(time.Since(base))
}

func now(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	return c.Return(float64(clock(c).UnixMicro()) / 1e6)
}

func sleep(c *luabind.Call) error {
	var d time.Duration
	if err := c.Unpack("d", &d); err != nil {
		return err
	}
	return wait(c, d)
}

func wait(c *luabind.Call, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.Context().Done():
		return c.Context().Err()
	}
}

// maxTime is the last second of the year 9999, which RFC 3339 can still write.
const maxTime = 253402300799

func format(c *luabind.Call) error {
	t := luabind.Opt[float64]{}
	layout := ""
	if err := c.Unpack("[t]", &t, "[layout]", &layout); err != nil {
		return err
	}
	at := clock(c)
	if t.Set {
		if math.IsNaN(t.V) || t.V < -62135596800 || t.V > maxTime {
			return c.Usage("t", "got number %s, want a time between the years 1 and 9999", luacode.FormatNumber(t.V))
		}
		sec, frac := math.Modf(t.V)
		at = time.Unix(int64(sec), int64(math.Round(frac*1e6))*1000)
	}
	if layout == "" {
		return c.Return(at.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	return c.Return(timefmt.Format(at.UTC(), layout))
}

func parse(c *luabind.Call) error {
	var text, layout string
	if err := c.Unpack("text", &text, "[layout]", &layout); err != nil {
		return err
	}
	var t time.Time
	var err error
	if layout == "" {
		t, err = time.Parse(time.RFC3339Nano, text)
	} else {
		t, err = parseLayout(text, layout)
	}
	if err != nil {
		wanted := "RFC 3339, such as 2026-11-25T03:19:15Z"
		if layout != "" {
			wanted = short(layout)
		}
		why := ""
		if own, ok := err.(errText); ok {
			why = ": " + own.Error()
		}
		return luabind.Errorf(luabind.KindParse, "time.parse: %s is not %s%s", short(text), wanted, why)
	}
	return c.Return(float64(t.UnixMicro()) / 1e6)
}

// short is a text as an error shows it: quoted, and not the whole of a long one.
func short(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}

func every(c *luabind.Call) error {
	var d time.Duration
	var fn *lua.LFunction
	if err := c.Unpack("d", &d, "fn", &fn); err != nil {
		return err
	}
	if d <= 0 {
		return c.Usage("d", "got %s, want more than 0", d)
	}
	start := time.Now()
	for n := 1; ; n++ {
		res, err := c.Invoke(fn, n)
		if err != nil {
			return err
		}
		if len(res) > 0 && res[0] == lua.LFalse {
			return nil
		}
		beats := time.Since(start)/d + 1
		if err := wait(c, time.Until(start.Add(beats*d))); err != nil {
			return err
		}
	}
}
