package httpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Do sends a request and gives the whole answer, whatever its status. It follows
// at most ten redirects; on the way to another host only harmless headers go
// along. Proxies are not used, whatever the environment says. Its errors are
// *Error, but for those of Allow, which come as they are.
//
// Each call has connections of its own, which are closed when it returns.
func Do(ctx context.Context, r Request) (*Response, error) {
	x, err := newExchange(ctx, r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	return x.do(ctx)
}

// Check says, without a connection, where a request goes first, as "host:port",
// or the error that Do would give for a request that cannot be sent.
func Check(r Request) (address string, err error) {
	x, err := newExchange(context.Background(), r)
	if err != nil {
		return "", err
	}
	return addressOf(x.first.URL)
}

// exchange is one request on its way. It lives as long as Do, for its goroutine.
type exchange struct {
	Request
	parent    context.Context
	first     *http.Request
	transport *http.Transport
	timeout   time.Duration
	maxBody   int64
	started   time.Time
	last      *url.URL    // that is being asked
	connected atomic.Bool // set by the goroutine that dials
	closed    atomic.Bool // by the server; set by the goroutine that reads
	got       int64       // bytes of the body
	answered  bool
}

// refusal is an error of Allow on its way through http.Client.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

func newExchange(ctx context.Context, r Request) (*exchange, error) {
	x := &exchange{Request: r, parent: ctx, timeout: r.Timeout, maxBody: r.MaxBody}
	if x.Method == "" {
		x.Method = http.MethodGet
	}
	if x.timeout <= 0 {
		x.timeout = defaultTimeout
	}
	if x.maxBody <= 0 {
		x.maxBody = defaultMaxBody
	}
	x.maxBody = min(x.maxBody, math.MaxInt-1)
	var err error
	if x.first, err = x.build(); err != nil {
		return nil, x.bad(err)
	}
	config := &tls.Config{}
	if r.CA != nil {
		if config.RootCAs, err = Pool(r.CA); err != nil {
			return nil, x.bad(err)
		}
	}
	x.last = x.first.URL
	x.transport = x.newTransport(config)
	return x, nil
}

func (x *exchange) newTransport(config *tls.Config) *http.Transport {
	dialer := &net.Dialer{Resolver: &net.Resolver{PreferGo: true}}
	return &http.Transport{
		Proxy: nil, // on purpose: nothing below the command line reads the environment
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			x.connected.Store(false)
			conn, err := dialer.DialContext(ctx, network, address)
			x.connected.Store(err == nil)
			if err != nil {
				return nil, err
			}
			return ending{conn, &x.closed}, nil
		},
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true, // and so a dial ends with the request
		MaxResponseHeaderBytes: maxHeader,
	}
}

// ending is a connection that notes when the server has ended it: who parses
// what came until then may find half a line of it malformed.
type ending struct {
	net.Conn
	closed *atomic.Bool
}

func (e ending) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		e.closed.Store(true)
	}
	return n, err
}

func (x *exchange) do(ctx context.Context) (*Response, error) {
	x.started = time.Now()
	client := &http.Client{Transport: x, CheckRedirect: x.checkRedirect}
	resp, err := client.Do(x.first.WithContext(ctx))
	if err != nil {
		return nil, x.explain(ctx, err)
	}
	defer resp.Body.Close()
	x.answered = true
	out := &Response{Status: resp.StatusCode, Header: resp.Header, URL: withoutPassword(x.last)}
	if resp.TLS != nil {
		out.Expires = Expires(resp.TLS)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols { // what follows is no body
		if out.Body, out.Cut, err = x.body(resp); err != nil {
			return nil, x.explain(ctx, err)
		}
	}
	out.Seconds = time.Since(x.started).Seconds()
	return out, nil
}

// RoundTrip is one request of the exchange: the first or a redirect.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.last = req.URL
	address, err := addressOf(req.URL)
	if err != nil {
		return nil, err
	}
	if x.Allow != nil {
		if err := x.Allow(address); err != nil {
			return nil, &refusal{err}
		}
	}
	return x.transport.RoundTrip(req)
}

var errTooLarge = errors.New("too large")

// body reads the body, as far as it may.
func (x *exchange) body(resp *http.Response) (body []byte, cut bool, err error) {
	if x.Method != http.MethodHead && resp.ContentLength > x.maxBody && !x.CutBody {
		return nil, false, errTooLarge
	}
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && x.Method != http.MethodHead {
		buf.Grow(int(min(n, x.maxBody, 1<<20)) + bytes.MinRead)
	}
	x.got, err = io.Copy(&buf, io.LimitReader(resp.Body, x.maxBody+1))
	if x.got > x.maxBody {
		if !x.CutBody {
			return nil, false, errTooLarge
		}
		return buf.Bytes()[:x.maxBody], true, nil
	}
	return buf.Bytes(), false, err
}
