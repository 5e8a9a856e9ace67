package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"opslua/internal/units"
	"time"
)

// pageRead is what a strict reader finds in a page: it is written so that XML
// reads it too, where nothing is forgiven.
type pageRead struct {
	elements []string            // in order
	attrs    map[string][]string // values by "element attribute"
	text     string
}

func readPage(t testing.TB, page string) pageRead {
	t.Helper()
	r := pageRead{attrs: map[string][]string{}}
	page = strings.NewReplacer("\ufffe", "?", "\uffff", "?").Replace(page) // HTML takes these two
	d := xml.NewDecoder(strings.NewReader(page))
	var text strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			r.elements = append(r.elements, x.Name.Local)
			for _, a := range x.Attr {
				key := x.Name.Local + " " + a.Name.Local
				r.attrs[key] = append(r.attrs[key], a.Value)
			}
		case xml.CharData:
			text.Write(x)
		}
	}
	r.text = text.String()
	return r
}

// harmless fails the test where the page loads, runs or sends anything.
func (r pageRead) harmless(t testing.TB) {
	t.Helper()
	known := strings.Fields("html head meta link title style body svg defs symbol circle path rect use header div p h1 h2 h3 span dl dt dd br time nav ul ol li a " +
		"main section article strong i details summary pre code del table thead tbody tr th td footer")
	for _, name := range r.elements {
		if !slices.Contains(known, name) {
			t.Errorf("the page has an element <%s>", name)
		}
	}
	for key, values := range r.attrs {
		element, name, _ := strings.Cut(key, " ")
		if strings.HasPrefix(name, "on") || name == "src" || name == "srcset" || name == "action" {
			t.Errorf("<%s> has %s=%q", element, name, values)
		}
		for _, v := range values {
			if name == "href" && !strings.HasPrefix(v, "#") && v != "data:," {
				t.Errorf("<%s> leads to %q", element, v)
			}
			if name == "style" && !regexp.MustCompile(`^(flex-grow:\d+|left:[\d.]+%(;width:[\d.]+%)?)$`).MatchString(v) {
				t.Errorf("<%s> has the style %q", element, v)
			}
		}
	}
	if policy := r.attrs["meta content"]; len(policy) == 0 || !strings.HasPrefix(policy[0], "default-src 'none'; style-src 'unsafe-inline'; img-src data:;") {
		t.Errorf("the policy of the page is not the first meta with a content: %q", policy)
	}
}

func htmlReports(t testing.TB) map[string]*Report {
	return map[string]*Report{
		"ticket": ticketReport(t), "planned": plannedReport(), "failed": failedReport(), "nothing": {}, "full": fullReport(t),
	}
}

func TestHTMLIsOnePage(t *testing.T) {
	for name, r := range htmlReports(t) {
		t.Run(name, func(t *testing.T) {
			page := render(t, r, HTML, Options{})
			if !strings.HasPrefix(page, "<!DOCTYPE html>\n<html lang=\"en\">") || strings.Contains(page, "ZgotmplZ") {
				t.Error("no type or language, or a text that the template refused")
			}
			read := readPage(t, page)
			read.harmless(t)
			for _, forbidden := range []string{"url(", "@import", "expression("} {
				if strings.Contains(page, forbidden) {
					t.Errorf("the page has %q", forbidden)
				}
			}
			if n := strings.Count(strings.Join(read.elements, " ")+" ", "h1 "); n != 1 {
				t.Errorf("%d h1", n)
			}
			ids := map[string]bool{}
			for key, values := range read.attrs {
				for _, v := range values {
					if strings.HasSuffix(key, " id") {
						if ids[v] {
							t.Errorf("the id %q is there twice", v)
						}
						ids[v] = true
					}
				}
			}
			for key, values := range read.attrs {
				for _, v := range values {
					if target, is := strings.CutPrefix(v, "#"); strings.HasSuffix(key, " href") && is && !ids[target] {
						t.Errorf("%s leads to %q, which is not there", key, v)
					}
					if strings.HasSuffix(key, " aria-labelledby") && !ids[v] {
						t.Errorf("%s names %q, which is not there", key, v)
					}
				}
			}
		})
	}
}

func TestHTMLTellsEverything(t *testing.T) {
	text := readPage(t, render(t, ticketReport(t), HTML, Options{})).text
	for _, want := range []string{
		"web-health.lua on web-fra-07", "2026-03-04 05:06:07 +01:00", "14.4s", "acme/web 42, signed by ann@acme.example, bob@acme.example", "sha256:9f2c",
		"limits.processes: there is no pids cgroup", "soft 1/3", "4 runs in a row", "needs postgres", "Skipped: needs replication, which is UNKNOWN",
		"the answer took 4.81 s", "Before the fixes", "/var 97.6%, 1.1 GiB free", "was 97.6%", "6.4 GiB free", "warning above 80%", "critical below 7 d",
		"warning outside 8 to 24", "17 GiB", "rotate logs", "CHANGED", "ROLLED BACK", "BLOCKED", "undone", "on disk", "+    maxsize 512M", "+3", "−2",
		"find /var/log/nginx -name '*.log.[0-9]*' -mtime +7 -delete", "18G\t/var/log/nginx", "nginx: [emerg] host not found", "12 lines, 264 B",
		"top_mem", "4294967296", "haproxy", "8443", "proc_memory_bytes", "Resident memory.", "commit=4f1c2aa", "4 GiB", "nginx: worker process", "│  └─ ",
		"journalctl -u nginx -n 50 --no-pager", "exit 1", "signal KILL", "no exit status", "there is no such program in PATH", "web-health.lua:81", "probe",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	text = readPage(t, render(t, plannedReport(), HTML, Options{})).text
	for _, want := range []string{"dry run", "nothing was changed", "cannot predict past line 12", "Planned changes", "+workers = 8", "planned", "INCOMPLETE"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of a dry run does not say %q", want)
		}
	}
	text = readPage(t, render(t, failedReport(), HTML, Options{})).text
	for _, want := range []string{"UNKNOWN", "could not be evaluated", "broken.lua:21: in main chunk"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of a failed script does not say %q", want)
		}
	}
}

func TestHTMLVerdict(t *testing.T) {
	for _, c := range []struct {
		r    Report
		want string
	}{
		{Report{}, "OK"}, {Report{Error: "x"}, "UNKNOWN"}, {Report{Incomplete: "x"}, "INCOMPLETE"},
		{Report{Fixes: []Fix{{Status: FixRolledBack}}}, "FIX FAILED"},
		{Report{Incomplete: "x", Findings: []Finding{{State: Critical}}}, "CRITICAL"},
		{Report{Fixes: []Fix{{Status: FixFailed}}, Findings: []Finding{{State: Warning}}}, "WARNING"},
	} {
		if got := htmlVerdict(&c.r).Word; got != c.want {
			t.Errorf("%+v: %s, want %s", c.r, got, c.want)
		}
	}
}

// The worst comes first; what was skipped comes last.
func TestHTMLWorstFirst(t *testing.T) {
	r := &Report{Findings: []Finding{
		{Name: "a"}, {Name: "b", State: Unknown}, {Name: "c", Skipped: "x", State: Critical}, {Name: "d", State: Warning}, {Name: "e", State: Critical}, {Name: "f"},
	}}
	got := ""
	for _, f := range r.worstFirst() {
		got += f.Name
	}
	if got != "ebdafc" {
		t.Errorf("the order is %s", got)
	}
}

// fill puts one text into every text of a value, however deep, so that no field
// is forgotten, those of tomorrow included.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			v.SetMapIndex(k, reflect.ValueOf(text))
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf(text))
	}
}

func filledReport(t testing.TB, text string) *Report {
	r := ticketReport(t)
	r.Error, r.Incomplete, r.DryRun, r.Changes = "x", "x", true, plannedReport().Changes
	fill(reflect.ValueOf(r), text)
	for i := range r.Rows {
		r.Rows[i].Rows = append(r.Rows[i].Rows, map[string]any{text: text})
	}
	return r
}

func breakers() []string {
	return []string{
		"<script>alert(1)</script>", "</style><script>x</script>", "</title><img src=x onerror=alert(1)>", `" onmouseover="x`, "' onclick='x", "<!--", "-->", "]]>",
		"</pre></div></main>", "javascript:alert(1)", "{{.}}", "&lt;b&gt;", "&#0;", "\x00", "\xff\xfe", "\u202egnp.exe", "\x1b[2J", "${x}", "`", "expression(x)", "%00", "url(http://x)",
	}
}

// Whatever the texts are, the elements of the page are those of harmless texts.
func TestHTMLHostileTexts(t *testing.T) {
	t.Parallel()
	calm := map[int][]string{} // the elements of a page whose text has that length
	for _, text := range append(breakers(), hostileTexts()...) {
		text = strings.NewReplacer("\n", " ", "+", "p", "@", "a", "-", "m").Replace(text) // these are told apart in a diff
		if text == "" {
			continue
		}
		want := calm[len(text)]
		if want == nil {
			want = readPage(t, render(t, filledReport(t, strings.Repeat("x", len(text))), HTML, Options{})).elements
			calm[len(text)] = want
		}
		got := readPage(t, render(t, filledReport(t, text), HTML, Options{}))
		got.harmless(t)
		if !slices.Equal(got.elements, want) {
			t.Errorf("%q changes the elements of the page: %d, not %d", text, len(got.elements), len(want))
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, text := range append(breakers(), hostileTexts()...) {
		f.Add(text, 1.5, 80.0, 90.0)
	}
	f.Fuzz(func(t *testing.T, text string, x, warn, crit float64) {
		r := filledReport(t, text)
		v := &r.Findings[0].Values[0]
		v.Value, v.Warn.End, v.Crit.Start, v.Min, v.Max = x, warn, crit, &crit, &warn
		readPage(t, render(t, r, HTML, Options{})).harmless(t)
	})
}

func TestHTMLNumbersOfAllKinds(t *testing.T) {
	t.Parallel()
	numbers := []float64{0, 1, -1, 50, 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1)}
	rnd := rand.New(rand.NewPCG(1, 1))
	pick := func() float64 { return numbers[rnd.IntN(len(numbers))] }
	for range 60 / slowdown {
		r := ticketReport(t)
		for i := range r.Findings {
			for j := range r.Findings[i].Values {
				v := &r.Findings[i].Values[j]
				low, high := pick(), pick()
				v.Value, v.Warn.Start, v.Warn.End, v.Crit.Start, v.Crit.End, v.Min, v.Max = pick(), pick(), pick(), pick(), pick(), &low, &high
				v.Warn.Inside, v.Unit = rnd.IntN(2) == 0, []string{"", "%", "B", "s"}[rnd.IntN(4)]
			}
			r.Findings[i].Seconds = pick()
		}
		r.Seconds, r.Metrics[0].Value, r.Commands[0].Seconds, r.Processes[0].CPUTime = pick(), pick(), pick(), pick()
		r.Processes[1].RSS, r.Processes[2].Depth, r.Processes[3].Depth = math.MinInt64, -5, math.MaxInt
		page := readPage(t, render(t, r, HTML, Options{}))
		page.harmless(t)
		for _, style := range page.attrs["i style"] {
			for _, m := range regexp.MustCompile(`[\d.]+`).FindAllString(style, -1) {
				if x, err := strconv.ParseFloat(m, 64); err != nil || x < 0 || x > 100.01 {
					t.Fatalf("a bar leaves its place: %q", style)
				}
			}
		}
	}
}

// A bar of whatever numbers keeps its parts within its ends.
func TestHTMLBarsOfAllNumbers(t *testing.T) {
	numbers := []float64{0, 1, -1, 50, 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1)}
	rnd := rand.New(rand.NewPCG(2, 1))
	pick := func() *float64 { return &numbers[rnd.IntN(len(numbers))] }
	limits := func() *units.Range {
		return &units.Range{Start: *pick(), End: *pick(), Inside: rnd.IntN(2) == 0}
	}
	drawn := 0
	for range 5000 {
		v := Value{Value: *pick(), Warn: limits(), Crit: limits(), Unit: []string{"", "%", "B", "s"}[rnd.IntN(4)]}
		if rnd.IntN(2) == 0 {
			v.Min, v.Max = pick(), pick()
		}
		b := newHTMLClip().bar(&v, &Value{Value: *pick()})
		if b == nil {
			continue
		}
		drawn++
		for _, z := range append(b.Zones, b.Fill, htmlZone{From: b.At}, htmlZone{From: b.Was}) {
			if !(z.From >= 0 && z.Width >= 0 && z.From+z.Width <= 100.01) {
				t.Fatalf("a bar leaves its place: %+v of %+v", b, v)
			}
		}
	}
	if drawn < 1000 {
		t.Errorf("only %d bars were drawn", drawn)
	}
}

// A page of a huge report stays of a size that a browser shows, and says what is missing.
func TestHTMLIsBounded(t *testing.T) {
	t.Parallel()
	page := render(t, hugeReport(t, 3000), HTML, Options{})
	if len(page) > 32<<20 {
		t.Errorf("the page has %d MiB", len(page)>>20)
	}
	for _, want := range []string{"MiB more are not shown", "2000 more checks are not shown", "more commands are not shown", "2950 more lines are not shown"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	readPage(t, render(t, hugeReport(t, 40), HTML, Options{})).harmless(t)
}

// hugeReport has so many of everything, each with long texts.
func hugeReport(t *testing.T, n int) *Report {
	text := strings.Repeat("0123456789abcdef<&>\"'\n\x1b", 1<<16)
	huge := text
	r := &Report{Script: huge, Host: huge, Error: huge}
	for i := range n {
		if i == 30 { // the page is full by then
			huge = text[:20<<10]
		}
		f := Finding{Name: huge, Text: huge, Skipped: huge, Needs: []string{huge}}
		for range 5 {
			f.Lines = append(f.Lines, Line{Critical, huge})
			f.Values = append(f.Values, Value{Label: huge, Note: huge, Unit: huge, Warn: rng(t, "1")})
		}
		f.Before = &Finding{Text: huge, Lines: f.Lines}
		r.Findings = append(r.Findings, f)
		r.Metrics = append(r.Metrics, Metric{Name: huge, Help: huge, Labels: []Label{{huge, huge}}})
		r.Commands = append(r.Commands, Command{Argv: []string{huge, huge}, Error: huge})
		r.Processes = append(r.Processes, Process{Name: huge, Command: huge})
		r.Changes = append(r.Changes, Change{Op: huge, Text: huge, Diff: huge})
		r.Degraded = append(r.Degraded, huge)
	}
	return r
}

func TestHTMLBlock(t *testing.T) {
	c := newHTMLClip()
	long := "first\n" + strings.Repeat("é世界\n", 1<<16) + "last"
	b := c.block(long)
	if !strings.HasPrefix(b.Head, "first\n") || !strings.HasSuffix(b.Tail, "last") || b.Cut != "448 KiB more are not shown" {
		t.Errorf("head %.10q, cut %q, tail %.10q", b.Head, b.Cut, b.Tail)
	}
	if strings.Contains(b.Head+b.Tail, `\x`) {
		t.Error("a character was cut in two")
	}
	if b := c.block("a\x1b\tb\n"); b.Head != "a\\x1b\tb\n" || b.Cut != "" {
		t.Errorf("a short text became %q", b)
	}
	for range 100 {
		c.block(long)
	}
	if got := c.line(strings.Repeat("y", 200)); got != strings.Repeat("y", htmlLeastBytes)+" … (120 B more are not shown)" {
		t.Errorf("on a full page a line is %q", got)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := ticketReport(b)
	for i := range 1000 {
		r.Metrics = append(r.Metrics, Metric{Name: fmt.Sprint("m", i%10), Type: Gauge, Labels: []Label{{"i", fmt.Sprint(i)}}, Value: float64(i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Write(io.Discard, HTML, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
