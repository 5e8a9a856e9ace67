// Package httpclient asks HTTP servers for whole answers: bounded in time and
// size, with errors that say which of the things that can go wrong did.
package httpclient

import (
	"net/http"
	"time"
)

// Request is one request. It is plain data, safe to use again.
type Request struct {
	Method  string // default GET
	URL     string
	Header  http.Header
	Body    []byte
	Timeout time.Duration // of the whole exchange, the body included; 0: 30 s
	MaxBody int64         // bytes of the answer's body; 0: 64 MiB
	CA      []byte        // certificates in PEM to trust instead of the system's
	// Allow is asked before every connection, those of redirects too, with
	// "host:port" as it stands in the URL. Its error ends the request as it is.
	Allow func(address string) error
}

// Response is a whole answer, whatever its status.
type Response struct {
	Status  int
	Header  http.Header
	Body    []byte
	Seconds float64 // from the first byte sent to the last byte read
}

// Reason is what kept a whole answer from coming.
type Reason string

// The reasons.
const (
	BadRequest Reason = "bad request" // URL, method, header or certificates that cannot be used
	Resolve    Reason = "resolve"     // the name has no address
	Refused    Reason = "refused"
	Reset      Reason = "reset" // closed or broken before the answer was whole
	Timeout    Reason = "timeout"
	TLS        Reason = "tls"       // no trust, wrong name, no TLS at all
	TooLarge   Reason = "too large" // more than MaxBody
	Redirects  Reason = "redirects" // more than ten
	Other      Reason = "other"
)

// Error is why there is no whole answer. Its text is one line for a person.
type Error struct {
	Reason  Reason
	URL     string // without a password
	Message string
	Cause   error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the error of the network, where there was one.
func (e *Error) Unwrap() error { return e.Cause }
