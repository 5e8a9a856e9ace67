package proc_test

import (
	"testing"
	"time"
)

// An entry of proc.parallel that has no exit status is a failure like others:
// nobody may drop it without a look.
func TestUnlookedErrorValues(t *testing.T) {
	dropped(t, map[string]string{
		"\nproc.parallel{{'no-such-program'}}":                                              "u.lua:2: no-such-program: not found",
		"proc.parallel({{'sleep', 9}}, {timeout = '50ms'})":                                 "no end within",
		"local r = proc.parallel{{'no-such-program'}, {'no-such-2'}} local x = r[1].kind":   "no-such-2: not found",
		"local r = proc.parallel{{'no-such-program'}} for _, x in ipairs(r) do type(x) end": "not found",
	})
	for _, look := range []string{"r.ok", "r.kind", "r.message", "r:is('x')", "tostring(r)", "'' .. r", "r.attempts", "print(r)",
		"try(error, r).kind"} {
		script := "local r = proc.parallel{{'no-such-program'}}[1] local x = " + look + " assert(r.kind == 'not_found' and r == r and r:is('not_found'))"
		if look == "try(error, r).kind" {
			script = "local r = proc.parallel{{'no-such-program'}}[1] local _, e = try(error, r) assert(e == r and e.kind == 'not_found')"
		}
		if out, err := run(t, "u.lua", script); err != nil {
			t.Errorf("%s\ngave %v %s", script, err, out)
		}
	}
	if _, err := run(t, "u.lua", "proc.parallel({{'no-such-program'}}, {ok = 'any'})"); err != nil {
		t.Error(err)
	}
}

// What looks given but would be dropped, or would choose everything, is refused.
func TestNothingIsDropped(t *testing.T) {
	refused(t, map[string]string{
		"proc.pipe{{'true'}, {'cat'}, timeout = '5s'}":           `unexpected item string "timeout"`,
		"proc.pipe{{'true'}, {}}":                                "item 2: got an empty list",
		"proc.parallel{{'true'}, {}}":                            "item 2: got an empty list",
		"proc.list{name = ''}":                                   "name: got",
		"proc.list{exe = ''}":                                    "exe: got",
		"proc.list{match = ''}":                                  "match: got",
		"proc.list{unit = ''}":                                   "unit: got",
		"proc.list{port = 0}":                                    "port: got",
		"proc.list{port = 65536}":                                "port: got",
		"proc.tree{name = ''}":                                   "name: got",
		"proc.check{name = ''}":                                  "name: got",
		"proc.tree(1):find{name = ''}":                           "name: got",
		"proc.check{pid = 1, count = -1}":                        "count: got",
		"proc.check{pid = 1, count = 1.5}":                       "count: got",
		"proc.run{'pwd', cwd = ''}":                              "cwd: got",
		"proc.run{'true', limits = {files = 0}}":                 "files: want more than 0",
		"proc.run{'true', limits = {memory = 0}}":                "memory: want more than 0",
		"proc.run{'true', limits = {cpu = 0}}":                   "cpu: want more than 0",
		"proc.run{'true', limits = {cpu = false}}":               "cpu: want more than 0",
		"proc.run{'true', limits = {processes = -1}}":            "processes: want more than 0",
		"proc.run{'true'}:table{columns = {}}":                   "columns: got",
		"proc.spawn{'true', detach = true, timeout = '5s'}":      "timeout: nobody",
		"proc.spawn{'true', detach = true, idle_timeout = '5s'}": "idle_timeout: nobody",
		"proc.spawn{'true', detach = true, echo = true}":         "echo: nobody",
	})
	if _, err := run(t, "d.lua", "proc.spawn{'true', detach = true, timeout = false}"); err != nil {
		t.Error(err)
	}
}

// A command that answers while it reads does not wait for a script that writes.
func TestWriteWhileItAnswers(t *testing.T) {
	began := time.Now()
	out, err := run(t, "w.lua", `
		local h = proc.spawn{"cat", timeout = "20s"}
		h:write(("x"):rep(12e6))
		h:close()
		print(#h:wait().stdout)`)
	if err != nil || out != "12000000\n" || time.Since(began) > 15*time.Second {
		t.Errorf("%q %v", out, err)
	}
}

// find takes a user as list does, by name or number, and a unit without its suffix.
func TestFindUser(t *testing.T) {
	_, err := run(t, "f.lua", `
		local t = proc.tree(1, {fields = {"pid", "name", "user", "uid"}})
		local root = t:find{where = function(p) return p.uid == 0 end}
		assert(t:find{user = 0}.pid == root.pid)
		assert(t:find{user = root.user}.pid == root.pid)
		assert(t:find{user = "4294967"} == nil)`)
	if err != nil {
		t.Error(err)
	}
}

// A handle means the process that was spawned, whoever has its number later.
func TestHandleIsAProcess(t *testing.T) {
	_, err := run(t, "h.lua", `
		local h = proc.spawn{"sleep", 60, detach = true}
		local row = proc.get(h)
		assert(row.pid == h.pid and row.name == "sleep")
		proc.signal(h, "KILL")
		assert(#proc.wait(h, 5) == 1)
		local h = proc.spawn{"sleep", 60}
		assert(#proc.stop(h, {grace = 0}).gone == 1)
		assert(h:wait().ok == false)
		local _, e = proc.get(h)
		assert(e.kind == "gone", "gone")
		local ok, e = pcall(proc.signal, h, "TERM")
		assert(e.kind == "gone")`)
	if err != nil {
		t.Error(err)
	}
}
