package net

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	stdnet "net"
	"strings"
	"testing"

	"opslua/luabind"
)

func TestTCP(t *testing.T) {
	names := map[string]string{
		"SMTP": rawServer(t, func(c stdnet.Conn) { _, _ = io.WriteString(c, "220 mail\x1b[2J ready\r\n") }),
		"ECHO": rawServer(t, func(c stdnet.Conn) { b := make([]byte, 4); _, _ = io.ReadFull(c, b); _, _ = c.Write(b); silent(c) }),
		"ENDLESS": rawServer(t, func(c stdnet.Conn) {
			for {
				if _, err := c.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}),
		"SILENT": rawServer(t, silent),
		"FREE":   freePort(t),
	}
	prints(t, "true\ttrue\ttrue\tnil", `local r = net.tcp("SMTP") print(r.ok, r.seconds > 0, r.remote == "SMTP", r.received)`, names)
	prints(t, "true", `print(net.tcp("SMTP", {expect = "220 "}).received:sub(1, 3) == "220")`, names)
	prints(t, "ping", `print(net.tcp("ECHO", {send = "ping", expect = "ping"}).received)`, names)
	e := raises(t, luabind.KindNet, "net.tcp: "+names["FREE"]+": connection refused", `net.tcp("FREE")`, names)
	if e.Fields["reason"] != "refused" || e.Fields["address"] != names["FREE"] {
		t.Errorf("got %v", e.Fields)
	}
	raises(t, luabind.KindNet, `want "250", it said "220 mail\x1b[2J ready\r\n"`, `net.tcp("SMTP", {expect = "250"})`, names)
	raises(t, luabind.KindNet, `want "pong", it said "ping"`, `net.tcp("ECHO", {send = "ping", expect = "pong", timeout = "500ms"})`, names)
	raises(t, luabind.KindNet, `want "x", it said "\x00`, `net.tcp("ENDLESS", {expect = "x"})`, names)
	e = raises(t, luabind.KindNet, "no answer within 500ms", `net.tcp("SILENT", {expect = "x", timeout = "500ms"})`, names)
	if e.Fields["reason"] != "timeout" || e.Fields["timeout"] != 0.5 {
		t.Errorf("got %v", e.Fields)
	}
	raises(t, luabind.KindNet, "no such name", `net.tcp("name.invalid:80", {timeout = "5s"})`, names)
}

func TestAddresses(t *testing.T) {
	for addr, message := range map[string]string{
		"":                  "not host:port",
		"x":                 "not host:port",
		":80":               "name is empty",
		"x:":                "the port",
		"x:0":               "the port",
		"x:080":             "the port",
		"x:65536":           "the port",
		"x:http":            "the port",
		"::1":               "stands in brackets",
		"[::1]":             "not host:port",
		"a b:80":            "no name",
		"x\\n:80":           "no name",
		"x..y:80":           "a part of it is empty",
		"bücher.example:80": "xn--",
	} {
		raises(t, luabind.KindUsage, message, `net.tcp("`+addr+`")`, nil)
	}
	for text, want := range map[string]place{
		"x.example:80": {"x.example:80", "x.example"}, "[::1]:80": {"[::1]:80", "::1"}, "127.0.0.1:1": {"127.0.0.1:1", "127.0.0.1"}, "a_b.:9": {"a_b.:9", "a_b."},
	} {
		if p, err := placeOf(text, ""); err != nil || p != want {
			t.Errorf("%s: got %v %v", text, p, err)
		}
	}
	if p, err := placeOf("x.example", "443"); err != nil || p.address != "x.example:443" {
		t.Errorf("got %v %v", p, err)
	}
}

func TestTLS(t *testing.T) {
	a, self := newAuthority(t), &authority{}
	server := func(cert tls.Certificate) string {
		return tlsServer(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	names := map[string]string{
		"GOOD":   server(a.sign(t, leaf(-10, 30.5, "127.0.0.1", "server.example"))),
		"OLD":    server(a.sign(t, leaf(-10, -1.5, "127.0.0.1"))),
		"YOUNG":  server(a.sign(t, leaf(1, 10, "127.0.0.1"))),
		"OTHER":  server(a.sign(t, leaf(-1, 10, "other.example"))),
		"SELF":   server(self.sign(t, leaf(-1, 10.5, "127.0.0.1"))),
		"CLIENT": tlsServer(t, &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf(-1, 10.5, "127.0.0.1"))}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}),
		"LEGACY": tlsServer(t, &tls.Config{Certificates: []tls.Certificate{a.sign(t, leaf(-1, 10.5, "127.0.0.1"))}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}),
		"SSH":    rawServer(t, func(c stdnet.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n"); silent(c) }),
		"SILENT": rawServer(t, silent),
		"FREE":   freePort(t),
		"CA":     a.file,
	}
	for text, want := range map[string]string{
		`local r = net.tls("GOOD", {ca = "CA"}) print(r.verified, r.error, r.days_left, r.version, r.seconds > 0, table.concat(r.names, " "))`:                     "true\tnil\t30\tTLS 1.3\ttrue\tserver.example 127.0.0.1",
		`local r = net.tls("GOOD", {ca = "CA"}) local c = r.chain[1] print(#r.chain, c.subject, c.issuer, c.not_after == r.not_after, c.not_after - c.not_before)`: "1\tCN=server\tCN=Test CA\ttrue\t3499200",
		`local r = net.tls("GOOD", {ca = "CA", server_name = "server.example"}) print(r.verified)`:                                                                 "true",
		`local r = net.tls("GOOD", {ca = "CA", server_name = "else.example"}) print(r.verified, r.error, r.days_left)`:                                             "false\tthe certificate is not for \"else.example\"\t30",
		`local r = net.tls("GOOD") print(r.verified, r.error, r.days_left)`:                                                                                        "false\tthe certificate is signed by an authority that is not trusted\t30",
		`local r = net.tls("OLD", {ca = "CA"}) print(r.verified, r.error:match("expired at %d+%-"):sub(1, 11), r.days_left)`:                                       "false\texpired at \t-2",
		`local r = net.tls("YOUNG", {ca = "CA"}) print(r.verified, r.error:match("not valid before"), r.days_left)`:                                                "false\tnot valid before\t9",
		`local r = net.tls("OTHER", {ca = "CA"}) print(r.verified, r.error)`:                                                                                       "false\tthe certificate is not for \"127.0.0.1\"",
		`local r = net.tls("SELF") print(r.verified, r.error, r.days_left)`:                                                                                        "false\tthe certificate is signed by itself and not trusted\t10",
		`local r = net.tls("CLIENT", {ca = "CA"}) print(r.verified, r.version)`:                                                                                    "true\tTLS 1.2",
		`local r = net.tls("LEGACY", {ca = "CA"}) print(r.verified, r.version)`:                                                                                    "true\tTLS 1.0",
	} {
		prints(t, want, text, names)
	}
	raises(t, luabind.KindNet, "does not speak TLS", `net.tls("SSH")`, names)
	raises(t, luabind.KindNet, "net.tls: "+names["FREE"]+": connection refused", `net.tls("FREE")`, names)
	raises(t, luabind.KindTimeout, "no answer within 500ms", `net.tls("SILENT", {timeout = "500ms"})`, names)
	raises(t, luabind.KindUsage, "server_name", `net.tls("GOOD", {server_name = "a b"})`, names)
	raises(t, luabind.KindNotFound, "no such file", `net.tls("GOOD", {ca = "/none"})`, names)
}

// A chain counts until its first certificate expires.
func TestExpiryOfTheChain(t *testing.T) {
	a := newAuthority(t)
	between := leaf(-1, 5.5)
	between.IsCA, between.BasicConstraintsValid, between.KeyUsage = true, true, x509.KeyUsageCertSign
	between.Subject.CommonName = "Between"
	middle := a.sign(t, between)
	second := &authority{cert: middle.Leaf, key: keyOf(middle)}
	cert := second.sign(t, leaf(-1, 90, "127.0.0.1"))
	cert.Certificate = append(cert.Certificate, middle.Certificate...)
	names := map[string]string{"ADDR": tlsServer(t, &tls.Config{Certificates: []tls.Certificate{cert}}), "CA": a.file}
	prints(t, "true\t5\t2", `local r = net.tls("ADDR", {ca = "CA"}) print(r.verified, r.days_left, #r.chain)`, names)
	if out, err := script(t, t.Context(), `print(net.tls("ADDR").days_left)`, names); err != nil || !strings.HasPrefix(out, "89") {
		t.Errorf("got %s %v", out, err)
	}
}
