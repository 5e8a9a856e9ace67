package net

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	stdhttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"opslua/luabind"
	"opslua/policy"
)

func serve(t *testing.T, h stdhttp.HandlerFunc) map[string]string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return map[string]string{"URL": s.URL, "ADDR": strings.TrimPrefix(s.URL, "http://")}
}

func echo(w stdhttp.ResponseWriter, r *stdhttp.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Answer", "one")
	w.Header().Add("X-Answer", "two")
	w.Header().Add("Set-Cookie", "a=1, b")
	w.Header().Add("Set-Cookie", "c=2")
	if r.URL.Path == "/404" {
		w.WriteHeader(404)
	}
	fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Header.Get("Content-Type"), strings.Join(r.Header["X-A"], "+"), body)
}

func TestHTTP(t *testing.T) {
	names := serve(t, echo)
	for text, want := range map[string]string{
		`local r = net.http("URL/404") print(r.ok, r.status, r.headers["x-answer"], r.seconds > 0, r.url == "URL/404", r.attempts)`: "false\t404\tone, two\ttrue\ttrue\t1",
		`print(net.http("URL").headers["set-cookie"])`:                                                  "a=1, b\nc=2",
		`local r = net.http("URL", {method = "post", body = "text"}) print(r.ok, r.body)`:               "true\tPOST   text",
		`print(net.http("URL", {method = "PUT", json = {b = {1, 2}, a = true}}).body)`:                  `PUT application/json  {"a":true,"b":[1,2]}`,
		`print(net.http("URL", {method = "PUT", json = 1, headers = {["content-type"] = "x/y"}}).body)`: `PUT x/y  1`,
		`print(net.http("URL", {headers = {["X-A"] = {"1", 2}}}).body)`:                                 `GET  1+2 `,
		`local r = net.http("URL", {method = "HEAD"}) print(r.ok, r.body == "")`:                        "true\ttrue",
		`print(pcall(net.http("URL").json, 1))`:                                                         "false\tresponse:json: called on number 1; call it as x:json(...)",
	} {
		prints(t, want, text, names)
	}
}

func TestHTTPJSON(t *testing.T) {
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		fmt.Fprint(w, map[string]string{"/": `{"a": [1, null]}`, "/bad": `{"a": `}[r.URL.Path])
	})
	prints(t, "1\ttrue", `local v = net.http("URL/"):json() print(v.a[1], v.a[2] == json.null)`, names)
	raises(t, luabind.KindParse, "", `net.http("URL/bad"):json()`, names)
}

func TestHTTPFailures(t *testing.T) {
	names := map[string]string{
		"FREE":   freePort(t),
		"SILENT": rawServer(t, silent),
		"CLOSE":  rawServer(t, func(c stdnet.Conn) { _, _ = c.Read(make([]byte, 4096)) }),
		"LONG":   serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) { fmt.Fprint(w, strings.Repeat("x", 1001)) })["ADDR"],
	}
	e := raises(t, luabind.KindNet, "net.http: GET http://"+names["FREE"]+"/: connection refused", `net.http("http://FREE/")`, names)
	if e.Fields["reason"] != "refused" || e.Fields["attempts"] != 1 {
		t.Errorf("got %v", e.Fields)
	}
	raises(t, luabind.KindTimeout, "no answer within 500ms", `net.http("http://SILENT/", {timeout = "500ms"})`, names)
	raises(t, luabind.KindNet, "closed the connection", `net.http("http://CLOSE/")`, names)
	raises(t, luabind.KindNet, "larger than 1000 bytes", `net.http("http://LONG/", {max_body = 1000})`, names)
	raises(t, luabind.KindNet, "name.invalid", `net.http("http://name.invalid/", {timeout = "5s"})`, names)
	prints(t, "net\trefused", `local _, e = try(net.http, "http://FREE/") print(e.kind, e.reason)`, names)
}

func TestHTTPUsage(t *testing.T) {
	for text, message := range map[string]string{
		`net.http("x")`: "does not begin with http",
		`net.http("http://127.0.0.1:1/", {headers = {A = "b\r\nC: d"}})`: "line break",
		`net.http("http://127.0.0.1:1/", {headers = {A = true}})`:        "headers: \"A\": got a boolean",
		`net.http("http://127.0.0.1:1/", {headers = {"A: b"}})`:          "want names with strings",
		`net.http("http://127.0.0.1:1/", {headers = "A: b"})`:            "want a table",
		`net.http("http://127.0.0.1:1/", {method = "GET /"})`:            "the method",
		`net.http("http://127.0.0.1:1/", {timeout = 0})`:                 "more than 0",
		`net.http("http://127.0.0.1:1/", {retries = -1})`:                "retries",
		`net.http("http://127.0.0.1:1/", {max_body = 0})`:                "max_body",
		`net.http("http://127.0.0.1:1/", {time_out = 1})`:                `unknown option "time_out" (did you mean "timeout"?)`,
		`net.http("http://127.0.0.1:1/", {json = print})`:                "function",
		`net.http("http://127.0.0.1:1/", {json = 1, body = "x"})`:        "a body already",
	} {
		raises(t, luabind.KindUsage, message, text, nil)
	}
}

func TestHTTPRetries(t *testing.T) {
	var n atomic.Int32
	addr := rawServer(t, func(conn stdnet.Conn) {
		if n.Add(1) < 3 {
			return
		}
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
	})
	var told []luabind.Progress
	prints(t, "503\t3", `local r = net.http("http://ADDR/", {retries = 5, backoff = "1ms"}) print(r.status, r.attempts)`, map[string]string{"ADDR": addr},
		luabind.WithProgress(func(p luabind.Progress) { told = append(told, p) }))
	if len(told) != 3 || told[0].Done != 1 || told[0].Total != 6 || !told[2].Over {
		t.Errorf("told %+v", told)
	}
	raises(t, luabind.KindNet, "(3 attempts)", `net.http("http://ADDR/", {retries = 2, backoff = "1ms"})`, map[string]string{"ADDR": freePort(t)})
	start := time.Now()
	raises(t, luabind.KindUsage, "", `net.http("http://", {retries = 2, backoff = "1h"})`, nil)
	if time.Since(start) > time.Minute {
		t.Error("a bad URL was tried again")
	}
}

func TestContextEndsAll(t *testing.T) {
	names := map[string]string{"ADDR": rawServer(t, silent), "FREE": freePort(t)}
	for _, text := range []string{
		`pcall(net.http, "http://ADDR/") print("on")`,
		`net.http("http://FREE/", {retries = 3, backoff = "1h"}) print("on")`,
		`pcall(net.tcp, "ADDR", {expect = "x"}) print("on")`,
		`pcall(net.tls, "ADDR") print("on")`,
		`net.probe({"http://ADDR/", "http://ADDR/"}) print("on")`,
		`net.probe({"FREE"}, {retries = 3, backoff = "1h"}) print("on")`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		start := time.Now()
		out, err := script(t, ctx, text, names)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || out != "" || time.Since(start) > 5*time.Second {
			t.Errorf("%s: got %q %v after %s", text, out, err, time.Since(start))
		}
	}
}

func TestDryRun(t *testing.T) {
	var methods []string
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) { methods = append(methods, r.Method) })
	var planned []luabind.Change
	dry := luabind.WithDryRun(func(_ context.Context, c luabind.Change) { planned = append(planned, c) })
	prints(t, "200\t200\ttrue", `
		local a, b = net.http("URL"), net.http("URL", {method = "head"})
		local c = net.http("URL/x", {method = "DELETE"})
		net.http("URL", {method = "OPTIONS"})
		net.tcp("ADDR", {send = "FLUSHALL\r\n"})
		print(a.status, b.status, net.tcp("ADDR").ok)`, names, dry)
	if strings.Join(methods, " ") != "GET HEAD" {
		t.Errorf("sent %v", methods)
	}
	if len(planned) != 3 || planned[0].Op != "request" || planned[0].Text != "DELETE "+names["URL"]+"/x" || planned[0].Where != "t.lua:3" || planned[2].Text != "send 10 bytes to "+names["ADDR"] {
		t.Errorf("planned %+v", planned)
	}
	raises(t, luabind.KindPlanned, "cannot predict past line 1: it reads the answer of `POST "+names["URL"]+"`", `print(net.http("URL", {method = "POST"}).status)`, names, dry)
	raises(t, luabind.KindUsage, "", `net.http("nowhere", {method = "POST"})`, names, dry)
	raises(t, luabind.KindDenied, "", `net.http("URL", {method = "POST"})`, names, dry, luabind.WithPolicy(policy.Policy{}))
}

func TestPolicy(t *testing.T) {
	asked := 0
	target := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) { asked++ })
	from := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		stdhttp.Redirect(w, r, target["URL"], stdhttp.StatusFound)
	})
	p, err := policy.New(policy.Permissions{Connect: []string{from["ADDR"]}}, policy.Permissions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"FROM": from["ADDR"], "TARGET": target["ADDR"]}
	var events []luabind.Event
	options := []luabind.Option{luabind.WithPolicy(p), luabind.WithAudit(func(_ context.Context, e luabind.Event) { events = append(events, e) })}
	for text, fn := range map[string]string{
		`net.http("http://FROM/")`:                     "net.http",
		`net.http("http://FROM/", {method = "POST"})`:  "net.http",
		`net.http("http://TARGET/")`:                   "net.http",
		`net.http("http://TARGET/", {method = "PUT"})`: "net.http",
		`net.tcp("TARGET")`:                            "net.tcp",
		`net.tls("TARGET")`:                            "net.tls",
		`net.probe{"FROM", "TARGET"}`:                  "net.probe",
		`net.dns("x.example", {server = "TARGET"})`:    "net.dns",
	} {
		raises(t, luabind.KindDenied, fn+": denied: connect to "+target["ADDR"], text, names, options...)
	}
	raises(t, luabind.KindDenied, "net.listeners: denied: read /proc", `net.listeners()`, names, options...)
	raises(t, luabind.KindDenied, "net.http: denied: read /nowhere", `net.http("http://FROM/", {ca = "/nowhere"})`, names, options...)
	events = nil
	prints(t, "false\ttrue", `local r = net.probe{"http://FROM/"}[1] print(r.ok, r.err:find("denied: connect to TARGET", 1, true) ~= nil)`, names, options...)
	if len(events) != 2 || !events[0].Allowed || events[1].Allowed {
		t.Errorf("noted %+v", events)
	}
	if asked > 0 {
		t.Errorf("%d requests got through", asked)
	}
}

// secretModule gives scripts a secret.
func secretModule(text string) luabind.Option {
	return luabind.WithModules(luabind.Module{Name: "test", Doc: "For tests.", Funcs: []luabind.Func{{Name: "secret", Impl: func(c *luabind.Call) error {
		v, err := c.NewSecret("test", text)
		if err != nil {
			return err
		}
		return c.Return(v)
	}}}})
}

func TestSecrets(t *testing.T) {
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		body, _ := io.ReadAll(r.Body)
		ok := r.Header.Get("Authorization") == "Bearer s3cr3t-t0ken" && string(body) == "s3cr3t-t0ken" && r.URL.RawQuery == "t=s3cr3t-t0ken"
		fmt.Fprint(w, ok)
	})
	names["FREE"] = freePort(t)
	secret := secretModule("s3cr3t-t0ken")
	prints(t, "true", `local s = test.secret()
		print(net.http("URL?t=" .. s, {method = "POST", headers = {Authorization = "Bearer " .. s}, body = s}).body)`, names, secret)
	for _, text := range []string{`net.http("http://FREE/?t=" .. test.secret())`, `net.http("http://me:" .. test.secret() .. "@FREE/")`,
		`net.http("http://" .. test.secret() .. ":x/")`, `net.probe{"x " .. test.secret()}`} {
		_, err := script(t, t.Context(), text, names, secret)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", text, err)
		}
	}
	out, err := script(t, t.Context(), `local r = net.probe{"http://FREE/?t=" .. test.secret()}[1] print(r.target, r.err)`, names, secret)
	if err != nil || !strings.Contains(out, "?t=***") {
		t.Errorf("got %s %v", out, err)
	}
}

func TestChangesAreTold(t *testing.T) {
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {})
	names["FREE"] = freePort(t)
	var stages []luabind.Stage
	watch := luabind.WithModules(luabind.Module{Name: "test", Doc: "For tests.", Funcs: []luabind.Func{{Name: "watch", Impl: func(c *luabind.Call) error {
		c.WatchChanges(func(ch luabind.Change, s luabind.Stage) error {
			stages = append(stages, s)
			if strings.Contains(ch.Text, "/no") {
				return errors.New("kept from it")
			}
			return nil
		})
		return nil
	}}}})
	prints(t, "ok", `test.watch() net.http("URL") net.http("URL", {method = "POST"}) pcall(net.http, "http://FREE", {method = "POST"}) print("ok")`, names, watch)
	if len(stages) != 3 || stages[0] != luabind.Before || stages[1] != luabind.Made || stages[2] != luabind.Before {
		t.Errorf("told %v", stages)
	}
	raises(t, luabind.KindIO, "kept from it", `test.watch() net.http("URL/no", {method = "POST"})`, names, watch)
}

func TestCA(t *testing.T) {
	a := newAuthority(t)
	s := httptest.NewUnstartedServer(stdhttp.HandlerFunc(echo))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf(-1, 20.5, "127.0.0.1"))}}
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "link.pem")
	if err := errors.Join(syscall.Mkfifo(fifo, 0o644), os.Symlink(a.file, link)); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"URL": s.URL, "CA": a.file, "LINK": link, "FIFO": fifo, "DIR": dir,
		"EMPTY": write("empty", ""), "LARGE": write("large", strings.Repeat("x", maxAuthorities+1))}
	prints(t, "true", `print(net.http("URL", {ca = "CA"}).ok)`, names)
	prints(t, "true", `print(net.http("URL", {ca = "LINK"}).ok)`, names)
	prints(t, "true\t20\t200", `local r = net.probe({"URL"}, {ca = "CA"})[1] print(r.ok, r.tls, r.status)`, names)
	raises(t, luabind.KindNet, "not trusted", `net.http("URL")`, names)
	raises(t, luabind.KindNotFound, "no such file", `net.http("URL", {ca = "DIR/none"})`, names)
	raises(t, luabind.KindIO, "not a regular file", `net.http("URL", {ca = "DIR"})`, names)
	raises(t, luabind.KindIO, "not a regular file", `net.http("URL", {ca = "FIFO"})`, names)
	raises(t, luabind.KindParse, "no certificate in PEM", `net.http("URL", {ca = "EMPTY"})`, names)
	raises(t, luabind.KindIO, "larger than 1 MiB", `net.probe({}, {ca = "LARGE"})`, names)
}
