package check_test

import (
	"fmt"
	"strings"
	"testing"

	"opslua/internal/report"
	"opslua/luabind"
	"opslua/luabind/check"
)

func BenchmarkChecks(b *testing.B) {
	var script strings.Builder
	for i := range 100 {
		fmt.Fprintf(&script, "check('c%d', {}, function(c) c:value('x', %d, {warn = 80, crit = 90}) end)\n", i, i)
	}
	h, err := luabind.New(luabind.WithModules(check.Modules()...))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		run := &check.Run{Report: &report.Report{}}
		if err := h.RunText(check.NewContext(b.Context(), run), "t.lua", script.String()); err != nil || len(run.Report.Findings) != 100 {
			b.Fatal(err)
		}
	}
}
