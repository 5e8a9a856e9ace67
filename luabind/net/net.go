// Package net is the Lua module net: it asks servers, and looks at what listens.
package net

import (
	"context"
	"errors"
	"math/rand/v2"
	stdnet "net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"opslua/internal/httpclient"
	"opslua/luabind"
	"opslua/policy"
)

// Module gives the module.
func Module() luabind.Module {
	return luabind.Module{
		Name: "net",
		Doc:  docModule,
		Funcs: []luabind.Func{
			{Name: "http", Impl: http, Doc: docHTTP},
			{Name: "tcp", Impl: tcp, Doc: docTCP},
			{Name: "dns", Impl: dns, Doc: docDNS},
			{Name: "tls", Impl: tlsInfo, Doc: docTLS},
			{Name: "listeners", Impl: listeners, Doc: docListeners},
			{Name: "probe", Impl: probe, Doc: docProbe},
		},
		Types: []luabind.Type{
			{Name: "response", Doc: "The answer of a server to net.http.", Methods: []luabind.Func{
				{Name: "json", Impl: responseJSON, Doc: docResponseJSON},
			}},
		},
	}
}

const defaultTimeout = 10 * time.Second

// place is a server: its address as the policy knows it, and its name.
type place struct{ address, host string }

// placeOf reads "host:port"; an empty port is one that has to be given.
func placeOf(text, port string) (place, error) {
	host := text
	if h, p, err := stdnet.SplitHostPort(text); err == nil {
		host, port = h, p
	} else if port == "" || strings.Count(text, ":") == 1 || strings.ContainsAny(text, "[]") {
		if _, err := netip.ParseAddr(text); err == nil && strings.Contains(text, ":") {
			return place{}, errors.New("an IPv6 address with a port stands in brackets: [::1]:80")
		}
		return place{}, errors.New("it is not host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return place{}, errors.New("the port is no number from 1 to 65535")
	}
	if err := checkHost(host); err != nil {
		return place{}, err
	}
	return place{stdnet.JoinHostPort(host, port), host}, nil
}

// checkHost wants an IP address or a name.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	return checkName(host)
}

// placeArg is placeOf for an argument of a call, which the policy is asked about.
func placeArg(c *luabind.Call, arg, text, port string) (place, error) {
	p, err := placeOf(text, port)
	if err != nil {
		return p, c.Usage(arg, "%s: %v", short(text), err)
	}
	return p, nil
}

// dial makes a connection. It does not ask the policy.
func dial(ctx context.Context, network, address string) (stdnet.Conn, error) {
	d := stdnet.Dialer{Resolver: &stdnet.Resolver{PreferGo: true}}
	return d.DialContext(ctx, network, address)
}

// watch ends what waits on a connection when the context does.
func watch(ctx context.Context, conn stdnet.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// failure is the error about a server that was not reached or gave no answer.
type failure struct {
	c       *luabind.Call
	ctx     context.Context // with the deadline of the call
	address string
	timeout time.Duration
}

// of makes the error; kind is what a deadline is called.
func (f failure) of(err error, timeout luabind.Kind) error {
	if ended := httpclient.Ended(f.c.Context()); ended != nil {
		return ended
	}
	var known *luabind.Error
	if errors.As(err, &known) {
		return err
	}
	kind := luabind.KindNet
	reason, text := httpclient.Explain(err)
	var said *unexpected
	if errors.As(err, &said) {
		reason = "unexpected"
	} else if httpclient.Ended(f.ctx) != nil || errors.Is(err, os.ErrDeadlineExceeded) {
		reason, text = httpclient.Timeout, "no answer within "+seconds(f.timeout)
	}
	fields := map[string]any{"reason": string(reason), "address": f.address}
	if reason == httpclient.Timeout {
		kind = timeout
		fields["timeout"] = f.timeout.Seconds()
	}
	return &luabind.Error{Kind: kind, Message: f.c.Name() + ": " + f.address + ": " + text, Fields: fields, Cause: err}
}

// positive refuses a duration of nothing.
func positive(c *luabind.Call, arg string, d time.Duration) error {
	if d <= 0 {
		return c.Usage(arg, "got %s, want more than 0", d)
	}
	return nil
}

// requireAll asks the policy about several addresses.
func requireAll(c *luabind.Call, addresses []string) error {
	for _, a := range addresses {
		if err := c.Require(policy.Connect{Address: a}); err != nil {
			return err
		}
	}
	return nil
}

// tries says how often something is tried again, and how long it rests between.
type tries struct {
	retries int
	backoff time.Duration
}

const maxRetries, maxPause = 1000, 5 * time.Minute

func (t tries) check(c *luabind.Call) error {
	if t.retries < 0 || t.retries > maxRetries {
		return c.Usage("retries", "got %d, want 0 to %d", t.retries, maxRetries)
	}
	return nil
}

// rest waits before the next attempt: twice as long each time, times a random
// factor from 0.5 to 1. It gives the error of a context that ends meanwhile.
func (t tries) rest(ctx context.Context, attempt int) error {
	d := t.backoff
	for i := 1; i < attempt && d < maxPause; i++ {
		d *= 2
	}
	d = time.Duration(float64(min(d, maxPause)) * (0.5 + rand.Float64()/2))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seconds is a duration as errors show it.
func seconds(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// short is a text as an error shows it: quoted, and not the whole of a long one.
func short(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(text[:most]) + "..."
	}
	return strconv.Quote(text)
}
