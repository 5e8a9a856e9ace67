package luabind

import (
	"fmt"
	"math"
	"sort"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"opslua/internal/lualib"
	"opslua/internal/luatable"
)

// maxExact is the largest integer up to which float64 has all of them.
const maxExact = 1 << 53

// ToLua converts a Go value: nil, booleans, numbers (integers beyond 2^53
// become strings of digits), strings, []byte, slices, maps with string keys,
// Lua values, and *Error as an error value.
func (c *Call) ToLua(v any) (lua.LValue, error) { return c.s.toLua(v, 0) }

func (s *Session) toLua(v any, depth int) (lua.LValue, error) {
	if depth > 1000 {
		return nil, Errorf(KindUsage, "a value is nested deeper than 1000")
	}
	switch x := v.(type) {
	case nil:
		return lua.LNil, nil
	case lua.LValue:
		return x, nil
	case bool:
		return lua.LBool(x), nil
	case string:
		return lua.LString(x), nil
	case Kind:
		return lua.LString(x), nil
	case []byte:
		return lua.LString(x), nil
	case int:
		return Int(int64(x)), nil
	case int64:
		return Int(x), nil
	case uint32:
		return lua.LNumber(x), nil
	case uint64:
		if x > maxExact {
			return lua.LString(strconv.FormatUint(x, 10)), nil
		}
		return lua.LNumber(x), nil
	case float64:
		return lua.LNumber(x), nil
	case *Error:
		return s.errorValue(x), nil
	case []string:
		return listOf(s, x, depth)
	case []int:
		return listOf(s, x, depth)
	case []uint32:
		return listOf(s, x, depth)
	case []any:
		return listOf(s, x, depth)
	case []map[string]any:
		return listOf(s, x, depth)
	case map[string]any:
		return mapOf(s, x, depth)
	case map[string]string:
		return mapOf(s, x, depth)
	}
	return nil, Errorf(KindUsage, "cannot give a %T to Lua", v)
}

// Int converts an integer; beyond 2^53 it becomes a string of digits, since
// Lua's numbers cannot hold it.
func Int(n int64) lua.LValue {
	if n > maxExact || n < -maxExact {
		return lua.LString(strconv.FormatInt(n, 10))
	}
	return lua.LNumber(n)
}

func listOf[T any](s *Session, list []T, depth int) (lua.LValue, error) {
	t := s.L.CreateTable(len(list), 0)
	for i, v := range list {
		lv, err := s.toLua(v, depth+1)
		if err != nil {
			return nil, err
		}
		t.RawSetInt(i+1, lv)
	}
	return t, nil
}

func mapOf[T any](s *Session, m map[string]T, depth int) (lua.LValue, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	t := s.L.CreateTable(0, len(m))
	for _, k := range keys {
		lv, err := s.toLua(m[k], depth+1)
		if err != nil {
			return nil, err
		}
		t.RawSetString(k, lv)
	}
	return t, nil
}

// ForEach walks a table as pairs does in a script: list part first, then the
// rest in the order of insertion; a table of ours that computes fields shows them.
func (c *Call) ForEach(t *lua.LTable, f func(k, v lua.LValue) bool) error {
	if mt, ok := luatable.Metatable(t).(*lua.LTable); ok {
		if mm := mt.RawGetString("__pairs"); mm != lua.LNil {
			return c.forEachMeta(t, mm, f)
		}
	}
	luatable.ForEach(t, f)
	return nil
}

func (c *Call) forEachMeta(t *lua.LTable, mm lua.LValue, f func(k, v lua.LValue) bool) error {
	iter, err := c.Invoke(mm, t)
	if err != nil {
		return err
	}
	for len(iter) < 3 {
		iter = append(iter, lua.LNil)
	}
	key := iter[2]
	for range 1 << 24 {
		kv, err := c.Invoke(iter[0], iter[1], key)
		if err != nil {
			return err
		}
		if len(kv) == 0 || kv[0] == lua.LNil {
			return nil
		}
		key = kv[0]
		v := lua.LValue(lua.LNil)
		if len(kv) > 1 {
			v = kv[1]
		}
		if !f(key, v) {
			return nil
		}
	}
	return Errorf(KindUsage, "%s: an iterator without end", c.name)
}

// String is what tostring gives for a value.
func (c *Call) String(v lua.LValue) string { return lualib.ToString(c.l, v) }

// inline renders a value on one short line, for an error that is a table.
func inline(v lua.LValue, depth int) string {
	t, ok := v.(*lua.LTable)
	if !ok {
		if s, isText := v.(lua.LString); isText {
			return quoteCut(string(s))
		}
		if ud, isObject := v.(*lua.LUserData); isObject {
			if text, known := textOfUserdata(ud.Value); known {
				return text
			}
		}
		if n, isNumber := v.(lua.LNumber); isNumber {
			return formatNumber(float64(n))
		}
		return v.String()
	}
	if depth > 3 {
		return "{…}"
	}
	out, n := "{", 0
	luatable.ForEach(t, func(k, v lua.LValue) bool {
		if n++; n > 8 {
			out += ", …"
			return false
		}
		if n > 1 {
			out += ", "
		}
		switch key := k.(type) {
		case lua.LString:
			out += cut(string(key)) + " = "
		case lua.LNumber:
			if float64(key) != math.Trunc(float64(key)) || int(key) != n {
				out += fmt.Sprintf("[%s] = ", formatNumber(float64(key)))
			}
		default:
			out += "[" + k.String() + "] = "
		}
		out += inline(v, depth+1)
		return true
	})
	return out + "}"
}

// HasToString says whether a table says itself how it is printed.
func HasToString(t *lua.LTable) bool {
	mt, ok := luatable.Metatable(t).(*lua.LTable)
	return ok && mt.RawGetString("__tostring") != lua.LNil
}
