package net

import (
	"crypto/tls"
	"fmt"
	stdnet "net"
	stdhttp "net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"opslua/luabind"
)

func TestProbe(t *testing.T) {
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		switch r.URL.Path {
		case "/404":
			w.WriteHeader(404)
		case "/key":
			fmt.Fprint(w, r.Header.Get("X-Key"))
		default:
			fmt.Fprint(w, "all is well")
		}
	})
	names["FREE"], names["OPEN"], names["SILENT"] = freePort(t), rawServer(t, func(stdnet.Conn) {}), rawServer(t, silent)
	prints(t, strings.Join([]string{
		"1 URL/ true nil 200", "2 URL/404 false status 404 404", "3 URL/404 true nil 404", "4 URL/404 true nil 404",
		"5 URL/ false the body does not contain \"bad\" 200", "6 URL/ true nil 200", "7 FREE false connection refused nil", "8 http://FREE/ false connection refused nil",
		"9 OPEN true nil nil", "10 tcp://OPEN true nil nil", "11 http://SILENT/ false no answer within 3s nil",
		"12 URL/key true nil 200", "13 OPEN true nil nil", "14 http://name.invalid/ false unresolved nil"}, "\n"),
		`local rows = net.probe({"URL/", "URL/404", {url = "URL/404", status = 404}, {url = "URL/404", status = {200, 404}},
			{url = "URL/", contains = "bad"}, {url = "URL/", contains = "well"}, "FREE", "http://FREE/", "OPEN", "tcp://OPEN", "http://SILENT/",
			{url = "URL/key", headers = {["X-Key"] = "abc"}, contains = "abc"}, {url = "OPEN"}, "http://name.invalid/"}, {timeout = "3s"})
		local out = {}
		for i, r in ipairs(rows) do
			if i == 14 and not r.ok and r.err ~= "" then r.err = "unresolved" end
			assert(r.seconds > 0 and r.tries == 1 and r.tls == nil)
			out[i] = i .. " " .. r.target .. " " .. tostring(r.ok) .. " " .. tostring(r.err) .. " " .. tostring(r.status)
		end
		print((table.concat(out, "\n"):gsub("http://ADDR", "U" .. "RL"):gsub("FREE", "F" .. "REE"):gsub("OPEN", "O" .. "PEN"):gsub("SILENT", "S" .. "ILENT")))`, names)
	prints(t, "0", `print(#net.probe{})`, names)
}

func TestProbeRetries(t *testing.T) {
	var busy, missing atomic.Int32
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		switch {
		case r.URL.Path == "/404":
			missing.Add(1)
			w.WriteHeader(404)
		case busy.Add(1) < 3:
			w.WriteHeader(503)
		}
	})
	names["FREE"] = freePort(t)
	prints(t, "true 3 nil 200\nfalse 1 status 404 404\nfalse 5 connection refused nil", `
		local out = {}
		for i, r in ipairs(net.probe({"URL/", "URL/404", "FREE"}, {retries = 4, backoff = "1ms"})) do
			out[i] = tostring(r.ok) .. " " .. r.tries .. " " .. tostring(r.err) .. " " .. tostring(r.status)
		end
		print(table.concat(out, "\n"))`, names)
	if missing.Load() != 1 {
		t.Errorf("asked %d times for what is not there", missing.Load())
	}
}

func TestProbeUsage(t *testing.T) {
	for text, message := range map[string]string{
		`net.probe("http://x/")`:                          "list: got",
		`net.probe({"http://x/", {}})`:                    "item 2",
		`net.probe({"http://x/", "x"})`:                   `item 2: "x": it is not host:port`,
		`net.probe({"http://x/", true})`:                  "item 2 is a boolean",
		`net.probe({"ftp://x/"})`:                         "item 1: GET ftp://x/: the URL does not begin with",
		`net.probe({{url = "http://x/", stat = 1}})`:      `item 1: unknown option "stat" (did you mean "status"?)`,
		`net.probe({{url = "http://x/", status = 1}})`:    "want a status from 100 to 999",
		`net.probe({{url = "http://x/", status = {}}})`:   "want a status from 100 to 999",
		`net.probe({{url = "x:80", status = 200}})`:       "are for URLs of HTTP",
		`net.probe{"http://x/", max = 5}`:                 `list: got the key "max", want a list such as`,
		`net.probe{web = "http://x/"}`:                    `list: got the key "web"`,
		`net.probe{[1] = "http://x/", [3] = "http://y/"}`: "item 2 is a nil",
		`net.probe({}, {max = 0})`:                        "max: got 0, want 1 to 1000",
		`net.probe({}, {max = 1001})`:                     "max: got 1001",
		`net.probe({}, {timeout = 0})`:                    "more than 0",
		`net.probe({}, {retries = 1.5})`:                  "retries",
		`net.probe({}, {mx = 1})`:                         `unknown option "mx"`,
		`net.probe({{url = "http://x/", headers = "A"}})`: "want a table",
	} {
		raises(t, luabind.KindUsage, message, text, nil)
	}
}

// A thousand targets, of which some answer only when all others have: in order,
// never more than max at a time, and the slow ones hold nobody.
func TestProbeMany(t *testing.T) {
	var now, most, quick atomic.Int32
	rest := make(chan struct{})
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if r.URL.Path == "/slow" {
			select {
			case <-rest:
			case <-r.Context().Done():
			}
		} else if quick.Add(1) == 980 {
			close(rest)
		}
		fmt.Fprint(w, r.URL.Query().Get("n"))
	})
	var told []luabind.Progress
	progress := luabind.WithProgress(func(p luabind.Progress) { told = append(told, p) })
	prints(t, "1000\tnil", `
		local list, wrong = {}, nil
		for i = 1, 1000 do list[i] = {url = "URL/" .. (i % 50 == 0 and "slow" or "") .. "?n=" .. i .. "x", contains = i .. "x"} end
		local rows = net.probe(list, {max = 50, timeout = "2m"})
		for _, r in ipairs(rows) do wrong = wrong or r.err end
		print(#rows, wrong)`, names, progress)
	if most.Load() > 50 || most.Load() < 20 {
		t.Errorf("%d at a time", most.Load())
	}
	last := told[len(told)-1]
	if len(told) != 1002 || told[0].Total != 1000 || told[0].Done != 0 || !last.Over || last.Done != 1000 {
		t.Errorf("told %d times, at last %+v", len(told), last)
	}
}

// A body without end costs no memory.
func TestProbeReadsLittle(t *testing.T) {
	var sent atomic.Int64
	names := serve(t, func(w stdhttp.ResponseWriter, r *stdhttp.Request) {
		for {
			n, err := w.Write(make([]byte, 4096))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	prints(t, "true", `print(net.probe{"URL"}[1].ok)`, names)
	if sent.Load() > 64<<20 {
		t.Errorf("the server could send %d bytes", sent.Load())
	}
}

func TestProbeTLS(t *testing.T) {
	a := newAuthority(t)
	s := httptest.NewUnstartedServer(stdhttp.HandlerFunc(echo))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf(-1, 3.5, "127.0.0.1"))}}
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	names := map[string]string{"URL": s.URL, "CA": a.file}
	prints(t, "true\t3", `local r = net.probe({"URL"}, {ca = "CA"})[1] print(r.ok, r.tls)`, names)
	prints(t, "false\tthe certificate is signed by an authority that is not trusted", `local r = net.probe({"URL"})[1] print(r.ok, r.err)`, names)
}
