package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/escape"
	"opslua/internal/httpclient"
	"opslua/internal/luatable"
	"opslua/luabind"
	"opslua/policy"
)

const (
	// maxAnswer is what is read of an answer, maxSaid what an error shows of it.
	maxAnswer, maxSaid = 64 << 10, 200
)

func webhook(c *luabind.Call) error {
	var (
		url     luabind.Text
		payload lua.LValue
		headers = headerArg{}
		timeout = 30 * time.Second
		o       = defaults()
	)
	if err := c.Unpack(o.pairs("url", &url, "payload", &payload, "headers?", &headers, "timeout?", &timeout)...); err != nil {
		return err
	}
	if err := errors.Join(o.check(c), checkTimeout(c, timeout)); err != nil {
		return err
	}
	body, err := payloadJSON(c, payload)
	if err != nil {
		return err
	}
	h := &hook{c: c, request: httpclient.Request{
		Method: http.MethodPost, URL: string(url), Shown: httpclient.ShownURL(c.Mask(string(url))),
		Header: http.Header(headers), Body: body, Timeout: timeout, MaxBody: maxAnswer, CutBody: true,
	}}
	if h.request.Header.Get("Content-Type") == "" {
		h.request.Header.Set("Content-Type", "application/json")
	}
	address, err := httpclient.Check(h.request)
	if err != nil {
		return h.failed(err)
	}
	if err := c.Require(policy.Connect{Address: address}); err != nil {
		return err
	}
	d := &delivery{c: c, opts: o, shown: c.Name() + " " + h.request.Shown, send: h.send}
	return d.run()
}

// hook is one webhook. For the script's goroutine.
type hook struct {
	c       *luabind.Call
	request httpclient.Request
}

var errRedirected = errors.New("the server redirects to another place, and a delivery is not sent there: use the URL that it leads to")

// send sends once. The address is granted, and nothing goes to another one: a
// redirect may turn a POST into a GET, which would count as delivered.
func (h *hook) send(ctx context.Context) error {
	r, requests := h.request, 0
	r.Allow = func(string) error {
		if requests++; requests > 1 {
			return errRedirected
		}
		return nil
	}
	resp, err := httpclient.Do(ctx, r)
	if err != nil {
		return h.failed(err)
	}
	return h.judge(resp)
}

// judge says what an answer means.
func (h *hook) judge(resp *httpclient.Response) error {
	if resp.Status/100 == 2 {
		return nil
	}
	message := fmt.Sprintf("%s: %s answered %d %s", h.c.Name(), h.request.Shown, resp.Status, http.StatusText(resp.Status))
	if said := said(resp.Body); said != "" {
		message += ": " + said
	}
	err := &luabind.Error{Kind: luabind.KindNet, Message: message,
		Fields: map[string]any{"status": resp.Status, "url": h.request.Shown, "body": h.c.Mask(string(resp.Body))}}
	if resp.Status/100 == 5 || resp.Status == http.StatusTooManyRequests {
		return &passing{err, retryAfter(resp.Header, time.Now())}
	}
	return err
}

// said is the beginning of what a server says about its refusal.
func said(body []byte) string {
	if len(body) > maxSaid {
		body = append(body[:maxSaid:maxSaid], "..."...)
	}
	return escape.String(strings.Join(strings.Fields(string(body)), " "))
}

// retryAfter is what a server asks for: seconds, or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestPause)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestPause)
	}
	return 0
}

// failed makes the error of the client one of the script.
func (h *hook) failed(err error) error {
	c := h.c
	if errors.Is(err, errRedirected) {
		return luabind.Errorf(luabind.KindNet, "%s: %s: %w", c.Name(), h.request.Shown, err)
	}
	var e *httpclient.Error
	if !errors.As(err, &e) {
		return err
	}
	out := &luabind.Error{Kind: luabind.KindNet, Message: c.Name() + ": " + e.Message, Cause: err,
		Fields: map[string]any{"reason": string(e.Reason), "url": h.request.Shown}}
	switch e.Reason {
	case httpclient.BadRequest:
		out.Kind, out.Fields = luabind.KindUsage, nil
		return out
	case httpclient.TLS, httpclient.Redirects, httpclient.TooLarge, httpclient.Cancelled:
		return out // the next attempt would end the same way
	}
	return &passing{err: out}
}

// headerArg is the option headers.
type headerArg http.Header

// LuaType names the type in documentation.
func (headerArg) LuaType() string { return "table of names with strings or secrets" }

// UnpackLua takes the table.
func (h headerArg) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got a %s, want a table: {Authorization = token}", v.Type())
	}
	var err error
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		name, isText := k.(lua.LString)
		text, isValue := c.TextOf(v)
		switch {
		case !isText:
			err = errors.New("want names with strings: {Authorization = token}")
		case !isValue:
			err = fmt.Errorf("%q is a %s, want a string or a secret", string(name), v.Type())
		case strings.ContainsAny(string(name)+text, "\r\n"):
			err = fmt.Errorf("%q has a line break in it", string(name))
		default:
			http.Header(h).Add(string(name), text)
		}
		return err == nil
	})
	return err
}
