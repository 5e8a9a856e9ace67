package check

import (
	"opslua/luabind"
)

// Modules gives the modules check, collect, fix and param: four functions.
func Modules() []luabind.Module {
	return []luabind.Module{checkModule(), collectModule(), fixModule(), paramModule()}
}

func collectModule() luabind.Module {
	return luabind.Module{
		Name: "collect",
		Doc: `Declares a collector: a function that measures and lists, without thresholds.

The collectors run after the checks. One that raises is a finding too, UNKNOWN, since
what is missing must not look like what is not there; the others still run.`,
		Global: &luabind.Func{Name: "collect", Impl: collect, Doc: `collect(name, [opts], fn)

Declares a collector.

  collect("memory", function(m)
    m:gauge("memory_available_bytes", sys.memory().available, {}, "Memory for new programs.")
    m:rows("top", proc.list{sort = "-rss", limit = 5}, {key = "pid", columns = {"pid", "name", "rss"}})
  end)

  name     string    of its own
  timeout  duration  ends the collector
  fn       function  gets m, by which it reports`},
		Types: []luabind.Type{{Name: "m", Doc: "What the function of a collector gets.", Methods: []luabind.Func{
			{Name: "gauge", Impl: gauge, Doc: sampleDoc("gauge", "a number that goes up and down", "any")},
			{Name: "counter", Impl: counter, Doc: sampleDoc("counter", "a number that only grows; its name may lack _total", "from 0")},
			{Name: "info", Impl: info, Doc: `info(name, [labels], [help])

Reports a metric that is always 1 and says something by its labels.

  m:info("build", {version = "2.1"}, "What runs here.")

  name    string  letters, digits, _ and :
  labels  table   names and texts
  help    string  what it is`},
			{Name: "rows", Impl: rows, Doc: `rows(name, rows, opts)

Reports a table. With a key, --changes reports how it differs from the last run.

  m:rows("packages", {{name = "nginx", version = "1.22"}}, {key = "name"})

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

  m:` + name + `("queue_` + name + `", 7, {queue = "mail"}, "Messages.")

  name    string  letters, digits, _ and :
  value   number  ` + value + `
  labels  table   names and texts
  help    string  what it is`
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

  local p = param{warn = "80", skip = {"tmpfs"}, host = {required = true}, port = {80, min = 1, max = 65535}}

On the command line: --set host=db1 --set skip=tmpfs,overlay --set port=8080. Lists
are written with commas, or by --set again; --set skip= is the empty list.

  parameters  table  names and defaults: a text, a number, true or false, a list`},
		Types: []luabind.Type{{Name: "parameters", Doc: "The values of the parameters, by name; read-only.", Methods: []luabind.Func{
			{Name: "__index", Impl: unknownParam},
			{Name: "__newindex", Impl: refuseParam},
		}}},
	}
}
