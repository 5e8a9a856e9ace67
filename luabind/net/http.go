package net

import (
	"errors"
	"fmt"
	stdhttp "net/http"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/httpclient"
	"opslua/internal/luatable"
	"opslua/luabind"
	"opslua/policy"
)

func http(c *luabind.Call) error {
	var (
		url, body luabind.Text
		method    string
		headers   = headerArg{}
		value     lua.LValue
		timeout   = 30 * time.Second
		t         = tries{backoff: time.Second}
		ca        string
		maxBody   = luabind.Size(64 << 20)
	)
	if err := c.Unpack("url", &url, "method?", &method, "headers?", &headers, "body?", &body, "json?", &value,
		"timeout?", &timeout, "retries?", &t.retries, "backoff?", &t.backoff, "ca?", &ca, "max_body?", &maxBody); err != nil {
		return err
	}
	if err := errors.Join(positive(c, "timeout", timeout), t.check(c)); err != nil {
		return err
	}
	if maxBody <= 0 {
		return c.Usage("max_body", "got %d, want more than 0", maxBody)
	}
	r := httpclient.Request{Method: strings.ToUpper(method), URL: string(url), Shown: httpclient.ShownURL(c.Mask(string(url))),
		Header: stdhttp.Header(headers), Body: []byte(body), Timeout: timeout, MaxBody: int64(maxBody)}
	if r.Method == "" {
		r.Method = stdhttp.MethodGet
	}
	if err := addJSON(c, &r, value); err != nil {
		return err
	}
	if ca != "" {
		var err error
		if r.CA, err = authorities(c, ca); err != nil {
			return err
		}
	}
	return send(c, r, t)
}

// addJSON puts a value into the body.
func addJSON(c *luabind.Call, r *httpclient.Request, value lua.LValue) error {
	if value == nil || value == lua.LNil {
		return nil
	}
	if len(r.Body) > 0 {
		return c.Usage("json", "there is a body already; give one of the two")
	}
	text, err := callJSON(c, "encode", value)
	if err != nil {
		return err
	}
	r.Body = []byte(lua.LVAsString(text))
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// callJSON calls a function of the module json.
func callJSON(c *luabind.Call, name string, v lua.LValue) (lua.LValue, error) {
	module, ok := c.Module("json")
	if !ok {
		return nil, luabind.Errorf(luabind.KindUnsupported, "%s: this host has no module json", c.Name())
	}
	out, err := c.Invoke(c.L().GetField(module, name), v)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// send sends a request, or plans one that a dry run must not send.
func send(c *luabind.Call, r httpclient.Request, t tries) error {
	address, err := httpclient.Check(r)
	if err != nil {
		return httpError(c, err, 1)
	}
	if r.Method == stdhttp.MethodGet || r.Method == stdhttp.MethodHead {
		r.Allow = func(address string) error { return c.Require(policy.Connect{Address: address}) }
		resp, attempts, _, err := attempt(c, r, t)
		if err != nil {
			return httpError(c, err, attempts)
		}
		return c.Return(response(c, resp, attempts))
	}
	if err := c.Require(policy.Connect{Address: address}); err != nil {
		return err
	}
	return sendChange(c, r, t, address)
}

// sendChange sends a request that may change something. The address is granted.
func sendChange(c *luabind.Call, r httpclient.Request, t tries, granted string) error {
	change := luabind.Change{Op: "request", Text: r.Method + " " + r.Shown}
	if c.DryRun() {
		c.Plan(change)
		return c.Return(c.NewPlanned("the answer of `" + change.Text + "`"))
	}
	if err := c.Changing(change); err != nil {
		return err
	}
	r.Allow = func(address string) error {
		if address == granted {
			return nil
		}
		return c.Require(policy.Connect{Address: address})
	}
	resp, attempts, reached, err := attempt(c, r, t)
	if reached {
		c.Changed(change)
	}
	if err != nil {
		return httpError(c, err, attempts)
	}
	return c.Return(response(c, resp, attempts))
}

// attempt tries until there is an answer. reached says that a server may have
// got the request, whether it answered or not.
func attempt(c *luabind.Call, r httpclient.Request, t tries) (resp *httpclient.Response, n int, reached bool, err error) {
	progress := luabind.Progress{ID: new(int), Label: r.Method + " " + r.Shown, Total: t.retries + 1}
	for n = 1; ; n++ {
		resp, err = httpclient.Do(c.Context(), r)
		var e *httpclient.Error
		known := errors.As(err, &e)
		reached = reached || err == nil || known && mayHaveReached(e.Reason)
		if !known || n > t.retries || !e.Transient() || httpclient.Ended(c.Context()) != nil {
			break
		}
		progress.Done, progress.Note = n, e.Message
		c.Progress(progress)
		if t.rest(c.Context(), n) != nil {
			break
		}
	}
	if n > 1 {
		progress.Done, progress.Over = n, true
		c.Progress(progress)
	}
	return resp, n, reached, err
}

func mayHaveReached(r httpclient.Reason) bool {
	switch r {
	case httpclient.BadRequest, httpclient.Resolve, httpclient.Refused, httpclient.Unreachable, httpclient.TLS:
		return false
	}
	return true
}

// httpError is the error of a request in the script.
func httpError(c *luabind.Call, err error, attempts int) error {
	if ended := httpclient.Ended(c.Context()); ended != nil {
		return ended
	}
	var e *httpclient.Error
	if !errors.As(err, &e) {
		return err
	}
	kind := luabind.KindNet
	fields := map[string]any{"reason": string(e.Reason), "url": e.URL, "attempts": attempts}
	switch e.Reason {
	case httpclient.BadRequest:
		return &luabind.Error{Kind: luabind.KindUsage, Message: c.Name() + ": " + e.Message, Cause: err}
	case httpclient.Timeout:
		kind = luabind.KindTimeout
	}
	message := c.Name() + ": " + e.Message
	if attempts > 1 {
		message += fmt.Sprintf(" (%d attempts)", attempts)
	}
	return &luabind.Error{Kind: kind, Message: message, Fields: fields, Cause: err}
}

// response makes the table of an answer.
func response(c *luabind.Call, r *httpclient.Response, attempts int) *lua.LTable {
	t := c.NewTable("response", 0, 7)
	headers := c.L().CreateTable(0, len(r.Header))
	for name, values := range r.Header {
		separator := ", "
		if name == "Set-Cookie" { // it may hold commas
			separator = "\n"
		}
		headers.RawSetString(strings.ToLower(name), lua.LString(strings.Join(values, separator)))
	}
	t.RawSetString("ok", lua.LBool(r.Status/100 == 2))
	t.RawSetString("status", lua.LNumber(r.Status))
	t.RawSetString("headers", headers)
	t.RawSetString("body", lua.LString(r.Body))
	t.RawSetString("seconds", lua.LNumber(r.Seconds))
	t.RawSetString("url", lua.LString(r.URL))
	t.RawSetString("attempts", lua.LNumber(attempts))
	return t
}

func responseJSON(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	body := c.Self().(*lua.LTable).RawGetString("body")
	if _, ok := body.(lua.LString); !ok {
		return c.Usage("", "the answer has no body any more")
	}
	v, err := callJSON(c, "decode", body)
	if err != nil {
		return err
	}
	return c.Return(v)
}

// headerArg is the option headers.
type headerArg stdhttp.Header

// LuaType names the type in documentation.
func (headerArg) LuaType() string { return "table of names with strings, secrets or lists of them" }

// UnpackLua takes the table.
func (h headerArg) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got a %s, want a table: {Accept = \"text/plain\"}", v.Type())
	}
	var err error
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		name, ok := k.(lua.LString)
		if !ok {
			err = errors.New("want names with strings: {Accept = \"text/plain\"}")
			return false
		}
		err = h.add(c, string(name), v)
		return err == nil
	})
	return err
}

func (h headerArg) add(c *luabind.Call, name string, v lua.LValue) error {
	if list, ok := v.(*lua.LTable); ok {
		for i := range luatable.Len(list) {
			text, ok := c.TextOf(luatable.Get(list, lua.LNumber(i+1)))
			if !ok {
				return fmt.Errorf("%s: item %d is no string", short(name), i+1)
			}
			stdhttp.Header(h).Add(name, text)
		}
		return nil
	}
	text, ok := c.TextOf(v)
	if !ok {
		return fmt.Errorf("%s: got a %s, want a string", short(name), v.Type())
	}
	stdhttp.Header(h).Add(name, text)
	return nil
}
