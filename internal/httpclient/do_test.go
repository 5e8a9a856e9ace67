package httpclient

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server for a test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// rawServer answers each connection with what talk does with it.
func rawServer(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			talk(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// readHead reads a request up to the empty line.
func readHead(conn net.Conn) {
	var got []byte
	one := make([]byte, 1)
	for !strings.HasSuffix(string(got), "\r\n\r\n") {
		if n, err := conn.Read(one); n == 0 || err != nil {
			return
		}
		got = append(got, one[0])
	}
}

// say answers every request with the same bytes.
func say(t *testing.T, text string) string {
	return "http://" + rawServer(t, func(conn net.Conn) {
		readHead(conn)
		_, _ = io.WriteString(conn, text)
	})
}

func fails(t *testing.T, r Request, want Reason, message string) *Error {
	t.Helper()
	resp, err := Do(t.Context(), r)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %+v %v, want %s", resp, err, want)
	}
	if e.Reason != want || !strings.Contains(e.Message, message) {
		t.Errorf("got %s: %s\nwant %s: %s", e.Reason, e.Message, want, message)
	}
	for _, c := range e.Message {
		if c < ' ' || c > '~' {
			t.Errorf("the message has %q in it: %q", c, e.Message)
		}
	}
	if len(e.Message) > 1000 {
		t.Errorf("the message has %d bytes", len(e.Message))
	}
	return e
}

func TestAnswer(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Two", "1")
		w.Header().Add("X-Two", "2")
		w.WriteHeader(418)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.Header.Get("X-A"), r.UserAgent(), body)
	})
	r, err := Do(t.Context(), Request{Method: "PUT", URL: url, Header: http.Header{"X-A": {"b"}, "host": {"other.example"}}, Body: []byte("text")})
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != 418 || string(r.Body) != "PUT other.example b opslua text" || len(r.Header["X-Two"]) != 2 {
		t.Errorf("got %+v %s", r, r.Body)
	}
	if r.URL != url || r.Seconds <= 0 || !r.Expires.IsZero() || r.Cut {
		t.Errorf("got %+v", r)
	}
}

func TestHead(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "1000000") })
	r, err := Do(t.Context(), Request{Method: "HEAD", URL: url, MaxBody: 10})
	if err != nil || len(r.Body) != 0 || r.Header.Get("Content-Length") != "1000000" {
		t.Errorf("got %+v %v", r, err)
	}
}

func TestPasswordOfTheURL(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s", user, password)
	})
	r, err := Do(t.Context(), Request{URL: strings.Replace(url, "//", "//me:hidden@", 1)})
	if err != nil || string(r.Body) != "me hidden" || strings.Contains(r.URL, "hidden") || !strings.Contains(r.URL, "me:***@") {
		t.Errorf("got %+v %s %v", r, r.Body, err)
	}
}

func TestBadRequests(t *testing.T) {
	for _, x := range []struct {
		r    Request
		want string
	}{
		{Request{URL: ""}, "does not begin with http"},
		{Request{URL: "ftp://x/"}, "does not begin with http"},
		{Request{URL: "http://"}, "no host"},
		{Request{URL: "http://:80/"}, "no host"},
		{Request{URL: "http://x:0/"}, "no number from 1 to 65535"},
		{Request{URL: "http://x:65536/"}, "no number from 1 to 65535"},
		{Request{URL: "http://x/\r\nA: b"}, "line break"},
		{Request{URL: "http://x/\x1b[2J"}, "control character"},
		{Request{URL: "http://me:hid/den@x/"}, "percent-encoded"},
		{Request{URL: "http://me:hid%zzden@x/"}, "escape"},
		{Request{URL: "http://x/", Method: "GET / HTTP/1.1\r\n"}, "the method"},
		{Request{URL: "http://x/", Method: "CONNECT"}, "the method"},
		{Request{URL: "http://x/", Header: http.Header{"A": {"b\r\nC: d"}}}, "the header A has a line break"},
		{Request{URL: "http://x/", Header: http.Header{"A": {"b\x00"}}}, "the header A has a control character"},
		{Request{URL: "http://x/", Header: http.Header{"A b": {"c"}}}, "the header name"},
		{Request{URL: "http://x/", Header: http.Header{"": {"c"}}}, "the header name"},
		{Request{URL: "https://x/", CA: []byte("no certificate")}, "no certificate in PEM"},
	} {
		x.r.Allow = func(string) error { t.Error("it has got as far as a connection"); return errors.New("no") }
		e := fails(t, x.r, BadRequest, x.want)
		if strings.Contains(e.Message+e.URL, "hid") {
			t.Errorf("the message holds a password: %s", e.Message)
		}
	}
}

func TestTruncatedAndReset(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":       "",
		"half a header": "HTTP/1.1 200 OK\r\nA: ",
		"half a name":   "HTTP/1.1 200 OK\r\nContent-Le",
		"half a body":   "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"half a chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"no last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	} {
		t.Run(name, func(t *testing.T) { fails(t, Request{URL: say(t, answer)}, Reset, "closed the connection") })
	}
	t.Run("reset", func(t *testing.T) {
		addr := rawServer(t, func(conn net.Conn) {
			readHead(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
			_ = conn.(*net.TCPConn).SetLinger(0)
		})
		fails(t, Request{URL: "http://" + addr}, Reset, "the server ")
	})
}

func TestNoHTTP(t *testing.T) {
	for name, answer := range map[string]string{
		"ssh":           "SSH-2.0-OpenSSH_9.2\r\n",
		"hostile":       "\x1b]0;owned\x07\x1b[2J\xff\r\n\r\n",
		"bad length":    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"bad chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"half a status": "HTTP/1.1 20",
		"bad redirect":  "HTTP/1.1 302 Found\r\nLocation: http://\x1b[2J/\r\n\r\n",
		"bad header":    "HTTP/1.1 200 OK\r\n\x1b[2J\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) { fails(t, Request{URL: say(t, answer)}, Other, "") })
	}
	huge := "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 2<<20) + "\r\n\r\n"
	fails(t, Request{URL: say(t, huge)}, Other, "the headers of the answer are larger than 1 MiB")
}

func TestSlow(t *testing.T) {
	done := make(chan struct{})
	drip := func(w io.Writer) {
		for range 200 {
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	body := serve(t, func(w http.ResponseWriter, r *http.Request) { drip(w) })
	headers := "http://" + rawServer(t, func(conn net.Conn) { readHead(conn); drip(conn) })
	silent := "http://" + rawServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	defer close(done)
	for url, want := range map[string]string{body: "bytes of its body", headers: "no answer within 800ms", silent: "no answer within 800ms"} {
		start := time.Now()
		e := fails(t, Request{URL: url, Timeout: 800 * time.Millisecond}, Timeout, want)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: ended after %s", e.Message, took)
		}
	}
}

func TestCaller(t *testing.T) {
	silent := "http://" + rawServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := Do(ctx, Request{URL: silent})
	var e *Error
	if !errors.As(err, &e) || e.Reason != Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err = Do(ctx, Request{URL: silent}); !errors.As(err, &e) || e.Reason != Timeout || !strings.Contains(e.Message, "before the deadline") {
		t.Errorf("got %v", err)
	}
}

// late is a context whose deadline has passed, and whose timer fires later.
type late struct {
	context.Context
	at time.Time
}

func (l late) Deadline() (time.Time, bool) { return l.at, true }

func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := Ended(late{ctx, time.Now()}); err == nil {
		t.Error("the deadline has passed")
	}
	if err := Ended(late{t.Context(), time.Now().Add(time.Hour)}); err != nil {
		t.Error(err)
	}
}

func TestMaxBody(t *testing.T) {
	text := strings.Repeat("x", 1000)
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) })
	chunked := serve(t, func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); fmt.Fprint(w, text) })
	packed := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, text)
		z.Close()
	})
	for _, url := range []string{plain, chunked, packed} {
		fails(t, Request{URL: url, MaxBody: 999}, TooLarge, "larger than 999 bytes")
		if r, err := Do(t.Context(), Request{URL: url, MaxBody: 1000}); err != nil || string(r.Body) != text || r.Cut {
			t.Errorf("got %+v %v", r, err)
		}
		if r, err := Do(t.Context(), Request{URL: url, MaxBody: 999, CutBody: true}); err != nil || len(r.Body) != 999 || !r.Cut {
			t.Errorf("got %+v %v", r, err)
		}
	}
}

func TestBadGzip(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
	fails(t, Request{URL: say(t, head+"this is no gzip at all")}, Other, "no valid gzip")
	fails(t, Request{URL: say(t, head+"\x1f\x8b\x08\x00")}, Reset, "before the answer was whole")
}

func TestRedirects(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		if n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
			return
		}
		fmt.Fprint(w, "here", r.Referer())
	})
	var asked atomic.Int32
	r, err := Do(t.Context(), Request{URL: url + "/10", Allow: func(string) error { asked.Add(1); return nil }})
	if err != nil || string(r.Body) != "here" || r.URL != url+"/0" || asked.Load() != 11 {
		t.Errorf("got %+v %v, asked %d times", r, err, asked.Load())
	}
	fails(t, Request{URL: url + "/11"}, Redirects, "more than 10 redirects")
	for _, to := range []string{"file:///etc/passwd", "gopher://x/", "http://[bad/"} {
		bad := say(t, "HTTP/1.1 302 Found\r\nLocation: "+to+"\r\nContent-Length: 0\r\n\r\n")
		fails(t, Request{URL: bad}, Redirects, "leads to no URL of HTTP")
	}
	e := fails(t, Request{URL: say(t, "HTTP/1.1 302 Found\r\nLocation: http://me:hidden@127.0.0.1:1/\u202e?\u202e\r\nContent-Length: 0\r\n\r\n")}, Refused, "redirected to http://me:***@127.0.0.1:1/")
	if strings.Contains(e.Message, "hidden") {
		t.Error(e.Message)
	}
}

func TestAllow(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the server that is not allowed was asked") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
	no := errors.New("not allowed")
	var asked []string
	_, err := Do(t.Context(), Request{URL: url, Allow: func(a string) error {
		asked = append(asked, a)
		if "http://"+a == target {
			return no
		}
		return nil
	}})
	if err != no || len(asked) != 2 || "http://"+asked[0] != url {
		t.Errorf("got %v, asked %v", err, asked)
	}
	for url, want := range map[string]string{"http://x/": "x:80", "https://X/": "X:443", "https://[::1]/": "[::1]:443", "http://x.:8080/": "x.:8080"} {
		var got string
		_, err := Do(t.Context(), Request{URL: url, Allow: func(a string) error { got = a; return no }})
		if err != no || got != want {
			t.Errorf("%s: asked %q, %v", url, got, err)
		}
	}
}

// What is secret stays with the server that it was meant for.
func TestHeadersAcrossHosts(t *testing.T) {
	seen := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s|%s|%s", r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Api-Key"), r.Header.Get("Accept"), r.Host)
	}
	other := serve(t, seen)
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/own":
			http.Redirect(w, r, "/seen", http.StatusTemporaryRedirect)
		case "/other":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		case "/seen":
			seen(w, r)
		}
	})
	header := http.Header{"Authorization": {"a"}, "Cookie": {"b"}, "X-Api-Key": {"c"}, "Accept": {"d"}, "Host": {"e"}}
	for path, want := range map[string]string{"/own": "a|b|c|d|e", "/other": "|||d|" + strings.TrimPrefix(other, "http://")} {
		r, err := Do(t.Context(), Request{URL: first + path, Header: header})
		if err != nil || string(r.Body) != want {
			t.Errorf("%s: got %s %v, want %s", path, r.Body, err, want)
		}
	}
}

func TestRefusedAndUnresolved(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	e := fails(t, Request{URL: "http://me:hidden@" + addr + "/"}, Refused, "GET http://me:***@"+addr+"/: connection refused")
	if strings.Contains(e.Error()+e.Unwrap().Error(), "hidden") {
		t.Errorf("%v: %v", e, e.Unwrap())
	}
	fails(t, Request{URL: "http://name.invalid/", Timeout: 5 * time.Second}, Resolve, `"name.invalid"`)
}

func TestShown(t *testing.T) {
	fails(t, Request{URL: "http://127.0.0.1:1/?token=hidden", Shown: "http://127.0.0.1:1/?token=***"}, Refused, "GET http://127.0.0.1:1/?token=***: connection refused")
	fails(t, Request{URL: "x", Shown: "a\x1bb"}, BadRequest, "GET a%1Bb: ")
}

func TestCheck(t *testing.T) {
	if a, err := Check(Request{URL: "https://x.example/"}); a != "x.example:443" || err != nil {
		t.Errorf("got %s %v", a, err)
	}
	var e *Error
	if _, err := Check(Request{URL: "https://"}); !errors.As(err, &e) || e.Reason != BadRequest || e.Transient() {
		t.Errorf("got %v", err)
	}
}

func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	if _, err := Do(t.Context(), Request{URL: url}); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	r, err := Do(t.Context(), Request{URL: s.URL, CA: ca})
	if err != nil || string(r.Body) != "HTTP/2.0" || !r.Expires.Equal(s.Certificate().NotAfter) {
		t.Errorf("got %+v %v", r, err)
	}
	fails(t, Request{URL: s.URL}, TLS, "not trusted")
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	fails(t, Request{URL: "https://localhost" + port, CA: ca}, TLS, `not for "localhost"`)
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	fails(t, Request{URL: strings.Replace(plain, "http:", "https:", 1)}, TLS, "does not speak TLS")
}

func TestOldTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	fails(t, Request{URL: s.URL}, TLS, "TLS failed: ")
}

func BenchmarkDo(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") }))
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Do(b.Context(), Request{URL: s.URL}); err != nil {
			b.Fatal(err)
		}
	}
}
