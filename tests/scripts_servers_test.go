package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	der, key := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0)})
	var err error
	a.cert, err = x509.ParseCertificate(der)
	mustDo(t, err)
	a.key = key
	mustDo(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	return a
}

func (a *authority) issue(t *testing.T, c *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	mustDo(t, err)
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	mustDo(t, err)
	return der, key
}

// leaf is the certificate of a server on loopback, for so many days from now.
func (a *authority) leaf(t *testing.T, days float64) tls.Certificate {
	t.Helper()
	end := time.Now().Add(time.Duration(days * 24 * float64(time.Hour)))
	der, key := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "server.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().AddDate(0, 0, -100), NotAfter: end.Add(-time.Minute)})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pem(t *testing.T, days float64) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.leaf(t, days).Certificate[0]})
}

// webPages serves a few pages; with a certificate, by TLS.
func webPages(t *testing.T, cert *tls.Certificate) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "all is well\n") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(300 * time.Millisecond):
		case <-r.Context().Done():
		}
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if cert != nil {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	mustDo(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// address is HOST:PORT of a server.
func address(s *httptest.Server) string { return s.Listener.Addr().String() }

func TestLibraryHTTP(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	good := a.leaf(t, 100)
	plain, secure, dead := webPages(t, nil), webPages(t, &good), deadAddress(t)
	url := func(path string) string { return "url=" + plain.URL + path }
	l := library{script: "check/http.lua"}
	v := l.says(t, "OK", set(url("/ok"), "contains=is well"), "status 200 in ")
	if len(v) != 1 {
		t.Errorf("%+v", v)
	}
	for _, p := range v {
		if p.Unit != "s" || p.Value <= 0 || p.Value > 1 || p.Warn == nil || p.Crit == nil {
			t.Errorf("%+v", p)
		}
	}
	l.all(t, []libraryCase{
		{"OK", set(url("/moved")), nil},
		{"OK", set(url("/broken"), "status=500"), nil},
		{"WARNING", set(url("/slow"), "warn=0.2"), set("(warn 0.2s")},
		{"CRITICAL", set(url("/slow"), "crit=100ms"), set("(crit 0.1s")},
		{"CRITICAL", set(url("/slow"), "timeout=100ms"), set("/slow", "100ms")},
		{"CRITICAL", set(url("/broken")), set("status 500, want 200")},
		{"CRITICAL", set(url("/ok"), "contains=on fire"), set(`does not contain "on fire"`)},
		{"CRITICAL", set("url=http://" + dead + "/"), set("connection refused")},
		{"CRITICAL", set("url=" + secure.URL + "/ok"), set("certificate")},
		{"OK", set("url="+secure.URL+"/ok", "ca="+a.file), nil},
		{"UNKNOWN", set("url=" + dead), set("http")},
		{"UNKNOWN", set("url=http://no-such-name.invalid/"), set("no-such-name.invalid")},
		{"UNKNOWN", set("url="+secure.URL, "ca=/no-such-file"), set("/no-such-file")},
		{"UNKNOWN", set(url("/ok"), "warn=fast"), set("fast")},
		{"UNKNOWN", set(url("/ok"), "status=9"), set("status")},
		{"UNKNOWN", nil, set("url is required")},
	})
}

func TestLibraryTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	server := func(days float64) string {
		cert := a.leaf(t, days)
		return address(webPages(t, &cert))
	}
	long, soon, late, over, dead := server(100), server(20), server(3), server(-2), deadAddress(t)
	l, ca := library{script: "check/tls.lua"}, "ca="+a.file
	v := l.says(t, "OK", set("addr="+long, ca), long, "server.test")
	if len(v) != 1 || v["certificate"].Value != 99*86400 || v["certificate"].Unit != "s" {
		t.Errorf("%+v", v)
	}
	l.all(t, []libraryCase{
		{"WARNING", set("addr="+long+","+soon, ca), set("certificate: 19 days (warn 30:", soon)},
		{"CRITICAL", set("addr="+late, ca), set("certificate: 2 days (crit 7:")},
		{"CRITICAL", set("addr="+over, ca), set("not trusted: ", "expired")},
		{"CRITICAL", set("addr=" + long), set("not trusted: ")},
		{"OK", set("addr="+long, "trusted=no"), nil},
		{"CRITICAL", set("addr="+dead, ca), set(" - " + dead + ": connection refused")},
		{"CRITICAL", set("addr="+address(webPages(t, nil)), ca), nil},
		{"UNKNOWN", set("addr=127.0.0.1:port", ca), set("port")},
		{"UNKNOWN", set("addr="), set("names no server")},
		{"UNKNOWN", set("addr="+long, ca, "warn=soon"), set("soon")},
		{"UNKNOWN", set("addr="+long, "ca=/no-such-file"), set("/no-such-file")},
	})
}

func TestLibraryEndpoints(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	soon := a.leaf(t, 10)
	plain, secure, dead := webPages(t, nil), webPages(t, &soon), deadAddress(t)
	l := library{script: "check/endpoints.lua"}
	v := l.says(t, "OK", set("targets="+plain.URL+"/ok,"+address(plain), "retries=0"), address(plain))
	if len(v) != 2 {
		t.Errorf("%+v", v)
	}
	l.all(t, []libraryCase{
		{"WARNING", set("targets="+secure.URL+"/ok", "ca="+a.file), set("certificate: 9 days (warn 14:)")},
		{"WARNING", set("targets="+plain.URL+"/slow", "warn=0.2"), set("(warn 0.2s")},
		{"CRITICAL", set("targets="+plain.URL+"/ok,"+dead, "retries=0"), set(dead + ": connection refused")},
		{"CRITICAL", set("targets="+plain.URL+"/broken", "retries=0"), set("/broken: status 500")},
		{"CRITICAL", set("targets="+plain.URL+"/slow", "timeout=100ms", "retries=0"), set("/slow: ")},
		{"UNKNOWN", set("targets="), set("names nothing to ask")},
		{"UNKNOWN", set("targets=nowhere"), set("nowhere")},
		{"UNKNOWN", set("targets="+plain.URL+"/ok", "days=few", "warn=x"), set("warn")},
		{"UNKNOWN", set("targets="+dead, "max=0"), set("max")},
	})
}

// nameServer answers by UDP on loopback: what the zone has by "NAME TYPE", with
// numbers of types; that there is no such name for all else; nothing for mute.test.
func nameServer(t *testing.T, zone map[string][][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	mustDo(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := dnsAnswer(buf[:n], zone); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func dnsAnswer(query []byte, zone map[string][][]byte) []byte {
	const header = 12
	var labels []string
	at := header
	for at < len(query) && query[at] != 0 {
		end := at + 1 + int(query[at])
		if end >= len(query) {
			return nil
		}
		labels = append(labels, strings.ToLower(string(query[at+1:end])))
		at = end
	}
	if at+5 > len(query) {
		return nil
	}
	name, question := strings.Join(labels, "."), query[header:at+5]
	typ := query[at+1 : at+3]
	if name == "mute.test" {
		return nil
	}
	records := zone[fmt.Sprintf("%s %d", name, binary.BigEndian.Uint16(typ))]
	flags := []byte{0x81, 0x80}
	if name == "refused.test" {
		flags[1] |= 5
	} else if records == nil {
		flags[1] |= 3
	}
	out := slices.Concat(query[:2], flags, []byte{0, 1, 0, byte(len(records)), 0, 0, 0, 0}, question)
	for _, data := range records {
		out = slices.Concat(out, []byte{0xc0, header}, typ, []byte{0, 1, 0, 0, 0, 60, 0, byte(len(data))}, data)
	}
	return out
}

func TestLibraryDNS(t *testing.T) {
	t.Parallel()
	server := "server=" + nameServer(t, map[string][][]byte{
		"x.test 1":  {{192, 0, 2, 2}, {192, 0, 2, 1}},
		"x.test 15": {[]byte("\x00\x0a\x04mail\x04test\x00")},
		"x.test 16": {[]byte("\x07v=Spf.1")},
	})
	l := library{script: "check/dns.lua"}
	v := l.says(t, "OK", set("name=x.test", server, "expect=192.0.2.1,192.0.2.2"), "(192.0.2.1, 192.0.2.2)")
	if p := v["x.test A"]; p.Unit != "s" || p.Value <= 0 || p.Value > 0.5 {
		t.Errorf("%+v", v)
	}
	l.all(t, []libraryCase{
		{"OK", set("name=X.Test", server, "type=MX", "expect=10 Mail.test."), nil},
		{"OK", set("name=x.test", server, "type=TXT", "expect=v=Spf.1"), nil},
		{"OK", set("name=localhost", "expect=127.0.0.1"), nil},
		{"WARNING", set("name=x.test", server, "warn=1us", "crit=10"), set("(warn ")},
		{"CRITICAL", set("name=x.test", server, "crit=1us"), set("(crit ")},
		{"CRITICAL", set("name=x.test", server, "expect=192.0.2.9"), set("x.test has no A 192.0.2.9: 192.0.2.1, 192.0.2.2")},
		{"CRITICAL", set("name=y.test", server), set(`"y.test": no such name`)},
		{"CRITICAL", set("name=refused.test", server), set("refused.test")},
		{"CRITICAL", set("name=mute.test", server, "timeout=300ms"), set("mute.test", "300ms")},
		{"UNKNOWN", set("name=x.test", server, "type=ANY"), set("type")},
		{"UNKNOWN", set("name=x.test", "server=a b"), set("server")},
		{"UNKNOWN", set("name=192.0.2.1", server), set(`"192.0.2.1" is an address`)},
		{"UNKNOWN", set("name=x.test", server, "warn=fast"), set("fast")},
		{"UNKNOWN", nil, set("name is required")},
	})
}
