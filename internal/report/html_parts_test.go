package report

import (
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestHTMLRange(t *testing.T) {
	for in, want := range map[string]string{
		"80": "above 80%", "10:": "below 10%", "~:5": "above 5%", "10:20": "outside 10% to 20%", "@1:3": "from 1% to 3%", "@5:5": "at 5%", "5:5": "other than 5%",
		"@10:": "at or above 10%", "@~:3": "at or below 3%", "@~:": "always", "~:": "never", "0:": "below 0%", "0:0": "other than 0%",
	} {
		if got := htmlRange(rng(t, in), &Value{Value: 50, Unit: "%"}); got != want {
			t.Errorf("%s alerts %q, want %q", in, got, want)
		}
	}
	if got := htmlRange(rng(t, "80"), &Value{Value: -3}); got != "outside 0 to 80" {
		t.Errorf("80 of a value below zero alerts %q", got)
	}
}

func TestHTMLBar(t *testing.T) {
	c := newHTMLClip()
	v := &Value{Value: 85, Unit: "%", Warn: rng(t, "80"), Crit: rng(t, "90"), State: Warning}
	b := c.bar(v, &Value{Value: 95, Unit: "%"})
	if b == nil || b.At != 85 || b.Fill != (htmlZone{"warn", 0, 85}) || !b.HasWas || b.Was != 95 || b.Low != "0%" || b.High != "100%" {
		t.Fatalf("the bar is %+v", b)
	}
	if want := []htmlZone{{"warn", 80, 20}, {"crit", 90, 10}}; len(b.Zones) != 2 || b.Zones[0] != want[0] || b.Zones[1] != want[1] {
		t.Errorf("the zones are %v", b.Zones)
	}
	if want := "85% on a scale from 0% to 100%; warning above 80%; critical above 90%; before the fixes 95%"; b.Alt != want {
		t.Errorf("in words: %q, want %q", b.Alt, want)
	}
	// Both sides of zero, inside and outside.
	b = c.bar(&Value{Value: -50, Warn: rng(t, "-20:20"), Crit: rng(t, "@-95:-80")}, nil)
	if b == nil || b.Low != "-100" || b.High != "25" || b.Fill != (htmlZone{"ok", 40, 40}) || len(b.Zones) != 3 {
		t.Errorf("the bar is %+v", b)
	}
	// What is beyond the ends widens the scale; what bounds nothing has none.
	if b = c.bar(&Value{Value: 140, Unit: "%"}, nil); b == nil || b.High != "140%" || b.At != 100 {
		t.Errorf("the bar is %+v", b)
	}
	for _, none := range []*Value{
		{Value: 5}, {Value: math.NaN(), Unit: "%"}, {Value: math.Inf(1), Warn: rng(t, "5")}, {Value: math.MaxFloat64, Warn: rng(t, "5")},
		{Value: 5, Min: at(5), Max: at(5)},
	} {
		if b := c.bar(none, nil); b != nil {
			t.Errorf("%+v has the bar %+v", none, b)
		}
	}
	if b = c.bar(&Value{Value: math.MaxFloat64 / 2, Min: at(-math.MaxFloat64), Max: at(math.MaxFloat64)}, nil); b == nil || b.At != 75 {
		t.Errorf("the bar of huge numbers is %+v", b)
	}
}

func TestHTMLTrees(t *testing.T) {
	var list []Process
	for _, depth := range []int{0, 1, 2, 2, 1, 2, 0, 5, -1} {
		list = append(list, Process{Depth: depth})
	}
	trees, levels := htmlTrees(list)
	want := "|├─ |│  ├─ |│  └─ |└─ |   └─ ||└─ |"
	if got := strings.Join(trees, "|"); got != want {
		t.Errorf("the trees are %q, want %q", got, want)
	}
	if levels[7] != 1 || levels[8] != 0 {
		t.Errorf("the levels are %v", levels)
	}
	deep := make([]Process, 200)
	for i := range deep {
		deep[i].Depth = i
	}
	if trees, _ = htmlTrees(deep); len([]rune(trees[199])) != 3*htmlDeepest {
		t.Errorf("a deep tree is drawn %d wide", len([]rune(trees[199])))
	}
}

// A shell reads back what the page shows of a command.
func TestHTMLArgv(t *testing.T) {
	args := []string{"ls", "", "a b", "it's", `a\b`, "*?[x]", "$HOME `id` $(id)", "a\nb", "\t", "\x1b[31m", `'\''`, "é", "\r'\\", "~", "#x", "-x=y", "a;b&c|d", "{a,b}", "!", "\x7f"}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	out, err := exec.Command(bash, "-c", `printf '%s\0' `+commandLine(args)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), strings.Join(args, "\x00")+"\x00"; got != want {
		t.Errorf("%s was read as %q, want %q", commandLine(args), got, want)
	}
	if got := commandLine([]string{"df", "-P", "/var/a_b.c", "x y"}); got != "df -P /var/a_b.c 'x y'" {
		t.Errorf("the command is %s", got)
	}
}

func TestHTMLDiff(t *testing.T) {
	d := newHTMLClip().diff("--- a\n+++ b\n@@ -1,3 +1,3 @@\n same\n--- deleted\n+++ added\n\\ No newline at end of file\n")
	var classes []string
	for _, l := range d.Lines {
		classes = append(classes, l.Class)
	}
	if got := strings.Join(classes, " "); got != "file file hunk same del add file" || d.Added != 1 || d.Removed != 1 {
		t.Errorf("%s, +%d -%d", got, d.Added, d.Removed)
	}
	long := newHTMLClip().diff("@@ @@\n" + strings.Repeat("+x\n", 100000))
	if last := long.Lines[len(long.Lines)-1]; long.Added != 100000 || len(long.Lines) != htmlDiffLines+1 || last.Class != "cut" {
		t.Errorf("a long diff has %d lines, +%d, and ends with %v", len(long.Lines), long.Added, last)
	}
	if newHTMLClip().diff("") != nil {
		t.Error("no diff is one")
	}
}

// Every text of the page has the contrast of WCAG AA, in the light and in the dark.
func TestHTMLContrast(t *testing.T) {
	css, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		t.Fatal(err)
	}
	roots := regexp.MustCompile(`(?s):root \{(.*?)\n\s*\}`).FindAllStringSubmatch(string(css), 2)
	if len(roots) != 2 {
		t.Fatalf("%d sets of colours, want 2", len(roots))
	}
	for i, mode := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(roots[i][1], -1) {
			colours[m[1]] = m[2]
		}
		check := func(front, back string, least float64) {
			if got := contrast(t, colours[front], colours[back]); got < least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", mode, front, back, got, least)
			}
		}
		for _, state := range []string{"ok", "warn", "crit", "unk", "skip", "plan"} {
			check(state, "sheet", 4.5)
			check(state, state+"-bg", 4.5)
			check("ink", state+"-bg", 4.5)
			check("glyph", state, 4.5)
		}
		for _, back := range []string{"bg", "sheet", "soft"} {
			check("ink", back, 4.5)
			check("dim", back, 4.5)
			check("link", back, 4.5)
		}
		check("warn", "warn-zone", 3)
		check("crit", "crit-zone", 3)
		check("ok", "track", 3)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	light := func(s string) float64 {
		if len(s) != 7 {
			t.Fatalf("no colour: %q", s)
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(s[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.03928 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum + 0.05
	}
	x, y := light(a), light(b)
	return max(x, y) / min(x, y)
}

func TestHTMLHoldsNoNoncharacters(t *testing.T) {
	c := newHTMLClip()
	for in, want := range map[string]string{
		"a\ufffe\uffffb": `a\u{fffe}\u{ffff}b`, "\U0001fffe\ufdd0\ufdef": `\u{1fffe}\u{fdd0}\u{fdef}`, "\ufffd\ufdcfö": "\ufffd\ufdcfö",
	} {
		if got := c.line(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
		if got := c.block(in).Head; got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
