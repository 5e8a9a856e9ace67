package notify

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/luatable"
	"opslua/luabind"
)

// maxNested is more than the module json takes.
const maxNested = 1001

// payloadJSON writes a payload as the module json does. Secrets are written as
// they are, for they were put there on purpose; in all other texts they are
// hidden.
func payloadJSON(c *luabind.Call, v lua.LValue) ([]byte, error) {
	module, ok := c.Module("json")
	if !ok {
		return nil, luabind.Errorf(luabind.KindUnsupported, "%s: this host has no module json", c.Name())
	}
	r := revealer{c: c, done: map[*lua.LTable]*lua.LTable{}}
	ready, err := r.value(v, 0)
	if err != nil {
		return nil, err
	}
	out, err := c.Invoke(c.L().GetField(module, "encode"), ready)
	if err != nil {
		return nil, inPayload(c, err)
	}
	text, ok := out[0].(lua.LString)
	if !ok {
		return nil, luabind.Errorf(luabind.KindUsage, "%s: payload: json.encode gave no text: it was replaced by the script", c.Name())
	}
	return []byte(text), nil
}

// inPayload says where a value is that has no form in JSON.
func inPayload(c *luabind.Call, err error) error {
	var e *luabind.Error
	if !errors.As(err, &e) {
		return err
	}
	cp := *e
	cp.Message = c.Name() + ": payload: " + strings.TrimPrefix(e.Message, "json.encode: ")
	return &cp
}

// revealer copies one payload, for one goroutine. Tables that occur twice, or
// inside themselves, do so in the copy.
type revealer struct {
	c    *luabind.Call
	done map[*lua.LTable]*lua.LTable
	n    int
}

func (r *revealer) value(v lua.LValue, depth int) (lua.LValue, error) {
	if r.n++; r.n%1024 == 0 {
		if err := r.c.Context().Err(); err != nil {
			return nil, err
		}
	}
	switch x := v.(type) {
	case lua.LString:
		return lua.LString(r.c.Mask(string(x))), nil
	case *lua.LUserData:
		if text, ok := r.c.TextOf(x); ok {
			return lua.LString(text), nil
		}
	case *lua.LTable:
		return r.table(x, depth)
	}
	return v, nil
}

func (r *revealer) table(t *lua.LTable, depth int) (lua.LValue, error) {
	if copied, ok := r.done[t]; ok {
		return copied, nil
	}
	if depth > maxNested {
		return t, nil // json refuses it
	}
	l := r.c.L()
	copied := l.NewTable()
	r.done[t] = copied
	var err error
	walk := r.c.ForEach(t, func(k, v lua.LValue) bool {
		if text, ok := k.(lua.LString); ok {
			k = lua.LString(r.c.Mask(string(text)))
		}
		if v, err = r.value(v, depth+1); err == nil {
			luatable.Set(l, copied, k, v)
		}
		return err == nil
	})
	if err = errors.Join(err, walk); err != nil {
		return nil, err
	}
	// The mark of json.array; that of rows computes fields, which are copied.
	if mt, ok := luatable.Metatable(t).(*lua.LTable); ok && mt.RawGetString("__pairs") == lua.LNil {
		luatable.SetMetatable(l, copied, mt)
	}
	return copied, nil
}
