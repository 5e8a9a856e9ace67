package notify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/luabind/notify"
	"opslua/luabind/secret"
	"opslua/policy"
)

// setup is a host for one test.
type setup struct {
	state    string
	name     string
	policy   policy.Policy
	limited  bool
	planned  *[]luabind.Change
	progress func(luabind.Progress)
	ctx      context.Context
}

func (s setup) run(t *testing.T, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	opts := []luabind.Option{
		luabind.WithModules(json.Module(), notify.Module(), secret.Module()),
		luabind.WithStdio(nil, &out, &out),
		luabind.WithPolicy(policy.All()),
	}
	if s.limited {
		opts = append(opts, luabind.WithPolicy(s.policy))
	}
	if s.state != "" {
		opts = append(opts, luabind.WithStateDir(s.state))
	}
	if s.planned != nil {
		opts = append(opts, luabind.WithDryRun(func(_ context.Context, c luabind.Change) { *s.planned = append(*s.planned, c) }))
	}
	if s.progress != nil {
		opts = append(opts, luabind.WithProgress(s.progress))
	}
	host, err := luabind.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	if s.name == "" {
		s.name = "t.lua"
	}
	if s.ctx == nil {
		s.ctx = t.Context()
	}
	err = host.RunText(s.ctx, s.name, script)
	return out.String(), err
}

func wantKind(t *testing.T, err error, kind luabind.Kind, text string) {
	t.Helper()
	var e *luabind.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Message, text) || strings.Contains(e.Message, "\n") {
		t.Errorf("got %v, want %s with %q", err, kind, text)
	}
}

// server answers with one status after the other, the last one for ever.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	times  []time.Time
}

func serve(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		i := min(len(s.bodies), len(answers)-1)
		s.bodies = append(s.bodies, r.Method+" "+r.URL.String()+" "+string(body))
		s.heads, s.times = append(s.heads, r.Header), append(s.times, time.Now())
		s.mu.Unlock()
		answers[i](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "said\nno\x1b[31m")
	}
}

func TestWebhook(t *testing.T) {
	s := serve(t, status(503), status(429), status(200))
	var seen []luabind.Progress
	out, err := setup{progress: func(p luabind.Progress) { seen = append(seen, p) }}.run(t, `
		print(notify.webhook("`+s.URL+`/hook?a=b", {text = "disk \255", list = {1, 2}, none = json.array{}}, {backoff = "1ms", headers = {["X-A"] = "b"}}))`)
	if err != nil || out != "true\n" {
		t.Fatal(out, err)
	}
	got := s.got()
	if want := `POST /hook?a=b {"list":[1,2],"none":[],"text":"disk \udcff"}`; len(got) != 3 || got[2] != want {
		t.Errorf("got %q, want three, the last %q", got, want)
	}
	if h := s.heads[0]; h.Get("Content-Type") != "application/json" || h.Get("X-A") != "b" {
		t.Errorf("headers %v", h)
	}
	if len(seen) != 3 || seen[0].Done != 1 || seen[0].Total != 4 || !strings.HasPrefix(seen[0].Note, "attempt 1 failed: answered 503") || !seen[2].Over {
		t.Errorf("progress %+v", seen)
	}
}

func TestWebhookGivesUp(t *testing.T) {
	for _, c := range []struct {
		code, want int
		text       string
	}{
		{404, 1, "answered 404 Not Found: said no\\x1b[31m"},
		{400, 1, "answered 400"},
		{304, 1, "answered 304"},
		{500, 3, "answered 500 Internal Server Error: said no\\x1b[31m (3 attempts)"},
		{429, 3, "answered 429"},
	} {
		s := serve(t, status(c.code))
		_, err := setup{}.run(t, `notify.webhook("`+s.URL+`", "x", {retries = 2, backoff = 0})`)
		if c.code == 304 {
			c.text = "answered 304 Not Modified"
		}
		wantKind(t, err, luabind.KindNet, c.text)
		if n := len(s.got()); n != c.want {
			t.Errorf("%d: %d requests, want %d", c.code, n, c.want)
		}
	}
}

func TestWebhookFollowsNoRedirect(t *testing.T) {
	other := serve(t, status(200))
	for _, code := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, code) })
		_, err := setup{}.run(t, `notify.webhook("`+s.URL+`", "x")`)
		wantKind(t, err, luabind.KindNet, "redirects to another place")
		if len(s.got()) != 1 || len(other.got()) != 0 {
			t.Errorf("%d: %q, then %q", code, s.got(), other.got())
		}
	}
}

func TestWebhookHangs(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-release }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		for range 1000 { // one byte a second, or nearly
			if _, err := w.Write([]byte("x")); err != nil || r.Context().Err() != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-release:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { close(release) })
	started := time.Now()
	_, err := setup{}.run(t, `notify.webhook("`+s.URL+`", "x", {timeout = 0.2, retries = 1, backoff = 0})`)
	wantKind(t, err, luabind.KindNet, "within 200ms: 2 bytes of its body (2 attempts)")
	if took := time.Since(started); took > 10*time.Second || len(s.got()) != 2 {
		t.Errorf("%s, %d requests", took, len(s.got()))
	}
}

func TestWebhookRefusedAndGone(t *testing.T) {
	s := serve(t, status(200))
	s.Close()
	_, err := setup{}.run(t, `notify.webhook("`+s.URL+`", "x", {retries = 1, backoff = 0})`)
	wantKind(t, err, luabind.KindNet, "(2 attempts)")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = setup{ctx: ctx}.run(t, `notify.webhook("`+s.URL+`", "x", {retries = 1, backoff = "10m"})`)
	if took := time.Since(started); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
		t.Errorf("the pause before a retry outlives the script: %v after %s", err, took)
	}
}

func TestRetryAfterIsHeard(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(503)
	}, status(204))
	if _, err := (setup{}).run(t, `notify.webhook("`+s.URL+`", "x", {backoff = "1ms"})`); err != nil {
		t.Fatal(err)
	}
	if gap := s.times[1].Sub(s.times[0]); gap < time.Second {
		t.Errorf("tried again after %s", gap)
	}
}

func TestUsage(t *testing.T) {
	s := serve(t, status(200))
	for call, text := range map[string]string{
		`notify.webhook("` + s.URL + `")`:                                         "payload: missing",
		`notify.webhook("` + s.URL + `", print)`:                                  "notify.webhook: payload: value: a function",
		`local t = {}; t.a = {t}; notify.webhook("` + s.URL + `", t)`:             "contains itself",
		`notify.webhook("ftp://x/", 1)`:                                           "does not begin with http",
		`notify.webhook("http://x/\n", 1)`:                                        "line break",
		`notify.webhook("` + s.URL + `", 1, {headers = {["X-A"] = "a\r\nB: c"}})`: `"X-A" has a line break`,
		`notify.webhook("` + s.URL + `", 1, {headers = {["X\nA"] = "a"}})`:        "has a line break",
		`notify.webhook("` + s.URL + `", 1, {headers = {["X-A"] = {}}})`:          "want a string or a secret",
		`notify.webhook("` + s.URL + `", 1, {retries = -1})`:                      "retries: got -1",
		`notify.webhook("` + s.URL + `", 1, {retries = 1e6})`:                     "retries: got 1000000",
		`notify.webhook("` + s.URL + `", 1, {timeout = 0})`:                       "timeout: got",
		`notify.webhook("` + s.URL + `", 1, {key = ""})`:                          "key: it is empty",
		`notify.webhook("` + s.URL + `", 1, {kye = "a"})`:                         `did you mean "key"`,
		`notify.syslog("a", {priority = "loud"})`:                                 "want emerg alert",
		`notify.syslog("a", {facility = "loud"})`:                                 "want user daemon",
		`notify.syslog("a", {tag = "a b"})`:                                       "tag:",
		`notify.syslog("a", {address = "log"})`:                                   "want an absolute path",
		`notify.syslog("a", {address = "http://x"})`:                              "want a path, udp",
		`notify.syslog("a", {address = "udp://:514"})`:                            "want a host and a port",
		`notify.syslog("a", {address = "tcp://h:99999"})`:                         "want a host and a port",
		`notify.syslog("a", {address = "/" .. ("x"):rep(108)})`:                   "it has 109 bytes, and the path of a socket at most 107",
		`notify.syslog("")`:                                                       "it is empty",
		`notify.exec("mail root", 1)`:                                             "argv",
		`notify.exec({}, 1)`:                                                      "argv",
		`notify.exec({"a\0"}, 1)`:                                                 "NUL",
	} {
		_, err := setup{state: t.TempDir()}.run(t, call)
		wantKind(t, err, luabind.KindUsage, text)
	}
	if n := s.got(); len(n) != 0 {
		t.Errorf("sent %q", n)
	}
	_, err := setup{}.run(t, `notify.webhook("`+s.URL+`", 1, {key = "k"})`)
	wantKind(t, err, luabind.KindUnsupported, "no folder to remember in")
}

func TestSecrets(t *testing.T) {
	s := serve(t, status(200), status(403))
	out, err := setup{}.run(t, `
		local token = secret.value("tok-12345")
		notify.webhook("`+s.URL+`/" .. token, {auth = {token, "has tok-12345 in it"}, [token and "n"] = 1}, {headers = {Authorization = "Bearer " .. token}})
		local ok, err = pcall(notify.webhook, "`+s.URL+`/" .. token, 1)
		print(err)`)
	if err != nil || strings.Contains(out, "tok-12345") || !strings.Contains(out, "/***") {
		t.Errorf("got %q %v", out, err)
	}
	if got := s.got(); got[0] != `POST /tok-12345 {"auth":["tok-12345","has *** in it"],"n":1}` {
		t.Errorf("got %q", got[0])
	}
	if got := s.heads[0].Get("Authorization"); got != "Bearer tok-12345" {
		t.Errorf("got %q", got)
	}
}

func TestDenied(t *testing.T) {
	s := serve(t, status(200))
	for _, call := range []string{`notify.webhook("` + s.URL + `", 1)`, `notify.syslog("a")`, `notify.syslog("a", {address = "udp://127.0.0.1:9"})`, `notify.exec({"true"}, 1)`} {
		_, err := setup{policy: policy.Nothing(), limited: true}.run(t, call)
		wantKind(t, err, luabind.KindDenied, "denied")
	}
	if len(s.got()) != 0 {
		t.Error("sent")
	}
}

func TestOncePerKey(t *testing.T) {
	s := serve(t, status(500), status(200))
	state := t.TempDir()
	call := func(key, opts string) string {
		return `print(notify.webhook("` + s.URL + `", "x", {key = "` + key + `", retries = 0` + opts + `}))`
	}
	_, err := setup{state: state}.run(t, call("a", ""))
	wantKind(t, err, luabind.KindNet, "500") // and does not count
	for i, want := range []string{"true\n", "false\n", "false\n"} {
		if out, err := (setup{state: state}).run(t, call("a", "")); err != nil || out != want {
			t.Errorf("%d: got %q %v, want %q", i, out, err, want)
		}
	}
	for name, want := range map[string]string{
		call("b", ""): "true\n", call("a", ", within = 0"): "true\n",
		`print(notify.exec({"true"}, 1, {key = "a"}))`: "true\n",
	} {
		if out, err := (setup{state: state}).run(t, name); err != nil || out != want {
			t.Errorf("%s: got %q %v, want %q", name, out, err, want)
		}
	}
	if out, err := (setup{state: state, name: "other.lua"}).run(t, call("a", "")); err != nil || out != "true\n" {
		t.Errorf("another script: %q %v", out, err)
	}
	if n := len(s.got()); n != 5 {
		t.Errorf("%d requests, want 5: %q", n, s.got())
	}
	out, err := setup{state: state}.run(t, call("c", ", within = 0.05")+`
		local till = os.clock() + 0.06; while os.clock() < till do end
		`+call("c", ", within = 0.05"))
	if err != nil || out != "true\ntrue\n" {
		t.Errorf("after the time: %q %v", out, err)
	}
}

func TestOverlappingRunsTellOnce(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		w.WriteHeader(200)
	})
	state := t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for range 8 {
		wg.Go(func() {
			out, err := setup{state: state}.run(t, `print(notify.webhook("`+s.URL+`", "x", {key = "k"}))`)
			mu.Lock()
			defer mu.Unlock()
			answers[out]++
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(s.got()) != 1 || answers["true\n"] != 1 || answers["false\n"] != 7 {
		t.Errorf("%d requests, answers %v", len(s.got()), answers)
	}
}

// What cannot be remembered is told all the same.
func TestBrokenMemory(t *testing.T) {
	s := serve(t, status(200))
	state := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := setup{state: state}.run(t, `notify.webhook("`+s.URL+`", "x", {key = "k"})`)
	wantKind(t, err, luabind.KindIO, "it was told, but cannot be remembered")
	if len(s.got()) != 1 {
		t.Errorf("%d requests, want 1", len(s.got()))
	}
}

func TestDryRun(t *testing.T) {
	s := serve(t, status(200))
	state := filepath.Join(t.TempDir(), "state")
	var planned []luabind.Change
	file := filepath.Join(t.TempDir(), "made")
	out, err := setup{state: state, planned: &planned}.run(t, `
		notify.webhook("`+s.URL+`", "x", {key = "k"})
		print(notify.webhook("`+s.URL+`", "x", {key = "k"}))
		notify.syslog("hello", {address = "/nowhere"})
		notify.exec({"touch", "`+file+`"}, {})`)
	if err != nil || out != "false\n" || len(planned) != 3 || len(s.got()) != 0 {
		t.Errorf("%q %v %+v %q", out, err, planned, s.got())
	}
	for i, want := range []string{"notify.webhook " + s.URL, "notify.syslog to /nowhere: hello", "notify.exec touch"} {
		if i < len(planned) && (planned[i].Op != "notify" || !strings.HasPrefix(planned[i].Text, want) || planned[i].Where == "") {
			t.Errorf("planned %+v, want %q", planned[i], want)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the command ran")
	}
	if _, err := os.Stat(state); err == nil {
		t.Error("the state folder was made")
	}
	_, err = setup{planned: &planned}.run(t, `print(notify.webhook("`+s.URL+`", 1) == true, tostring(notify.webhook("`+s.URL+`", 1)))`)
	wantKind(t, err, luabind.KindPlanned, "the result of")
}
