package out_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"opslua/luabind"
	"opslua/luabind/out"
)

func TestPlot(t *testing.T) {
	for script, want := range map[string]string{
		`out.plot({1, 2, 0/0, 8, 3}, {width = 20, height = 4})`: `
  8 ┤              ⠈⠢⡀
5.7 ┤                ⠈⢆
3.3 ┤                  ⠑⢄
  1 ┤⣀⡠⠤⠤⠒⠂
    └────────────────────
     1                  5
`,
		`out.plot({cpu = {1, 5, 2, 9}, ["m\n"] = {3, 3, 3}}, {width = 30, height = 6})`: `
9 ┤                            **
  │                          **
  │         ****          ***
  │     ****    ****    **
  │++++++++++++++++++++*
1 ┤**
  └──────────────────────────────
   1                            4
   * cpu   + m\n
`,
		`out.plot({5}, {width = 10, height = 3})`: `
6 ┤
5 ┤⠂
4 ┤
  └──────────
   1
`,
		`out.plot({1e308, -1e308}, {width = 2, height = 2})`: `
 1e+308 ┤⢣
-1e+308 ┤ ⢣
        └──
         1 2
`,
		`out.plot({1000000000000, 1000000000001}, {width = 2, height = 2})`: `
1000000000001 ┤ ⡜
1000000000000 ┤⡜
              └──
               1 2
`,
		`out.plot({}) out.plot({0/0, 1/0}) out.plot({{}, {}})`: "\nno values\nno values\nno values\n",
	} {
		if got := "\n" + run(t, script); got != want {
			t.Errorf("%s: got %s want %s", script, got, want)
		}
	}
}

// TestPlotShape: whatever the numbers, the chart has its size.
func TestPlotShape(t *testing.T) {
	for _, script := range []string{
		`local t = {} for i = 1, 5000 do t[i] = math.sin(i / 100) * 1e6 end out.plot(t)`,
		`local t = {} for i = 1, 5000 do t[i] = i % 3 == 0 and 0/0 or (i * 7919) % 997 end out.plot({t, {1}, a = t})`,
		`out.plot({-1e-300, 1e-300, 0})`, `out.plot({1.7e308, -1.7e308, 1/0, 1.7e308})`, `out.plot({1.7e308})`, `out.plot({0.00000001, 0.00000002})`,
	} {
		lines := strings.Split(run(t, script), "\n")
		if len(lines) < 13 || !strings.HasSuffix(lines[10], "└"+strings.Repeat("─", 60)) {
			t.Errorf("%s: got %s", script, strings.Join(lines, "\n"))
			continue
		}
		for _, l := range lines[:12] {
			if !utf8.ValidString(l) || out.Width(l) > out.Width(lines[10]) {
				t.Errorf("%s: %q", script, l)
			}
		}
		if !strings.ContainsAny(strings.Join(lines[:10], ""), "⠁⠂⡀⢀⠈*+o#⢣⡜⠑⠢⠒⠔⠊⠉⠤⣀") {
			t.Errorf("%s: nothing is drawn", script)
		}
	}
}

func TestSpark(t *testing.T) {
	for script, want := range map[string]string{
		`{1, 5, 0/0, 22, 13, 53}`: "▁▂ ▄▃█", `{}`: "", `{3, 3}`: "▄▄", `{0, 1}`: "▁█", `{-1.7e308, 0, 1.7e308}`: "▁▅█", `{0/0, 1/0}`: "  ",
	} {
		if got := run(t, `print(out.spark(`+script+`))`); got != want+"\n" {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for script, want := range map[string]string{
		`out.plot()`:                                          "out.plot: series: missing, want a table",
		`out.plot({1, "2"})`:                                  "out.plot: series: item 2 is a string, want a number",
		`out.plot({1, 2, x = 3})`:                             "out.plot: series: got the key x, want a list of numbers without holes",
		`out.plot({1, [3] = 3})`:                              "out.plot: series: item 2 is a nil, want a number",
		`out.plot({a = {1, true}})`:                           "out.plot: series.a: item 2 is a boolean, want a number",
		`out.plot({a = 1})`:                                   "out.plot: series: a is a number, want a list of numbers",
		`out.plot({{}, {}, {}, {}, {}, {}, {}, {}, {}})`:      "out.plot: series: got more than 8 series",
		`out.plot({1}, {width = 1})`:                          "out.plot: width: got 1, want 2 to 500 characters",
		`out.plot({1}, {height = 1000})`:                      "out.plot: height: got 1000, want 2 to 200 lines",
		`out.plot({1}, {size = 1})`:                           `out.plot: unknown option "size"`,
		`out.spark({"a"})`:                                    "out.spark: list: item 1 is a string, want a number",
		`out.spark(1)`:                                        "out.spark: list: got number 1, want a table",
		`out.progress(-1)`:                                    "out.progress: total: got -1, want a number from 0",
		`out.progress(1.5)`:                                   "out.progress: total: got number 1.5, want a whole number",
		`out.progress(1):add(-1)`:                             "progress:add: n: got -1, want a number from 0",
		`out.progress(1):set()`:                               "progress:set: n: missing, want a whole number",
		`out.progress(1):note()`:                              "progress:note: text: missing, want a string",
		`local p = out.progress(1) p:done() p:done() p:add()`: "progress:add: it has ended already",
		`out.progress(1).x = 1`:                               "t.lua:1:",
		`out.table(1)`:                                        "out.table: rows: got number 1, want a table",
		`out.table({1})`:                                      "out.table: rows: item 1 is no table",
	} {
		host, err := luabind.New(luabind.WithModules(out.Module()))
		if err != nil {
			t.Fatal(err)
		}
		err = host.RunText(t.Context(), "t.lua", script)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", script, err, want)
		}
	}
}

// TestProgress: what is told, and that all of it ends with the run.
func TestProgress(t *testing.T) {
	var told []luabind.Progress
	host, err := luabind.New(luabind.WithModules(out.Module()), luabind.WithProgress(func(p luabind.Progress) { told = append(told, p) }))
	if err != nil {
		t.Fatal(err)
	}
	err = host.RunText(t.Context(), "t.lua", `
		local p, q = out.progress(10, "copy"), out.progress()
		p:add() p:add(4) p:note("file\nb") p:set(99) p:set(2) p:done() p:done()
		q:add(7)
		error("ends")`)
	if err == nil {
		t.Fatal("no error")
	}
	if len(told) < 2 || told[0].ID == nil || told[0].ID == told[1].ID {
		t.Fatalf("got %v", told)
	}
	first, second := told[0].ID, told[1].ID
	var got []luabind.Progress
	for _, p := range told {
		if p.ID == first {
			p.ID = 1
		} else if p.ID == second {
			p.ID = 2
		}
		got = append(got, p)
	}
	want := []luabind.Progress{
		{ID: 1, Label: "copy", Total: 10}, {ID: 2},
		{ID: 1, Label: "copy", Total: 10, Done: 1}, {ID: 1, Label: "copy", Total: 10, Done: 5},
		{ID: 1, Label: "copy", Total: 10, Done: 5, Note: "file; b"}, {ID: 1, Label: "copy", Total: 10, Done: 10, Note: "file; b"},
		{ID: 1, Label: "copy", Total: 10, Done: 2, Note: "file; b"}, {ID: 1, Label: "copy", Total: 10, Done: 2, Note: "file; b", Over: true},
		{ID: 2, Done: 7}, {ID: 2, Done: 7, Over: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestOneWideCell does not make all lines as wide.
func TestOneWideCell(t *testing.T) {
	got := run(t, `local rows = {{a = ("x"):rep(1e5), b = 1}} for i = 2, 1000 do rows[i] = {a = "y", b = i} end out.table(rows, {columns = {"a", "b"}})`)
	if len(got) > 5e5 || !strings.Contains(got, "x     1\n") || !strings.Contains(got, "y"+strings.Repeat(" ", 199)+"  1000\n") {
		t.Errorf("%d bytes", len(got))
	}
}

// TestWriteFails: output that cannot be written is an error of the call.
func TestWriteFails(t *testing.T) {
	for _, call := range []string{`out.plot({1})`, `out.table({{a = 1}})`, `out.pp(1)`} {
		host, err := luabind.New(luabind.WithModules(out.Module()), luabind.WithStdio(nil, broken{}, nil))
		if err != nil {
			t.Fatal(err)
		}
		err = host.RunText(t.Context(), "t.lua", call)
		var e *luabind.Error
		if !errors.As(err, &e) || e.Kind != luabind.KindIO {
			t.Errorf("%s: got %v", call, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func BenchmarkTable(b *testing.B) {
	host, err := luabind.New(luabind.WithModules(out.Module()), luabind.WithStdio(nil, &bytes.Buffer{}, nil))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := host.RunText(b.Context(), "t.lua", `local r = {} for i = 1, 2000 do r[i] = {pid = i, name = "x"} end out.table(r)`); err != nil {
			b.Fatal(err)
		}
	}
}
