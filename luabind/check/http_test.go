package check_test

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/policy"
)

func TestHTTP(t *testing.T) {
	hung := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(404)
		case "/slow":
			time.Sleep(60 * time.Millisecond)
		case "/hang":
			<-hung
		case "/reset":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		_, _ = fmt.Fprintf(w, "%s hello %s", r.Method, r.Header.Get("X-Test"))
	}))
	defer srv.Close()
	defer close(hung)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	for body, want := range map[string]string{
		`c:http(url .. "/")`: "OK: URL/: status 200 in ",
		`c:http(url .. "/", {status = 200, contains = {"hello", "GET"}, warn = 5, crit = "10"})`: "OK: URL/: status 200 in ",
		`c:http(url .. "/missing")`:                                                  "CRITICAL: URL/missing: status 404, want 200 to 399",
		`c:http(url .. "/missing", {status = {404, 410}})`:                           "OK: URL/missing: status 404 in ",
		`c:http(url .. "/missing", {status = {200, 410}})`:                           "CRITICAL: URL/missing: status 404, want 200 or 410",
		`c:http(url .. "/", {contains = "bye"})`:                                     `CRITICAL: URL/: the answer does not contain "bye"`,
		`c:http(url .. "/", {contains = "there", headers = {["X-Test"] = "there"}})`: "OK: ",
		`c:http(url .. "/slow", {warn = 0.03, crit = "30s"})`:                        "WARNING: URL/slow: ",
		`c:http(url .. "/slow", {crit = "10ms", label = "time"})`:                    "CRITICAL: time: ",
		`c:http(url .. "/hang", {timeout = "100ms"})`:                                "CRITICAL: GET URL/hang: ",
		`c:http(url .. "/reset")`:                                                    "CRITICAL: GET URL/reset: ",
		`c:http("http://` + closed + `/")`:                                           "CRITICAL: GET http://" + closed + "/: ",
		`c:http("nonsense")`:                                                         "UNKNOWN: ",
		`c:http("http://no-such-name.invalid/")`:                                     "UNKNOWN: GET http://no-such-name.invalid/: ",
		`c:http(url, {ca = "/no/such/file"})`:                                        "UNKNOWN: c:http: ca: ",
		`c:http(url, {ca = "/dev/null"})`:                                            "UNKNOWN: c:http: ca: /dev/null is no regular file",
		`c:http(url, {status = 99})`:                                                 "UNKNOWN: c:http: status: got 99, want a status from 100 to 599",
		`c:http(url, {status = {}})`:                                                 "UNKNOWN: c:http: status: an empty list",
		`c:http(url, {warn = "x"})`:                                                  "UNKNOWN: c:http: warn: ",
		`c:http(url, {headers = {a = {}}})`:                                          "UNKNOWN: c:http: headers: ",
		`c:http(url, {method = "POST", contains = "POST hello"})`:                    "OK: ",
		`local a = c:http(url) c:expect("a", a.status):eq(200) c:expect("b", a.body):contains("hello") c:expect("s", a.seconds):ge(0)`: "OK: ",
		`c:expect("none", c:http(url .. "/reset")):eq(nil)`:                                                                            "CRITICAL: GET ",
	} {
		got := strings.ReplaceAll(finding(t, `local url = "`+srv.URL+`" `+body), srv.URL, "URL")
		if !strings.HasPrefix(got, "c "+want) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestHTTPTrustsACertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }))
	srv.Config.ErrorLog = nil
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	put(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})))
	if got := finding(t, `c:http("`+srv.URL+`", {ca = "`+ca+`"})`); !strings.HasPrefix(got, "c OK: ") {
		t.Error(got)
	}
	put(t, ca, "no certificate")
	if got := finding(t, `c:http("`+srv.URL+`", {ca = "`+ca+`"})`); !strings.HasPrefix(got, "c UNKNOWN: ") {
		t.Error(got)
	}
}

// A dry run sends only what reads.
func TestHTTPInADryRun(t *testing.T) {
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts++
		}
	}))
	defer srv.Close()
	b := newBench(t)
	r := b.dry(`check("get", {}, function(c) c:http("` + srv.URL + `") end)
check("lower", {}, function(c) c:http("` + srv.URL + `", {method = "get"}) end)
check("post", {}, function(c) c:http("` + srv.URL + `", {method = "POST"}) c:ok("not reached") end)`)
	if posts != 0 || r.Findings[0].State != 0 || r.Findings[1].State != 0 || len(b.planned) != 1 || b.planned[0].Text != "POST "+srv.URL {
		t.Error(posts, states(r), b.planned)
	}
	if f := r.Findings[2]; !strings.HasPrefix(f.Text, "cannot predict past line 3: it reads the answer to POST ") {
		t.Error(states(r))
	}
}

// Every connection is asked for, and the file of certificates too.
func TestHTTPByPolicy(t *testing.T) {
	b := newBench(t)
	b.opts = []luabind.Option{luabind.WithPolicy(policy.Policy{})}
	r := b.ok(`check("a", {}, function(c) c:http("http://127.0.0.1:9/x") end)
check("b", {}, function(c) c:http("http://127.0.0.1:9/x", {ca = "/etc/passwd"}) end)`)
	for _, f := range r.Findings {
		if f.State.String() != "UNKNOWN" || !strings.HasPrefix(f.Text, "c:http: denied: ") {
			t.Error(states(r))
		}
	}
}
