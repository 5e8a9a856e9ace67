package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bad is the error of a request that cannot be sent.
func (x *exchange) bad(err error) error {
	shown := x.shown()
	method := x.Method
	if !isToken(method) {
		method = "request"
	}
	return &Error{Reason: BadRequest, URL: shown, Message: method + " " + shown + ": " + err.Error()}
}

func (x *exchange) shown() string {
	if x.Shown != "" {
		return percent(x.Shown)
	}
	return ShownURL(x.URL)
}

// explain makes the error of an exchange that gave no whole answer.
func (x *exchange) explain(ctx context.Context, err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.err
	}
	reason, text := x.reason(ctx, err)
	shown := x.shown()
	message := x.Method + " " + shown
	if last := shownURL(x.last); x.last != x.first.URL {
		message += ", redirected to " + last
	}
	return &Error{Reason: reason, URL: shown, Message: message + ": " + text, Cause: cause(err)}
}

// cause is err without the URL, which may hold a password.
func cause(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// Ended is ctx.Err, but for the moment between a deadline and its timer: whoever
// compares the time himself, as a dialer does, has given up by then.
func Ended(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		<-ctx.Done() // the timer is due
	}
	return ctx.Err()
}

func (x *exchange) reason(ctx context.Context, err error) (Reason, string) {
	ended := Ended(x.parent)
	switch {
	case errors.Is(ended, context.Canceled):
		return Cancelled, "cancelled"
	// What the server did is known, however late it is.
	case errors.Is(err, errTooLarge):
		return TooLarge, fmt.Sprintf("the body is larger than %d bytes", x.maxBody)
	case errors.Is(err, errTooMany):
		return Redirects, errTooMany.Error()
	case errors.Is(err, errScheme) || strings.Contains(err.Error(), "Location header"):
		return Redirects, "the redirect leads to no URL of HTTP"
	case ended != nil:
		return Timeout, x.progress("before the deadline")
	case Ended(ctx) != nil:
		return Timeout, x.progress("within " + short(x.timeout))
	}
	if x.closed.Load() && !x.answered && strings.Contains(err.Error(), "malformed MIME header") {
		err = io.ErrUnexpectedEOF
	}
	return Explain(err)
}

// progress says how far it has got.
func (x *exchange) progress(when string) string {
	switch {
	case x.answered:
		return fmt.Sprintf("the answer was not whole %s: %d bytes of its body", when, x.got)
	case x.connected.Load():
		return "no answer " + when
	}
	return "no connection " + when
}

func short(d time.Duration) string {
	if d >= time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	return d.String()
}

// Explain says what an error of the network means, in one line of printable
// ASCII: of a name, a connection, TLS or an answer. It serves whoever connects
// without HTTP, too.
func Explain(err error) (Reason, string) {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return Resolve, explainDNS(dns)
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused, "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return Unreachable, "no way to that address"
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, context.DeadlineExceeded):
		return Timeout, "timed out"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return Other, "no file descriptor is left for a connection"
	}
	if text := explainTLS(err); text != "" {
		return TLS, text
	}
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return Reset, "the server reset the connection"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return Reset, "the server closed the connection before the answer was whole"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		return Other, "the body is no valid gzip"
	}
	return explainText(cause(err).Error())
}

// explainText is for what has no type of its own.
func explainText(text string) (Reason, string) {
	for _, prefix := range []string{"net/http: HTTP/1.x transport connection broken: ", "net/http: ", "http2: ", "http: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	switch {
	case strings.HasPrefix(text, "malformed"), strings.HasPrefix(text, "invalid"):
		return Other, "the answer is no HTTP: " + printable(text)
	case strings.HasPrefix(text, "server closed"):
		return Reset, "the server closed the connection before the answer was whole"
	case strings.HasPrefix(text, "stream error"), strings.Contains(text, "GOAWAY"):
		return Reset, "the server broke off the answer: " + printable(text)
	case strings.Contains(text, "exceeded") && strings.Contains(text, "header"):
		return Other, "the headers of the answer are larger than 1 MiB"
	}
	return Other, printable(text)
}

func explainDNS(e *net.DNSError) string {
	name := quoted(e.Name)
	switch {
	case e.IsNotFound:
		return "no address for " + name + ": no such name"
	case e.IsTimeout:
		return "no address for " + name + ": the name server did not answer"
	}
	return "no address for " + name + ": " + printable(e.Err)
}

func explainTLS(err error) string {
	var (
		record    tls.RecordHeaderError
		unknown   x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		untrusted *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the server does not speak TLS on this port"
	case errors.As(err, &unknown) && unknown.Cert != nil && bytes.Equal(unknown.Cert.RawSubject, unknown.Cert.RawIssuer):
		return "the certificate is signed by itself and not trusted"
	case errors.As(err, &unknown):
		return "the certificate is signed by an authority that is not trusted"
	case errors.As(err, &hostname):
		return "the certificate is not for " + quoted(hostname.Host)
	case errors.As(err, &invalid):
		return explainInvalid(&invalid)
	case errors.As(err, &untrusted):
		return "the certificate is not trusted: " + printable(untrusted.Err.Error())
	case strings.Contains(err.Error(), "tls: "):
		_, text, _ := strings.Cut(err.Error(), "tls: ")
		return "TLS failed: " + printable(text)
	}
	return ""
}

func explainInvalid(e *x509.CertificateInvalidError) string {
	if e.Reason != x509.Expired || e.Cert == nil {
		return "the certificate is not valid: " + printable(strings.TrimPrefix(e.Error(), "x509: "))
	}
	if now := time.Now(); now.Before(e.Cert.NotBefore) {
		return "the certificate is not valid before " + e.Cert.NotBefore.UTC().Format(time.RFC3339)
	}
	return "the certificate expired at " + e.Cert.NotAfter.UTC().Format(time.RFC3339)
}

// Expires is until when the certificate that a server has shown can be trusted:
// the longest-lived of the chains that lead to a trusted authority decides, and
// where there is none, the server's own certificate. Zero where there is neither.
func Expires(state *tls.ConnectionState) time.Time {
	if len(state.PeerCertificates) == 0 {
		return time.Time{}
	}
	var best time.Time
	for _, chain := range state.VerifiedChains {
		first := chain[0].NotAfter
		for _, cert := range chain {
			if cert.NotAfter.Before(first) {
				first = cert.NotAfter
			}
		}
		if first.After(best) {
			best = first
		}
	}
	if best.IsZero() {
		return state.PeerCertificates[0].NotAfter
	}
	return best
}
