package check

import (
	"opslua/internal/report"
	"opslua/luabind"
)

func checkModule() luabind.Module {
	return luabind.Module{
		Name: "check",
		Doc: `Declares a check: a function that finds out whether something is as it should be.

The checks run when the text of the script has come to its end, each after those
that it needs. The worst state wins; OK, WARNING, UNKNOWN, CRITICAL is the order.
A check that says nothing and does not raise is OK. A raised exit, signal or
assert is CRITICAL; every other raise, a timeout included, is UNKNOWN.`,
		Global: &luabind.Func{Name: "check", Impl: check, Doc: `check(name, [opts], fn)

Declares a check.

  check("web", {needs = {"network"}, soft = 3, timeout = "20s"}, function(c)
    c:http("https://example.org/", {contains = "welcome", warn = 1, crit = 5})
  end)

  name     string           of its own; what reports call it
  timeout  duration         ends the check as UNKNOWN; the next one runs
  needs    list of strings  checks that run before; where one is CRITICAL, UNKNOWN
                            or skipped, this one is skipped
  soft     integer          a problem is hard after so many runs in a row; fixes
                            wait for that. UNKNOWN neither counts nor resets
  fn       function         gets c, by which it tells what it finds`},
		Types: []luabind.Type{
			{Name: "c", Doc: "What the function of a check gets.", Methods: []luabind.Func{
				{Name: "ok", Impl: saying(report.OK), Doc: sayDoc("ok", "something is as it should be")},
				{Name: "warn", Impl: saying(report.Warning), Doc: sayDoc("warn", "something is WARNING")},
				{Name: "crit", Impl: saying(report.Critical), Doc: sayDoc("crit", "something is CRITICAL")},
				{Name: "unknown", Impl: saying(report.Unknown), Doc: sayDoc("unknown", "something could not be found out")},
				{Name: "value", Impl: value, Doc: `value(label, number, opts)

Reports a number and holds it against thresholds. A threshold is a number or a
range: "80" is 0 to 80, "10:" from 10 on, "~:5" up to 5, "10:20" between, "@1:3"
not between; it alerts outside, both ends belong to it. Not a finite number is
UNKNOWN.

  c:value("/var", 91.2, {unit = "%", warn = 80, crit = 90, note = "3 GiB free"})
  c:value("free", bytes, {unit = "B", crit = "500MiB:"})

  label   string  what it is a number of
  number  number  or a text that is one
  unit    string  "%", "s", "ms", "B", "c" …
  warn    range   WARNING outside of it; bounds may have the unit
  crit    range   CRITICAL outside of it
  min     number  the least that is possible
  max     number  the most that is possible
  note    string  shown behind the number`},
				{Name: "metric", Impl: metric, Doc: `metric(label, number, opts)

Reports a number that has no thresholds.

  c:metric("requests", 1204, {unit = "c"})

  label   string  what it is a number of
  number  number  or a text that is one
  unit    string  "%", "s", "ms", "B", "c" …
  min     number  the least that is possible
  max     number  the most that is possible
  note    string  shown behind the number`},
				{Name: "expect", Impl: expect, Doc: `expect(label, value, opts) -> expectation

Begins an expectation. What is not as expected is CRITICAL, and the check goes on.
One with nothing expected of it is UNKNOWN.

  c:expect("workers", n):ge(2):le(16)
  c:expect("mode", mode, {level = "warn"}):one_of{"a", "b"}

  label  string  what the value is
  value  any     what was found
  level  string  "crit", or "warn" for WARNING`},
				{Name: "http", Impl: askHTTP, Doc: `http(url, opts) -> answer

Asks a server and reports how long the whole answer took. No answer, a wrong
status or content is CRITICAL; a bad URL or a name that does not resolve is
UNKNOWN. Gives {status, seconds, body}, or nil where no answer came. In a dry run
only GET and HEAD are sent.

  local answer = c:http("http://127.0.0.1/health", {status = 200, warn = "500ms", crit = "2s"})
  if answer then c:expect("workers", json.decode(answer.body).workers):ge(2) end

  url       string           http:// or https://
  status    integer or list  accepted ones; any of 200 to 399 otherwise
  contains  string or list   what the body has to contain
  warn      range            of the seconds
  crit      range            of the seconds
  timeout   duration = 10s   of the whole exchange
  ca        string           file of certificates to trust instead of the system's
  headers   table            names and texts; texts may be secrets
  method    string = "GET"   any other is a change
  label     string           of the value; the URL otherwise`},
			}},
			{Name: "expectation", Doc: "A value of which something is expected.", Methods: []luabind.Func{
				{Name: "eq", Impl: comparing("want", "", equal), Doc: comparisonDoc("eq", "want", `"up"`, "the same value; tables with the same content are equal")},
				{Name: "ne", Impl: comparing("want", "not ", unequal), Doc: comparisonDoc("ne", "want", `""`, "another value")},
				{Name: "ge", Impl: comparing("want", "at least ", comparison(func(a, b float64) bool { return a >= b })),
					Doc: comparisonDoc("ge", "want", `2`, "at least this number")},
				{Name: "gt", Impl: comparing("want", "more than ", comparison(func(a, b float64) bool { return a > b })),
					Doc: comparisonDoc("gt", "want", `0`, "more than this number")},
				{Name: "le", Impl: comparing("want", "at most ", comparison(func(a, b float64) bool { return a <= b })),
					Doc: comparisonDoc("le", "want", `16`, "at most this number")},
				{Name: "lt", Impl: comparing("want", "less than ", comparison(func(a, b float64) bool { return a < b })),
					Doc: comparisonDoc("lt", "want", `100`, "less than this number")},
				{Name: "match", Impl: comparing("pattern", "a match of ", matches),
					Doc: comparisonDoc("match", "pattern", `"^v[0-9]+"`, "a text in which this RE2 pattern is found")},
				{Name: "contains", Impl: comparing("part", "something with ", contains),
					Doc: comparisonDoc("contains", "part", `"ready"`, "a text with this part, or a list with this item")},
				{Name: "one_of", Impl: comparing("list", "one of ", oneOf), Doc: comparisonDoc("one_of", "list", `{"a", "b"}`, "an item of this list")},
			}},
		},
	}
}

func sayDoc(name, what string) string {
	return name + `([fmt], ...)

Says that ` + what + `. A text that stands alone and is no format is taken as it is.

  c:` + name + `("%d of %d workers", n, want)

  fmt  string  as for string.format`
}

func comparisonDoc(name, arg, example, what string) string {
	return name + `(` + arg + `, opts) -> expectation

Expects ` + what + `.

  c:expect("it", value):` + name + `(` + example + `)

  ` + arg + `  any  what is wanted
  level  string  "crit" or "warn", for this one`
}
