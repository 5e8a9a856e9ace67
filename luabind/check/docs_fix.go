package check

import (
	"opslua/luabind"
)

func fixModule() luabind.Module {
	return luabind.Module{
		Name: "fix",
		Doc: `Declares a fix: steps that put something right, with a way back.

The fixes run after checks and collectors, in their order, each where its check is
WARNING or CRITICAL and that is hard; never on UNKNOWN. Where a run died between a
change and its f:on_change, the next one makes up for it. If a step raises,
or the verification does not come back OK, the undos of the completed steps run,
last first; an interrupt (Ctrl-C) ends the step and lets the undos run, a second one
or the deadline of the run does not, and the report names what is left. A check that
was skipped because of one that is put right now runs then.

A dry run plans the steps.`,
		Global: &luabind.Func{Name: "fix", Impl: fix, Doc: `fix(name, [opts], fn)

Declares a fix.

  fix("nginx", {on = "nginx", limit = "3/1h", lock = "nginx", verify = {within = "30s"}}, function(f)
    f:evidence("journal", sys.service("nginx"):logs(50))
    f:step("restart", function() sys.service("nginx"):restart() end)
  end)

  name     string          of its own
  on       string          the check that it is for; without one it acts in every run
  limit    string          "3/1h": so many attempts in that time, across runs; then
                           one at a time, each after the whole of it
  lock     string          one at a time on this host, by this name; blocked otherwise
  wait     duration = 0    how long to wait for the lock
  verify   string or table the name of a check, or {check, within = "10s",
                           every = "1s"}: it, or that of on, has to come back OK in
                           that time
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

  local w = fs.write("/etc/nginx/nginx.conf", text, {validate = {"nginx", "-t", "-c", "{}"}})
  f:on_change(w, function() sys.service("nginx"):reload() end)

  write  table     what fs.write and its kind return, or a list of such
  fn     function  what follows from the change, such as a reload
  undo   function  takes it back, if something later fails
  title  string    of the step`},
			{Name: "wait", Impl: waitFor, Doc: `wait(title, [opts], fn) -> result of fn

Calls fn until it returns something true. What may pass by waiting (a command
that fails, a connection refused …) may be raised too. Raises assert at the end.

  f:wait("port 80", {within = "20s"}, function() net.tcp("127.0.0.1:80") return true end)

  title   string            what is waited for
  within  duration = 30s    how long
  every   duration = 500ms  how often
  fn      function          says whether it is there`},
			{Name: "evidence", Impl: evidence, Doc: `evidence(name, value)

Keeps something for the report, before it is changed.

  f:evidence("configuration", fs.read("/etc/nginx/nginx.conf"))

  name   string  what it is
  value  any     a text as it is, a table as JSON; the first MiB of it`},
		}}},
	}
}
