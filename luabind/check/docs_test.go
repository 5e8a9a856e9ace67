package check_test

import (
	"regexp"
	"strings"
	"testing"

	"opslua/luabind"
	"opslua/luabind/check"
)

// Every argument and option is in the documentation.
func TestDocs(t *testing.T) {
	for _, m := range check.Modules() {
		funcs := []luabind.Func{*m.Global}
		for _, typ := range m.Types {
			funcs = append(funcs, typ.Methods...)
		}
		for _, f := range funcs {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			if !strings.HasPrefix(f.Doc, f.Name+"(") {
				t.Errorf("%s: %s: no signature", m.Name, f.Name)
			}
			args := luabind.Describe(f)
			if len(args) == 0 {
				t.Errorf("%s: %s: no arguments", m.Name, f.Name)
			}
			for _, a := range args {
				if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(a.Name) + `\b`).MatchString(f.Doc) {
					t.Errorf("%s: %s: %s is not documented", m.Name, f.Name, a.Name)
				}
			}
		}
	}
}
