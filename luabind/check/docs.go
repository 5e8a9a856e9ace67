package check

import (
	"opslua/internal/report"
	"opslua/luabind"
)

// Modules gives the modules check, collect, fix and param: four functions.
func Modules() []luabind.Module {
	return []luabind.Module{checkModule(), collectModule(), fixModule(), paramModule()}
}

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

  label   string  what it is a number of
  number  number  or a text that is one
  unit    string  "%", "s", "ms", "B", "c" …
  min     number  the least that is possible
  max     number  the most that is possible
  note    string  shown behind the number`},
				{Name: "expect", Impl: expect, Doc: `expect(label, value, opts) -> expectation

Begins an expectation: c:expect("workers", n):ge(2). What is not as expected is
CRITICAL, and the check goes on.

  label  string  what the value is
  value  any     what was found
  level  string  "crit", or "warn" for WARNING`},
				{Name: "http", Impl: askHTTP, Doc: `http(url, opts) -> answer

Asks a server and reports how long the whole answer took. No answer, a wrong
status or content is CRITICAL; a bad URL or a name that does not resolve is
UNKNOWN. Gives {status, seconds, body}, or nil where no answer came. In a dry run
only GET and HEAD are sent.

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
				{Name: "eq", Impl: comparing("want", "", equal), Doc: comparisonDoc("eq", "want", "the same value; tables with the same content are equal")},
				{Name: "ne", Impl: comparing("want", "not ", unequal), Doc: comparisonDoc("ne", "want", "another value")},
				{Name: "ge", Impl: comparing("want", "at least ", comparison(func(a, b float64) bool { return a >= b })),
					Doc: comparisonDoc("ge", "want", "at least this number")},
				{Name: "gt", Impl: comparing("want", "more than ", comparison(func(a, b float64) bool { return a > b })),
					Doc: comparisonDoc("gt", "want", "more than this number")},
				{Name: "le", Impl: comparing("want", "at most ", comparison(func(a, b float64) bool { return a <= b })),
					Doc: comparisonDoc("le", "want", "at most this number")},
				{Name: "lt", Impl: comparing("want", "less than ", comparison(func(a, b float64) bool { return a < b })),
					Doc: comparisonDoc("lt", "want", "less than this number")},
				{Name: "match", Impl: comparing("pattern", "a match of ", matches),
					Doc: comparisonDoc("match", "pattern", "a text in which this RE2 pattern is found")},
				{Name: "contains", Impl: comparing("part", "something with ", contains),
					Doc: comparisonDoc("contains", "part", "a text with this part, or a list with this item")},
				{Name: "one_of", Impl: comparing("list", "one of ", oneOf), Doc: comparisonDoc("one_of", "list", "an item of this list")},
			}},
		},
	}
}

func sayDoc(name, what string) string {
	return name + `(fmt, ...)

Says that ` + what + `. A text that stands alone and is no format is taken as it is.

  fmt  string  as for string.format`
}

func comparisonDoc(name, arg, what string) string {
	return name + `(` + arg + `, opts) -> expectation

Expects ` + what + `.

  ` + arg + `  any  what is wanted
  level  string  "crit" or "warn", for this one`
}

func collectModule() luabind.Module {
	return luabind.Module{
		Name: "collect",
		Doc: `Declares a collector: a function that measures and lists, without thresholds.

The collectors run after the checks. One that raises makes the run UNKNOWN, since
what is missing must not look like what is not there; the others still run.`,
		Global: &luabind.Func{Name: "collect", Impl: collect, Doc: `collect(name, [opts], fn)

Declares a collector.

  name     string    of its own
  timeout  duration  ends the collector
  fn       function  gets m, by which it reports`},
		Types: []luabind.Type{{Name: "m", Doc: "What the function of a collector gets.", Methods: []luabind.Func{
			{Name: "gauge", Impl: gauge, Doc: sampleDoc("gauge", "a number that goes up and down", "any")},
			{Name: "counter", Impl: counter, Doc: sampleDoc("counter", "a number that only grows; its name may lack _total", "from 0")},
			{Name: "info", Impl: info, Doc: `info(name, [labels], [help])

Reports a metric that is always 1 and says something by its labels.

  name    string  letters, digits, _ and :
  labels  table   names and texts
  help    string  what it is`},
			{Name: "rows", Impl: rows, Doc: `rows(name, rows, opts)

Reports a table. With a key, --changes reports how it differs from the last run.

  name     string           of its own
  rows     list of tables   a table a row, by the names of the columns
  key      string           the column that identifies a row
  columns  list of strings  which columns, in which order; all otherwise`},
		}}},
	}
}

func sampleDoc(name, what, value string) string {
	return name + `(name, value, [labels], [help])

Reports ` + what + `. The same name with the same labels comes once in a run.

  name    string  letters, digits, _ and :
  value   number  ` + value + `
  labels  table   names and texts
  help    string  what it is`
}

func fixModule() luabind.Module {
	return luabind.Module{
		Name: "fix",
		Doc: `Declares a fix: steps that put something right, with a way back.

The fixes run after checks and collectors, in their order, each where its check is
WARNING or CRITICAL and that is hard; never on UNKNOWN. Where a run died between a
change and what follows from it, the next one makes up for it. If a step raises,
or the verification does not come back OK, the undos of the completed steps run,
last first; an interrupt (Ctrl-C) ends the step and lets the undos run, a second one
or the deadline of the run does not, and the report names what is left. A check that
was skipped because of one that is put right now runs then.

A dry run plans the steps.`,
		Global: &luabind.Func{Name: "fix", Impl: fix, Doc: `fix(name, [opts], fn)

Declares a fix.

  name     string          of its own
  on       string          the check that it is for; without one it acts in every run
  limit    string          "3/1h": so many attempts in that time, across runs; then
                           one at a time, each after the whole of it
  lock     string          one at a time on this host, by this name; blocked otherwise
  wait     duration = 0    how long to wait for the lock
  verify   table           {check, within = "10s", every = "1s"}: the check, or that of
                           on, has to come back OK in that time
  timeout  duration        ends the fix, and each undo
  fn       function        gets f, by which it acts`},
		Types: []luabind.Type{{Name: "f", Doc: "What the function of a fix gets.", Methods: []luabind.Func{
			{Name: "step", Impl: step, Doc: `step(title, fn, opts) -> results of fn

Runs a step: the first one counts the attempt. If something later fails, the undos
of the steps that were completed run, last first; they may use f:wait, f:evidence
and f:step too.

  f:step("new configuration", function() fs.write(path, text) end,
    {undo = function() fs.write(path, old) end})

  title  string    what is done
  fn     function  does it; what it raises ends the fix
  undo   function  takes it back, if something later fails`},
			{Name: "on_change", Impl: onChange, Doc: `on_change(write, fn, opts) -> boolean

Runs fn as a step if the write changed something, in this run or in an earlier
one that did not get here. Gives whether it ran.

  write  table     what fs.write and its kind return, or a list of such
  fn     function  what follows from the change, such as a reload
  undo   function  takes it back, if something later fails
  title  string    of the step`},
			{Name: "wait", Impl: waitFor, Doc: `wait(title, opts, fn) -> result of fn

Calls fn until it returns something true. What may pass by waiting (a command
that fails, a connection refused …) may be raised too. Raises assert at the end.

  title   string            what is waited for
  within  duration = 30s    how long
  every   duration = 500ms  how often
  fn      function          says whether it is there`},
			{Name: "evidence", Impl: evidence, Doc: `evidence(name, value)

Keeps something for the report, before it is changed.

  name   string  what it is
  value  any     a text as it is, a table as JSON; the first MiB of it`},
		}}},
	}
}

func paramModule() luabind.Module {
	return luabind.Module{
		Name: "param",
		Doc:  "Declares the parameters of the script, which --set gives values.",
		Global: &luabind.Func{Name: "param", Impl: param, Doc: `param(parameters) -> table

Declares all parameters, in one call before the first check, and gives their
values. Types are those of the defaults. A table of constraints stands for a
default: {80, min = 0, max = 100}, {required = true}, {one_of = {"a", "b"}},
{required = true, type = "number"}.

  parameters  table  names and defaults: a text, a number, true or false, a list`},
		Types: []luabind.Type{{Name: "parameters", Doc: "The values of the parameters, by name; read-only.", Methods: []luabind.Func{
			{Name: "__index", Impl: unknownParam},
			{Name: "__newindex", Impl: refuseParam},
		}}},
	}
}
