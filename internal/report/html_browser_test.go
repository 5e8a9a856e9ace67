package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// measured is what a browser says of a page in a frame of some width.
type measured struct {
	Page   string
	Width  int // of the frame
	Scroll int // of what is in it
	Title  int // size of the heading's letters: whether the style is in force
	Back   string
	Zone   float64 // width of the first critical zone, in parts of its bar
}

// browse shows every page in every width in one start of a browser, and measures.
// The pages run no scripts; what measures them is the page around them.
func browse(t *testing.T, pages map[string]string, widths []int, flags ...string) []measured {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("chromium is not installed")
	}
	var around strings.Builder
	around.WriteString("<!DOCTYPE html><meta charset=utf-8>")
	for name := range pages {
		for _, width := range widths {
			fmt.Fprintf(&around, "<iframe src='/%s' data-page='%s' width=%d height=800 style='border:0'></iframe>", name, name, width)
		}
	}
	around.WriteString(`<pre id=out></pre><script>onload = () => {
	const list = [...document.querySelectorAll("iframe")].map(f => {
		const d = f.contentDocument, zone = d.querySelector(".bar .zone.crit"), css = x => f.contentWindow.getComputedStyle(x);
		return {Page: f.dataset.page, Width: f.clientWidth, Scroll: Math.max(d.documentElement.scrollWidth, d.body.scrollWidth),
			Title: parseInt(css(d.querySelector("h1")).fontSize), Back: css(d.body).backgroundColor,
			Zone: zone ? zone.getBoundingClientRect().width / zone.parentNode.getBoundingClientRect().width : 0};
	});
	document.getElementById("out").textContent = JSON.stringify(list);
}</script>`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if page, ok := pages[strings.TrimPrefix(r.URL.Path, "/")]; ok {
			fmt.Fprint(w, page)
			return
		}
		fmt.Fprint(w, around.String())
	}))
	defer server.Close()
	// A browser's last writes may come after its end: what is left over is no failure.
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(profile)
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + profile, "--dump-dom"}, flags...)
	cmd := exec.CommandContext(ctx, browser, append(args, server.URL+"/around")...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	m := regexp.MustCompile(`(?s)<pre id="out">(.*?)</pre>`).FindSubmatch(out)
	if m == nil || len(m[1]) == 0 {
		if err != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Skipf("chromium does not start here: %v", err)
		}
		t.Fatalf("the browser did not measure:\n%s", out)
	}
	var list []measured
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(pages)*len(widths) {
		t.Fatalf("%d pages were measured", len(list))
	}
	return list
}

// wideReport has words that cannot be broken at a space, everywhere.
func wideReport(t testing.TB) *Report {
	return filledReport(t, strings.Repeat("Wide", 60))
}

func TestHTMLInABrowser(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"wide": render(t, wideReport(t), HTML, Options{})}
	for name, r := range htmlReports(t) {
		pages[name] = render(t, r, HTML, Options{})
	}
	widths := []int{320, 360, 700, 1400}
	for _, m := range browse(t, pages, widths) {
		if m.Scroll > m.Width {
			t.Errorf("%s: %d wide, in a window of %d", m.Page, m.Scroll, m.Width)
		}
		if want := map[bool]int{true: 20, false: 24}[m.Width <= 640]; m.Title != want || m.Back != "rgb(244, 245, 247)" {
			t.Errorf("%s, %d wide: the style is not in force: %+v", m.Page, m.Width, m)
		}
		if m.Page == "ticket" && (m.Zone < 0.19 || m.Zone > 0.21) { // above 8 of 10 s
			t.Errorf("%d wide: the critical zone takes %.2f of its bar, want 0.2", m.Width, m.Zone)
		}
	}
	for _, m := range browse(t, pages, []int{800}, "--blink-settings=preferredColorScheme=0") {
		if m.Back != "rgb(14, 17, 22)" {
			t.Errorf("%s in the dark has the background %s", m.Page, m.Back)
		}
	}
}
