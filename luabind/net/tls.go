package net

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	stdnet "net"
	"time"

	"opslua/internal/httpclient"
	"opslua/luabind"
	"opslua/policy"
)

func tlsInfo(c *luabind.Call) error {
	var (
		addr, name, ca string
		timeout        = defaultTimeout
	)
	if err := c.Unpack("addr", &addr, "timeout?", &timeout, "server_name?", &name, "ca?", &ca); err != nil {
		return err
	}
	if err := positive(c, "timeout", timeout); err != nil {
		return err
	}
	p, err := placeArg(c, "addr", addr, "443")
	if err != nil {
		return err
	}
	if name == "" {
		name = p.host
	} else if err := checkHost(name); err != nil {
		return c.Usage("server_name", "%s: %v", short(name), err)
	}
	var roots *x509.CertPool
	if ca != "" {
		pem, err := authorities(c, ca)
		if err != nil {
			return err
		}
		roots, _ = httpclient.Pool(pem) // authorities has tried it
	}
	if err := c.Require(policy.Connect{Address: p.address}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), timeout)
	defer cancel()
	start := time.Now()
	state, err := handshake(ctx, p.address, name)
	if err != nil {
		return failure{c, ctx, p.address, timeout}.of(err, luabind.KindTimeout)
	}
	out := describe(state, name, roots, time.Now())
	out["seconds"] = time.Since(start).Seconds()
	return c.Return(out)
}

var errNoCertificate = errors.New("tls: the server showed no certificate")

// handshake gives what a server shows of itself, trusted or not.
func handshake(ctx context.Context, address, name string) (*tls.ConnectionState, error) {
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	var seen *tls.ConnectionState
	conn := tls.Client(raw, &tls.Config{
		ServerName: name,
		// It is looked at, and nothing is said to it: describe verifies, so as to
		// report what is wrong. Old versions are looked at for the same reason.
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		VerifyConnection:   func(s tls.ConnectionState) error { seen = &s; return nil },
	})
	err = conn.HandshakeContext(ctx)
	switch {
	case seen == nil && err == nil, seen != nil && len(seen.PeerCertificates) == 0:
		return nil, errNoCertificate
	case seen != nil: // one that wants a certificate of ours ends it only afterwards
		return seen, nil
	}
	return nil, err
}

// describe verifies a certificate at a time and tells of it.
func describe(state *tls.ConnectionState, name string, roots *x509.CertPool, now time.Time) map[string]any {
	leaf := state.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, cert := range state.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: now})
	state.VerifiedChains = chains
	expires := httpclient.Expires(state)
	out := map[string]any{
		"verified":  err == nil,
		"not_after": expires.Unix(),
		"days_left": daysLeft(expires, now),
		"version":   tls.VersionName(state.Version),
		"names":     names(leaf),
		"chain":     chainRows(state.PeerCertificates),
	}
	if err != nil {
		_, out["error"] = httpclient.Explain(err)
	}
	return out
}

// daysLeft is the number of whole days; below 0 where it has expired.
func daysLeft(t, now time.Time) int { return int(math.Floor(t.Sub(now).Hours() / 24)) }

func names(cert *x509.Certificate) []string {
	list := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		list = append(list, stdnet.IP(ip).String())
	}
	return list
}

func chainRows(certs []*x509.Certificate) []map[string]any {
	rows := make([]map[string]any, len(certs))
	for i, cert := range certs {
		rows[i] = map[string]any{
			"subject": cert.Subject.String(), "issuer": cert.Issuer.String(),
			"not_before": cert.NotBefore.Unix(), "not_after": cert.NotAfter.Unix(),
		}
	}
	return rows
}
