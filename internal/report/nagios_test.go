package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The grammar of the guidelines, written without a look at the writer.
const (
	gNumber = `-?[0-9]+(?:\.[0-9]+)?`
	gRange  = `@?(?:(?:` + gNumber + `|~):(?:` + gNumber + `)?|` + gNumber + `)`
	gLabel  = `(?:'[^'=|\n]*'|[^'=|\s]+)`
	gItem   = gLabel + `=` + gNumber + `[s%Bc]?(?:;(?:` + gRange + `)?(?:;(?:` + gRange + `)?(?:;(?:` + gNumber + `)?(?:;(?:` + gNumber + `)?)?)?)?)?`
	gFirst  = `^(OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+?(?: \| (` + gItem + `(?: ` + gItem + `)*))?$`
)

func checkNagios(t *testing.T, r *Report, doc string) (perf string) {
	t.Helper()
	if strings.Count(doc, "|") > 1 || len(doc) > nagiosMost || !strings.HasSuffix(doc, "\n") || !utf8.ValidString(doc) {
		t.Fatalf("%d bytes, %d bars: %.200q", len(doc), strings.Count(doc, "|"), doc)
	}
	first, _, _ := strings.Cut(doc, "\n")
	m := regexp.MustCompile(gFirst).FindStringSubmatch(first)
	if m == nil {
		t.Fatalf("first line: %q", first)
	}
	if text, _, _ := strings.Cut(first, " | "); utf8.RuneCountInString(text) >= 80 {
		t.Fatalf("the text has %d characters: %q", utf8.RuneCountInString(text), text)
	}
	if want := State(r.Exit(false)).String(); m[1] != want {
		t.Fatalf("state %s, exit code of %s", m[1], want)
	}
	items, err := ParsePerfdata(m[2])
	if err != nil {
		t.Fatalf("our reader: %v in %q", err, m[2])
	}
	seen := make(map[string]bool)
	for _, p := range items {
		head := string([]rune(p.Label)[:min(19, utf8.RuneCountInString(p.Label))])
		if seen[head] {
			t.Fatalf("two labels begin with %q", head)
		}
		seen[head] = true
	}
	return m[2]
}

func TestNagiosKeepsTheGrammar(t *testing.T) {
	each(t, 500, func(t *testing.T, r *Report) {
		doc := render(t, r, Nagios, Options{})
		checkNagios(t, r, doc)
		lines := 1 + len(r.Findings)
		for _, f := range r.Fixes {
			if f.Status == FixFailed || f.Status == FixBlocked {
				lines++
			}
		}
		for _, whole := range []string{"\nerror: ", "\nthe plan ends here: "} {
			lines += strings.Count(doc, whole) // what the first line has no room for
		}
		if n := strings.Count(doc, "\n"); n != lines {
			t.Fatalf("%d lines, want %d", n, lines)
		}
	})
}

func TestNagiosDocuments(t *testing.T) {
	finding := func(s State, name, text string, v ...Value) Finding {
		return Finding{Name: name, State: s, Text: text, Values: v}
	}
	same := "/var/lib/docker/overlay2/"
	for name, c := range map[string]struct {
		r    Report
		want string
	}{
		"no checks":        {Report{}, "OK - no checks\n"},
		"error":            {Report{Error: "a.lua:3: broken"}, "UNKNOWN - a.lua:3: broken\n"},
		"error, no checks": {Report{Error: "line one\nline|two"}, `UNKNOWN - line one\nline/two` + "\n"},
		"error hides no finding": {Report{Error: "deadline", Findings: []Finding{finding(Critical, "a", "down")}},
			"UNKNOWN - deadline\nCRITICAL a: down\n"},
		"a long error is told to its end": {Report{Error: strings.Repeat("error ", 20) + "end", Findings: []Finding{finding(Critical, "a", "down")}},
			"UNKNOWN - error error error error error error error error error error error ...\nerror: " + strings.Repeat("error ", 20) + "end\nCRITICAL a: down\n"},
		"a long end of a plan": {Report{Incomplete: strings.Repeat("plan ", 20) + "end"},
			"WARNING - plan plan plan plan plan plan plan plan plan plan plan plan plan p...\nthe plan ends here: " + strings.Repeat("plan ", 20) + "end\n"},
		"numbers are short": {Report{Findings: []Finding{finding(OK, "a", "", Value{Label: "u", Value: 19.033532372932783, Unit: "%", Warn: rng(t, "80.123456789"), Max: at(100.0 / 3)},
			Value{Label: "over", Value: 80.00000001, Warn: rng(t, "80"), State: Warning}, Value{Label: "b", Value: 24004608001, Unit: "B"}, Value{Label: "f", Value: 2.0 / 3, Unit: "ns"})}},
			"OK - 1 check OK | u=19.033532%;80.123456789;;;33.333333 over=80.00000001;80 b=24004608001B f=0.000000000666667s\nOK a\n"},
		"one": {Report{Findings: []Finding{finding(OK, "disk", "/ 40%", Value{Label: "/", Value: 40.5, Unit: "%", Warn: rng(t, "80"), Max: at(100)})}},
			"OK - / 40% | /=40.5%;80;;;100\nOK disk: / 40%\n"},
		"worst first": {Report{Findings: []Finding{finding(Warning, "a", "slow"), finding(Unknown, "b", "?"), finding(Critical, "c", "down")}},
			"CRITICAL - c: down; b: ?; a: slow\nWARNING a: slow\nUNKNOWN b: ?\nCRITICAL c: down\n"},
		"all well": {Report{Findings: []Finding{finding(OK, "a", "x"), finding(OK, "b", "y"), {Name: "c", State: Critical, Skipped: "needs a"}}},
			"OK - 2 checks OK, 1 skipped\nOK a: x\nOK b: y\nSKIPPED c: needs a\n"},
		"no text":    {Report{Findings: []Finding{{State: Critical}}}, "CRITICAL - no text\nCRITICAL\n"},
		"soft":       {Report{Findings: []Finding{{Name: "a", State: Warning, Text: "slow", Soft: &Soft{1, 3}}}}, "WARNING - slow (soft 1/3)\nWARNING a: slow (soft 1/3)\n"},
		"failed fix": {Report{Findings: []Finding{finding(OK, "a", "x")}, Fixes: []Fix{{Name: "f", Status: FixRolledBack, Error: "no"}}}, "WARNING - fix f: rolled back: no\nOK a: x\nfix f: rolled back: no\n"},
		"a plan ends": {Report{Incomplete: "cannot predict past line 3", Findings: []Finding{finding(OK, "a", "x")}},
			"WARNING - cannot predict past line 3\nOK a: x\n"},
		"units": {Report{Findings: []Finding{finding(OK, "a", "x", Value{Label: "ms", Value: 1.1, Unit: "ms", Warn: rng(t, "@5:10")}, Value{Label: "KiB", Value: 3, Unit: "KiB", Crit: rng(t, "~:5")},
			Value{Label: "MB", Value: 2, Unit: "MB"}, Value{Label: "h", Value: 2, Unit: "h"}, Value{Label: "km", Value: 7, Unit: "km"}, Value{Label: "nan", Value: math.NaN()},
			Value{Label: "big", Value: 1e21}, Value{Label: "tiny", Value: 1e-9, Unit: "c"}, Value{Label: "neg", Value: math.Copysign(0, -1), Min: at(math.Inf(-1))}, Value{Value: 1})}},
			"OK - x | ms=0.0011s;@0.005:0.01 KiB=3072B;;~:5120 MB=2000000B h=7200s km=7 big=1000000000000000000000 tiny=0.000000001c neg=0 a=1\nOK a: x\n"},
		"labels": {Report{Findings: []Finding{finding(OK, "a", "x", Value{Label: "a=b|'c"}, Value{Label: "a b"}, Value{Label: "dup"}, Value{Label: "dup"}, Value{Label: "dup"},
			Value{Label: "dup~2"}, Value{Label: same + "aaa"}, Value{Label: same + "bbb"}, Value{Label: "\n"})}},
			`OK - x | a_b__c=0 'a b'=0 dup=0 dup~2=0 dup~3=0 dup~2~2=0 /var/lib/docker/overlay2/aaa=0 /var/lib/docker/o~2verlay2/bbb=0 \n=0` + "\nOK a: x\n"},
	} {
		doc := render(t, &c.r, Nagios, Options{})
		if doc != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, doc, c.want)
		}
		checkNagios(t, &c.r, doc)
	}
}

// big is a report whose parts have known sizes: ok and bad lines of 1,000 bytes
// with their ends, and items of 100 bytes with the space in front.
func big(ok, bad, values int) *Report {
	r := &Report{}
	add := func(s State, n int) {
		name := strings.Repeat("n", 1000-1-len(s.String())-len(" "))
		for range n {
			r.Findings = append(r.Findings, Finding{Name: name, State: s})
		}
	}
	add(Critical, bad)
	add(OK, ok)
	for i := range values {
		label := fmt.Sprintf("%06d", i)
		label += strings.Repeat("l", 100-1-len("=0")-len(label))
		r.Findings[0].Metrics = append(r.Findings[0].Metrics, Value{Label: label})
	}
	return r
}

// What is left out is exactly what has to be: one part more would not fit.
func TestNagiosLeavesOutAsLittleAsItMust(t *testing.T) {
	for _, c := range []struct{ ok, bad, values int }{
		{100, 100, 1000}, {522, 1, 0}, {523, 1, 0}, {524, 1, 0}, {525, 1, 0}, {2000, 3, 10}, {10, 400, 4000}, {0, 600, 50}, {3, 600, 1}, {0, 1, 6000}, {10_000, 1, 0},
	} {
		r := big(c.ok, c.bad, c.values)
		doc := render(t, r, Nagios, Options{})
		checkNagios(t, r, doc)
		okLines, badLines := strings.Count(doc, "\nOK n"), strings.Count(doc, "\nCRITICAL n")
		items := strings.Count(strings.SplitN(doc, "\n", 2)[0], "l=0")
		lost := [3]int{c.ok - okLines, c.values - items, c.bad - badLines}
		last := doc[strings.LastIndex(strings.TrimSuffix(doc, "\n"), "\n")+1:]
		size := len(doc)
		if lost == [3]int{} {
			if strings.HasPrefix(last, "left out") {
				t.Errorf("%v: %q, and nothing was", c, last)
			}
			continue
		}
		var says [3]int
		for i, what := range []string{"OK finding", "value", "other finding"} {
			if m := regexp.MustCompile(`([0-9]+) ` + what).FindStringSubmatch(last); m != nil {
				fmt.Sscan(m[1], &says[i])
			}
		}
		if says != lost {
			t.Errorf("%v: the last line says %q, lost are %v", c, last, lost)
		}
		if lost[1] > 0 && okLines > 0 || lost[2] > 0 && (items > 0 || okLines > 0) {
			t.Errorf("%v: a wrong order: lost %v", c, lost)
		}
		part := 1000
		if lost[2] == 0 && lost[1] > 0 {
			part = 100
		}
		spare := nagiosMost - size
		alone := lost[0]+lost[1]+lost[2] == 1
		if !alone && spare >= part+len(" |")+1 || alone && spare+len(last) >= part {
			t.Errorf("%v: %d bytes are unused, the last part left out has %d", c, spare, part)
		}
	}
}

func TestNagiosFillsTheLastByte(t *testing.T) {
	r := big(524, 0, 0)
	room := nagiosMost - len(render(t, r, Nagios, Options{}))
	r.Findings = append(r.Findings, Finding{Name: strings.Repeat("n", room-len("OK : x")-1), State: OK, Text: "x"})
	doc := render(t, r, Nagios, Options{})
	if len(doc) != nagiosMost || strings.Contains(doc, "left out") {
		t.Errorf("%d bytes", len(doc))
	}
	r.Findings[len(r.Findings)-1].Text = "xy"
	doc = render(t, r, Nagios, Options{})
	if !strings.HasSuffix(doc, "\nleft out: 1 OK finding\n") || len(doc) > nagiosMost {
		t.Errorf("%d bytes, ends in %q", len(doc), doc[len(doc)-60:])
	}
}

// What Debian's plugins print can be read, and our grammar holds for them but
// for units that we do not write.
func TestReadsThePluginsOfDebian(t *testing.T) {
	t.Parallel()
	dir := "/usr/lib/nagios/plugins"
	for _, c := range []struct {
		line  string
		perfs int // at least
	}{
		{"check_disk -w 10% -c 5% -p / -p /tmp", 1}, {"check_disk -w 10% -c 5% -e", 1}, {"check_load -w 5,4,3 -c 10,6,4", 3}, {"check_load -r -w 5 -c 10", 3},
		{"check_procs -w 500 -c 900", 1}, {"check_procs -m RSS -w 1000 -c 2000", 1}, {"check_swap -w 10% -c 5%", 1}, {"check_users -w 5 -c 10", 1},
		{"check_dummy 1 text", 0}, {"check_ssh 127.0.0.1", 0}, {"check_tcp -H 127.0.0.1 -p 22", 0}, {"check_ping -H 127.0.0.1 -w 10,10% -c 20,20%", 2},
		{"check_icmp 127.0.0.1", 2}, {"check_file_age -f /etc/passwd -w 1 -c 2", 2}, {"check_http -H 127.0.0.1 -p 1", 0},
	} {
		args := strings.Fields(c.line)
		t.Run(c.line, func(t *testing.T) {
			path := filepath.Join(dir, args[0])
			if _, err := os.Stat(path); err != nil {
				t.Skipf("%s is not installed", path)
			}
			cmd := exec.Command(path, args[1:]...)
			cmd.WaitDelay = 20 * time.Second
			out, err := cmd.Output()
			if len(out) == 0 {
				t.Skipf("%s printed nothing: %v", args[0], err)
			}
			text, perfdata := PluginOutput(string(out))
			items, err := ParsePerfdata(perfdata)
			if err != nil {
				t.Fatalf("%v in %q", err, out)
			}
			unable := text == "" || strings.Contains(text, "UNKNOWN") || cmd.ProcessState.ExitCode() == 3
			if !unable && perfdata != "" && len(items) < c.perfs {
				t.Errorf("%d items in %q", len(items), out)
			}
		})
	}
}

// fit against the slow way: leave out one part more, write it all, look.
func TestFitIsTheFirstThatFits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var perf []string
		var lines []nagiosLine
		for range rnd.IntN(12) {
			perf = append(perf, strings.Repeat("p", 4+rnd.IntN(9)))
		}
		for range rnd.IntN(12) {
			lines = append(lines, nagiosLine{strings.Repeat("t", 7+rnd.IntN(20)), rnd.IntN(2) == 0})
		}
		fresh := func() *nagios { return &nagios{first: "OK - x", perf: slices.Clone(perf), lines: slices.Clone(lines)} }
		most := 60 + rnd.IntN(300)
		got := fresh()
		got.fit(most)
		want := fresh()
		for len(want.String()) > most && leaveOneOut(want) {
			continue
		}
		if got.String() != want.String() {
			t.Fatalf("at most %d:\n%q\nwant\n%q", most, got.String(), want.String())
		}
	}
}

// leaveOneOut leaves out the part whose turn it is.
func leaveOneOut(d *nagios) bool {
	line := func(ok bool) bool {
		for i := len(d.lines) - 1; i >= 0; i-- {
			if d.lines[i].ok == ok && d.lines[i].text != "" {
				d.lines[i].text = ""
				return true
			}
		}
		return false
	}
	switch {
	case line(true):
		d.left[0]++
	case len(d.perf) > 0:
		d.perf = d.perf[:len(d.perf)-1]
		d.left[1]++
	case line(false):
		d.left[2]++
	default:
		return false
	}
	return true
}

// What a script says with exit(n) is the state, for that is what is exited with.
func TestNagiosExited(t *testing.T) {
	for n, want := range map[int]string{
		1: "WARNING - exit(1)\n", 2: "CRITICAL - exit(2)\n", 3: "UNKNOWN - exit(3)\n", 7: "UNKNOWN - exit(7)\n", 255: "UNKNOWN - exit(255)\n",
	} {
		var b strings.Builder
		if err := (&Report{Exited: n}).Write(&b, Nagios, Options{}); err != nil || b.String() != want {
			t.Errorf("exit(%d): %q, want %q (%v)", n, b.String(), want, err)
		}
	}
}
