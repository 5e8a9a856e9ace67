package check

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// statuses are the accepted ones: a number or a list; none is any of 200 to 399.
type statuses []int

func (s *statuses) LuaType() string { return "integer or list of integers" }

func (s *statuses) UnpackLua(c *luabind.Call, v lua.LValue) error {
	all := []lua.LValue{v}
	if t, ok := v.(*lua.LTable); ok {
		all = nil
		for _, item := range items(t) {
			all = append(all, item)
		}
	}
	for _, item := range all {
		n, ok := item.(lua.LNumber)
		if !ok || n != lua.LNumber(int(n)) || n < 100 || n > 599 {
			return fmt.Errorf("got %s, want a status from 100 to 599 or a list of them", inShort(c, item))
		}
		*s = append(*s, int(n))
	}
	if len(*s) == 0 {
		return errors.New("an empty list, want a status from 100 to 599 or a list of them")
	}
	return nil
}

func (s statuses) accept(n int) bool {
	if len(s) == 0 {
		return n >= 200 && n < 400
	}
	return slices.Contains(s, n)
}

func (s statuses) String() string {
	if len(s) == 0 {
		return "200 to 399"
	}
	out := make([]string, len(s))
	for i, n := range s {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, " or ")
}

// texts is a text or a list of texts.
type texts []string

func (t *texts) LuaType() string { return "string or list of strings" }

func (t *texts) UnpackLua(c *luabind.Call, v lua.LValue) error {
	if text, ok := c.TextOf(v); ok {
		*t = texts{text}
		return nil
	}
	list, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got %s, want a text or a list of texts", inShort(c, v))
	}
	for i, item := range items(list) {
		text, ok := c.TextOf(item)
		if !ok {
			return fmt.Errorf("item %d is no text", i)
		}
		*t = append(*t, text)
	}
	return nil
}

// headers of a request; values may be secrets.
type headers http.Header

func (h *headers) LuaType() string { return "table of strings" }

func (h *headers) UnpackLua(c *luabind.Call, v lua.LValue) error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("got %s, want a table of names and texts", inShort(c, v))
	}
	*h = headers{}
	var wrong error
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		name, isText := k.(lua.LString)
		text, isValue := c.TextOf(v)
		if !isText || !isValue {
			wrong = fmt.Errorf("%s = %s, want names with texts", inShort(c, k), inShort(c, v))
			return false
		}
		http.Header(*h).Add(string(name), text)
		return true
	})
	return wrong
}
