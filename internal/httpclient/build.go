package httpclient

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// build makes the first request, or says what cannot be used.
func (x *exchange) build() (*http.Request, error) {
	if !isToken(x.Method) || x.Method == http.MethodConnect {
		return nil, fmt.Errorf("the method %s cannot be used", quoted(x.Method))
	}
	u, err := parseURL(x.URL)
	if err != nil {
		return nil, err
	}
	if _, err := addressOf(u); err != nil {
		return nil, err
	}
	header, err := checkedHeader(x.Header)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(x.Method, u.String(), bytes.NewReader(x.Body))
	if err != nil {
		return nil, errors.New("the URL cannot be used")
	}
	if len(x.Body) == 0 {
		req.Body, req.GetBody = http.NoBody, nil
	}
	req.Host = header.Get("Host") // empty: that of the URL
	header.Del("Host")
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "opslua")
	}
	req.Header = header
	return req, nil
}

// parseURL reads a URL; the error names neither it nor a password in it.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	var ue *url.Error
	switch {
	case strings.ContainsAny(text, "\r\n"):
		return nil, errors.New("the URL has a line break in it")
	case errors.As(err, &ue):
		return nil, errors.New("the URL cannot be used: " + problemOf(ue.Err))
	case err != nil:
		return nil, errors.New("the URL cannot be used")
	}
	return u, nil
}

// problemOf names what url.Parse found wrong, without the text that it quotes:
// that may be a part of a password.
func problemOf(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "port"):
		return "the port is no number (a password with special characters has to be percent-encoded)"
	case strings.Contains(text, "escape"):
		return "an escape with % is not complete"
	case strings.Contains(text, "control character"):
		return "it has a control character in it"
	case strings.Contains(text, "userinfo"):
		return "the user or password has to be percent-encoded"
	case strings.Contains(text, "scheme"):
		return "it does not begin with http:// or https://"
	}
	return "its host is no name and no address"
}

// addressOf is the host:port that a URL leads to.
func addressOf(u *url.URL) (string, error) {
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errScheme
	case u.Hostname() == "":
		return "", errors.New("the URL has no host")
	case port == "" && u.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("the port is no number from 1 to 65535")
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

var errScheme = errors.New("the URL does not begin with http:// or https://")

// checkedHeader gives a copy under canonical names.
func checkedHeader(h http.Header) (http.Header, error) {
	out := make(http.Header, len(h)+1)
	for name, values := range h {
		if !isToken(name) {
			return nil, fmt.Errorf("the header name %s cannot be used", quoted(name))
		}
		for _, v := range values {
			if i := strings.IndexFunc(v, isControl); i >= 0 {
				what := "a control character"
				if v[i] == '\n' || v[i] == '\r' {
					what = "a line break"
				}
				return nil, fmt.Errorf("the header %s has %s in it", name, what)
			}
			out.Add(name, v)
		}
	}
	return out, nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken says that s is what RFC 9110 calls a token.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

// Pool reads certificates in PEM to trust. At least one is wanted.
func Pool(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in PEM among those to trust")
	}
	return pool, nil
}
