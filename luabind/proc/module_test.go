package proc_test

import (
	"regexp"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/proc"
)

// Every function says what it is for, and names every argument and option.
func TestDocumented(t *testing.T) {
	m := proc.Module()
	if m.Doc == "" {
		t.Error("the module has no documentation")
	}
	check := func(where string, f luabind.Func) {
		first, rest, _ := strings.Cut(f.Doc, "\n")
		if !strings.HasPrefix(first, f.Name) || !strings.HasPrefix(rest, "\n") && rest != "" && !strings.Contains(first, "{argv") && f.Name != "check" {
			t.Errorf("%s: the documentation begins with %q", where, first)
		}
		args := luabind.Describe(f)
		for _, a := range args {
			line := regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(a.Name) + ` +` + regexp.QuoteMeta(a.Type) + `( |$)`)
			if !line.MatchString(f.Doc) {
				t.Errorf("%s: no line for %s of type %q", where, a.Name, a.Type)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^  (\w+)  `).FindAllStringSubmatch(f.Doc, -1) {
			known := false
			for _, a := range args {
				known = known || a.Name == m[1]
			}
			if !known {
				t.Errorf("%s: %s is documented and not there", where, m[1])
			}
		}
	}
	for _, f := range m.Funcs {
		check(f.Name, f)
	}
	for _, typ := range m.Types {
		if typ.Doc == "" {
			t.Errorf("%s has no documentation", typ.Name)
		}
		for _, f := range typ.Methods {
			check(typ.Name+":"+f.Name, f)
		}
	}
	want := "run check read try sh parallel pipe spawn with which quote list get tree ancestors wait signal stop"
	var got []string
	for _, f := range m.Funcs {
		got = append(got, f.Name)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("functions %v, want %s", got, want)
	}
}
