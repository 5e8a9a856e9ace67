package lualib

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// strCut takes text out of an official test file: from the first place of from
// up to the first place of to behind it.
type strCut struct{ from, to, reason string }

// strRestored matches the lines of Lua's own test files that gopher-lua's
// copies have as comments, because its library fails them. Ours must not.
var strRestored = regexp.MustCompile(`(?m)^-- ?( *(?:assert\(|local [ieak]|for k in|end$|"))`)

// TestOfficialStrings runs the files of the Lua 5.1 test suite about strings.
func TestOfficialStrings(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	if err != nil {
		t.Skipf("the folder of gopher-lua is not known here: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "_lua5.1-tests")
	for file, cuts := range map[string][]strCut{
		"pm.lua": {
			{"assert(string.gfind ==", "\n", "gfind is the old name of gmatch, and absent here"},
		},
		"strings.lua": {
			{"local locales = {", "print('OK')", "there is no os.setlocale: the locale is always C"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			source := string(raw)
			for _, c := range cuts {
				source = strCutOut(t, source, c)
			}
			n := len(strRestored.FindAllString(source, -1))
			if n < 3 {
				t.Fatalf("%d lines restored: the file is not the one this test knows", n)
			}
			source = strRestored.ReplaceAllString(source, "$1")
			if got := strEval(t, strState(t, 0), source); got != "" {
				t.Fatal(got)
			}
			t.Logf("%d commented lines restored", n)
		})
	}
}

// strCutOut leaves the line numbers as they are.
func strCutOut(t *testing.T, source string, c strCut) string {
	t.Helper()
	before, rest, ok := strings.Cut(source, c.from)
	if !ok {
		t.Fatalf("nothing to cut: %q is not in the file", c.from)
	}
	gone, after, ok := strings.Cut(rest, c.to)
	if !ok {
		t.Fatalf("no end to the cut: %q does not follow", c.to)
	}
	t.Logf("cut %q: %s", c.from, c.reason)
	return before + strings.Repeat("\n", strings.Count(gone, "\n")) + c.to + after
}
