// Package fmt is the Lua module fmt: numbers with units, for people and back.
package fmt

import (
	"math"
	"time"

	"opslua/internal/units"
	"opslua/luabind"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "fmt",
		Doc:  "Numbers with units, written for people and read back.",
		Funcs: []luabind.Func{
			{Name: "bytes", Impl: bytes, Doc: `bytes(n) -> string

Writes a number of bytes with a binary unit and at most one decimal:
fmt.bytes(1536) is "1.5 KiB".

  n  number  bytes`},
			{Name: "duration", Impl: duration, Doc: `duration(seconds) -> string

Writes a number of seconds: fmt.duration(5400) is "1h30m". It keeps three digits
below a minute, whole seconds below a day and whole minutes from there on.

  seconds  number  how long`},
			{Name: "percent", Impl: percent, Doc: `percent(x) -> string

Writes a percentage with at most one decimal: fmt.percent(12.34) is "12.3%".

  x  number  already in percent`},
			{Name: "count", Impl: count, Doc: `count(n) -> string

Writes a number with a decimal unit: fmt.count(1234567) is "1.2M".

  n  number  how many`},
			{Name: "parse_bytes", Impl: parseBytes, Doc: `parse_bytes(text) -> number

Reads a size such as "64MiB" or "10MB". KiB … EiB and the letters alone are
powers of 1024, kB … EB of 1000. Raises parse.

  text  string  a number with a unit, or bytes`},
			{Name: "parse_duration", Impl: parseDuration, Doc: `parse_duration(text) -> number

Reads a duration such as "1h30m" or "500ms" as seconds; the units are ns us ms s
m h d w. Raises parse.

  text  string  numbers with units, or seconds`},
			{Name: "parse_percent", Impl: parsePercent, Doc: `parse_percent(text) -> number

Reads a percentage such as "12.5%". Raises parse.

  text  string  a number, with or without the sign`},
			{Name: "parse_count", Impl: parseCount, Doc: `parse_count(text) -> number

Reads a count such as "1.2k"; the units are k M G T P E, powers of 1000. Raises
parse.

  text  string  a number with a decimal unit, or without`},
		},
	}
}

// write makes a function from a number to a text; what reaches most, either way,
// or is no number, has no text that would be true. Want says so.
func write(name string, most float64, want string, f func(float64) string) func(*luabind.Call) error {
	return func(c *luabind.Call) error {
		var n float64
		if err := c.Unpack(name, &n); err != nil {
			return err
		}
		if !(math.Abs(n) < most) {
			return c.Usage(name, "got %s, want %s", units.FormatNumber(n), want)
		}
		return c.Return(f(n))
	}
}

// read makes a function from a text to a number.
func read(f func(string) (float64, error)) func(*luabind.Call) error {
	return func(c *luabind.Call) error {
		var text string
		if err := c.Unpack("text", &text); err != nil {
			return err
		}
		n, err := f(text)
		if err != nil {
			return luabind.Errorf(luabind.KindParse, "%s: %w", c.Name(), err)
		}
		return c.Return(n)
	}
}

func bytes(c *luabind.Call) error {
	return write("n", 1<<63, "less than 8 EiB", func(n float64) string { return units.FormatBytes(int64(n)) })(c)
}

func duration(c *luabind.Call) error {
	return write("seconds", (1<<63)/1e9, "less than 292 years", func(s float64) string { return units.FormatDuration(time.Duration(s * 1e9)) })(c)
}

func percent(c *luabind.Call) error {
	return write("x", math.Inf(1), "a finite number", units.FormatPercent)(c)
}
func count(c *luabind.Call) error {
	return write("n", math.Inf(1), "a finite number", units.FormatCount)(c)
}

func parseBytes(c *luabind.Call) error {
	return read(func(s string) (float64, error) { n, err := units.ParseSize(s); return float64(n), err })(c)
}

func parseDuration(c *luabind.Call) error {
	return read(func(s string) (float64, error) { d, err := units.ParseDuration(s); return d.Seconds(), err })(c)
}

func parsePercent(c *luabind.Call) error { return read(units.ParsePercent)(c) }
func parseCount(c *luabind.Call) error   { return read(units.ParseCount)(c) }
