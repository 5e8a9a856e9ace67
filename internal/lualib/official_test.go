package lualib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// officialCut takes text out of an official test: from the first place of from
// up to the first place of to after it.
type officialCut struct{ from, to, reason string }

func TestOfficialSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("the official suite takes seconds")
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	if err != nil {
		t.Skipf("the folder of gopher-lua is not known here: %v", err)
	}
	for _, test := range []struct {
		file string
		cuts []officialCut
	}{
		{"math.lua", []officialCut{
			{"f = io.tmpfile()", "do   -- testing NaN", "there is no io library"},
			{"require \"checktable\"", "a = nil", "there is no require, and checktable needs the C library's test hooks"},
		}},
		{"sort.lua", nil},
		{"nextvar.lua", nil},
		{"events.lua", []officialCut{
			{"assert(tostring(a) == nil)", "-- cannot change", "__tostring has to give a string here"},
			{"-- testing metatables for basic types", "print 'OK'", "there is no debug library"},
		}},
		{"calls.lua", []officialCut{
			{"assert(debug.getinfo(a)", "\n", "there is no debug library"},
		}},
		{"vararg.lua", nil},
		{"closure.lua", []officialCut{
			{"local function foo (a)\n  setfenv(0", "-- tests for multiple yield", "the globals of a thread cannot be changed here"},
			{"  assert(debug.getinfo(1)", "  coroutine.yield(3)", "there is no debug library"},
			{"debug.setfenv(co", "print'OK'", "there is no debug library"},
		}},
		{"errors.lua", []officialCut{
			{"checksyntax(\"break label\"", "assert(doit\"return;;\")", "words of the compiler, which allows empty statements"},
			{"checksyntax([[\n  local a = {4", "checkmessage([[collectgarbage", "words of the compiler and the machine"},
			{"checkmessage(\"getmetatable(io.stdin)", "print'+'", "there is no io library"},
			{"assert(lineerror\"\\n\\n for k,v", "assert(lineerror\"function", "a loop calls its iterator at the line of for"},
			{"local l = debug", "local function checkstackmessage", "there is no debug library; y follows"},
			{"-- teste de linhas em erro", "-- error in error handling", "there is no debug library"},
			{"checksyntax(\"syntax error\"", "doit('I = loadstring", "words of the compiler"},
			{"-- testing syntax limits", "print('OK')", "limits of the compiler"},
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			path := filepath.Join(strings.TrimSpace(string(dir)), "_lua5.1-tests", test.file)
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			runOfficial(t, test.file, cutOfficial(t, string(source), test.cuts))
		})
	}
}

func cutOfficial(t *testing.T, source string, cuts []officialCut) string {
	t.Helper()
	for _, c := range cuts {
		from := strings.Index(source, c.from)
		if from < 0 {
			t.Fatalf("nothing to cut: %q is not in the file", c.from)
		}
		to := strings.Index(source[from:], c.to)
		if to < 0 {
			t.Fatalf("no end to the cut: %q does not follow", c.to)
		}
		gone := source[from : from+to]
		source = source[:from] + strings.Repeat("\n", strings.Count(gone, "\n")) + source[from+to:]
		t.Logf("cut %q: %s", c.from, c.reason)
	}
	return source
}

func runOfficial(t *testing.T, name, source string) {
	t.Helper()
	w := newWorld(t, func(c *Config) { c.MaxString = 16 << 20 })
	source = strings.Replace(source, "local function checkstackmessage", "function y () C=C+1; y() end local function checkstackmessage", 1)
	if err := w.run(name, source); err != nil {
		t.Fatalf("%v\n%s\nprinted: %s", err.Object, err.StackTrace, w.out)
	}
	if !strings.HasSuffix(strings.TrimSpace(w.out.String()), "OK") {
		t.Fatalf("did not come to its end: %s", w.out)
	}
}
