package luabind_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"opslua/luabind"
)

// luaValue spends bytes on a Lua expression: any type, nested, hostile keys.
func luaValue(data *[]byte, depth int) string {
	next := func() byte {
		if len(*data) == 0 {
			return 0
		}
		b := (*data)[0]
		*data = (*data)[1:]
		return b
	}
	switch next() % 12 {
	case 0:
		return "nil"
	case 1:
		return "true"
	case 2:
		return "false"
	case 3:
		return fmt.Sprint(int8(next()))
	case 4:
		return []string{"1/0", "-1/0", "0/0", "2^53", "-2^63", "1e300", "1.5", "4194304"}[next()%8]
	case 5:
		return []string{`"10s"`, `"1h30m"`, `"64MiB"`, `"any"`, `"null"`, `"TERM"`, `"-1s"`, `"1e9d"`, `"\0"`, `"\255\27"`}[next()%10]
	case 6:
		n := int(next() % 9)
		s := make([]byte, 0, n)
		for range n {
			s = append(s, next())
		}
		var b strings.Builder
		for _, c := range s {
			fmt.Fprintf(&b, `\%03d`, c)
		}
		return `"` + b.String() + `"`
	case 7:
		return "print"
	case 8:
		return "coroutine.create(print)"
	case 9:
		return "select(2, pcall(error, demo))"
	default:
		if depth > 4 {
			return "{}"
		}
		var b strings.Builder
		for range next() % 5 {
			if next()%2 == 0 {
				b.WriteString(luaValue(data, depth+1) + ", ")
				continue
			}
			key := []string{"timeout", "max_output", "idle_timeout", "env", "tiemout", "x"}[next()%6]
			b.WriteString(key + " = " + luaValue(data, depth+1) + ", ")
		}
		return "{" + b.String() + "}"
	}
}

// FuzzUnpack: whatever a script passes, it is taken or refused as usage.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x0a\x03\x00\x05\x01\x01\x00\x05\x00"))
	f.Add([]byte("\x0a\x02\x00\x03\x07\x01\x03\x0a\x01\x00\x05\x02"))
	f.Add([]byte{6, 3, 0, 255, 27})
	f.Fuzz(func(t *testing.T, data []byte) {
		script := "demo.opts(" + luaValue(&data, 0) + ", " + luaValue(&data, 0) + ")"
		_, err := run(t, script)
		var e *luabind.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != luabind.KindUsage || strings.Contains(e.Message, "internal")) {
			t.Fatalf("%s: %v", script, err)
		}
	})
}
