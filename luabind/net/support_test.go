package net

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	stdnet "net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"opslua/luabind"
	"opslua/luabind/json"
	"opslua/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script runs a text in which NAME stands for a value, and gives what it prints.
func script(t *testing.T, ctx context.Context, text string, names map[string]string, options ...luabind.Option) (string, error) {
	t.Helper()
	var out bytes.Buffer
	options = append([]luabind.Option{luabind.WithModules(Module(), json.Module()),
		luabind.WithPolicy(policy.All()), luabind.WithStdio(nil, &out, nil)}, options...)
	host, err := luabind.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for name, value := range names {
		pairs = append(pairs, name, value)
	}
	err = host.RunText(ctx, "t.lua", strings.NewReplacer(pairs...).Replace(text))
	return out.String(), err
}

// prints wants a script to print something.
func prints(t *testing.T, want, text string, names map[string]string, options ...luabind.Option) {
	t.Helper()
	if got, err := script(t, t.Context(), text, names, options...); err != nil || got != want+"\n" {
		t.Errorf("%s\ngot  %q %v\nwant %q", text, got, err, want)
	}
}

// raises wants a script to fail, with a message on one line.
func raises(t *testing.T, kind luabind.Kind, message, text string, names map[string]string, options ...luabind.Option) *luabind.Error {
	t.Helper()
	got, err := script(t, t.Context(), text, names, options...)
	var e *luabind.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s\ngot %q %v, want %s", text, got, err, kind)
	}
	if e.Kind != kind || !strings.Contains(e.Message, message) || strings.Contains(e.Message, "\n") {
		t.Errorf("%s\ngot  %s: %s\nwant %s: %s", text, e.Kind, e.Message, kind, message)
	}
	return e
}

// freePort is an address on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := stdnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// rawServer answers each connection with what talk does with it.
func rawServer(t *testing.T, talk func(stdnet.Conn)) string {
	t.Helper()
	l, err := stdnet.Listen("tcp", "127.0.0.1:0")
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

// silent accepts and says nothing until the other side goes.
func silent(conn stdnet.Conn) { _, _ = io.Copy(io.Discard, conn) }

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate in PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour * 24 * 400), NotAfter: time.Now().Add(time.Hour * 24 * 400)}
	pair := a.sign(t, template)
	a.cert, a.key = pair.Leaf, keyOf(pair)
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate with a key of its own, signed by itself where there
// is no authority yet.
func (a *authority) sign(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// leaf is the certificate of a server, valid from and to days from now.
func leaf(from, to float64, names ...string) *x509.Certificate {
	day := func(n float64) time.Time { return time.Now().Add(time.Duration(n * 24 * float64(time.Hour))) }
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: day(from), NotAfter: day(to),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := stdnet.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	return c
}

// tlsServer makes handshakes and nothing else.
func tlsServer(t *testing.T, config *tls.Config) string {
	return rawServer(t, func(conn stdnet.Conn) {
		if tls.Server(conn, config).Handshake() == nil {
			silent(conn)
		}
	})
}

func keyOf(c tls.Certificate) *ecdsa.PrivateKey { return c.PrivateKey.(*ecdsa.PrivateKey) }

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
