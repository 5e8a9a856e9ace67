package stdlib_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/stdlib"
)

func TestEveryFolderIsAModule(t *testing.T) {
	entries, err := os.ReadDir("../luabind")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range stdlib.Modules() {
		have[m.Name] = true
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "testdata" && !have[e.Name()] {
			t.Errorf("luabind/%s is not in Modules", e.Name())
		}
	}
}

func TestModulesFitTogether(t *testing.T) {
	if _, err := luabind.New(luabind.WithModules(stdlib.Modules()...)); err != nil {
		t.Fatal(err)
	}
}

// TestEverythingIsDocumented holds what a function takes against what its
// documentation says.
func TestEverythingIsDocumented(t *testing.T) {
	for _, m := range stdlib.Modules() {
		if m.Doc == "" {
			t.Errorf("%s has no documentation", m.Name)
		}
		if m.Global != nil {
			documented(t, m.Name, *m.Global)
		}
		for _, f := range m.Funcs {
			documented(t, m.Name+"."+f.Name, f)
		}
		for _, typ := range m.Types {
			if typ.Doc == "" {
				t.Errorf("%s: the type %s has no documentation", m.Name, typ.Name)
			}
			for _, f := range typ.Methods {
				documented(t, m.Name+": "+typ.Name+":"+f.Name, f)
			}
		}
		for _, v := range m.Values {
			if v.Doc == "" {
				t.Errorf("%s.%s has no documentation", m.Name, v.Name)
			}
		}
	}
}

func documented(t *testing.T, name string, f luabind.Func) {
	t.Helper()
	if strings.HasPrefix(f.Name, "__") {
		return
	}
	first, _, _ := strings.Cut(f.Doc, "\n")
	if !strings.HasPrefix(first, f.Name) {
		t.Errorf("%s: the first line is no signature: %q", name, first)
	}
	for _, a := range luabind.Describe(f) {
		if !regexp.MustCompile(`(?m)^  (\w+ )*` + regexp.QuoteMeta(a.Name) + `\b`).MatchString(f.Doc) {
			t.Errorf("%s: %s is not documented", name, a.Name)
		}
	}
}
