package net

import (
	"context"
	"errors"
	"fmt"
	stdhttp "net/http"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/httpclient"
	"opslua/internal/luatable"
	"opslua/luabind"
)

const (
	maxTargets   = 100_000
	maxProbeBody = 64 << 10
)

var errStatus = errors.New("want a status from 100 to 999, or a list of them")

// target is one thing to probe: plain data.
type target struct {
	shown    string
	address  string              // where it begins, which the policy has granted
	request  *httpclient.Request // nil: a connection is enough
	status   []int               // that are accepted; empty: 200 to 299
	contains string
}

// targets reads the list.
func targets(c *luabind.Call, list *lua.LTable, common httpclient.Request) ([]target, error) {
	n := luatable.Len(list)
	if n > maxTargets {
		return nil, c.Usage("list", "%d targets, want at most %d", n, maxTargets)
	}
	// Names here are options in the wrong table, or no list at all: a probe of
	// nothing would look like one where all is well.
	if k, stray := luatable.StrayKey(list); stray {
		return nil, c.Usage("list", `got the key %s, want a list such as {"http://a/", "b:22"}, options after it`, short(c.String(k)))
	}
	out := make([]target, n)
	for i := range out {
		t, err := targetOf(c, i+1, luatable.Get(list, lua.LNumber(i+1)), common)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

func targetOf(c *luabind.Call, i int, v lua.LValue, common httpclient.Request) (target, error) {
	var t target
	text, isText := c.TextOf(v)
	if table, ok := v.(*lua.LTable); ok {
		var url luabind.Text
		var status statusArg
		var headers = headerArg{}
		if err := c.UnpackValue(fmt.Sprintf("item %d", i), table, "url?", &url, "status?", &status, "contains?", &t.contains, "headers?", &headers); err != nil {
			return t, err
		}
		text, isText, t.status, common.Header = string(url), true, status, stdhttp.Header(headers)
	}
	if !isText {
		return t, c.Usage("list", "item %d is a %s, want a URL, host:port or a table with url", i, v.Type())
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || strings.EqualFold(scheme, "tcp") {
		if !ok {
			rest = text
		}
		p, err := placeOf(rest, "")
		if err != nil {
			return t, c.Usage("list", "item %d: %s: %v", i, short(c.Mask(text)), err)
		}
		if t.status != nil || t.contains != "" || len(common.Header) > 0 {
			return t, c.Usage("list", "item %d: %s: status, contains and headers are for URLs of HTTP", i, short(text))
		}
		t.shown, t.address = c.Mask(text), p.address
		return t, nil
	}
	common.URL, common.Shown = text, httpclient.ShownURL(c.Mask(text))
	address, err := httpclient.Check(common)
	if err != nil {
		return t, c.Usage("list", "item %d: %v", i, err)
	}
	t.shown, t.address, t.request = common.Shown, address, &common
	return t, nil
}

// statusArg is one status or several.
type statusArg []int

// LuaType names the type in documentation.
func (*statusArg) LuaType() string { return "integer or list of integers" }

// UnpackLua takes it.
func (s *statusArg) UnpackLua(c *luabind.Call, v lua.LValue) error {
	values := []lua.LValue{v}
	if list, ok := v.(*lua.LTable); ok {
		values = values[:0]
		for i := range luatable.Len(list) {
			values = append(values, luatable.Get(list, lua.LNumber(i+1)))
		}
	}
	for _, v := range values {
		n, ok := v.(lua.LNumber)
		if !ok || n != lua.LNumber(int(n)) || n < 100 || n > 999 {
			return errStatus
		}
		*s = append(*s, int(n))
	}
	if len(*s) == 0 {
		return errStatus
	}
	return nil
}

// connect is the probe of a target that is no URL.
func connect(ctx context.Context, address string) error {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
