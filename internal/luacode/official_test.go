package luacode

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// cut takes text out of an official test: from the first place of from up to
// the first place of to after it.
type cut struct {
	from, to, reason string
}

func TestOfficialSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("the official suite takes seconds")
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	if err != nil {
		t.Skipf("the folder of gopher-lua is not known here: %v", err)
	}
	tests := []struct {
		file string
		cuts []cut
	}{
		{"constructs.lua", nil},
		{"calls.lua", nil},
		{"closure.lua", nil},
		{"locals.lua", nil},
		{"vararg.lua", nil},
		{"literals.lua", nil},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			path := filepath.Join(strings.TrimSpace(string(dir)), "_lua5.1-tests", test.file)
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			runOfficial(t, test.file, applyCuts(t, string(source), test.cuts))
		})
	}
}

func applyCuts(t *testing.T, source string, cuts []cut) string {
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
	chunk, err := Compile(name, source, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	L := newState(t, &out)
	L.Push(chunk.Function(L, testRuntime()))
	if err := L.PCall(0, lua.MultRet, nil); err != nil {
		t.Fatalf("%v\nprinted: %s", err, out.String())
	}
	if !strings.HasSuffix(strings.TrimSpace(out.String()), "OK") {
		t.Fatalf("did not come to its end: %s", out.String())
	}
}
