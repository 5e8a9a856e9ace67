// Package httpclient asks HTTP servers for whole answers: bounded in time and
// size, with errors that say which of the things that can go wrong did.
package httpclient

import (
	"net/http"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	defaultMaxBody = 64 << 20
	maxHeader      = 1 << 20 // bytes of an answer's headers
	maxRedirects   = 10
)

// Request is one request. It is plain data, safe to use again.
type Request struct {
	Method string // default GET
	URL    string
	// Shown stands for the URL in errors; empty: the URL without a password. It
	// is for a URL that holds a secret elsewhere.
	Shown   string
	Header  http.Header
	Body    []byte
	Timeout time.Duration // of the whole exchange, the body included; 0: 30 s
	MaxBody int64         // bytes of the answer's body, unpacked; 0: 64 MiB
	CutBody bool          // a body beyond MaxBody is cut there and is no error
	CA      []byte        // certificates in PEM to trust instead of the system's
	// Allow is asked before every connection, those of redirects too, with
	// "host:port" as it stands in the URL. Its error ends the request as it is.
	// It is called on the goroutine of Do, while that waits.
	Allow func(address string) error
}

// Response is a whole answer, whatever its status. It is plain data.
type Response struct {
	Status  int
	Header  http.Header
	Body    []byte
	Cut     bool      // CutBody: there was more
	URL     string    // that answered, after redirects; without a password
	Seconds float64   // from the start, name and connection included, to the last byte
	Expires time.Time // until when the server's certificate can be trusted; zero without TLS
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
	Redirects  Reason = "redirects" // more than ten, or one that leads nowhere
	// Unreachable is a host or a network to which there is no way.
	Unreachable Reason = "unreachable"
	// Cancelled is the caller, whose context was cancelled.
	Cancelled Reason = "cancelled"
	Other     Reason = "other" // no HTTP, for example
)

// Error is why there is no whole answer. It is plain data, and its text one line
// of printable ASCII for a person.
type Error struct {
	Reason  Reason
	URL     string // that was asked for, without a password
	Message string
	Cause   error
}

func (e *Error) Error() string { return e.Message }

// Transient says that the same request may have a whole answer a little later.
func (e *Error) Transient() bool {
	switch e.Reason {
	case Resolve, Refused, Reset, Timeout, Unreachable:
		return true
	}
	return false
}

// Unwrap gives the error of the network, where there was one.
func (e *Error) Unwrap() error { return e.Cause }
